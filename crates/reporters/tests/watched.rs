//! A run on a terminal, in a log, and in JSON.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use runsheet_events::{CancelReason, DisplaySink, EventKind, Observer, RunEvent, decode};
use runsheet_model::Stream;
use runsheet_reporters::{Detail, Display, Format, JsonLines, Palette, Size, Terminal};

use crate::capture::{Capture, Closed, Halting};
use crate::story::{Story, cancelled, changed, failed, fold, host, line, lost, step, unreachable};

fn display() -> Display {
    Display { fold, output: Some("/var/lib/runsheet/5f3a9c21/output".to_owned()), ..Display::default() }
}

/// A deploy in which much goes wrong.
pub(crate) fn rough_deploy() -> Story {
    let mut story = Story::of(
        "run",
        "Weekly web deploy",
        &[
            ("Tell support", "", 0, None),
            ("Restart apache", "service.restart", 6, Some(120)),
            ("Clear caches", "cache.clear", 6, Some(30)),
        ],
    );
    story.step_starts(1, &[]);
    story.at(4_000).tell(EventKind::PersonAnswered {
        step: step(1),
        proceed: true,
        choice: None,
        note: "told them".to_owned(),
        who: "dana".to_owned(),
        waited: Duration::from_secs(4),
    });
    story.step_ends(1);
    story.at(5_000).step_starts(2, &["web1", "web2", "web3", "web4", "web5", "web6"]);
    story.at(6_000).host_ends(2, "web1", changed("restarted; leaked", 1_000));
    story.tell(EventKind::HostNoted { step: step(2), host: host("web2"), note: "42 requests in flight".to_owned() });
    let mut full = failed("no space left on device\nwhile writing /etc/x", 2_000);
    full.hint = Some("free some space".to_owned());
    full.outcome = full.outcome.opens("drained");
    story.at(7_000).host_ends(2, "web2", full.clone());
    story.at(7_100).host_ends(2, "web3", full);
    let silent = |name: &str| unreachable(&format!("no answer from `{name}` within 30s"), "is it down?");
    story.at(35_000).host_ends(2, "web4", silent("web4"));
    story.host_ends(2, "web5", silent("web5"));
    story.at(50_000).host_ends(2, "web6", lost());
    story.tell(EventKind::RunCancelled { reason: CancelReason::HostsFailed { step: step(2) } });
    story.at(150_000).step_ends(2);
    story.host_ends(3, "web1", cancelled());
    story.tell(EventKind::Warned { message: "the output file of `web1` could not be written".to_owned() });
    story.run_ends();
    story
}

fn watch(story: &Story, display: Display) -> Capture {
    let capture = Capture::default();
    let terminal =
        Terminal::start(display, capture.stream("out"), capture.stream("err")).expect("a thread can be started");
    tell(Box::new(terminal), &story.events);
    capture
}

fn tell(mut observer: Box<dyn Observer>, events: &[Arc<RunEvent>]) {
    for event in events {
        observer.observe(event).expect("an observer takes every event");
    }
    observer.finish().expect("all is written");
}

#[test]
fn a_run_reads_well_in_a_log() {
    let capture = watch(&rough_deploy(), display());
    insta::assert_snapshot!(capture.transcript());
}

#[test]
fn a_verbose_run_tells_every_host_and_every_try() {
    let display = Display { detail: Detail::Verbose, ..display() };
    let capture = watch(&rough_deploy(), display);
    insta::assert_snapshot!(capture.transcript());
}

#[test]
fn a_quiet_run_tells_only_what_went_wrong() {
    let quiet = Display { detail: Detail::Quiet, ..display() };
    let mut good = Story::of("exec", "exec", &[("uptime", "shell", 1, None)]);
    good.step_starts(1, &["web1"]);
    good.host_ends(1, "web1", changed("", 10)).step_ends(1).run_ends();
    assert_eq!(watch(&good, quiet.clone()).transcript(), "");
    insta::assert_snapshot!(watch(&rough_deploy(), quiet).transcript());
}

#[test]
fn colours_are_all_that_sets_a_coloured_run_apart() {
    let colored = Display { out: Palette::colored(), err: Palette::colored(), ..display() };
    let text = watch(&rough_deploy(), colored.clone()).text("err");
    assert!(text.contains("\x1b[1m\x1b[31mfailed"), "{text}");
    let plain = watch(&rough_deploy(), display()).text("err");
    assert_eq!(without_colours(&text), plain);
    // Plain form has no colours whatever it is given.
    let format = Format::Plain;
    assert_eq!(watch(&rough_deploy(), Display { format, live: true, ..colored }).text("err"), plain);
}

pub(crate) fn without_colours(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, code)) = rest.split_once("\x1b[") {
        kept.push_str(before);
        let end = code.find('m').expect("a colour ends with m");
        assert!(code[..end].chars().all(|c| c.is_ascii_digit() || c == ';'), "{code:?}");
        rest = &code[end + 1..];
    }
    kept + rest
}

#[test]
fn one_command_shows_output_and_little_else() {
    let mut story = Story::of("exec", "exec", &[("uptime", "shell", 2, None)]);
    story.step_starts(1, &["web1", "web2"]);
    let capture = Capture::default();
    let colored = Display { out: Palette::colored(), ..display() };
    let mut terminal =
        Box::new(Terminal::start(colored, capture.stream("out"), capture.stream("err")).expect("a thread"));
    let lines = terminal.lines();
    for event in &story.events {
        terminal.observe(event).expect("taken");
    }
    lines.line(line("web1", Stream::Out, b"up 3 days"));
    lines.line(line("web2", Stream::Err, b"uptime: not found"));
    lines.line(line("web1", Stream::Out, b""));
    lines.line(line("web1", Stream::Out, b" 1%\r20%\r70%\r100%\r"));
    lines.line(line("web1", Stream::Out, b"ok\rFAILED\r"));
    let told = story.events.len();
    story.at(500).host_ends(1, "web1", changed("", 500));
    story.host_ends(1, "web2", failed("exit status 127", 500)).step_ends(1).run_ends();
    for event in &story.events[told..] {
        terminal.observe(event).expect("taken");
    }
    terminal.finish().expect("all is written");
    insta::assert_snapshot!(capture.transcript().replace('\x1b', "^["), @r"
    out| ^[[36m[web1]^[[0m up 3 days
    out| ^[[33m[web2]^[[0m uptime: not found
    out| ^[[36m[web1]^[[0m 
    out| ^[[36m[web1]^[[0m 100%^[[2m  (overwrote 3 earlier states)^[[0m
    out| ^[[36m[web1]^[[0m ok\x0dFAILED
    err| web2 failed: exit status 127
    err| run 5f3a9c21  exec  failed: 1 ok (1 changed), 1 failed  in 500ms
    err| failed on 1 host
    err|   web2  exit status 127
    err| full output: /var/lib/runsheet/5f3a9c21/output
    err| to see it again: runsheet show 5f3a9c21
    ");
}

#[test]
fn a_line_longer_than_8_kib_is_folded_and_marked() {
    let capture = Capture::default();
    let terminal =
        Box::new(Terminal::start(display(), capture.stream("out"), capture.stream("err")).expect("a thread"));
    let mut long = "é".repeat(5_000).into_bytes();
    long.insert(0, b'x');
    terminal.lines().line(line("web1", Stream::Out, &long));
    terminal.finish().expect("all is written");
    let text = capture.text("out");
    let shown: Vec<&str> = text.lines().collect();
    assert_eq!(shown.len(), 2);
    assert!(shown[0].starts_with("[web1] xé") && shown[0].ends_with("é…"));
    assert!(shown[1].starts_with("[web1] é") && shown[1].ends_with('é'));
    assert_eq!(text.matches('é').count(), 5_000);
}

#[test]
fn identical_output_is_gathered_under_one_header() {
    let mut story = Story::of("exec", "exec", &[("uname", "shell", 4, None)]);
    story.step_starts(1, &["web1", "web2", "web3", "web4"]);
    let capture = Capture::default();
    let display = Display { gather: true, ..display() };
    let terminal = Terminal::start(display, capture.stream("out"), capture.stream("err")).expect("a thread");
    let lines = terminal.lines();
    for name in ["web1", "web3", "web2"] {
        lines.line(line(name, Stream::Out, b"Linux 6.1"));
        lines.line(line(name, Stream::Err, b"warning: \x1b[2Jclock"));
        lines.line(line(name, Stream::Out, b"x86_64"));
    }
    lines.line(line("web4", Stream::Out, b"Linux 5.10"));
    story.step_ends(1).run_ends();
    tell(Box::new(terminal), &story.events);
    insta::assert_snapshot!(capture.text("out"), @r"
    ---------------
    web[1,2,3] (3)
    ---------------
    Linux 6.1
    x86_64
    warning: \x1b[2Jclock
    ---------------
    web4
    ---------------
    Linux 5.10
    ");
}

#[test]
fn gathered_output_is_bounded_and_still_told_apart_by_what_is_not_kept() {
    let capture = Capture::default();
    let display = Display { gather: true, ..display() };
    let terminal = Box::new(Terminal::start(display, capture.stream("out"), capture.stream("err")).expect("a thread"));
    let lines = terminal.lines();
    let filler = vec![b'x'; 1_000];
    for name in ["web1", "web2", "web3"] {
        for _ in 0..100 {
            lines.line(line(name, Stream::Out, &filler));
        }
        let end = if name == "web2" { "other" } else { "same" };
        lines.line(line(name, Stream::Out, end.as_bytes()));
    }
    terminal.finish().expect("all is written");
    let text = capture.text("out");
    assert!(text.contains("\nweb[1,3] (2)\n") && text.contains("\nweb2\n"), "{}", &text[..200]);
    assert_eq!(text.matches("bytes more, not shown").count(), 2);
    assert!(text.len() < 2 * (65 << 10), "{}", text.len());
}

#[test]
fn a_closed_pager_ends_the_output_and_not_the_run() {
    let capture = Capture::default();
    let terminal = Terminal::start(display(), Box::new(Closed), capture.stream("err")).expect("a thread");
    for _ in 0..3 {
        terminal.lines().line(line("web1", Stream::Out, b"hello"));
    }
    tell(Box::new(terminal), &rough_deploy().events);
    let text = capture.text("err");
    assert_eq!(
        text.matches("note: nobody reads standard output any more: output of hosts is not shown any more").count(),
        1,
        "{text}"
    );
    assert!(text.contains("to see it again: runsheet show 5f3a9c21"), "{text}");
}

#[test]
fn a_terminal_in_non_blocking_mode_gets_everything() {
    let capture = Capture::default();
    let halting = Halting { to: capture.stream("err"), ready: false };
    let terminal = Terminal::start(display(), capture.stream("out"), Box::new(halting)).expect("a thread");
    tell(Box::new(terminal), &rough_deploy().events);
    assert_eq!(capture.text("err"), watch(&rough_deploy(), display()).text("err"));
}

#[test]
fn twenty_thousand_hosts_that_fail_alike_are_a_few_lines() {
    let names: Vec<String> = (1..=20_000).map(|number| format!("web{number}")).collect();
    let mut story = Story::of("run", "Big", &[("Restart", "service.restart", 20_000, None)]);
    story.step_starts(1, &names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names {
        story.host_ends(1, name, failed(&format!("no route to `{name}`"), 100));
    }
    story.step_ends(1).run_ends();
    let text = watch(&story, display()).text("err");
    assert!(text.lines().count() < 25, "{}", text.lines().count());
    assert!(text.contains("(20000)  no route to `<host>`"), "the recap names them all");
}

#[test]
fn live_lines_are_drawn_over_each_other_and_taken_off_at_the_end() {
    let mut story = Story::of("run", "Deploy", &[("Restart apache", "service.restart", 3, Some(120))]);
    story.step_starts(1, &["web1", "web2", "web3"]);
    story.at(1_000).host_ends(1, "web1", changed("", 1_000));
    let capture = Capture::default();
    let live = Display { live: true, size: Size::new(100, 24), ..display() };
    let mut terminal = Box::new(Terminal::start(live, capture.stream("out"), capture.stream("err")).expect("a thread"));
    for event in &story.events {
        terminal.observe(event).expect("taken");
    }
    let pause = terminal.pause().begin(Duration::from_secs(10));
    assert!(pause.at_rest());
    let drawn = capture.text("err");
    assert!(drawn.ends_with("(expected 2m)\n") || drawn.ends_with("\r\x1b[J"), "{drawn:?}");
    // While a person is asked nothing is written.
    story.at(2_000).host_ends(1, "web2", failed("boom", 2_000));
    for event in &story.events[story.events.len() - 2..] {
        terminal.observe(event).expect("taken");
    }
    assert_eq!(capture.text("err"), drawn);
    drop(pause);
    await_text(&capture, "step 1/1  Restart apache  2/3 done, 1 failed, 1 running  2s of 2m  longest: web3 2s");
    story.host_ends(1, "web3", changed("", 2_000)).step_ends(1).run_ends();
    for event in &story.events[story.events.len() - 4..] {
        terminal.observe(event).expect("taken");
    }
    terminal.finish().expect("all is written");
    let text = capture.text("err");
    let last_erased = text.rfind("\r\x1b[J").expect("live lines are erased");
    assert!(!text[last_erased..].contains("running"), "{text:?}");
    assert!(text.contains("web2 failed: boom"), "{text:?}");
}

/// Waits until a text was written to standard error; the display's own clock drives it.
fn await_text(capture: &Capture, wanted: &str) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !capture.text("err").contains(wanted) {
        assert!(
            std::time::Instant::now() < deadline,
            "`{wanted}` was not drawn within 10 s: {:?}",
            capture.text("err")
        );
        std::thread::yield_now();
    }
}

#[test]
fn json_is_one_event_a_line_that_reads_back_as_itself() {
    let story = rough_deploy();
    let capture = Capture::default();
    let json =
        JsonLines::start(capture.stream("out"), capture.stream("err"), Duration::from_secs(5)).expect("a thread");
    tell(Box::new(json), &story.events);
    let read: Vec<RunEvent> = capture.text("out").lines().map(|line| decode(line).expect("an event")).collect();
    let told: Vec<RunEvent> = story.events.iter().map(|event| RunEvent::clone(event)).collect();
    assert_eq!(read, told);
    assert_eq!(capture.text("err"), "");
}

#[test]
fn json_for_nobody_is_an_error_of_the_observer_told_once() {
    let capture = Capture::default();
    let mut json =
        Box::new(JsonLines::start(Box::new(Closed), capture.stream("err"), Duration::from_secs(5)).expect("a thread"));
    for event in &rough_deploy().events {
        _ = json.observe(event);
    }
    assert!(json.finish().is_err());
    assert_eq!(
        capture.text("err"),
        "note: nobody reads standard output any more: no more events are written; the run goes on\n"
    );
}

#[test]
fn a_step_that_moves_files_tells_how_much_has_moved() {
    let mut story = Story::of("put", "put large", &[("put", "file.put", 2, None)]);
    story.step_starts(1, &["web1", "web2"]);
    let capture = Capture::default();
    let live = Display { live: true, size: Size::new(100, 24), ..display() };
    let mut terminal = Box::new(Terminal::start(live, capture.stream("out"), capture.stream("err")).expect("a thread"));
    let step = &story.stats().0.steps[0].planned.step.clone();
    terminal.lines().moved(step).fetch_add(1 << 30, Ordering::Relaxed);
    terminal.lines().moved(step).fetch_add(1 << 20, Ordering::Relaxed);
    for event in &story.events {
        terminal.observe(event).expect("taken");
    }
    await_text(&capture, "step 1/1  put  0/2 done, 2 running  0s  1,025 MiB moved  longest: web1 0s");
    terminal.finish().expect("all is written");
}
