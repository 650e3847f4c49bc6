//! A run as one page: one file, no script, nothing from outside.
//!
//! Times are drawn as SVG whose places are percentages, so that the page fits every width; the chart is a table, so that it
//! can be read aloud, copied and walked through with a keyboard. A page of a large fleet tells of each step the spread of its
//! hosts, and by name only those that failed or were slowest.

mod attention;
mod axis;
mod bars;
mod failing;
mod head;
mod panel;
mod people;
mod record;
mod slowest;
mod style;
mod timeline;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use runsheet_events::words::one_line;
use runsheet_model::shortened;

use self::panel::Panels;
use self::style::Style;
use crate::{Context, Report, failures};

/// The longest text of one line in a page, in characters.
const LINE: usize = 200;

/// Writes a run as a page.
pub fn html(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut style = Style::default();
    let failures = failures(report, context);
    let panels = Panels::choose(report);
    let body = html! {
        main {
            (head::head(report, context))
            (attention::attention(report, context))
            (timeline::timeline(report, context, &panels, &mut style))
            (failing::failing(report, context, &failures))
            (panels.show(report, context, &mut style))
            (slowest::slowest(report))
            (people::people(report, context))
            (record::record(report, context))
        }
    };
    let page = page(report, &style, &body);
    out.write_all(page.into_string().as_bytes())
}

fn page(report: &Report, style: &Style, body: &Markup) -> Markup {
    let name = report.stats.header.as_ref().map(|header| short(&header.sheet)).unwrap_or_default();
    let run = report.stats.header.as_ref().map(|header| header.run.short()).unwrap_or_default();
    let css = style.text();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(style::policy(&css));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (name) " · run " (run) }
                style { (PreEscaped(css)) }
            }
            body { (body) }
        }
    }
}

/// Any text as one line that fits a page.
fn short(text: &str) -> String {
    shortened(&one_line(text), LINE)
}

/// A number with a comma every three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1,204 hosts`.
fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{} {noun}s", grouped(count)) }
}
