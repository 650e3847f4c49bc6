use runsheet_events::DisplayLine;
use runsheet_model::{Stream, plural, visible};

use crate::Palette;
use crate::palette::paint;

/// A longer line is folded. A line that arrives this long is taken for the first part of one.
pub(crate) const LONGEST: usize = 8 << 10;

/// A line that was overwritten more often than this is a progress bar: only its last state is shown.
const STATES: usize = 2;

/// Writes a line of a host's output as `[host] line`, once for every 8 KiB of it.
///
/// The stream is told by colour only. Nothing of the line can drive a terminal; carriage returns are shown as what they are,
/// so that `ok\rFAILED` does not hide the `ok`, except in a progress bar, of which the last state and the number of those
/// before it are shown.
pub(crate) fn render(line: &DisplayLine, palette: &Palette, text: &mut String) {
    let style = match line.stream {
        Stream::Out => palette.host_out,
        Stream::Err => palette.host_err,
    };
    let host = paint(style, &format!("[{}]", visible(line.host.as_str().as_bytes())));
    let bytes = line.line.strip_suffix(b"\r").unwrap_or(&line.line);
    let (bytes, earlier) = last_state(bytes);
    for (part, goes_on) in Parts(Some(bytes)) {
        text.push_str(&host);
        text.push(' ');
        // A line never holds a line break; should one come all the same, it must not start a line without a host.
        text.push_str(&visible(part).replace('\n', "\\n"));
        if goes_on {
            text.push_str(&paint(palette.faint, "…"));
        }
        if earlier > 0 {
            text.push_str(&paint(palette.faint, &format!("  (overwrote {})", plural(earlier, "earlier state"))));
        }
        text.push('\n');
    }
}

fn last_state(line: &[u8]) -> (&[u8], usize) {
    let mut states = line.rsplit(|&byte| byte == b'\r').filter(|state| !state.is_empty());
    let last = states.next().unwrap_or_default();
    match states.count() {
        earlier if earlier > STATES => (last, earlier),
        _ => (line, 0),
    }
}

/// Parts of at most 8 KiB, and whether the line goes on after each; one empty part for an empty line.
struct Parts<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Parts<'a> {
    type Item = (&'a [u8], bool);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.0.take()?;
        if bytes.len() <= LONGEST {
            return Some((bytes, bytes.len() == LONGEST));
        }
        let (part, rest) = bytes.split_at(cut_at(bytes));
        self.0 = Some(rest);
        Some((part, true))
    }
}

/// Where to cut a text that is longer than 8 KiB, so that no character of UTF-8 is cut in two.
pub(crate) fn cut_at(bytes: &[u8]) -> usize {
    (LONGEST - 3..=LONGEST).rev().find(|&end| bytes.get(end).is_none_or(|byte| byte & 0xc0 != 0x80)).unwrap_or(LONGEST)
}
