//! How long it takes to read the events of a large run and to write its page, and how large that is.
//!
//! `cargo bench -p runsheet-report` prints a table. How long a browser takes to open the page is not measured here.

#[path = "../tests/story.rs"]
#[expect(dead_code, reason = "the tests tell more stories")]
mod story;

use std::time::Instant;

use jiff::tz::TimeZone;
use runsheet_report::{Cells, Context, Report, csv, html, trace};

use crate::story::{SameOutput, large};

fn main() {
    print("| hosts × steps | events | folding ms | page ms | page bytes | csv ms | trace ms | trace bytes |");
    print("|---|---|---|---|---|---|---|---|");
    for hosts in [50, 500, 5_000] {
        let events = large(hosts).events();
        let started = Instant::now();
        let mut report = Report::default();
        for event in &events {
            report.apply(event);
        }
        let report = report.finish(false);
        let folding = started.elapsed();
        let outputs = SameOutput(b"no space left on device\n");
        let fold = |names: &[&str]| runsheet_inventory::fold(names.iter().copied());
        let context = Context { zone: TimeZone::UTC, fold, outputs: &outputs };
        let [mut page, mut table, mut traced] = [Vec::new(), Vec::new(), Vec::new()];
        let started = Instant::now();
        html(&report, &context, &mut page).expect("written");
        let paging = started.elapsed();
        let started = Instant::now();
        csv(&report, Cells::Safe, &mut table).expect("written");
        let tabling = started.elapsed();
        let (count, started) = (events.len(), Instant::now());
        trace(events.into_iter().map(Ok::<_, std::io::Error>), &mut traced).expect("written");
        let tracing = started.elapsed();
        let ms = |time: std::time::Duration| format!("{:.1}", time.as_secs_f64() * 1_000.0);
        print(&format!(
            "| {hosts} × 5 | {count} | {} | {} | {} | {} | {} | {} |",
            ms(folding),
            ms(paging),
            page.len(),
            ms(tabling),
            ms(tracing),
            traced.len()
        ));
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn print(line: &str) {
    println!("{line}");
}
