use crate::csv::records::Records;

/// How many records are looked at to learn how a file is written.
const LOOKED_AT: usize = 200;
/// What stands between fields, most usual first.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// What stands between fields.
    pub(crate) delimiter: u8,
    /// What ends a line.
    pub(crate) line_end: &'static str,
    /// Whether every field stands in quotes, needed or not.
    pub(crate) quotes_all: bool,
    /// Bytes at the beginning that are no row: the line `sep=;` by which a file tells its delimiter to Excel.
    pub(crate) preamble: usize,
}

impl Dialect {
    /// Learns how a file is written. The delimiter is what cuts most records into the same number of fields, and more than one.
    pub(crate) fn of(text: &str) -> Self {
        let line_end = match text.find(['\r', '\n']) {
            Some(at) if text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if text[at..].starts_with('\r') => "\r",
            _ => "\n",
        };
        let told = text.split(['\r', '\n']).next().and_then(|line| line.strip_prefix("sep="));
        let preamble = match told {
            Some(told) if told.len() == 1 => {
                let line = "sep=".len() + 1;
                line + if text[line..].starts_with(line_end) { line_end.len() } else { 0 }
            }
            _ => 0,
        };
        let delimiter = match told {
            Some(told) if preamble > 0 => told.as_bytes()[0],
            _ => DELIMITERS.into_iter().rev().max_by_key(|&delimiter| evenness(text, delimiter)).unwrap_or(b','),
        };
        let mut fields = Records::new(text, preamble, delimiter).take(LOOKED_AT).flatten().peekable();
        let quotes_all = fields.peek().is_some() && fields.all(|field| text[field.span].starts_with('"'));
        Self { delimiter, line_end, quotes_all, preamble }
    }
}

/// How well a delimiter fits: in how many records it gives the most frequent number of fields, and that number.
fn evenness(text: &str, delimiter: u8) -> (usize, usize) {
    let mut sizes: Vec<usize> =
        Records::new(text, 0, delimiter).take(LOOKED_AT).map(|record| record.len()).filter(|&size| size > 1).collect();
    sizes.sort_unstable();
    sizes.chunk_by(PartialEq::eq).map(|same| (same.len(), same[0])).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_how_it_is_written() {
        let of = |text| {
            let Dialect { delimiter, line_end, quotes_all, preamble } = Dialect::of(text);
            (char::from(delimiter), line_end, quotes_all, preamble)
        };
        assert_eq!(of("a,b\n1,2\n"), (',', "\n", false, 0));
        assert_eq!(of("Step;Notes\r\nRoll;\"one, two, three\"\r\n"), (';', "\r\n", false, 0));
        assert_eq!(of("Step;Notes\r\nRoll;one, two\r\nWait;a\r\n"), (';', "\r\n", false, 0));
        assert_eq!(of("a\tb\r1,5\t2\r"), ('\t', "\r", false, 0));
        assert_eq!(of("\"a\",\"b;c\"\n\"1\",\"2\"\n"), (',', "\n", true, 0));
        assert_eq!(of("sep=;\r\na;b"), (';', "\r\n", false, 7));
        assert_eq!(of("alone\n"), (',', "\n", false, 0));
        assert_eq!(of(""), (',', "\n", false, 0));
    }
}
