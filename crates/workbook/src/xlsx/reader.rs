use crate::Tab;
use crate::error::Reason;
use crate::tab_builder::Budget;
use crate::xlsx::package::{Package, text};
use crate::xlsx::shared_strings;
use crate::xlsx::sheet::Sheet;
use crate::xlsx::styles::Styles;
use crate::zip::Archive;

/// Reads all tabs.
pub(crate) fn read(archive: &mut Archive<'_>, budget: &mut Budget) -> Result<Vec<Tab>, Reason> {
    let package = Package::open(archive)?;
    let styles = styles(archive, &package)?;
    let texts = match &package.shared_strings {
        Some(part) => shared_strings::read(part, &text(archive, part)?)?,
        None => Vec::new(),
    };
    let mut tabs = Vec::with_capacity(package.sheets.len());
    for sheet in &package.sheets {
        let source = text(archive, &sheet.part)?;
        let sheet = Sheet { name: &sheet.name, hidden: sheet.hidden, part: &sheet.part };
        tabs.push(sheet.read(&source, &styles, &texts, package.epoch, budget)?);
    }
    Ok(tabs)
}

/// Reads the styles of a package.
pub(crate) fn styles(archive: &mut Archive<'_>, package: &Package) -> Result<Styles, Reason> {
    match &package.styles {
        Some(part) => Styles::read(part, &text(archive, part)?),
        None => Ok(Styles::default()),
    }
}
