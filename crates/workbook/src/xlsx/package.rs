use std::collections::HashMap;

use crate::error::Reason;
use crate::xlsx::serial::Epoch;
use crate::xml::{self, Node, Scanner};
use crate::zip::Archive;

/// The part that every package of Office Open XML has.
pub(crate) const CONTENT_TYPES: &str = "[Content_Types].xml";

/// Whether an archive is a package of Office Open XML.
pub(crate) fn is_package(archive: &Archive<'_>) -> bool {
    archive.has(CONTENT_TYPES)
}

/// One tab, and the part that holds it.
#[derive(Debug)]
pub(crate) struct SheetPart {
    pub(crate) name: String,
    /// The number by which the order of calculation names it.
    pub(crate) id: u32,
    pub(crate) hidden: bool,
    pub(crate) part: String,
}

/// Where everything is in a package.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) sheets: Vec<SheetPart>,
    /// The part that says what the workbook consists of.
    pub(crate) relations: String,
    pub(crate) epoch: Epoch,
    pub(crate) styles: Option<String>,
    pub(crate) shared_strings: Option<String>,
    /// The order in which formulas were last calculated.
    pub(crate) calc_chain: Option<String>,
}

impl Package {
    /// Looks around in a package.
    pub(crate) fn open(archive: &mut Archive<'_>) -> Result<Self, Reason> {
        let relations = relations(archive, "")?;
        let workbook = relations.iter().find(|relation| relation.is("officeDocument"));
        let workbook = workbook.ok_or(Reason::NotASpreadsheet { what: "a package without a document" })?.target.clone();
        if workbook.to_ascii_lowercase().ends_with(".bin") {
            return Err(Reason::Unsupported { what: "a binary workbook (.xlsb)", done: "read" });
        }
        let source = text(archive, &workbook)?;
        let mut scanner = Scanner::new(&workbook, &source);
        let mut epoch = Epoch::Year1900;
        let mut listed = Vec::new();
        let mut root = true;
        while let Some(node) = scanner.next()? {
            let Node::Open { tag, .. } = node else { continue };
            if std::mem::take(&mut root) && tag.name() != "workbook" {
                return Err(Reason::NotASpreadsheet { what: "a document of another office program" });
            }
            match tag.name() {
                "workbookPr" if tag.attribute("date1904").is_some_and(|set| set == "1" || set == "true") => {
                    epoch = Epoch::Year1904;
                }
                "sheet" => {
                    let name = tag.attribute("name").ok_or_else(|| scanner.damaged("a tab has no name"))?;
                    let hidden = tag.attribute("state").is_some_and(|state| state != "visible");
                    let id = tag.attribute("id").ok_or_else(|| scanner.damaged("a tab has no part"))?;
                    let number = tag.attribute("sheetId").and_then(|id| id.parse().ok()).unwrap_or(0);
                    listed.push((name.into_owned(), number, hidden, id.into_owned()));
                }
                _ => {}
            }
        }
        let relations = self::relations(archive, &workbook)?;
        let by_id: HashMap<&str, &Relation> = relations.iter().map(|relation| (&*relation.id, relation)).collect();
        let mut sheets = Vec::new();
        for (name, number, hidden, id) in listed {
            let relation =
                by_id.get(&*id).ok_or_else(|| Reason::damaged(&workbook, format!("tab `{name}` has no part")))?;
            // A tab that is nothing but a chart has no cells.
            if relation.is("worksheet") {
                sheets.push(SheetPart { name, id: number, hidden, part: relation.target.clone() });
            }
        }
        let part = |kind| relations.iter().find(|relation| relation.is(kind)).map(|relation| relation.target.clone());
        Ok(Self {
            sheets,
            relations: relations_of(&workbook),
            epoch,
            styles: part("styles"),
            shared_strings: part("sharedStrings"),
            calc_chain: part("calcChain"),
        })
    }
}

/// One part that another one needs.
struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Relation {
    /// Whether it is of a kind; its address differs between the two editions of the standard.
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

/// What a part needs; the empty name stands for the package itself.
fn relations(archive: &mut Archive<'_>, part: &str) -> Result<Vec<Relation>, Reason> {
    let (folder, _) = part.rsplit_once('/').unwrap_or_default();
    let name = relations_of(part);
    let source = text(archive, &name)?;
    let mut scanner = Scanner::new(&name, &source);
    let mut relations = Vec::new();
    while let Some(node) = scanner.next()? {
        if let Node::Open { tag, .. } = node
            && tag.name() == "Relationship"
            && tag.attribute("TargetMode").is_none_or(|mode| mode != "External")
        {
            let get = |name| tag.attribute(name).unwrap_or_default().into_owned();
            relations.push(Relation { id: get("Id"), kind: get("Type"), target: resolve(folder, &get("Target")) });
        }
    }
    Ok(relations)
}

/// The part that says what another one needs.
fn relations_of(part: &str) -> String {
    match part.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/_rels/{file}.rels"),
        None => format!("_rels/{part}.rels"),
    }
}

/// The name of a part that is named from a folder of the package.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "." | "" => {}
            ".." => _ = steps.pop(),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// A part's name as the archive has it: names are the same whatever the size of their letters.
pub(crate) fn part_name(archive: &Archive<'_>, part: &str) -> String {
    if archive.has(part) {
        return part.to_owned();
    }
    archive.names().find(|name| name.eq_ignore_ascii_case(part)).unwrap_or(part).to_owned()
}

/// The text of a part that has to be there.
pub(crate) fn text(archive: &mut Archive<'_>, part: &str) -> Result<String, Reason> {
    let name = part_name(archive, part);
    let bytes = archive.read(&name)?.ok_or_else(|| Reason::damaged(part, "it is missing"))?;
    Ok(xml::decode(part, &bytes)?.into_owned())
}

/// The text of a part that is to be changed: what is written is UTF-8, as it has to say.
pub(crate) fn text_to_change(archive: &mut Archive<'_>, part: &str) -> Result<String, Reason> {
    let name = part_name(archive, part);
    let bytes = archive.read(&name)?.ok_or_else(|| Reason::damaged(part, "it is missing"))?;
    xml::utf8(part, &bytes).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_from_where_they_are_named() {
        assert_eq!(resolve("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("xl", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolve("xl/worksheets", "../comments1.xml"), "xl/comments1.xml");
        assert_eq!(resolve("", "./xl/workbook.xml"), "xl/workbook.xml");
    }
}
