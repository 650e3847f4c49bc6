//! A run played again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{EventKind, Frame, OutputKey, RunEvent};
use runsheet_model::Stream;
use runsheet_reporters::{Display, Frames, Replay, Shown, Terminal, play};

use crate::capture::Capture;
use crate::story::{Story, changed, host, step};

fn frame(ms: u64, stream: Stream, text: &str) -> Frame {
    Frame { elapsed: Duration::from_millis(ms), quiet: false, stream, bytes: text.as_bytes().to_vec() }
}

fn key(name: &str) -> OutputKey {
    OutputKey { step: step(1), host: host(name) }
}

/// Two hosts that start at 100 ms and 200 ms.
fn recorded() -> (Vec<Arc<RunEvent>>, HashMap<OutputKey, Vec<Frame>>) {
    let mut story = Story::of("exec", "exec", &[("uptime", "shell", 2, None)]);
    story.at(100).step_starts(1, &["web1"]);
    story.at(200).tell(EventKind::HostStarted { step: step(1), host: host("web2") });
    story.at(1_000).host_ends(1, "web1", changed("", 900));
    story.at(1_200).host_ends(1, "web2", changed("", 1_000)).step_ends(1).run_ends();
    let frames = HashMap::from([
        (
            key("web1"),
            vec![
                frame(50, Stream::Out, "one\ntw"),
                frame(60, Stream::Err, "oops\n"),
                frame(300, Stream::Out, "o\nthree"),
                // Beyond the host's end: the clocks of output and events are not read at the same moment.
                frame(950, Stream::Out, " and a half"),
            ],
        ),
        (key("web2"), vec![frame(100, Stream::Out, "hello\n")]),
    ]);
    (story.events, frames)
}

fn opener(mut frames: HashMap<OutputKey, Vec<Frame>>) -> impl FnMut(&OutputKey) -> Option<Frames> {
    move |key| frames.remove(key).map(|frames| Box::new(frames.into_iter()) as Frames)
}

fn script(speed: f64) -> String {
    let (events, frames) = recorded();
    let mut replay = Replay::new(events, opener(frames), speed);
    let mut text = String::new();
    while let Some((wait, shown)) = replay.next() {
        let shown = match shown {
            Shown::Event(event) => {
                let kind = format!("{:?}", event.kind);
                kind.split([' ', '(']).next().unwrap_or_default().to_owned()
            }
            Shown::Line(line) => format!("{} {:?}", line.host, String::from_utf8_lossy(&line.line)),
        };
        text.push_str(&format!("{wait:>7.1?} {shown}\n"));
    }
    text
}

#[test]
fn events_and_output_come_in_the_order_of_time_ten_times_as_fast() {
    insta::assert_snapshot!(script(10.0), @r#"
     0.0ns RunStarted
    10.0ms StepStarted
     0.0ns HostStarted
     5.0ms web1 "one"
     1.0ms web1 "oops"
     4.0ms HostStarted
    10.0ms web2 "hello"
    10.0ms web1 "two"
    60.0ms AttemptFinished
     0.0ns web1 "three and a half"
     0.0ns HostFinished
    20.0ms AttemptFinished
     0.0ns HostFinished
     0.0ns StepFinished
     0.0ns RunFinished
    "#);
}

#[test]
fn at_once_means_without_waiting() {
    let at_once = script(0.0);
    assert!(at_once.lines().all(|line| line.starts_with("  0.0ns ")), "{at_once}");
    let order = |text: &str| text.lines().map(|line| line[8..].to_owned()).collect::<Vec<_>>();
    assert_eq!(order(&at_once), order(&script(10.0)));
    assert_eq!(script(f64::NAN), at_once);
    assert_eq!(script(-1.0), at_once);
}

#[test]
fn a_run_that_was_resumed_shows_each_epochs_output_in_its_place() {
    let mut story = Story::of("run", "Deploy", &[("Restart", "shell", 1, None)]);
    let header = story.events[0].kind.clone();
    story.at(100).step_starts(1, &["web1"]);
    // The first epoch ends without a word. Times begin at 0 again.
    story.at(0).tell(header);
    story.at(50).tell(EventKind::HostStarted { step: step(1), host: host("web1") });
    story.at(900).host_ends(1, "web1", changed("", 850)).run_ends();
    let frames =
        vec![frame(500, Stream::Out, "cut o"), frame(100, Stream::Out, "again\n"), frame(700, Stream::Out, "done\n")];
    let mut replay = Replay::new(story.events, opener(HashMap::from([(key("web1"), frames)])), 1.0);
    let mut shown = Vec::new();
    let mut waited = Duration::ZERO;
    while let Some((wait, what)) = replay.next() {
        waited += wait;
        shown.push(match what {
            Shown::Event(event) => event.seq.to_string(),
            Shown::Line(line) => String::from_utf8_lossy(&line.line).into_owned(),
        });
    }
    assert_eq!(shown, ["1", "2", "3", "cut o", "4", "5", "again", "done", "6", "7", "8"]);
    assert_eq!(waited, Duration::from_secs(1));
}

#[test]
fn a_replay_looks_like_the_run_and_sleeps_as_it_is_told() {
    let (events, frames) = recorded();
    let capture = Capture::default();
    let mut terminal =
        Box::new(Terminal::start(Display::default(), capture.stream("out"), capture.stream("err")).expect("a thread"));
    let lines = terminal.lines().that_wait();
    let mut slept = Duration::ZERO;
    play(Replay::new(events, opener(frames), 2.0), terminal.as_mut(), &lines, |wait| slept += wait).expect("played");
    runsheet_events::Observer::finish(terminal).expect("all is written");
    assert_eq!(slept, Duration::from_millis(600));
    assert_eq!(capture.text("out").lines().count(), 5);
}
