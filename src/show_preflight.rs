use runsheet_inventory::fold;
use runsheet_model::{HostName, format_duration, plural};
use runsheet_preflight::{Amount, FindingGroup, Report, Weight, group};
use runsheet_reporters::{Complaint, complaints};
use serde_json::json;

use crate::args::Format;
use crate::error::CliError;
use crate::printer::Printer;
use crate::unknown_keys::listed;

/// Shows what was found: as one document of JSON, or grouped for people.
pub(crate) fn print(report: &Report, format: Format, printer: &Printer) -> Result<(), CliError> {
    let groups = group(&report.hosts);
    let fine: Vec<&HostName> = report.hosts.iter().filter(|host| host.is_fine()).map(|host| &host.host).collect();
    let let_in: Vec<&HostName> = report.hosts.iter().filter(|host| host.let_in).map(|host| &host.host).collect();
    if format == Format::Json {
        return printer.json(&json!({
            "hosts": report.hosts.len(),
            "fine": fine,
            "findings": groups,
            "unknown_keys": report.unknown_keys,
            "let_in": let_in,
        }));
    }
    let all: Vec<_> = groups.iter().map(complaint).collect();
    let mut text = complaints(&all, |names| fold(names.iter().copied()), &printer.out_palette(format));
    let (learned, unknown): (Vec<_>, Vec<_>) = report.unknown_keys.iter().cloned().partition(|key| key.learned);
    for (keys, heading) in [(unknown, "host keys that are not on record"), (learned, "host keys put on record")] {
        if !keys.is_empty() {
            text.push_str(&listed(&keys, heading));
        }
    }
    if !let_in.is_empty() {
        text.push_str(&format!("host keys put on record: {}\n", fold(let_in.iter().map(|host| host.as_str()))));
    }
    let wrong = report.hosts.len() - fine.len();
    let sum = if wrong == 0 { "all is well".to_owned() } else { format!("something is wrong with {wrong}") };
    text.push_str(&format!("{} looked at: {sum}\n", plural(report.hosts.len(), "host")));
    printer.data(&text)
}

fn complaint(group: &FindingGroup) -> Complaint<'_> {
    let amounts = group.amounts.map(|(least, most)| match (in_words(least), in_words(most)) {
        (least, most) if least == most => format!(": {least}"),
        (least, most) => format!(": {least} to {most}"),
    });
    Complaint {
        about: group.check.title(),
        says: format!("{}{}", group.says, amounts.unwrap_or_default()),
        hosts: group.hosts.iter().map(HostName::as_str).collect(),
        hint: group.hint.as_deref(),
        wrong: group.weight == Weight::Wrong,
    }
}

fn in_words(amount: Amount) -> String {
    match amount {
        Amount::Bytes(bytes) => runsheet_preflight::size(bytes),
        Amount::Time(time) => format_duration(time),
    }
}
