use serde::{Deserialize, Serialize};

/// As whom, where and with which environment a step's commands run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellSettings {
    /// Become another user first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo: Option<Sudo>,
    /// Go to this folder first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// Set these variables first. Public values only: an environment can be read in `/proc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
}

/// Becoming another user by `sudo -n`: without ever asking for a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sudo {
    /// Whom to become.
    pub user: String,
}

impl Sudo {
    /// What would help, if a command failed because sudo wants a password and there is none, or the wrong one.
    pub fn hint(said: &str) -> Option<&'static str> {
        // The last is sudo-rs.
        let wants = ["a password is required", "a terminal is required", "interactive authentication is required"];
        let says =
            |words: &str| said.lines().map(str::trim).any(|line| line.starts_with("sudo: ") && line.contains(words));
        if wants.into_iter().any(says) {
            Some(
                "sudo wants a password there: `-K` (`--ask-sudo-pass`) asks for it once, or `NOPASSWD:` in sudoers does without",
            )
        } else if says("incorrect password attempt") {
            Some("the password that was given for `-K` is not the login user's there")
        } else {
            None
        }
    }
}

impl ShellSettings {
    /// Puts a command into these settings. A command without any stays as it is.
    pub fn wrap(&self, command: &str) -> String {
        let text = self.inner(command);
        match &self.sudo {
            Some(sudo) => format!("sudo -n -H -u {} -- /bin/sh -c {}", quote(&sudo.user), quote(&text)),
            None => text,
        }
    }

    /// Puts a command into these settings, less whom to become.
    pub fn inner(&self, command: &str) -> String {
        let mut text = String::new();
        if let Some(dir) = &self.dir {
            text.push_str(&format!("cd -- {} || exit\n", quote(dir)));
        }
        for (name, value) in &self.env {
            text.push_str(&format!("export {name}={}\n", quote(value)));
        }
        text.push_str(command);
        text
    }
}

/// Quotes a text so that a POSIX shell reads it as exactly this one word (POSIX.1-2024, Shell Command Language §2.2.2).
///
/// Not for csh and fish, which read a backslash or a line break within quotes otherwise.
pub fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn sh(command: &str) -> Vec<u8> {
        Command::new("/bin/sh").arg("-c").arg(command).output().expect("a shell").stdout
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_quoted_text_arrives_as_it_is(text in "[^\0]{0,40}") {
            prop_assert_eq!(sh(&format!("printf %s {}", quote(&text))), text.into_bytes());
        }
    }

    #[test]
    fn settings_hold_for_the_command() {
        let settings = ShellSettings {
            sudo: None,
            dir: Some("/usr".to_owned()),
            env: vec![("GREETING".to_owned(), "it's $HOME".to_owned())],
        };
        assert_eq!(sh(&settings.wrap("pwd; printf %s \"$GREETING\"")), b"/usr\nit's $HOME");
    }

    #[test]
    fn a_missing_folder_stops_the_command() {
        let settings = ShellSettings { dir: Some("/no/such/folder".to_owned()), ..ShellSettings::default() };
        assert_eq!(sh(&settings.wrap("echo ran")), b"");
    }

    #[test]
    fn a_password_that_sudo_wants_is_told_from_what_a_command_says() {
        let helps = |said: &str| Sudo::hint(said).is_some_and(|hint| hint.contains("`-K`"));
        assert!(helps("sudo: a password is required"));
        assert!(helps("Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n"));
        assert!(helps("sudo: interactive authentication is required"));
        assert!(!helps("a password is required") && !helps("sudo: unknown user nobody2") && !helps(""));
    }

    #[test]
    fn sudo_never_asks() {
        let settings = ShellSettings { sudo: Some(Sudo { user: "solr".to_owned() }), ..ShellSettings::default() };
        assert_eq!(settings.wrap("id -u"), "sudo -n -H -u solr -- /bin/sh -c 'id -u'");
    }
}
