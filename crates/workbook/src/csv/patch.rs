use crate::Value;
use crate::csv::dialect::Dialect;
use crate::csv::reader::decode;
use crate::csv::records::{Field, Records};
use crate::csv::safe::csv_safe;
use crate::edit::{RowEdits, TabEdits};
use crate::error::Reason;
use crate::kind::Kind;

/// Changes cells. Lines that are not concerned keep their bytes, and so do other fields of a line.
pub(crate) fn patch(bytes: &[u8], edits: &TabEdits<'_>) -> Result<Vec<u8>, Reason> {
    let (encoding, text) = decode(bytes)?;
    let dialect = Dialect::of(&text);
    let mut out = String::with_capacity(text.len() * 2);
    let mut records = Records::new(&text, dialect.preamble, dialect.delimiter);
    let (mut row, mut done) = (0, 0);
    loop {
        let start = records.position();
        let Some(fields) = records.next() else { break };
        row += 1;
        if let Some(cells) = edits.get(&row) {
            out.push_str(&text[done..start]);
            write_record(&mut out, &text, &fields, cells, dialect);
            done = fields.last().map_or(start, |field| field.span.end);
        }
    }
    out.push_str(&text[done..]);
    let ended = text.is_empty() || text.ends_with(['\n', '\r']);
    for (&number, cells) in edits.range(row + 1..) {
        if cells.values().all(|value| written(value).is_empty()) {
            continue;
        }
        if !out.is_empty() && !out.ends_with(['\n', '\r']) {
            out.push_str(dialect.line_end);
        }
        out.push_str(&dialect.line_end.repeat((number - row - 1) as usize));
        write_record(&mut out, "", &[], cells, dialect);
        row = number;
        if ended {
            out.push_str(dialect.line_end);
        }
    }
    // A text with many semicolons in it could make a file of commas look like one of semicolons.
    if Dialect::of(&out).delimiter != dialect.delimiter && !text.is_empty() {
        return Err(Reason::Unsupported { what: "a file whose delimiter is in doubt", done: "changed" });
    }
    Ok(encoding.encode(&out))
}

fn write_record(out: &mut String, text: &str, fields: &[Field], cells: &RowEdits<'_>, dialect: Dialect) {
    let last = cells.iter().rev().find(|(_, value)| !written(value).is_empty());
    let columns = last.map_or(0, |(&last, _)| last as usize).max(fields.len());
    for (column, index) in (1..).zip(0..columns) {
        if index > 0 {
            out.push(char::from(dialect.delimiter));
        }
        let old = fields.get(index).map_or("", |field| &text[field.span.clone()]);
        match cells.get(&column) {
            Some(value) => write_field(out, &written(value), old.starts_with('"'), dialect),
            None if fields.len() <= index && dialect.quotes_all => out.push_str("\"\""),
            None => out.push_str(old),
        }
    }
}

/// The text that stands for a value.
fn written(value: &Value) -> String {
    match value {
        // A file with a zero byte would be taken for no text.
        Value::Text(text) => csv_safe(&text.replace('\0', "\u{fffd}")).into_owned(),
        value => value.to_text(),
    }
}

fn write_field(out: &mut String, text: &str, was_quoted: bool, dialect: Dialect) {
    let special = |c| matches!(c, '"' | '\'' | '\r' | '\n') || u32::from(c) == u32::from(dialect.delimiter);
    // A first cell like `<b>` or `GIF8` would make the file look like one of another kind.
    let misleads = || out.is_empty() && !text.is_empty() && !matches!(Kind::of(text.as_bytes()), Ok(Kind::Csv));
    if was_quoted || dialect.quotes_all || text.contains(special) || text.trim() != text || misleads() {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes a file; edits are row, column and text.
    fn patched(file: &[u8], edits: &[(u32, u32, &str)]) -> Vec<u8> {
        let values: Vec<_> =
            edits.iter().map(|&(row, column, text)| (row, column, Value::Text(text.to_owned()))).collect();
        let mut tab = TabEdits::new();
        for (row, column, value) in &values {
            tab.entry(*row).or_default().insert(*column, value);
        }
        patch(file, &tab).expect("patched")
    }

    #[test]
    fn lines_that_are_not_concerned_keep_their_bytes() {
        let file = b"a;b;c\r\n1;\"x;y\" ;\n\r\n\"2\";3";
        assert_eq!(patched(file, &[(2, 3, "new")]), b"a;b;c\r\n1;\"x;y\" ;new\n\r\n\"2\";3");
        assert_eq!(patched(file, &[(3, 2, "new")]), b"a;b;c\r\n1;\"x;y\" ;\n;new\r\n\"2\";3");
        assert_eq!(patched(file, &[(4, 1, "q")]), b"a;b;c\r\n1;\"x;y\" ;\n\r\n\"q\";3");
        assert_eq!(patched(file, &[(6, 2, "z")]), b"a;b;c\r\n1;\"x;y\" ;\n\r\n\"2\";3\r\n\r\n;z");
        assert_eq!(patched(b"a,b\n", &[(2, 3, "c,d \"e\"\nf")]), b"a,b\n,,\"c,d \"\"e\"\"\nf\"\n");
        for first in ["<", "<b>", "<?xml", "%PDF", "GIF8", "{\\rtf"] {
            let changed = patched(b"a,b\n", &[(1, 1, first), (1, 2, first)]);
            assert_eq!(String::from_utf8_lossy(&changed), format!("\"{first}\",{first}\n"));
            assert!(matches!(Kind::of(&changed), Ok(Kind::Csv)), "{first}");
        }
        assert_eq!(patched(b"\"a\",\"b\"\n", &[(1, 4, "d")]), b"\"a\",\"b\",\"\",\"d\"\n");
        assert_eq!(patched(b"\xff\xfea\0,\0b\0\n\0", &[(1, 2, "\u{e4}")]), b"\xff\xfea\0,\0\xe4\0\n\0");
        assert_eq!(patched(b"\xe4,b\n", &[(1, 2, "\u{2713}\u{e4}")]), b"\xe4,?\xe4\n");
        assert_eq!(patched(b"\xef\xbb\xbfa,b\n", &[(1, 1, "c")]), b"\xef\xbb\xbfc,b\n");
        assert_eq!(patched(b"", &[(1, 2, "c")]), b",c\n");
        assert_eq!(patched(b"sep=;\na;b\n", &[(1, 2, "c")]), b"sep=;\na;c\n");
    }

    #[test]
    fn no_text_becomes_a_formula() {
        for (text, written) in [
            ("=1+1", "\"'=1+1\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("\t=1", "\"'\t'=1\""),
            ("-x", "\"'-x\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(
                String::from_utf8(patched(b"a,b\n", &[(2, 1, text)])).expect("text"),
                format!("a,b\n{written}\n")
            );
        }
    }
}
