//! The output of hosts, written and read back.

use std::cell::Cell;
use std::fs;
use std::time::Duration;

use proptest::prelude::*;
use runsheet_events::{Frame, OutputKey, OutputLog};
use runsheet_journal::{JournalWriter, RunFolder, StateFolder, WriterSettings};
use runsheet_model::{HostName, RunId, Stream};
use tempfile::TempDir;

use crate::sample::{host, state, step};

/// A run whose output is written.
struct Output {
    _temporary: TempDir,
    state: StateFolder,
    writer: JournalWriter,
}

impl Output {
    fn new(output_cap: u64) -> Self {
        let (temporary, state) = state();
        let settings = WriterSettings { output_cap, ..WriterSettings::default() };
        let writer =
            state.create_run(RunId::fresh(), b"{}").and_then(|folder| folder.start(&settings)).expect("a writer");
        Self { _temporary: temporary, state, writer }
    }

    fn folder(&self) -> RunFolder {
        self.state.open_run(self.writer.run()).expect("the run")
    }

    fn write(&self, key: &OutputKey, frames: &[Frame]) {
        let mut file = self.writer.open(key);
        for frame in frames {
            file.frame(frame.elapsed, frame.stream, frame.quiet, &frame.bytes);
        }
        file.close().expect("output");
    }

    /// The frames, and how many bytes were left out.
    fn read(&self, key: &OutputKey) -> (Vec<Frame>, u64) {
        let mut reader = self.folder().output(key).expect("output");
        let frames = reader.by_ref().collect::<Result<_, _>>().expect("frames");
        (frames, reader.left_out())
    }
}

fn key(name: &str) -> OutputKey {
    OutputKey { step: step("restart"), host: host(name) }
}

fn frame(ms: u64, bytes: impl Into<Vec<u8>>) -> Frame {
    Frame { elapsed: Duration::from_millis(ms), quiet: false, stream: Stream::Out, bytes: bytes.into() }
}

/// Frames of text, of text that is cut inside of characters, and of anything.
fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let text = any::<String>().prop_map(String::into_bytes);
    let bytes = prop_oneof![text, prop::collection::vec(any::<u8>(), 0..2000)];
    let cut = (bytes, prop::collection::vec(1_usize..80, 1..20));
    (cut, any::<bool>()).prop_map(|((bytes, cuts), is_error)| {
        let mut rest = &bytes[..];
        let mut frames = Vec::new();
        for (ms, cut) in (0..).zip(cuts.iter().cycle()) {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            rest = after;
            let stream = if is_error { Stream::Err } else { Stream::Out };
            frames.push(Frame { stream, ..frame(ms, piece) });
        }
        frames
    })
}

#[test]
fn output_is_read_back_byte_for_byte_frame_by_frame() {
    let output = Output::new(64 << 20);
    let number = Cell::new(0);
    proptest!(|(first in frames(), second in frames())| {
        number.set(number.get() + 1);
        let key = key(&format!("web{}", number.get()));
        output.write(&key, &first);
        output.write(&key, &second);
        prop_assert_eq!(output.read(&key), ([first, second].concat(), 0));
    });
}

#[test]
fn text_stays_text_in_its_file() {
    let output = Output::new(64 << 20);
    output.write(&key("web1"), &[frame(7, "grün\n"), frame(8, "\u{fc}".as_bytes()[..1].to_vec())]);
    let path = output.folder().path().join("output/restart/web1.ndjson");
    assert_eq!(
        fs::read_to_string(path).expect("its file"),
        "{\"t\":7,\"s\":\"out\",\"b\":\"grün\\n\"}\n{\"t\":8,\"s\":\"out\",\"b64\":\"ww==\"}\n"
    );
}

#[test]
fn nothing_is_made_for_a_host_that_says_nothing() {
    let output = Output::new(64 << 20);
    output.write(&key("web1"), &[]);
    output.write(&key("web1"), &[frame(0, "")]);
    assert!(!output.folder().path().join("output/restart").exists());
    assert_eq!(output.read(&key("web1")), (Vec::new(), 0));
    assert_eq!(output.folder().output_bytes().expect("a size"), 0);
}

#[test]
fn output_beyond_its_cap_is_counted_and_not_kept() {
    let cap = 10_060;
    let output = Output::new(cap);
    let line = frame(1, "x".repeat(100));
    // A small one at the end would fit, and would stand where it does not belong.
    let mut frames = vec![line.clone(); 1000];
    frames.push(frame(2, "end"));
    output.write(&key("web1"), &frames);
    let (read, left_out) = output.read(&key("web1"));
    assert!(read.iter().all(|frame| *frame == line));
    assert_eq!(read.len() as u64 * 100 + left_out, 100_003);
    assert!(read.len() >= 75, "{} frames", read.len());
    let size = output.folder().output_bytes().expect("a size");
    assert!((cap - 130..cap + 30).contains(&size), "{size} bytes");

    // A second attempt finds it full, and adds to what is left out.
    output.write(&key("web1"), &vec![line; 10]);
    let (again, more_left_out) = output.read(&key("web1"));
    assert_eq!((again, more_left_out), (read, left_out + 1000));
}

#[test]
fn a_huge_frame_is_kept_in_pieces() {
    let output = Output::new(64 << 20);
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    output.write(&key("web1"), &[frame(1, bytes.clone())]);
    let read: Vec<u8> = output.read(&key("web1")).0.into_iter().flat_map(|frame| frame.bytes).collect();
    assert!(read == bytes);
}

#[test]
fn a_torn_line_is_passed_over_and_cut_by_the_next_writer() {
    let output = Output::new(64 << 20);
    output.write(&key("web1"), &[frame(1, "one"), frame(2, "two")]);
    let path = output.folder().path().join("output/restart/web1.ndjson");
    let whole = fs::read(&path).expect("its file");
    for cut in 1..whole.len() {
        fs::write(&path, &whole[..cut]).expect("a torn file");
        let (read, _) = output.read(&key("web1"));
        assert_eq!(read.len(), whole[..cut].split(|&byte| byte == b'\n').skip(1).count());
        output.write(&key("web1"), &[frame(3, "three")]);
        let (again, _) = output.read(&key("web1"));
        assert_eq!(again, [read, vec![frame(3, "three")]].concat());
    }
}

#[test]
fn a_broken_line_is_an_error() {
    let output = Output::new(64 << 20);
    output.write(&key("web1"), &[frame(1, "one")]);
    let path = output.folder().path().join("output/restart/web1.ndjson");
    for broken in ["nonsense\n", "{\"t\":1,\"s\":\"out\",\"b64\":\"!\"}\n", "{\"t\":-1}\n"] {
        fs::write(&path, broken).expect("a broken file");
        let mut reader = output.folder().output(&key("web1")).expect("output");
        assert!(reader.next().is_some_and(|frame| frame.is_err()), "{broken}");
        assert!(reader.next().is_none());
    }
}

#[test]
fn output_that_was_not_closed_is_kept() {
    let output = Output::new(64 << 20);
    let mut file = output.writer.open(&key("web1"));
    file.frame(Duration::from_millis(1), Stream::Out, false, b"text");
    drop(file);
    assert_eq!(output.read(&key("web1")).0, [frame(1, "text")]);
}

#[test]
fn output_that_cannot_be_written_is_told_when_it_is_closed() {
    let output = Output::new(64 << 20);
    fs::write(output.folder().path().join("output/restart"), "in the way").expect("a file");
    let mut file = output.writer.open(&key("web1"));
    file.frame(Duration::ZERO, Stream::Out, false, b"one");
    file.frame(Duration::ZERO, Stream::Out, false, b"two");
    assert!(file.close().is_err());
}

#[test]
fn no_two_hosts_share_a_file_however_odd_their_names() {
    let output = Output::new(64 << 20);
    let long = "a".repeat(253);
    let mut names: Vec<String> =
        ["a.", "a..", "a.hidden", "a~b", "web1.ndjson", "fe80::1%eth0", "é"].map(str::to_owned).to_vec();
    names.extend([long.clone(), format!("{}b", &long[1..]), long[..200].to_owned(), long[..201].to_owned()]);
    names.extend([format!("{}é", "a".repeat(179)), format!("{}{}", "a".repeat(179), "é".repeat(30))]);
    for name in &names {
        let name = HostName::new(name.clone()).expect("a name");
        output.write(&key(name.as_str()), &[frame(1, name.as_str())]);
    }
    for name in &names {
        assert_eq!(output.read(&key(name)).0, [frame(1, name.as_str())], "{name}");
    }
    let files = fs::read_dir(output.folder().path().join("output/restart")).expect("its folder");
    assert_eq!(files.count(), names.len());
}
