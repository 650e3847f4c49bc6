use std::str::FromStr;

use crate::{Fault, FaultError};

/// A fault as people write it: `PATTERN: FAULT`, or `PATTERN@STEP: FAULT` for one step, and `once` behind it for the first try only.
///
/// `web03: refuse`, `web[01-05]@roll-web: fail 3`, `@web@roll-web: drop once`
#[derive(Clone, Debug, PartialEq)]
pub struct FaultEntry {
    /// The whole, as given.
    pub text: String,
    /// Which hosts: a pattern of the inventory.
    pub pattern: String,
    /// In which step, by id or title; in every one if none is named.
    pub step: Option<String>,
    /// What goes wrong.
    pub fault: Fault,
    /// Whether it passes with the first try.
    pub once: bool,
}

impl FromStr for FaultEntry {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let entry = || FaultError::Entry { text: text.to_owned() };
        let (whom, what) = text.rsplit_once(':').ok_or_else(entry)?;
        let (pattern, step) = match step_sign(whom) {
            Some(at) => (&whom[..at], Some(whom[at + 1..].trim().to_owned())),
            None => (whom, None),
        };
        let pattern = pattern.trim().to_owned();
        if pattern.is_empty() || step.as_ref().is_some_and(String::is_empty) {
            return Err(entry());
        }
        let what = what.trim();
        let (what, once) = what.strip_suffix(" once").map_or((what, false), |what| (what, true));
        let fault: Fault = what.parse()?;
        if once && !matches!(fault, Fault::Fail(_) | Fault::Hang | Fault::Drop) {
            return Err(FaultError::Once { fault: fault.to_string() });
        }
        Ok(Self { text: text.to_owned(), pattern, step, fault, once })
    }
}

/// Where the `@` stands before a step. One at the beginning of a name, as in `@web`, is the sign of a host group.
fn step_sign(whom: &str) -> Option<usize> {
    let (at, _) = whom.rmatch_indices('@').next()?;
    let before = whom[..at].chars().next_back()?;
    (!",!&@".contains(before) && !before.is_whitespace()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, Option<String>, Fault, bool), FaultError> {
        let FaultEntry { pattern, step, fault, once, .. } = text.parse()?;
        Ok((pattern, step, fault, once))
    }

    #[test]
    fn hosts_step_and_fault_are_told_apart() {
        let own = str::to_owned;
        assert_eq!(read("web03: refuse"), Ok((own("web03"), None, Fault::Refuse, false)));
        assert_eq!(
            read("web[01-05]@roll-web: fail 3"),
            Ok((own("web[01-05]"), Some(own("roll-web")), Fault::Fail(3), false))
        );
        assert_eq!(read("@web@Roll web : drop once"), Ok((own("@web"), Some(own("Roll web")), Fault::Drop, true)));
        assert_eq!(read("web1,@solr: hang"), Ok((own("web1,@solr"), None, Fault::Hang, false)));
        assert_eq!(read("*,!@ops: slow 2"), Ok((own("*,!@ops"), None, Fault::Slow(2.0), false)));
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for text in ["", "web03", ": refuse", "web03@: refuse"] {
            assert_eq!(read(text), Err(FaultError::Entry { text: text.to_owned() }), "{text}");
        }
        assert!(matches!(read("web03: refuse once"), Err(FaultError::Once { .. })));
        assert!(matches!(read("web03:"), Err(FaultError::Unknown { .. })));
    }
}
