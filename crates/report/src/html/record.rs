use maud::{Markup, html};
use runsheet_model::shortened;

use super::short;
use crate::command_line::command_line;
use crate::{Context, Report};

/// The longest path, in characters.
const FOLDER: usize = 4_096;

/// How many files and epochs are listed.
const LISTED: usize = 50;

/// Where all this comes from, so that it can be found and checked.
pub(super) fn record(report: &Report, context: &Context<'_>) -> Markup {
    let Some(header) = &report.stats.header else { return html! {} };
    html! {
        section aria-labelledby="record" {
            h2 #record { "Record" }
            dl.record {
                dt { "Run" } dd { code { (header.run) } }
                dt { "Plan" } dd { code { (shortened(&header.plan_hash, 200)) } }
                dt { "Command" } dd { code { (command_line(header)) } }
                @if let Some(request) = &header.request {
                    dt { "Folder" } dd { code { (shortened(&request.folder, FOLDER)) } }
                }
                dt { "By" } dd { (short(&header.user)) " on " (short(&header.machine)) }
                dt { "runsheet" } dd { (short(&header.version)) }
                @for epoch in report.epochs.iter().skip(1).take(LISTED) {
                    dt { "Resumed" } dd { (context.local(epoch.at)) }
                }
                @for (step, file) in report.files.iter().take(LISTED) {
                    dt { "Made" } dd { (short(&file.path)) " by " (step) ", " (file.bytes) " bytes, SHA-256 " code { (shortened(&file.sha256, 80)) } }
                }
            }
        }
    }
}
