//! How long it takes to read the events of a large run and to write its page, and how large that is.
//!
//! `cargo bench -p runsheet-report` prints two tables. The second is about Chromium, which is asked over its DevTools protocol: when the
//! first of the page was painted and when all of it was loaded, as the browser itself puts it on record (Navigation Timing, Paint
//! Timing), and how long it then takes to open every fold and lay all of it out anew.

#[path = "../tests/devtools.rs"]
#[expect(dead_code, reason = "the tests press keys")]
mod devtools;
#[path = "../tests/story.rs"]
#[expect(dead_code, reason = "the tests tell more stories")]
mod story;

use std::time::Instant;

use jiff::tz::TimeZone;
use runsheet_report::{Cells, Context, Report, csv, html, trace};

use crate::devtools::Browser;
use crate::story::{SameOutput, large};

/// How often each page is opened.
const ROUNDS: usize = 15;

/// What the browser put on record of the page that it has just opened, in milliseconds since it set out for it.
const OPENED: &str = "new Promise(done=>new PerformanceObserver(list=>{\
    const paint=list.getEntriesByName('first-contentful-paint')[0];if(!paint)return;\
    const went=performance.getEntriesByType('navigation')[0];\
    done([paint.startTime,went.domComplete,document.querySelectorAll('*').length])\
    }).observe({type:'paint',buffered:true}))";

/// How long it takes to open every fold and to lay the page out, in milliseconds.
const UNFOLDED: &str = "(()=>{const start=performance.now();document.querySelectorAll('details').forEach(fold=>fold.open=true);\
    document.body.getBoundingClientRect();return performance.now()-start})()";

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut opened = Vec::new();
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
        let file = folder.path().join(format!("{hosts}.html"));
        std::fs::write(&file, &page).expect("a file");
        opened.push((hosts, file));
    }
    let mut browser = Browser::start(folder.path(), 1_280, 900);
    print("");
    print("| hosts × steps | elements | first paint ms | loaded ms | all folds open ms |");
    print("|---|---|---|---|---|");
    for (hosts, file) in opened {
        let (mut painted, mut loaded, mut unfolded, mut elements) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for _ in 0..ROUNDS {
            browser.open(&file);
            let times = browser.value(OPENED);
            painted.push(times[0].as_f64().expect("a time"));
            loaded.push(times[1].as_f64().expect("a time"));
            elements = times[2].as_u64().expect("a count");
            unfolded.push(browser.value(UNFOLDED).as_f64().expect("a time"));
        }
        let row = format!("| {hosts} × 5 | {elements} | {} | {} | {} |", told(painted), told(loaded), told(unfolded));
        print(&row);
    }
}

/// The median of times, and the longest.
fn told(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    format!("{:.0} (at most {:.0})", times[times.len() / 2], times[times.len() - 1])
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn print(line: &str) {
    println!("{line}");
}
