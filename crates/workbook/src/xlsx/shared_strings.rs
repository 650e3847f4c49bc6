use crate::error::Reason;
use crate::xlsx::escapes;
use crate::xml::{Node, Scanner};

/// Reads the texts that cells name by number.
pub(crate) fn read(part: &str, source: &str) -> Result<Vec<String>, Reason> {
    let mut scanner = Scanner::new(part, source);
    let mut texts = Vec::new();
    while let Some(node) = scanner.next()? {
        if let Node::Open { tag, .. } = node
            && tag.name() == "si"
        {
            texts.push(text(&mut scanner)?);
        }
    }
    Ok(texts)
}

/// The text of the element that was just opened: its runs one after the other, without how they are pronounced.
pub(crate) fn text(scanner: &mut Scanner<'_>) -> Result<String, Reason> {
    let mut text = String::new();
    let mut open = 1;
    let mut in_text = false;
    while open > 0 {
        match scanner.next()? {
            Some(Node::Open { tag, .. }) if tag.name() == "rPh" => scanner.skip()?,
            Some(Node::Open { tag, .. }) => {
                open += 1;
                in_text = tag.name() == "t";
            }
            Some(Node::Close(_)) => {
                open -= 1;
                in_text = false;
            }
            Some(Node::Text(piece)) if in_text => text.push_str(&piece),
            Some(Node::Text(_)) => {}
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
    Ok(escapes::decode(text.into()).into_owned())
}
