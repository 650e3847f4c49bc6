use std::collections::BTreeMap;

use crate::Tab;
use crate::edit::TabEdits;
use crate::error::Reason;
use crate::ods::patch::patch as patch_document;
use crate::ods::reader;
use crate::ods::styles::Styles;
use crate::tab_builder::Budget;
use crate::xml;
use crate::zip::Archive;

/// The part with all tabs.
const CONTENT: &str = "content.xml";
/// The part with the styles that have names.
const STYLES: &str = "styles.xml";
/// The part that lists the others, and says if they are encrypted.
const MANIFEST: &str = "META-INF/manifest.xml";

/// Whether an archive is an OpenDocument of any kind.
pub(crate) fn is_document(archive: &Archive<'_>) -> bool {
    archive.has(MANIFEST) || archive.has(CONTENT)
}

/// Reads all tabs.
pub(crate) fn read(archive: &mut Archive<'_>, budget: &mut Budget) -> Result<Vec<Tab>, Reason> {
    let content = content(archive)?;
    let mut styles = Styles::default();
    if let Some(bytes) = archive.read(STYLES)? {
        styles.add(STYLES, &xml::decode(STYLES, &bytes)?)?;
    }
    let source = xml::decode(CONTENT, &content)?;
    reader::read(CONTENT, &source, styles, budget)
}

/// The archive with cells changed. Only the part with the tabs is written anew.
pub(crate) fn patch(archive: &mut Archive<'_>, tabs: &BTreeMap<&str, TabEdits<'_>>) -> Result<Vec<u8>, Reason> {
    let content = content(archive)?;
    let mut styles = Styles::default();
    if let Some(bytes) = archive.read(STYLES)? {
        styles.add(STYLES, &xml::decode(STYLES, &bytes)?)?;
    }
    let changed = patch_document(CONTENT, xml::utf8(CONTENT, &content)?, styles, tabs)?;
    archive.replaced(&BTreeMap::from([(CONTENT.to_owned(), Some(changed.into_bytes()))]))
}

/// The part with all tabs, of a spreadsheet that needs no password.
fn content(archive: &mut Archive<'_>) -> Result<Vec<u8>, Reason> {
    if let Some(manifest) = archive.read(MANIFEST)?
        && xml::decode(MANIFEST, &manifest)?.contains("encryption-data")
    {
        return Err(Reason::Protected);
    }
    if let Some(kind) = archive.read("mimetype")?
        && !kind.starts_with(b"application/vnd.oasis.opendocument.spreadsheet")
    {
        return Err(Reason::NotASpreadsheet { what: "a document of another office program" });
    }
    archive.read(CONTENT)?.ok_or_else(|| Reason::damaged(CONTENT, "it is missing"))
}
