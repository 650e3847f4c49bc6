//! Nothing that a host, a file or a person says can drive the terminal of whoever watches.

use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{DisplaySink, EventKind, Observer, RunEvent};
use runsheet_model::{Stream, visible};
use runsheet_reporters::{
    Column, Display, HistoryRow, JsonLines, Palette, RecapContext, ShowContext, Table, Terminal, history, show,
};

use crate::capture::Capture;
use crate::story::{Story, failed, fold, host, line, step, unreachable};
use crate::watched::without_colours;

const CORPUS: &[&[u8]] = &[
    b"\x1b]0;title\x07",
    b"\x1b]52;c;aGk=\x07",
    b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    b"\x1bP$q\"p\x1b\\",
    b"\x1bP+q544e\x1b\\",
    b"\x1b[2J\x1b[1;1H",
    b"ok\rFAILED",
    b"\x07bell\x08\x0b\x0c",
    b"alone at the end \x1b",
    b"\xc2\x9b31m\xc2\x9d0;t\xc2\x9c",
    b"\x9b2J raw C1",
    b"\xff\xfe\x00 not UTF-8",
    "\u{202e}gnp.exe \u{2066}x\u{2069}\u{feff}\u{200b}".as_bytes(),
    b"\x1b[31mred\x1b[0m",
    b"\x7f\x1bc\x1b#8",
];

/// Fails if anything but printable text, line breaks, tabs and our own colours is there.
fn assert_tame(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let text = without_colours(text);
    for shown in text.split(['\n', '\t']) {
        assert!(!shown.bytes().any(|byte| byte < 0x20), "{shown:?}");
        assert_eq!(visible(shown.as_bytes()), shown, "something was let through");
    }
}

fn hostile_run(word: &str) -> Story {
    let mut story = Story::of("run", word, &[(word, "shell", 3, None), (word, "", 0, None)]);
    story.step_starts(1, &["web1", "web2", "web\u{202e}3"]);
    story.tell(EventKind::HostConnected {
        host: host("web1"),
        took: Duration::ZERO,
        address: word.to_owned(),
        host_key: word.to_owned(),
        learned: true,
    });
    story.tell(EventKind::HostNoted { step: step(1), host: host("web\u{202e}3"), note: word.to_owned() });
    let mut result = failed(word, 10);
    result.hint = Some(word.to_owned());
    result.outcome = result.outcome.opens(word);
    story.host_ends(1, "web1", result.clone());
    story.host_ends(1, "web\u{202e}3", result);
    story.host_ends(1, "web2", unreachable(word, word));
    story.tell(EventKind::Warned { message: word.to_owned() });
    story.tell(EventKind::PersonAnswered {
        step: step(2),
        proceed: false,
        choice: None,
        note: word.to_owned(),
        who: word.to_owned(),
        waited: Duration::ZERO,
    });
    let sha256 = word.to_owned();
    let file = runsheet_events::MadeFile { path: word.to_owned(), sha256, bytes: 3, executable: false };
    story.tell(EventKind::FileMade { step: step(2), file });
    story.tell(EventKind::RunCancelled {
        reason: runsheet_events::CancelReason::FileNotMade {
            step: step(2),
            path: word.to_owned(),
            reason: word.to_owned(),
        },
    });
    story.tell(EventKind::RunCancelled {
        reason: runsheet_events::CancelReason::JournalFailed { reason: word.to_owned() },
    });
    story.step_ends(1).run_ends();
    story
}

fn colored(gather: bool, word: &str) -> Display {
    Display {
        detail: runsheet_reporters::Detail::Verbose,
        out: Palette::colored(),
        err: Palette::colored(),
        gather,
        fold,
        output: Some(word.to_owned()),
        ..Display::default()
    }
}

fn words() -> impl Iterator<Item = (&'static [u8], String)> {
    CORPUS.iter().map(|bytes| (*bytes, String::from_utf8_lossy(bytes).into_owned()))
}

fn tell(mut observer: Box<dyn Observer>, events: &[Arc<RunEvent>]) {
    for event in events {
        observer.observe(event).expect("taken");
    }
    observer.finish().expect("all is written");
}

#[test]
fn a_terminal_is_not_driven_by_what_it_shows() {
    for (bytes, word) in words() {
        for gather in [false, true] {
            let capture = Capture::default();
            let display = colored(gather, &word);
            let terminal = Terminal::start(display, capture.stream("out"), capture.stream("err")).expect("a thread");
            for stream in [Stream::Out, Stream::Err] {
                terminal.lines().line(line("web1", stream, bytes));
                terminal.lines().line(line("web\u{202e}3", stream, b"x\ny"));
            }
            tell(Box::new(terminal), &hostile_run(&word).events);
            assert_tame(&capture.bytes("out"));
            assert_tame(&capture.bytes("err"));
            assert!(!capture.bytes("out").is_empty());
        }
    }
}

#[test]
fn live_lines_hold_no_codes_but_those_that_draw_them() {
    for (_, word) in words() {
        let capture = Capture::default();
        let display = Display { live: true, ..colored(false, &word) };
        let mut terminal = Terminal::start(display, capture.stream("out"), capture.stream("err")).expect("a thread");
        let story = hostile_run(&word);
        for event in &story.events[..3] {
            terminal.observe(event).expect("taken");
        }
        // Coming to rest takes the live line off; what stood there was drawn before.
        assert!(terminal.pause().begin(Duration::from_secs(10)).at_rest());
        tell(Box::new(terminal), &story.events[3..]);
        let mut text = capture.text("err");
        for code in ["\r\x1b[J", "\r\x1b[1A\x1b[J"] {
            text = text.replace(code, "");
        }
        assert_tame(text.as_bytes());
    }
}

#[test]
fn json_can_be_looked_at() {
    for (_, word) in words() {
        let capture = Capture::default();
        let json = JsonLines::start(capture.stream("out"), capture.stream("err"), Duration::from_secs(5));
        let story = hostile_run(&word);
        tell(Box::new(json.expect("a thread")), &story.events);
        assert_tame(&capture.bytes("out"));
        for (line, event) in capture.text("out").lines().zip(&story.events) {
            assert_eq!(runsheet_events::decode(line).expect("an event"), **event);
        }
    }
}

#[test]
fn tables_and_old_runs_can_be_looked_at() {
    for (_, word) in words() {
        let mut table = Table::new([Column::left(&word), Column::right("n")]);
        table.row([&word, &word]);
        assert_tame(table.render(Some(30), &Palette::colored()).as_bytes());
        let row = HistoryRow {
            run: "01936f7e-aaaa-7bbb-8ccc-00005f3a9c21".parse().expect("an id"),
            when: word.clone(),
            sheet: word.clone(),
            steps: 1,
            hosts: 1,
            result: word.clone(),
            good: false,
            took: None,
        };
        assert_tame(history(&[row], None, &Palette::colored()).as_bytes());
        let (run, findings) = hostile_run(&word).run();
        let context = ShowContext {
            recap: RecapContext {
                palette: Palette::colored(),
                fold,
                width: Some(60),
                findings: &findings,
                output: Some(&word),
                just_ended: true,
            },
            when: Some(&word),
            all_hosts: true,
        };
        assert_tame(show(&run, &context).as_bytes());
    }
}
