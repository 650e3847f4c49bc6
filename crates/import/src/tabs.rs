//! Which tab holds the steps, and which the hosts.

use runsheet_diagnostics::nearest;
use runsheet_workbook::{Tab, Workbook};

use crate::fields::{HOST_FIELDS, STEP_FIELDS};
use crate::header::Header;
use crate::options::{Options, Which};
use crate::seen::text_of;
use crate::title::plain;
use crate::{ImportError, letters};

/// The most titles that a message lists.
const SHOWN: usize = 12;

/// A tab and its header.
pub(crate) type Found<'a> = (&'a Tab, Header);

/// Finds the tab with the steps, and that with the hosts if there is one.
pub(crate) fn find<'a>(
    workbook: &'a Workbook,
    options: &Options,
) -> Result<(Found<'a>, Option<Found<'a>>), ImportError> {
    check(options)?;
    let named =
        |wanted: &Option<String>, which| wanted.as_ref().map(|name| named(workbook, name, which, options)).transpose();
    let steps = named(&options.steps_tab, Which::Steps)?;
    let hosts = named(&options.hosts_tab, Which::Hosts)?;
    let mut like_steps = Vec::new();
    let mut like_hosts = Vec::new();
    let is_named = |tab: &Tab| {
        [&steps, &hosts].iter().any(|found| found.as_ref().is_some_and(|(named, _)| named.name == tab.name))
    };
    for tab in workbook.tabs.iter().filter(|tab| !tab.hidden && !is_named(tab)) {
        let header = |which| Header::find(tab, which, &options.columns);
        match (header(Which::Steps), header(Which::Hosts)) {
            (Some(as_steps), Some(as_hosts)) => {
                if as_hosts.strength(Which::Hosts) > as_steps.strength(Which::Steps) {
                    like_hosts.push((tab, as_hosts));
                } else {
                    like_steps.push((tab, as_steps));
                }
            }
            (Some(as_steps), None) => like_steps.push((tab, as_steps)),
            (None, Some(as_hosts)) => like_hosts.push((tab, as_hosts)),
            (None, None) => {}
        }
    }
    let steps = match steps {
        Some(steps) => steps,
        None => one(like_steps, Which::Steps)?.ok_or_else(|| ImportError::NoSteps {
            file: workbook.path.clone(),
            titles: workbook.tabs.iter().filter(|tab| !tab.hidden).map(seen).filter(|text| !text.is_empty()).collect(),
        })?,
    };
    let hosts = match hosts {
        Some(hosts) => Some(hosts),
        None => one(like_hosts, Which::Hosts)?,
    };
    all_mapped(options, &steps, hosts.as_ref())?;
    Ok((steps, hosts))
}

fn one(mut found: Vec<Found<'_>>, which: Which) -> Result<Option<Found<'_>>, ImportError> {
    if found.len() > 1 {
        let tabs = found.iter().map(|(tab, _)| tab.name.clone()).collect();
        return Err(ImportError::TwoTabs { which: which.name(), tabs });
    }
    Ok(found.pop())
}

fn named<'a>(workbook: &'a Workbook, name: &str, which: Which, options: &Options) -> Result<Found<'a>, ImportError> {
    let exact = workbook.tabs.iter().find(|tab| tab.name == name);
    let tab = exact.or_else(|| workbook.tabs.iter().find(|tab| tab.name.to_lowercase() == name.to_lowercase()));
    let tab = tab.ok_or_else(|| ImportError::NoTab {
        file: workbook.path.clone(),
        tab: name.to_owned(),
        tabs: workbook.tabs.iter().map(|tab| tab.name.clone()).collect(),
    })?;
    let header = Header::find(tab, which, &options.columns);
    let header = header.ok_or_else(|| ImportError::NoHeader {
        tab: tab.name.clone(),
        titles: Some(seen(tab)).filter(|text| !text.is_empty()).into_iter().collect(),
    })?;
    Ok((tab, header))
}

/// The row of a tab that has the most texts among its first, for a message.
fn seen(tab: &Tab) -> String {
    let texts = |row: &runsheet_workbook::Row| -> Vec<String> {
        row.cells.iter().map(|cell| text_of(&cell.value)).filter(|text| !text.is_empty() && text.len() < 40).collect()
    };
    let mut rows = tab.rows.iter().take(SHOWN).map(texts).collect::<Vec<_>>();
    rows.sort_by_key(|texts| std::cmp::Reverse(texts.len()));
    let Some(texts) = rows.first().filter(|texts| !texts.is_empty()) else { return String::new() };
    let shown: Vec<_> = texts.iter().take(SHOWN).map(|text| format!("`{text}`")).collect();
    format!("{} in `{}`", shown.join(", "), tab.name)
}

/// Whether every mapping speaks of a field that there is.
fn check(options: &Options) -> Result<(), ImportError> {
    for mapping in &options.columns {
        if mapping.field(Which::Steps, STEP_FIELDS).is_none() && mapping.field(Which::Hosts, HOST_FIELDS).is_none() {
            let words = STEP_FIELDS.iter().chain(HOST_FIELDS).map(|field| field.word);
            let nearest = nearest(&mapping.field.to_lowercase(), words).map(str::to_owned);
            return Err(ImportError::NoField { field: mapping.field.clone(), nearest });
        }
    }
    Ok(())
}

/// Whether every column that a mapping speaks of is there, in one of the two tabs.
fn all_mapped(options: &Options, steps: &Found<'_>, hosts: Option<&Found<'_>>) -> Result<(), ImportError> {
    let titles = || [Some(steps), hosts].into_iter().flatten().flat_map(|(_, header)| &header.titles);
    for mapping in options.columns.iter().filter(|mapping| !mapping.column.is_empty()) {
        let wanted = plain(&mapping.column);
        let is = |(column, title): (&u32, &String)| {
            letters(*column) == mapping.column
                || plain(title) == wanted
                || plain(title).text.ends_with(&format!(" {}", wanted.text))
        };
        if !titles().any(is) {
            let titles = titles().map(|(_, title)| format!("`{title}`")).collect();
            return Err(ImportError::NoColumn { field: mapping.field.clone(), column: mapping.column.clone(), titles });
        }
    }
    Ok(())
}
