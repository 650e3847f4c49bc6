use std::borrow::Cow;

use runsheet_model::Phase;
use runsheet_task::{BootId, RemoteError};

use crate::end_group::ProcessGroup;
use crate::transfer::unguessable_name;
use crate::unreachable::for_good;

/// The longest line by which a command is announced, in bytes. What Linux tells of a process is shorter.
const LONGEST_LINE: usize = 1024;

/// How far into standard error that line is looked for, in bytes. What a login shell prints at its start stands before it.
const LOOKED_INTO: usize = 64 * 1024;

/// The line by which a command says, before anything else, which process leads it, for which SSH has no word, and which start of its
/// host this is.
///
/// It goes to standard error with a word that cannot be guessed, and is taken out of there again. A host that lies names
/// processes of its own.
pub(crate) struct Announcement {
    word: String,
    held: Vec<u8>,
    passed: usize,
    over: bool,
}

impl Announcement {
    pub(crate) fn new() -> Result<Self, RemoteError> {
        Ok(Self { word: unguessable()?, held: Vec::new(), passed: 0, over: false })
    }

    /// What stands before the command, in words that every login shell reads alike, csh and fish too. A POSIX shell says it itself and
    /// starts nothing for it; a shell that takes backslashes in quotes for something else, or that may not redirect, has a child say it.
    pub(crate) fn before_command(&self) -> String {
        let itself = self.saying("$$");
        let child = self.saying("$PPID");
        format!(
            "test '\\\\' = \"\\\\\\\\\" && eval 'test \"${{-#*r}}\" = \"$-\" && {{ {itself}; }}' || sh -c '{child}'\n"
        )
    }

    /// Says it of a process. The parenthesis is quoted for ksh93.
    fn saying(&self, process: &str) -> String {
        let word = &self.word;
        format!(
            "{{ read -r runsheet_s </proc/{process}/stat; read -r runsheet_b </proc/sys/kernel/random/boot_id; }} 2>/dev/null; \
             echo \"{word} {process} ${{runsheet_b:--}} ${{runsheet_s##*\\) }}\" >&2; unset runsheet_s runsheet_b"
        )
    }

    /// Takes some of standard error. Returns what of it is the command's own, and what was announced.
    pub(crate) fn take<'a>(&mut self, bytes: &'a [u8]) -> (Cow<'a, [u8]>, Option<Announced>) {
        if self.over {
            return (bytes.into(), None);
        }
        self.held.extend_from_slice(bytes);
        let word = self.word.as_bytes();
        let Some(start) = self.held.windows(word.len()).position(|window| window == word) else {
            // The end of it may be the beginning of the word.
            let most = self.held.len().min(word.len() - 1);
            let kept =
                (0..=most).rev().find(|n| word.starts_with(&self.held[self.held.len() - n..])).unwrap_or_default();
            let own: Vec<u8> = self.held.drain(..self.held.len() - kept).collect();
            self.passed += own.len();
            if self.passed > LOOKED_INTO {
                return (self.give_up(own), None);
            }
            return (own.into(), None);
        };
        let line = &self.held[start..];
        let Some(length) = line.iter().position(|byte| *byte == b'\n') else {
            let own: Vec<u8> = self.held.drain(..start).collect();
            self.passed += own.len();
            if self.held.len() > LONGEST_LINE {
                return (self.give_up(own), None);
            }
            return (own.into(), None);
        };
        let told = announced(&line[word.len()..length]);
        self.held.drain(start..=start + length);
        (self.give_up(Vec::new()), told)
    }

    /// What was held back, when nothing comes any more.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.over = true;
        std::mem::take(&mut self.held)
    }

    fn give_up<'a>(&mut self, mut own: Vec<u8>) -> Cow<'a, [u8]> {
        own.append(&mut self.rest());
        own.into()
    }
}

/// A word that nobody can have guessed.
pub(crate) fn unguessable() -> Result<String, RemoteError> {
    unguessable_name()
        .map_err(|error| RemoteError::NotStarted(for_good(Phase::Channel, format!("no random numbers: {error}"))))
}

/// What a command has announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) group: ProcessGroup,
    pub(crate) boot: Option<BootId>,
}

/// Reads the process, the boot id and, of what `/proc/PID/stat` says from its third field on, when it started (the 22nd; proc_pid_stat(5)).
fn announced(line: &[u8]) -> Option<Announced> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let leader: u32 = words.next()?.parse().ok()?;
    let boot = words.next().and_then(BootId::new);
    let born = words.nth(19).and_then(|word| word.parse().ok()).unwrap_or_default();
    (leader > 1).then_some(Announced { group: ProcessGroup { leader, born }, boot })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOOT: &str = "0a2d7e9c-1111-4222-8333-444455556666";

    /// Hands over a text in pieces; returns what came out of it.
    fn taken(announcement: &mut Announcement, text: &[u8], piece: usize) -> (Vec<u8>, Option<Announced>) {
        let (mut own, mut told) = (Vec::new(), None);
        for piece in text.chunks(piece) {
            let (bytes, found) = announcement.take(piece);
            own.extend_from_slice(&bytes);
            told = told.or(found);
        }
        own.extend(announcement.rest());
        (own, told)
    }

    fn announcement() -> Announcement {
        Announcement::new().expect("random numbers")
    }

    proptest! {
        #[test]
        fn what_is_the_commands_own_is_left_byte_by_byte(before in any::<Vec<u8>>(), after in any::<Vec<u8>>(), piece in 1_usize..80) {
            let mut announcement = announcement();
            let line = format!("{} 4711 {BOOT} S {}777 0\n", announcement.word, "1 ".repeat(18));
            let text = [&before, line.as_bytes(), &after].concat();
            let (own, told) = taken(&mut announcement, &text, piece);
            prop_assert_eq!(own, [before, after].concat());
            let group = ProcessGroup { leader: 4711, born: 777 };
            prop_assert_eq!(told, Some(Announced { group, boot: BootId::new(BOOT) }));
        }

        #[test]
        fn a_command_that_announces_nothing_loses_nothing(text in any::<Vec<u8>>(), piece in 1_usize..80) {
            let mut announcement = announcement();
            let text = [&text, &announcement.word.as_bytes()[..20]].concat();
            prop_assert_eq!(taken(&mut announcement, &text, piece), (text, None));
        }
    }

    #[test]
    fn a_posix_shell_announces_itself_and_starts_nothing_for_it() {
        for shell in ["/bin/sh", "/bin/bash"] {
            let mut announcement = announcement();
            let text = format!("{}echo own >&2; exit 3", announcement.before_command());
            // There is no program that it could start.
            let mut command = std::process::Command::new(shell);
            command.args(["-c", &text]).env("PATH", "/nowhere").stderr(std::process::Stdio::piped());
            let child = command.spawn().expect("a shell");
            let leader = child.id();
            let ended = child.wait_with_output().expect("its end");
            let (own, told) = taken(&mut announcement, &ended.stderr, 100);
            assert_eq!((own.as_slice(), ended.status.code()), (&b"own\n"[..], Some(3)), "{shell}");
            let told = told.expect("it is announced");
            assert!(told.group.leader == leader && told.group.born > 0 && told.boot.is_some(), "{shell}: {told:?}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_held_back_for_ever() {
        let mut announcement = announcement();
        let text = [announcement.word.as_bytes(), &[b'x'; 2 * LONGEST_LINE]].concat();
        let (own, told) = announcement.take(&text);
        assert_eq!((own.as_ref(), told), (text.as_slice(), None));
    }

    #[test]
    fn no_host_names_its_first_process_or_none() {
        for line in [" 1 S", " 0", " -5", "", " x", " 99999999999"] {
            assert_eq!(announced(line.as_bytes()), None, "{line}");
        }
        let unknown = Announced { group: ProcessGroup { leader: 77, born: 0 }, boot: None };
        for line in [" 77", " 77 -", " 77 - ", " 77 x y z", &format!(" 77 {BOOT}0")] {
            assert_eq!(announced(line.as_bytes()), Some(unknown.clone()), "{line}");
        }
    }
}
