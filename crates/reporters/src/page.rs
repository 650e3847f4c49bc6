/// Text for the two streams, in the order in which it has to appear where both are one terminal.
#[derive(Debug, Default)]
pub(crate) struct Page {
    parts: Vec<(To, String)>,
}

/// Where a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Standard output: data only.
    Out,
    /// Standard error: everything else.
    Err,
}

impl Page {
    /// Adds one line, which brings no line break of its own.
    pub(crate) fn line(&mut self, to: To, line: &str) {
        let text = self.text(to);
        text.push_str(line);
        text.push('\n');
    }

    /// Where text for a stream is to be added.
    pub(crate) fn text(&mut self, to: To) -> &mut String {
        if self.parts.last().is_none_or(|(last, _)| *last != to) {
            self.parts.push((to, String::new()));
        }
        let last = self.parts.len() - 1;
        &mut self.parts[last].1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub(crate) fn into_parts(self) -> Vec<(To, String)> {
        self.parts
    }
}
