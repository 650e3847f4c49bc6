use std::path::PathBuf;

use runsheet_diagnostics::{Hint, Hints};
use thiserror::Error;

use crate::glob::is_glob;
use crate::range::{Dialect, RangeMistake, Word};

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternMistake {
    /// Nothing there at all.
    #[error("a pattern is missing")]
    Empty,

    /// An operator without something after it.
    #[error("a host, a group or a range is missing after `{operator}`")]
    NothingAfter {
        /// The operator.
        operator: char,
    },

    /// `!` or `&` with nothing before it.
    #[error("`{operator}` has nothing before it to work on")]
    NothingBefore {
        /// The operator.
        operator: char,
    },

    /// Two names and only white space between them.
    #[error("an operator is missing before `{word}`")]
    NoOperator {
        /// What comes after the gap.
        word: String,
    },

    /// `@` or `^` alone.
    #[error("a name is missing after `{sign}`")]
    NoName {
        /// The sign.
        sign: char,
    },

    /// A range is wrong.
    #[error(transparent)]
    Range(RangeMistake),

    /// A name that cannot be a host's.
    #[error(transparent)]
    Name(runsheet_model::NameError),

    /// A character that is an operator at the beginning of a name stands inside one.
    #[error("`{sign}` cannot stand inside a name")]
    SignInside {
        /// The character.
        sign: char,
    },

    /// No such group.
    #[error("there is no group `{name}`")]
    NoGroup {
        /// The name.
        name: String,
        /// The group that was probably meant.
        nearest: Option<String>,
    },

    /// Neither a host nor a group.
    #[error("there is no host or group `{name}`")]
    NoHost {
        /// The name.
        name: String,
        /// The host or group that was probably meant.
        nearest: Option<String>,
    },

    /// No known host matches.
    #[error("no host matches `{glob}`")]
    NoMatch {
        /// The glob.
        glob: String,
    },

    /// A file of hosts cannot be read.
    #[error("cannot read the file of hosts `{}`: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },

    /// A file of hosts names a file of hosts.
    #[error("a file of hosts cannot name another file")]
    FileInFile,
}

impl Hint for PatternMistake {
    fn hints(&self) -> Hints {
        match self {
            Self::NothingBefore { operator } => Hints::from(format!("`@*{operator}…` works on all hosts")),
            Self::NoOperator { .. } => {
                Hints::from("put `,` between hosts, `!` before what to leave out, `&` before what must match as well")
            }
            Self::SignInside { sign: '@' } => {
                Hints::from("say the login name by `-u`, or by `user:` in the host groups")
            }
            Self::NoHost { name, nearest: None } if name == "all" => Hints::from("`@*` names all hosts"),
            Self::NoHost { nearest: None, .. } => {
                Hints::from("a command without a sheet takes names that stand in no host group with `--unlisted`")
            }
            Self::NoGroup { nearest, .. } | Self::NoHost { nearest, .. } => Hints::did_you_mean(nearest.as_deref()),
            Self::NoMatch { .. } => Hints::from("`*` and `?` match only hosts that stand in host groups"),
            _ => Hints::none(),
        }
    }
}

/// What becomes of the hosts so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `,`: these as well.
    Union,
    /// `!`: not these.
    Difference,
    /// `&`: of those so far only these.
    Intersection,
}

/// One operand of a pattern with the operator before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) operator: Operator,
    /// Where it starts, in characters, from 1.
    pub(crate) column: usize,
    pub(crate) names: Names,
}

/// What an operand names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// `@*`
    Every,
    /// `@web`
    Group(String),
    /// `^file`
    File(PathBuf),
    /// `web[01-20]`, a bare group name, or a glob.
    Word { text: String, word: Word },
}

/// Reads a pattern, left to right; a mistake comes with its column.
pub(crate) fn parse(pattern: &str) -> Result<Vec<Term>, (usize, PatternMistake)> {
    let mut reader = Reader { rest: pattern, column: 1 };
    let mut terms: Vec<Term> = Vec::new();
    reader.skip_blanks();
    if reader.rest.is_empty() {
        return Err((1, PatternMistake::Empty));
    }
    let mut operator = None;
    loop {
        reader.skip_blanks();
        let column = reader.column;
        match reader.rest.chars().next() {
            None => match operator {
                Some((column, operator)) => return Err((column, PatternMistake::NothingAfter { operator })),
                None => return Ok(terms),
            },
            Some(sign @ (',' | '!' | '&')) => {
                // `,!` and `,&` are what people write who think of a list; the sharper one of both counts.
                match operator {
                    Some((column, operator)) if operator != ',' || sign == ',' => {
                        return Err((column, PatternMistake::NothingAfter { operator }));
                    }
                    _ if terms.is_empty() => return Err((column, PatternMistake::NothingBefore { operator: sign })),
                    _ => operator = Some((column, sign)),
                }
                reader.take(1);
            }
            Some(_) => {
                let text = reader.take_operand();
                let operator = match operator.take() {
                    None if terms.is_empty() => Operator::Union,
                    None => return Err((column, PatternMistake::NoOperator { word: text.to_owned() })),
                    Some((_, '!')) => Operator::Difference,
                    Some((_, '&')) => Operator::Intersection,
                    Some(_) => Operator::Union,
                };
                terms.push(Term { operator, column, names: names(text, column)? });
            }
        }
    }
}

fn names(text: &str, column: usize) -> Result<Names, (usize, PatternMistake)> {
    if let Some(name) = text.strip_prefix('@') {
        return match name {
            "" => Err((column, PatternMistake::NoName { sign: '@' })),
            "*" => Ok(Names::Every),
            name => Ok(Names::Group(name.to_owned())),
        };
    }
    if let Some(file) = text.strip_prefix('^') {
        return match file {
            "" => Err((column, PatternMistake::NoName { sign: '^' })),
            file => Ok(Names::File(PathBuf::from(file))),
        };
    }
    if let Some((index, sign)) = text.char_indices().find(|(_, c)| matches!(c, '@' | '^')) {
        return Err((column + text[..index].chars().count(), PatternMistake::SignInside { sign }));
    }
    let word = Word::parse(text, Dialect::Ours)
        .map_err(|(off, mistake)| (column + off - 1, PatternMistake::Range(mistake)))?;
    Ok(Names::Word { text: text.to_owned(), word })
}

impl Names {
    /// Whether it is a word with `*` or `?`.
    pub(crate) fn is_glob(&self) -> bool {
        matches!(self, Self::Word { text, .. } if is_glob(text))
    }
}

struct Reader<'a> {
    rest: &'a str,
    column: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.column += taken.chars().count();
        self.rest = rest;
        taken
    }

    fn skip_blanks(&mut self) {
        let blanks = self.rest.len() - self.rest.trim_start().len();
        self.take(blanks);
    }

    /// Takes what reaches to the next operator or white space that does not stand in brackets.
    fn take_operand(&mut self) -> &'a str {
        let mut depth = 0_usize;
        let end = self.rest.find(|c: char| {
            match c {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && (matches!(c, ',' | '!' | '&') || c.is_whitespace())
        });
        self.take(end.unwrap_or(self.rest.len()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn operators_and_operands_are_told_apart() {
        let terms = parse(" web[1, 3] , @solr,!solr03 & @up!^dead.txt").expect("a pattern");
        let seen: Vec<_> = terms.iter().map(|term| (term.operator, term.column)).collect();
        assert_eq!(
            seen,
            [
                (Operator::Union, 2),
                (Operator::Union, 14),
                (Operator::Difference, 21),
                (Operator::Intersection, 30),
                (Operator::Difference, 34)
            ]
        );
        assert_eq!(terms[3].names, Names::Group("up".to_owned()));
        assert_eq!(terms[4].names, Names::File("dead.txt".into()));
        assert_eq!(parse("@*").expect("a pattern")[0].names, Names::Every);
    }

    #[test]
    fn mistakes_point_into_the_pattern() {
        let cases = [
            ("  ", 1, "a pattern is missing"),
            ("web1,", 5, "a host, a group or a range is missing after `,`"),
            ("web1,,web2", 5, "a host, a group or a range is missing after `,`"),
            ("web1!,web2", 5, "a host, a group or a range is missing after `!`"),
            ("!web1", 1, "`!` has nothing before it to work on"),
            ("web1 web2", 6, "an operator is missing before `web2`"),
            ("web1,@", 6, "a name is missing after `@`"),
            ("^", 1, "a name is missing after `^`"),
            ("é1,web[1-x]", 8, "`1-x` is neither a number nor a range such as `1-20`"),
            ("web[1-3", 4, "`[` is never closed"),
            ("root@web1", 5, "`@` cannot stand inside a name"),
        ];
        for (pattern, column, says) in cases {
            let (at, mistake) = parse(pattern).expect_err(pattern);
            assert_eq!((at, mistake.to_string().as_str()), (column, says), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_breaks_the_parser(pattern in "[a-c0-9\\[\\],!&@^* é-]{0,40}") {
            if let Err((column, _)) = parse(&pattern) {
                prop_assert!(column >= 1 && column <= pattern.chars().count() + 1);
            }
        }
    }
}
