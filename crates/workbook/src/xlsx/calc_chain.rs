use std::collections::BTreeSet;

use crate::error::Reason;
use crate::reference;
use crate::splice::Splice;
use crate::xml::{Node, Scanner};

/// A cell with a formula: the number of its tab, row, column.
pub(crate) type FormulaCell = (u32, u32, u32);

/// Takes cells out of the order of calculation that have no formula any more. Nothing if none is left: an empty order is not
/// allowed.
pub(crate) fn without(part: &str, source: &str, gone: &BTreeSet<FormulaCell>) -> Result<Option<String>, Reason> {
    let mut scanner = Scanner::new(part, source);
    let mut out = Splice::new(source);
    // A cell that names no tab is on that of the cell before it.
    let (mut tab, mut told) = (0, 0);
    let mut left = false;
    while let Some(node) = scanner.next()? {
        let Node::Open { tag, empty } = node else { continue };
        if tag.name() != "c" {
            continue;
        }
        let place = scanner.span();
        if let Some(id) = tag.attribute("i") {
            tab = id.parse().map_err(|_| scanner.damaged("a cell is on no tab"))?;
        }
        let cell = tag.attribute("r").and_then(|name| reference::parse(&name));
        if cell.is_some_and(|(row, column)| gone.contains(&(tab, row, column))) {
            scanner.skip()?;
            out.keep_to(place.start);
            out.skip_to(scanner.span().end);
            continue;
        }
        left = true;
        if tag.attribute("i").is_none() && told != tab {
            out.keep_to(place.start);
            out.push(&tag.with(&[("i", Some(&tab.to_string()))], empty));
            out.skip_to(place.end);
        }
        told = tab;
    }
    Ok(left.then(|| out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_taken_out_and_the_others_stay_on_their_tabs() {
        let chain = r#"<calcChain><c r="A1" i="2"/><c r="B1"/><c r="A1" i="1" l="1"/><c r="C1"/></calcChain>"#;
        let without = |gone: &[FormulaCell]| without("", chain, &gone.iter().copied().collect()).expect("a chain");
        assert_eq!(
            without(&[(2, 1, 1), (1, 1, 1)]).as_deref(),
            Some(r#"<calcChain><c r="B1" i="2"/><c r="C1" i="1"/></calcChain>"#)
        );
        assert_eq!(without(&[(7, 1, 1)]).as_deref(), Some(chain));
        assert_eq!(without(&[(2, 1, 1), (1, 1, 1), (2, 1, 2), (1, 1, 3)]), None);
    }
}
