use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The files that a path with `*`, `?` and `[a-z]` in any of its parts names, in order; a path without them as it is, if it is
/// there.
///
/// Hidden files match only a part that starts with a dot, as in `glob(3)`.
pub(crate) fn files(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let mut next = Vec::new();
        for base in found {
            match part {
                Component::Normal(name) if name.to_string_lossy().contains(['*', '?', '[']) => {
                    next.extend(children(&base, &name.to_string_lossy())?);
                }
                part => next.push(base.join(part)),
            }
        }
        found = next;
    }
    found.retain(|file| file.exists());
    found.sort();
    Ok(found)
}

fn children(folder: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let steps = steps(pattern);
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let hidden = name.starts_with('.') && !pattern.starts_with('.');
        if !hidden && matches(&steps, &name.chars().collect::<Vec<_>>()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// One part of a pattern.
enum Step {
    /// `*`
    Run,
    /// `?`
    One,
    /// `[a-z]`, `[!a-z]`
    Of {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Char(char),
}

impl Step {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Run => false,
            Self::One => true,
            Self::Of { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) != *negated
            }
            Self::Char(own) => *own == c,
        }
    }
}

fn steps(pattern: &str) -> Vec<Step> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut steps = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        steps.push(match c {
            '*' => Step::Run,
            '?' => Step::One,
            '[' => match set(&chars[at..]) {
                Some((step, length)) => {
                    at += length;
                    step
                }
                None => Step::Char('['),
            },
            c => Step::Char(c),
        });
    }
    steps
}

/// What stands behind a `[`, and its length with the `]`; `None` if there is no `]`.
fn set(chars: &[char]) -> Option<(Step, usize)> {
    let negated = matches!(chars.first(), Some('!' | '^'));
    let start = usize::from(negated);
    // A `]` that comes first is meant.
    let end = start + 1 + chars.get(start + 1..)?.iter().position(|&c| c == ']')?;
    let mut ranges = Vec::new();
    let mut inner = &chars[start..end];
    while let [first, rest @ ..] = inner {
        inner = match rest {
            ['-', last, rest @ ..] => {
                ranges.push((*first, *last));
                rest
            }
            rest => {
                ranges.push((*first, *first));
                rest
            }
        };
    }
    Some((Step::Of { negated, ranges }, end + 1))
}

fn matches(steps: &[Step], name: &[char]) -> bool {
    let (mut step, mut at) = (0, 0);
    // Where to go on when the last `*` takes one character more.
    let mut retry: Option<(usize, usize)> = None;
    while at < name.len() {
        match steps.get(step) {
            Some(Step::Run) => {
                retry = Some((step + 1, at));
                step += 1;
            }
            Some(own) if own.takes(name[at]) => {
                step += 1;
                at += 1;
            }
            _ => match retry {
                Some((after, taken)) => {
                    step = after;
                    at = taken + 1;
                    retry = Some((after, at));
                }
                None => return false,
            },
        }
    }
    steps[step..].iter().all(|step| matches!(step, Step::Run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_path_match_as_in_glob() {
        let matching = |pattern: &str, name: &str| matches(&steps(pattern), &name.chars().collect::<Vec<_>>());
        for (pattern, name) in [
            ("*.conf", "a.conf"),
            ("[0-9]*", "10-x"),
            ("[!a]?", "bc"),
            ("[]x]", "]"),
            ("a[b", "a[b"),
            ("*[a-c]*z", "xbyz"),
        ] {
            assert!(matching(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.conf", "a.cfg"), ("[0-9]*", "x"), ("[!a]", "a"), ("?", "")] {
            assert!(!matching(pattern, name), "{pattern} {name}");
        }
    }
}
