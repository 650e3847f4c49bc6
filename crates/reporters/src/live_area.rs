use unicode_width::UnicodeWidthStr;

use crate::wording::cut;

/// The lines at the bottom of a terminal that are drawn again and again.
///
/// indicatif is not used: it draws each bar by itself, clears and fills lines that do not change, cannot be drawn together
/// with text for the other stream, and loses errors of writing. This needs two escape codes: cursor up and erase below.
#[derive(Debug, Default)]
pub(crate) struct LiveArea {
    drawn: Vec<String>,
}

impl LiveArea {
    /// Whether these lines stand on the terminal already.
    pub(crate) fn shows(&self, lines: &[String]) -> bool {
        self.drawn == lines
    }

    /// The codes that take the lines off the terminal and leave the cursor where they began.
    ///
    /// `columns` is the present width: a terminal that has become narrower has folded the lines.
    pub(crate) fn erase(&mut self, columns: usize) -> String {
        if self.drawn.is_empty() {
            return String::new();
        }
        let rows: usize = self.drawn.iter().map(|line| line.width().div_ceil(columns).max(1)).sum();
        self.drawn.clear();
        match rows {
            1 => "\r\x1b[J".to_owned(),
            _ => format!("\r\x1b[{}A\x1b[J", rows - 1),
        }
    }

    /// The text that puts lines on the terminal, without a line break after the last.
    pub(crate) fn draw(&mut self, lines: Vec<String>) -> String {
        self.drawn = lines;
        self.drawn.join("\n")
    }
}

/// Cuts lines so that none reaches the last column (terminals differ in what they do there) and all fit on the screen.
pub(crate) fn fit(mut lines: Vec<String>, columns: usize, rows: usize) -> Vec<String> {
    let most = rows.saturating_sub(1).max(1);
    if lines.len() > most {
        let hidden = lines.len() - (most - 1);
        lines.truncate(most - 1);
        lines.push(format!("… and {hidden} more steps"));
    }
    lines.iter().map(|line| cut(line, columns - 1)).collect()
}
