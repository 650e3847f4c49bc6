//! Texts of cells: a paragraph for each line, in which blanks count once unless they are told by number.

use std::fmt::Write;

use crate::error::Reason;
use crate::xml::{self, Node, Scanner};

/// The most blanks that one element may stand for.
const MOST_BLANKS: usize = 32_767;

/// Adds the paragraph that was just opened to a text.
pub(crate) fn read(scanner: &mut Scanner<'_>, text: &mut String) -> Result<(), Reason> {
    let begin = text.len();
    let mut depth = 1;
    // A blank that counts only if something follows.
    let mut blank = false;
    while depth > 0 {
        match scanner.next()? {
            Some(Node::Open { tag, .. }) => {
                depth += 1;
                let written = match tag.full_name() {
                    "text:s" => {
                        let count = tag.attribute("text:c").and_then(|count| count.parse().ok()).unwrap_or(1);
                        " ".repeat(count.min(MOST_BLANKS))
                    }
                    "text:tab" => "\t".to_owned(),
                    "text:line-break" => "\n".to_owned(),
                    // What stands beside the text: comments, notes, how it is pronounced.
                    "office:annotation" | "text:note" | "text:ruby-text" | "draw:frame" => {
                        scanner.skip()?;
                        depth -= 1;
                        continue;
                    }
                    _ => continue,
                };
                if std::mem::take(&mut blank) {
                    text.push(' ');
                }
                text.push_str(&written);
            }
            Some(Node::Close(_)) => depth -= 1,
            Some(Node::Text(piece)) => {
                for c in piece.chars() {
                    if matches!(c, ' ' | '\t' | '\r' | '\n') {
                        blank = text.len() > begin;
                    } else {
                        if std::mem::take(&mut blank) {
                            text.push(' ');
                        }
                        text.push(c);
                    }
                }
            }
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
    Ok(())
}

/// The paragraphs of a text.
pub(crate) fn write(text: &str) -> String {
    let mut out = String::new();
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        out.push_str("<text:p>");
        let mut rest = line;
        let mut begins = true;
        while let Some(c) = rest.chars().next() {
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            if c == '\t' {
                out.push_str("<text:tab/>");
                rest = &rest[1..];
            } else if blanks > 0 {
                // One blank between letters stands for itself.
                let told = if begins || blanks == rest.len() { blanks } else { blanks - 1 };
                if told < blanks {
                    out.push(' ');
                }
                if told > 0 {
                    _ = write!(out, "<text:s text:c=\"{told}\"/>");
                }
                rest = &rest[blanks..];
            } else {
                let end = rest.find([' ', '\t']).unwrap_or(rest.len());
                out.push_str(&xml::escape(&rest[..end]));
                rest = &rest[end..];
            }
            begins = c == '\t';
        }
        out.push_str("</text:p>");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(source: &str) -> String {
        let source = format!("<c>{source}</c>");
        let mut scanner = Scanner::new("", &source);
        let mut lines = Vec::new();
        while let Some(node) = scanner.next().expect("XML") {
            if let Node::Open { tag, .. } = node
                && tag.full_name() == "text:p"
            {
                let mut line = String::new();
                read(&mut scanner, &mut line).expect("a paragraph");
                lines.push(line);
            }
        }
        lines.join("\n")
    }

    #[test]
    fn texts_are_read_as_they_were_written() {
        for text in ["", "a", " a  b   c ", "a\n\n b", "\t\ta \t b", "<&>\"'", "   ", "a \n b"] {
            assert_eq!(read_all(&write(text)), text, "{}", write(text));
        }
    }

    #[test]
    fn blanks_count_once() {
        assert_eq!(
            read_all("<text:p>\n  a <text:span> b</text:span>\n  c<text:s/><text:s text:c=\"2\"/>d </text:p>"),
            "a b c   d"
        );
        assert_eq!(read_all("<text:p>a<office:annotation><text:p>b</text:p></office:annotation></text:p>"), "a");
    }
}
