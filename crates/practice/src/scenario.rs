//! Reads a scenario such as `web[1-4]: ok; web2: exit 1`: which hosts there are, and what is wrong with each.

use std::str::FromStr;

use crate::builder::MAX_HOSTS;
use crate::{Fault, PracticeError};

/// The entries of a scenario, one host each, in the order of the text; of two entries for a host the later one counts.
#[derive(Debug)]
pub(crate) struct Scenario(pub(crate) Vec<(String, Option<Fault>)>);

impl FromStr for Scenario {
    type Err = PracticeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut hosts = Vec::new();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let wrong = |reason| PracticeError::ScenarioEntry { entry: entry.to_owned(), reason };
            let (pattern, word) =
                entry.split_once(':').ok_or_else(|| wrong("it is not of the form `pattern: word`"))?;
            let fault = match word.trim() {
                "ok" => None,
                word => Some(word.parse().map_err(|source| PracticeError::ScenarioFault {
                    entry: entry.to_owned(),
                    source: Box::new(source),
                })?),
            };
            let names = names(pattern.trim()).map_err(wrong)?;
            if hosts.len() + names.len() > MAX_HOSTS {
                return Err(PracticeError::TooManyHosts { limit: MAX_HOSTS });
            }
            hosts.extend(names.into_iter().map(|name| (name, fault.clone())));
        }
        Ok(Self(hosts))
    }
}

/// The names that `name` or `name[1-4]` stands for. `[01-04]` gives names of two digits.
fn names(pattern: &str) -> Result<Vec<String>, &'static str> {
    let Some((before, rest)) = pattern.split_once('[') else {
        return Ok(vec![pattern.to_owned()]);
    };
    let (range, after) = rest.split_once(']').ok_or("its `[` has no `]`")?;
    let (first, last) = range.split_once('-').ok_or("a range looks like `[1-4]`")?;
    let number = |text: &str| -> Result<usize, &'static str> {
        text.parse().map_err(|_| "a range is made of two numbers, as in `[1-4]`")
    };
    let (from, to) = (number(first)?, number(last)?);
    if from > to {
        return Err("its range runs backwards");
    }
    if to - from >= MAX_HOSTS {
        return Err("its range is too long");
    }
    let width = first.len();
    Ok((from..=to).map(|number| format!("{before}{number:0width$}{after}")).collect())
}
