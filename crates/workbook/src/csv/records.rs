use std::borrow::Cow;
use std::ops::Range;

/// One field, by where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its bytes, quotes among them, delimiters not.
    pub(crate) span: Range<usize>,
}

impl Field {
    /// What a person sees in it.
    pub(crate) fn value<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let raw = &text[self.span.clone()];
        let Some(quoted) = raw.strip_prefix('"') else { return Cow::Borrowed(raw) };
        // What follows the closing quote belongs to the field as it stands, as all spreadsheets have it.
        let mut value = String::with_capacity(quoted.len());
        let mut rest = quoted;
        while let Some(at) = rest.find('"') {
            value.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.strip_prefix('"') {
                Some(more) => {
                    value.push('"');
                    rest = more;
                }
                None => break,
            }
        }
        value.push_str(rest);
        Cow::Owned(value)
    }
}

/// The records of a text, each as its fields. A record may have line ends in its quotes. An empty line is a record of one empty
/// field; the end of the last line begins no other.
pub(crate) struct Records<'a> {
    text: &'a str,
    at: usize,
    delimiter: u8,
}

impl<'a> Records<'a> {
    /// Reads from a place on.
    pub(crate) fn new(text: &'a str, at: usize, delimiter: u8) -> Self {
        Self { text, at, delimiter }
    }

    /// Where the next record begins.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Where a field ends that begins here.
    fn field_end(&self) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            // Two quotes are one in the text; an odd one closes.
            while let Some(quote) = bytes[at..].iter().position(|&byte| byte == b'"') {
                at += quote + 1;
                if bytes.get(at) != Some(&b'"') {
                    break;
                }
                at += 1;
            }
            if bytes[..at].last() != Some(&b'"') || at == self.at + 1 {
                // Never closed: to the end of the text.
                return bytes.len();
            }
        }
        let stop = |byte: &u8| *byte == self.delimiter || matches!(byte, b'\r' | b'\n');
        bytes[at..].iter().position(stop).map_or(bytes.len(), |length| at + length)
    }
}

impl Iterator for Records<'_> {
    type Item = Vec<Field>;

    fn next(&mut self) -> Option<Vec<Field>> {
        let bytes = self.text.as_bytes();
        if self.at >= bytes.len() {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            let end = self.field_end();
            fields.push(Field { span: self.at..end });
            self.at = end;
            match bytes.get(end) {
                Some(&byte) if byte == self.delimiter => self.at += 1,
                Some(b'\r') if bytes.get(end + 1) == Some(&b'\n') => {
                    self.at += 2;
                    break;
                }
                Some(_) => {
                    self.at += 1;
                    break;
                }
                None => break,
            }
        }
        Some(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<Vec<String>> {
        Records::new(text, 0, b',')
            .map(|record| record.iter().map(|field| field.value(text).into_owned()).collect())
            .collect()
    }

    #[test]
    fn records_are_what_a_spreadsheet_sees() {
        assert_eq!(values("a,b\r\nc,d"), [["a", "b"], ["c", "d"]]);
        assert_eq!(values("\"a\nb\",\"say \"\"hi\"\"\"\n"), [["a\nb", "say \"hi\""]]);
        assert_eq!(values("a,\n\n,b\n"), [vec!["a", ""], vec![""], vec!["", "b"]]);
        assert_eq!(values("\"a\" b,c\n"), [["a b", "c"]]);
        assert_eq!(values("a \"b\",c\n"), [["a \"b\"", "c"]]);
        assert_eq!(values("\"never,closed\nx"), [["never,closed\nx"]]);
        assert_eq!(values("\"\",\"\"\"\""), [["", "\""]]);
        assert_eq!(values("\""), [[""]]);
        assert_eq!(values("a\rb\r"), [["a"], ["b"]]);
        assert!(values("").is_empty());
    }
}
