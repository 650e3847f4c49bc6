//! What a lock's file holds: first the steps that run, in a place of fixed size so that they can be replaced cheaply, then the
//! claim, one line of JSON.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};

use crate::Claim;

/// The end of the name of a lock's file, which begins with the id of its run.
pub(crate) const ENDING: &str = ".lock";

/// Bytes of the place for the steps, line end included.
const STEPS_SIZE: usize = 512;
/// The largest file that is read, in bytes; 100,000 hosts take about 10 MB.
const LARGEST: u64 = 32 << 20;
/// Version of the format.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Line {
    format: u32,
    #[serde(flatten)]
    claim: Claim,
}

#[derive(Default, Serialize, Deserialize)]
struct Steps {
    steps: Vec<String>,
}

/// What a lock's file says.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) claim: Claim,
    /// The titles of the steps that run.
    pub(crate) steps: Vec<String>,
}

/// Writes a whole file.
pub(crate) fn write(file: &File, claim: &Claim) -> io::Result<()> {
    let mut bytes = steps_line(&[]);
    serde_json::to_writer(&mut bytes, &Line { format: FORMAT, claim: claim.clone() })?;
    bytes.push(b'\n');
    file.write_all_at(&bytes, 0)
}

/// Replaces what it says about the steps that run.
pub(crate) fn write_steps(file: &File, steps: &[String]) -> io::Result<()> {
    file.write_all_at(&steps_line(steps), 0)
}

/// Reads a file. An error says in words why it is not one of ours.
pub(crate) fn read(file: &File) -> Result<Content, String> {
    let mut bytes = Vec::new();
    (&mut &*file).take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    let (steps, rest) = bytes.split_at_checked(STEPS_SIZE).ok_or("it is not complete")?;
    let line: serde_json::Value = serde_json::from_slice(rest).map_err(|_| "it is not a lock's file")?;
    match line.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format > u64::from(FORMAT) => Err("a newer runsheet wrote it".to_owned()),
        _ => {
            let line: Line = serde_json::from_value(line).map_err(|_| "it is not a lock's file")?;
            // They may be being replaced right now.
            let steps: Steps = serde_json::from_slice(steps).unwrap_or_default();
            Ok(Content { claim: line.claim, steps: steps.steps })
        }
    }
}

/// Whether somebody holds the lock of a file. Holds a shared one for an instant, which nobody notices who goes through the gate.
pub(crate) fn is_held(file: &File) -> bool {
    match file.try_lock_shared() {
        Ok(()) => {
            // Closing it does the same.
            _ = file.unlock();
            false
        }
        // Where locks do not work at all, the careful answer is that somebody is there.
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
    }
}

fn steps_line(steps: &[String]) -> Vec<u8> {
    let room = STEPS_SIZE - 1;
    let mut kept = steps.to_vec();
    let text = loop {
        let text = serde_json::to_string(&Steps { steps: kept.clone() }).unwrap_or_default();
        if text.len() <= room {
            break text;
        }
        match kept.len() {
            0 => break String::new(),
            1 => {
                let title = &mut kept[0];
                let half = title.floor_char_boundary(title.len() / 2);
                title.truncate(half);
            }
            _ => _ = kept.pop(),
        }
    };
    let mut line = text.into_bytes();
    line.resize(room, b' ');
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_any_length_have_a_place_of_one_size() {
        let of = |count: usize, length: usize| steps_line(&vec!["ü".repeat(length); count]);
        for line in [of(0, 0), of(1, 3), of(1, 4_000), of(300, 20)] {
            assert_eq!(line.len(), STEPS_SIZE);
            let steps: Steps = serde_json::from_slice(&line).expect("JSON");
            assert!(steps.steps.iter().all(|step| !step.is_empty()));
        }
        let steps: Steps = serde_json::from_slice(&of(300, 20)).expect("JSON");
        assert!(steps.steps.len() > 5);
    }
}
