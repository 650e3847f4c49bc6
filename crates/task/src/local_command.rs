use runsheet_diagnostics::{Hint, Hints};
use runsheet_model::shortened;
use thiserror::Error;

/// What a shell would make something of.
const SPECIAL: &str = "|&;<>()$`*?[{\n";

/// A command for the machine that runs runsheet: a program and its arguments. No shell reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalCommand {
    /// The program, as it is written and as it has to be allowed.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
}

/// Why a command is not started on the machine that runs runsheet.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocalCommandError {
    /// There is none.
    #[error("there is no command")]
    Nothing,
    /// A quote is not closed.
    #[error("a quote is not closed in `{command}`")]
    Quote {
        /// The command.
        command: String,
    },
    /// It is written for a shell.
    #[error("`{special}` means something to a shell, and none reads `{command}`")]
    Special {
        /// The command.
        command: String,
        /// What a shell would make something of.
        special: char,
    },
    /// Nobody has allowed it.
    #[error("`{program}` may not be started on this machine")]
    NotAllowed {
        /// The program.
        program: String,
    },
}

impl Hint for LocalCommandError {
    fn hints(&self) -> Hints {
        match self {
            Self::Special { .. } => Hints::from("quote it, or write a script of the project and start that"),
            Self::NotAllowed { program } => {
                Hints::from(format!("if it may, say so in runsheet.yaml: `local: {{allow: [{program}]}}`"))
            }
            Self::Nothing | Self::Quote { .. } => Hints::none(),
        }
    }
}

impl LocalCommand {
    /// Reads a command as a shell reads words and quotes (POSIX.1-2024, Shell Command Language §2.2); everything else that a shell would
    /// make something of is refused.
    ///
    /// `allowed` are the programs that may be started, each as it is written in commands.
    pub fn read(text: &str, allowed: &[String]) -> Result<Self, LocalCommandError> {
        let mut words = words(text)?.into_iter();
        let program = words.next().ok_or(LocalCommandError::Nothing)?;
        if !allowed.contains(&program) {
            return Err(LocalCommandError::NotAllowed { program: shortened(&program, 80) });
        }
        Ok(Self { program, args: words.collect() })
    }
}

fn words(text: &str) -> Result<Vec<String>, LocalCommandError> {
    let command = || shortened(text, 80);
    let special = |special| Err(LocalCommandError::Special { command: command(), special });
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.trim().chars();
    while let Some(next) = rest.next() {
        match next {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some('\'') => break,
                        Some(inside) => word.push(inside),
                        None => return Err(LocalCommandError::Quote { command: command() }),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some('"') => break,
                        Some('\\') => match rest.next() {
                            Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                            Some(other) => word.extend(['\\', other]),
                            None => return Err(LocalCommandError::Quote { command: command() }),
                        },
                        Some(inside @ ('$' | '`')) => return special(inside),
                        Some(inside) => word.push(inside),
                        None => return Err(LocalCommandError::Quote { command: command() }),
                    }
                }
            }
            '\\' => match rest.next() {
                Some(escaped) => word.get_or_insert_default().push(escaped),
                None => return Err(LocalCommandError::Quote { command: command() }),
            },
            next if SPECIAL.contains(next) => return special(next),
            '~' | '#' if word.is_none() => return special(next),
            next => word.get_or_insert_default().push(next),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::quote;

    fn read(text: &str) -> Result<LocalCommand, LocalCommandError> {
        LocalCommand::read(text, &["bazel".to_owned(), "./scripts/build".to_owned(), "/bin/echo".to_owned()])
    }

    #[test]
    fn a_program_and_its_arguments_are_read_and_only_what_is_allowed() {
        let command = read("bazel build //web:dist --define 'a b'=\"c d\" x\\ y").expect("allowed");
        assert_eq!(command.program, "bazel");
        assert_eq!(command.args, ["build", "//web:dist", "--define", "a b=c d", "x y"]);
        assert!(read("./scripts/build").is_ok());
        for other in ["rm -rf /", "/usr/bin/bazel build", "scripts/build", "sh -c bazel", "'bazel build'"] {
            assert!(matches!(read(other), Err(LocalCommandError::NotAllowed { .. })), "{other}");
        }
        assert_eq!(read("  "), Err(LocalCommandError::Nothing));
    }

    #[test]
    fn nothing_is_left_for_a_shell() {
        for (text, character) in [
            ("bazel build; rm x", ';'),
            ("bazel build && rm x", '&'),
            ("bazel build | tee", '|'),
            ("bazel $(id)", '$'),
            ("bazel \"`id`\"", '`'),
            ("bazel > out", '>'),
            ("bazel *.txt", '*'),
            ("bazel ~/x", '~'),
            ("bazel # why", '#'),
            ("bazel {a,b}", '{'),
            ("bazel\nrm x", '\n'),
        ] {
            let command = text.replace('\n', " ");
            assert_eq!(read(text), Err(LocalCommandError::Special { command, special: character }), "{text}");
        }
        assert!(matches!(read("bazel 'x"), Err(LocalCommandError::Quote { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn words_are_what_a_shell_reads(texts in prop::collection::vec("[^\0]{1,12}", 0..5)) {
            let line = ["/bin/echo"].into_iter().chain(texts.iter().map(String::as_str)).map(quote).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(read(&line).expect("quoted").args, texts);
        }

        /// Whatever is read is read as a shell does.
        #[test]
        fn what_is_not_refused_means_the_same_to_a_shell(rest in "[a-z '\"\\\\=~#.-]{0,24}") {
            let Ok(command) = read(&format!("/bin/echo {rest}")) else { return Ok(()) };
            let script = format!("echo() {{ for word; do printf '%s\\0' \"$word\"; done; }}; echo {rest}");
            let said = Command::new("/bin/sh").args(["-c", &script]).output().expect("a shell");
            let words: Vec<_> = command.args.iter().map(|word| format!("{word}\0")).collect();
            prop_assert_eq!(String::from_utf8_lossy(&said.stdout), words.concat());
        }
    }
}
