use runsheet_model::Switch;

use crate::{AsUser, CommandResult, Exit, TaskError};

/// What gives sudo a password, or does without.
pub(crate) const SUDO_PASSWORD: &str = "`-K` (`--ask-sudo-pass`) asks for sudo's password once, before anything runs; `ssh: {sudo_password: {secret: \
     NAME}}` in runsheet.yaml takes it from the secrets, and `NOPASSWD:` in sudoers does without";

/// What each program says, last of all, if it would have to ask for a password.
fn complaints(by: Switch) -> &'static [&'static str] {
    match by {
        // The last is sudo-rs.
        Switch::Sudo => &[
            "sudo: a password is required",
            "sudo: a terminal is required to read the password",
            "sudo: interactive authentication is required",
        ],
        Switch::Doas => &["doas: Authentication required"],
        Switch::Su => &["su: Authentication failure", "su: Authentication token manipulation error"],
    }
}

/// Tells a command that became nobody, because that takes a password, from one that failed. A host that says this in its own
/// language is not understood; there it is a failure like others.
pub(crate) fn refuse_password_wanted(as_user: &AsUser, result: &CommandResult) -> Result<(), TaskError> {
    // On a terminal there is one stream.
    let said = if result.stderr.trim().is_empty() { &result.stdout } else { &result.stderr };
    let last = said.trim_end().rsplit(['\n', '\r']).next().unwrap_or_default();
    let wanted = complaints(as_user.by).iter().any(|complaint| last.contains(complaint));
    if wanted && result.exit == Exit::Status(1) {
        return Err(TaskError::PasswordWanted { by: as_user.by, user: as_user.user.clone() });
    }
    Ok(())
}

/// What would help, if a command failed because sudo wants a password and there is none, or the wrong one.
pub fn sudo_hint(said: &str) -> Option<&'static str> {
    let says = |words: &str| said.lines().any(|line| line.trim().starts_with("sudo: ") && line.contains(words));
    if complaints(Switch::Sudo).iter().any(|complaint| says(complaint)) {
        Some(SUDO_PASSWORD)
    } else if says("incorrect password attempt") {
        Some("the password that was given for `-K` is not the login user's there")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_password_that_sudo_wants_is_told_from_what_a_command_says() {
        let helps = |said: &str| sudo_hint(said).is_some_and(|hint| hint.contains("`-K`"));
        assert!(helps("sudo: a password is required"));
        assert!(helps("Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n"));
        assert!(helps("sudo: interactive authentication is required"));
        assert!(!helps("a password is required") && !helps("sudo: unknown user nobody2") && !helps(""));
    }

    #[test]
    fn a_program_that_would_ask_is_told_from_a_command_that_fails() {
        let wanted = |by, exit, stderr: &str| {
            let as_user = AsUser { user: "root".to_owned(), by };
            let (stdout, stderr) = (String::new(), stderr.to_owned());
            let result = CommandResult { exit: Exit::Status(exit), stdout, stderr, took: Duration::ZERO };
            refuse_password_wanted(&as_user, &result).is_err()
        };
        assert!(wanted(Switch::Sudo, 1, "lecture\nsudo: a password is required\n"));
        assert!(wanted(Switch::Doas, 1, "doas: Authentication required\n"));
        assert!(wanted(Switch::Su, 1, "Password: su: Authentication failure\n"));
        assert!(!wanted(Switch::Sudo, 1, ""));
        assert!(!wanted(Switch::Sudo, 1, "sudo: a password is required\nwent on without it\n"));
        assert!(!wanted(Switch::Sudo, 0, "sudo: a password is required\n"));
        assert!(!wanted(Switch::Doas, 1, "doas: Operation not permitted\n"));
    }
}
