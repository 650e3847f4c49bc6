//! What is typed without being shown: passwords, passphrases. For `secrets` and `logins`; it keeps nothing.

use std::io::{self, BufRead, Write};

use runsheet_model::visible;
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroize;

/// The longest line that is taken, in bytes.
const LONGEST: usize = 4096;

/// How a line was ended.
enum End {
    Entered,
    /// Ctrl-C: the answer is that there will be none.
    Interrupted,
}

/// Asks for something at the terminal that is not shown while it is typed.
///
/// The terminal is read key by key, so that Ctrl-C ends the program only once the terminal is as it was: a shell whose keys are not
/// shown any more is no fun.
pub(crate) fn ask_hidden(question: &str) -> io::Result<String> {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin)?;
    // Before the question is there to be answered: what is typed in between would be thrown away.
    tcsetattr(&stdin, OptionalActions::Flush, &silent(&before))?;
    let mut line = Vec::new();
    let answer = answer_to(question, &mut line);
    let restored = tcsetattr(&stdin, OptionalActions::Now, &before);
    writeln!(io::stderr())?;
    let end = answer?;
    restored?;
    if matches!(end, End::Interrupted) {
        // As if nobody had kept it from us.
        kill_process(getpid(), Signal::INT)?;
        return Err(io::ErrorKind::Interrupted.into());
    }
    String::from_utf8(line).map_err(|error| {
        error.into_bytes().zeroize();
        io::Error::new(io::ErrorKind::InvalidData, "what was typed is not UTF-8")
    })
}

fn silent(before: &Termios) -> Termios {
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    silent.special_codes[SpecialCodeIndex::VMIN] = 1;
    silent.special_codes[SpecialCodeIndex::VTIME] = 0;
    silent
}

fn answer_to(question: &str, line: &mut Vec<u8>) -> io::Result<End> {
    let mut err = io::stderr().lock();
    write!(err, "{}: ", visible(question.as_bytes()))?;
    err.flush()?;
    read_line(io::stdin().lock(), line)
}

/// Reads a line with the keys that a terminal knows by itself.
fn read_line(keys: impl BufRead, line: &mut Vec<u8>) -> io::Result<End> {
    // It does not grow, which would leave pieces of it in memory.
    line.reserve_exact(LONGEST);
    for key in keys.bytes() {
        match key? {
            b'\n' | b'\r' | 0x04 => break,
            0x03 => {
                line.zeroize();
                return Ok(End::Interrupted);
            }
            0x08 | 0x7f => {
                // A character of several bytes goes as one.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            0x15 => line.zeroize(),
            key if line.len() < LONGEST => line.push(key),
            _ => {}
        }
    }
    Ok(End::Entered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_change_a_line_do() {
        for (typed, line) in [
            ("secret\n", "secret"),
            ("secret\rmore", "secret"),
            ("secret", "secret"),
            ("sxx\x7f\x08ecret\n", "secret"),
            ("\x7fsecr\u{e4}\u{20ac}\x7f\x7fet\n", "secret"),
            ("wrong\x15secret\n", "secret"),
            ("\x04secret\n", ""),
        ] {
            let mut read = Vec::new();
            assert!(matches!(read_line(typed.as_bytes(), &mut read), Ok(End::Entered)), "{typed:?}");
            assert_eq!(String::from_utf8_lossy(&read), line, "{typed:?}");
        }
    }

    #[test]
    fn ctrl_c_leaves_nothing() {
        let mut read = Vec::new();
        assert!(matches!(read_line(&b"secret\x03\n"[..], &mut read), Ok(End::Interrupted)));
        assert!(read.is_empty());
    }
}
