use std::time::SystemTime;

use crate::finding::{Check, Finding};
use crate::question::PLACES;
use crate::said::quoted;
use crate::{Bounds, clock, space, sudo};

/// What a host answered to everything that it was asked, cut at the word that stands before each answer.
pub(crate) struct Answer<'a> {
    /// What came before the first: what login scripts print.
    noise: &'a str,
    /// What each is an answer to, and the answer. The last may be cut off.
    parts: Vec<(&'a str, &'a str)>,
    errors: &'a str,
}

impl<'a> Answer<'a> {
    pub(crate) fn read(out: &'a str, errors: &'a str, word: &str) -> Self {
        let mut pieces = out.split(word);
        let noise = pieces.next().unwrap_or_default();
        let parts = pieces.map(|piece| {
            let (about, said) = piece.split_once('\n').unwrap_or((piece, ""));
            (about.trim(), said)
        });
        Self { noise, parts: parts.collect(), errors }
    }

    /// Whether nothing is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.has("login") && self.has("shell 42") && self.has("end")
    }

    /// What was to come when nothing more came, for messages.
    pub(crate) fn unanswered(&self) -> &'static str {
        match self.parts.last() {
            None => "its login shell started",
            Some((about, _)) if about.starts_with("sudo") => "sudo answered",
            Some((about, _)) if about.starts_with("space") => "it told its free space",
            Some(_) => "it answered",
        }
    }

    /// What is wrong with the shells of a host whose command ended and left answers out.
    pub(crate) fn shells(&self) -> Finding {
        let said = [self.errors, self.parts.last().map_or(self.noise, |(_, said)| said)];
        let said = quoted(said.into_iter().find(|said| !said.trim().is_empty()).unwrap_or_default());
        if !self.has("login") {
            let says = format!("its login shell does not run commands as a POSIX shell does: it says {said}");
            Finding::wrong(Check::Shell, says)
                .hint("give the login user a POSIX shell, such as /bin/sh or bash; a `ForceCommand` for it stands in the way as well")
        } else if !self.has("shell 42") {
            Finding::wrong(Check::Shell, format!("its /bin/sh does not run commands: it says {said}"))
        } else {
            Finding::wrong(Check::Shell, format!("its /bin/sh ended before its last command: it says {said}"))
        }
    }

    /// What is to be told of everything that was answered. `asked` and `dated` are when the clock was asked and answered.
    pub(crate) fn findings(
        &self,
        users: &[String],
        bounds: &Bounds,
        asked: SystemTime,
        dated: Option<SystemTime>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.has("login") && !self.noise.trim().is_empty() {
            let says = format!("its login scripts print to standard output: {}", quoted(self.noise));
            findings.push(Finding::wrong(Check::Shell, says).hint(NOISE));
        }
        if self.has("login") && !self.errors.trim().is_empty() {
            let says = format!("its login scripts print to standard error: {}", quoted(self.errors));
            findings.push(Finding::odd(Check::Shell, says));
        }
        for (number, user) in users.iter().enumerate() {
            if let Some((said, code)) = self.sudo(number).filter(|(_, code)| *code != "0") {
                let said = if said.trim().is_empty() { format!("exit status {code}") } else { said.to_owned() };
                findings.push(sudo::refused(user, &said));
            }
        }
        let places = PLACES.iter().enumerate().filter_map(|(number, (_, name))| {
            let said = self.complete(&format!("space {number}"))?;
            Some((*name, said))
        });
        findings.extend(space::judge(places, bounds.free));
        if let (Some(said), Some(dated)) = (self.complete("clock"), dated) {
            findings.extend(clock::judge(said, asked, dated, bounds.clock));
        }
        findings
    }

    /// What sudo said for one user, and its exit status.
    fn sudo(&self, number: usize) -> Option<(&'a str, &'a str)> {
        let about = format!("sudo {number}");
        let at = self.parts.iter().position(|(part, _)| *part == about)?;
        let code = self.parts.get(at + 1)?.0.strip_prefix("sudone ")?;
        Some((self.parts[at].1, code))
    }

    fn has(&self, about: &str) -> bool {
        self.parts.iter().any(|(part, _)| *part == about)
    }

    /// An answer that another one follows.
    fn complete(&self, about: &str) -> Option<&'a str> {
        let (_, before_last) = self.parts.split_last()?;
        before_last.iter().find(|(part, _)| *part == about).map(|(_, said)| *said)
    }
}

const NOISE: &str = "let login scripts print only where somebody sits at a terminal (`case $- in *i*) …`): it gets among the output of commands, \
     and breaks the transfer of files";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const WHOLE: &str = "W login\nW shell 42\nW clock\n1000.5\nW dated\nW sudo 0\nW sudone 0\nW sudo 1\nsudo: a password is required\nW sudone 1\n\
        W space 0\nF 1 1 1 1%\n/dev/sda 1000000 1 999999 1% /\nW space 1\ndf: /tmp: none\nW end\n";

    fn says(out: &str, errors: &str) -> Vec<String> {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let answer = Answer::read(out, errors, "W");
        let users = ["root".to_owned(), "solr".to_owned()];
        answer.findings(&users, &Bounds::default(), at, Some(at)).into_iter().map(|finding| finding.says).collect()
    }

    #[test]
    fn each_answer_is_judged_and_what_login_scripts_print_is_none() {
        assert!(Answer::read(WHOLE, "", "W").is_whole());
        let expected = [
            "sudo does not let us become `solr`: it says `sudo: a password is required`",
            "the free space in /tmp cannot be told: `df` says `df: /tmp: none`",
        ];
        assert_eq!(says(WHOLE, ""), expected);
        let noisy = says(&format!("Good morning\nfrom bash{WHOLE}"), "setlocale\x1b[2J: no\n");
        assert_eq!(noisy[0], "its login scripts print to standard output: `Good morning`");
        assert_eq!(noisy[1], "its login scripts print to standard error: `setlocale\\x1b[2J: no`");
        assert_eq!(noisy[2..], expected);
    }

    #[test]
    fn an_answer_that_was_cut_off_is_not_judged() {
        let cut = &WHOLE[..WHOLE.find("999999").expect("it is there")];
        assert_eq!(says(cut, "").len(), 1, "sudo's is whole");
        let answer = Answer::read(cut, "", "W");
        assert!(!answer.is_whole());
        assert_eq!(answer.unanswered(), "it told its free space");
    }

    #[test]
    fn shells_that_are_none_are_told_with_what_they_say() {
        let nologin = Answer::read("This account is currently not available.\n", "", "W");
        assert_eq!(
            nologin.shells().says,
            "its login shell does not run commands as a POSIX shell does: it says `This account is currently not available.`"
        );
        let fish = Answer::read("", "fish: Unsupported use of '='\n", "W");
        assert!(fish.shells().says.ends_with("it says `fish: Unsupported use of '='`"));
        let none = Answer::read("W login\n", "/bin/sh: not found\n", "W");
        assert_eq!(none.shells().says, "its /bin/sh does not run commands: it says `/bin/sh: not found`");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_judged_in_lines_that_drive_nothing(out in "(W|W shell 42|W clock|W space 0|[0-9 %.\n]|\\PC|\x1b){0,60}", errors in ".{0,50}") {
            for says in says(&out, &errors) {
                prop_assert!(!says.contains(|c: char| c.is_control()), "{says:?}");
                prop_assert!(says.chars().count() < 400);
            }
        }
    }
}
