use std::collections::{BTreeMap, BTreeSet};

use crate::edit::TabEdits;
use crate::error::Reason;
use crate::splice::Splice;
use crate::xlsx::calc_chain;
use crate::xlsx::package::{CONTENT_TYPES, Package, part_name, text, text_to_change};
use crate::xlsx::reader::styles;
use crate::xlsx::sheet_patch::SheetPatch;
use crate::xml::{Node, Scanner};
use crate::zip::Archive;

/// The archive with cells changed. Only the parts of their tabs are written anew, and the order of calculation if formulas were
/// overwritten.
pub(crate) fn patch(archive: &mut Archive<'_>, tabs: &BTreeMap<&str, TabEdits<'_>>) -> Result<Vec<u8>, Reason> {
    let package = Package::open(archive)?;
    let styles = styles(archive, &package)?;
    let calculates = calculates(archive, &package)?;
    let mut parts = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for (&tab, edits) in tabs {
        let Some(sheet) = package.sheets.iter().find(|sheet| sheet.name == tab) else {
            let tabs = package.sheets.iter().map(|sheet| sheet.name.clone()).collect();
            return Err(Reason::NoTab { tab: tab.to_owned(), tabs });
        };
        let source = text_to_change(archive, &sheet.part)?;
        let patch = SheetPatch { tab, part: &sheet.part, edits, styles: &styles, epoch: package.epoch, calculates };
        let (changed, formulas) = patch.apply(&source)?;
        gone.extend(formulas.into_iter().map(|(row, column)| (sheet.id, row, column)));
        parts.insert(part_name(archive, &sheet.part), Some(changed.into_bytes()));
    }
    if let Some(part) = package.calc_chain.as_ref().filter(|_| !gone.is_empty()) {
        let chain = calc_chain::without(part, &text_to_change(archive, part)?, &gone)?;
        let left = chain.is_some();
        parts.insert(part_name(archive, part), chain.map(String::into_bytes));
        if !left {
            let types = text_to_change(archive, CONTENT_TYPES)?;
            let types = without_element(CONTENT_TYPES, &types, "Override", ("PartName", &format!("/{part}")))?;
            parts.insert(CONTENT_TYPES.to_owned(), Some(types.into_bytes()));
            let relations = text_to_change(archive, &package.relations)?;
            let relations = without_element(&package.relations, &relations, "Relationship", ("Type", "calcChain"))?;
            parts.insert(part_name(archive, &package.relations), Some(relations.into_bytes()));
        }
    }
    archive.replaced(&parts)
}

/// Whether any tab has a formula, whose result may depend on what is changed.
fn calculates(archive: &mut Archive<'_>, package: &Package) -> Result<bool, Reason> {
    if package.calc_chain.is_some() {
        return Ok(true);
    }
    for sheet in &package.sheets {
        let source = text(archive, &sheet.part)?;
        // The prefix of the part's elements, so that formulas of others, such as sparklines, do not count.
        let prefix = source
            .split_once("sheetData")
            .and_then(|(before, _)| before.rsplit_once('<'))
            .map_or("", |(_, prefix)| prefix);
        if source.contains(&format!("</{prefix}f>")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A document without an element, which is told by how one of its attributes ends.
fn without_element(part: &str, source: &str, name: &str, (attribute, ending): (&str, &str)) -> Result<String, Reason> {
    let mut scanner = Scanner::new(part, source);
    let mut out = Splice::new(source);
    while let Some(node) = scanner.next()? {
        if let Node::Open { tag, .. } = node
            && tag.name() == name
            && tag.attribute(attribute).is_some_and(|value| value.ends_with(ending))
        {
            out.keep_to(scanner.span().start);
            scanner.skip()?;
            out.skip_to(scanner.span().end);
        }
    }
    Ok(out.finish())
}
