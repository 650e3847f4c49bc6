use runsheet_task::sudo_hint;

use crate::finding::{Check, Finding};
use crate::said::quoted;

/// Tells that the login user cannot become another one.
pub(crate) fn refused(user: &str, said: &str) -> Finding {
    // Whatever else it says, its last word is why.
    let why = said.lines().map(str::trim).rfind(|line| line.starts_with("sudo: ")).unwrap_or(said);
    let finding = Finding::wrong(Check::Sudo, format!("sudo does not let us become `{user}`: it says {}", quoted(why)));
    let hint = match sudo_hint(said) {
        Some(hint) => Some(hint),
        None if said.contains("not found") => Some("install sudo there, or log in as the user that does the work"),
        None if said.contains("sudoers") || said.contains("not allowed") => {
            Some("let the login user become it in sudoers, with `/bin/sh` as the command")
        }
        None => None,
    };
    match hint {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}
