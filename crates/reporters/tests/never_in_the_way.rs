//! A stopped terminal or a slow pipe never holds up a run.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use runsheet_events::{DisplaySink, Observer};
use runsheet_model::Stream;
use runsheet_reporters::{Display, JsonLines, Terminal};

use crate::capture::{Capture, Stopped};
use crate::story::{Story, changed, line};
use crate::watched::rough_deploy;

/// Far more than handing over takes on any machine, far less than for ever.
const DEADLINE: Duration = Duration::from_secs(20);

/// Runs something on a thread of its own and fails if it is not done in time.
fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{what} was held up for {DEADLINE:?}"))
}

#[test]
fn a_stopped_terminal_holds_up_neither_events_nor_lines_and_the_end_gives_up() {
    let (began, first_write) = mpsc::channel();
    let (hold, release) = mpsc::channel();
    let display = Display { patience: Duration::from_millis(200), ..Display::default() };
    let capture = Capture::default();
    let stopped = Box::new(Stopped { began, release });
    let mut terminal = Box::new(Terminal::start(display, capture.stream("out"), stopped).expect("a thread"));
    let lines = terminal.lines();
    let story = rough_deploy();
    terminal.observe(&story.events[0]).expect("taken");
    first_write.recv_timeout(DEADLINE).expect("the display writes its first line");
    let error = in_time("the run", move || {
        for event in &story.events {
            terminal.observe(event).expect("taken");
        }
        for _ in 0..100_000 {
            lines.line(line("web1", Stream::Out, &[b'x'; 1_000]));
        }
        let started = Instant::now();
        let error = terminal.finish().expect_err("nothing could be written");
        assert!(started.elapsed() < DEADLINE / 2);
        error
    });
    assert_eq!(error.to_string(), "failed to write the last lines");
    drop(hold);
}

#[test]
fn lines_that_were_dropped_are_counted() {
    let (began, first_write) = mpsc::channel();
    let (hold, release) = mpsc::channel();
    let capture = Capture::default();
    let stopped = Box::new(Stopped { began, release });
    let terminal = Box::new(Terminal::start(Display::default(), stopped, capture.stream("err")).expect("a thread"));
    let lines = terminal.lines();
    lines.line(line("web1", Stream::Out, b"first"));
    first_write.recv_timeout(DEADLINE).expect("the display writes its first line");
    // 4 MiB hold 3,718 lines of 1,000 bytes and their cost of 128.
    for _ in 0..5_000 {
        lines.line(line("web1", Stream::Out, &[b'x'; 1_000]));
    }
    drop(hold);
    terminal.finish().expect("all is written");
    assert_eq!(capture.text("err"), "… 1,282 lines not shown; all of them are in the run's output files\n");
}

#[test]
fn a_replay_waits_instead_of_dropping() {
    let capture = Capture::default();
    let terminal =
        Box::new(Terminal::start(Display::default(), capture.stream("out"), capture.stream("err")).expect("a thread"));
    let lines = terminal.lines().that_wait();
    in_time("the replay", move || {
        for _ in 0..8_000 {
            lines.line(line("web1", Stream::Out, &[b'x'; 1_000]));
        }
    });
    terminal.finish().expect("all is written");
    assert_eq!(capture.text("out").lines().count(), 8_000);
}

#[test]
fn a_question_is_asked_even_on_a_stopped_terminal() {
    let (began, first_write) = mpsc::channel();
    let (hold, release) = mpsc::channel();
    let capture = Capture::default();
    let stopped = Box::new(Stopped { began, release });
    let terminal = Terminal::start(Display::default(), stopped, capture.stream("err")).expect("a thread");
    terminal.lines().line(line("web1", Stream::Out, b"first"));
    first_write.recv_timeout(DEADLINE).expect("the display writes its first line");
    let pause = terminal.pause();
    let paused = in_time("the question", move || pause.begin(Duration::from_millis(50)));
    assert!(!paused.at_rest());
    drop((hold, paused));
}

#[test]
fn a_slow_reader_of_json_holds_up_nobody_and_misses_nothing() {
    let (began, first_write) = mpsc::channel();
    let (hold, release) = mpsc::channel();
    let capture = Capture::default();
    let mut json = Box::new(
        JsonLines::start(Box::new(Stopped { began, release }), capture.stream("err"), Duration::from_millis(200))
            .expect("a thread"),
    );
    let mut story = Story::of("exec", "exec", &[("uptime", "shell", 1, None)]);
    story.step_starts(1, &["web1"]).host_ends(1, "web1", changed("", 1));
    json.observe(&story.events[0]).expect("taken");
    first_write.recv_timeout(DEADLINE).expect("the first event is written");
    in_time("the run", move || {
        for _ in 0..10_000 {
            for event in &story.events {
                json.observe(event).expect("taken");
            }
        }
        json.finish().expect_err("nothing could be written");
    });
    drop(hold);
}
