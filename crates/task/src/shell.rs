use runsheet_model::Switch;
use serde::{Deserialize, Serialize};

/// As whom, where and with which environment a step's commands run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellSettings {
    /// Become another user first.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "sudo")]
    pub as_user: Option<AsUser>,
    /// Go to this folder first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// Set these variables first. Public values only: an environment can be read in `/proc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// Give the work a terminal. A task's own questions never have one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pty: bool,
    /// Run on the machine that runs runsheet, without a shell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}

/// Becoming another user, without ever being asked for a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsUser {
    /// Whom to become.
    pub user: String,
    /// By which program.
    #[serde(default)]
    pub by: Switch,
}

impl ShellSettings {
    /// Puts a command into these settings. A command without any stays as it is.
    pub fn wrap(&self, command: &str) -> String {
        let text = self.inner(command);
        match &self.as_user {
            Some(AsUser { user, by: Switch::Sudo }) => {
                format!("sudo -n -H -u {} -- /bin/sh -c {}", quote(user), quote(&text))
            }
            Some(AsUser { user, by: Switch::Doas }) => {
                format!("doas -n -u {} -- /bin/sh -c {}", quote(user), quote(&text))
            }
            // su has no word for "do not ask": what it would read a password from is empty, and the command gets its own back.
            Some(AsUser { user, by: Switch::Su }) => {
                let text = format!("exec <&3 3<&-\n{text}");
                format!("su -s /bin/sh -c {} -- {} 3<&0 </dev/null", quote(&text), quote(user))
            }
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

    /// These settings for a command whose answer is read by a program: nothing in it is in the host's own language, or for a terminal.
    pub(crate) fn untranslated(&self) -> Self {
        let mut settings = self.clone();
        settings.env.push(("LC_ALL".to_owned(), "C".to_owned()));
        settings.pty = false;
        settings
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
        said_by(&["/bin/sh"], command)
    }

    fn said_by(shell: &[&str], command: &str) -> Vec<u8> {
        let shell = Command::new(shell[0]).args(&shell[1..]).arg("-c").arg(command).output();
        shell.expect("the shells are installed by scripts/install-test-packages").stdout
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_quoted_text_arrives_as_it_is_in_every_posix_shell(text in "[^\0]{0,40}") {
            let command = format!("printf %s {}", quote(&text));
            for shell in [&["dash"][..], &["bash"], &["busybox", "sh"]] {
                prop_assert_eq!(said_by(shell, &command), text.as_bytes(), "{:?}", shell);
            }
        }
    }

    #[test]
    fn settings_hold_for_the_command() {
        let settings = ShellSettings {
            dir: Some("/usr".to_owned()),
            env: vec![("GREETING".to_owned(), "it's $HOME".to_owned())],
            ..ShellSettings::default()
        };
        assert_eq!(sh(&settings.wrap("pwd; printf %s \"$GREETING\"")), b"/usr\nit's $HOME");
    }

    #[test]
    fn a_missing_folder_stops_the_command() {
        let settings = ShellSettings { dir: Some("/no/such/folder".to_owned()), ..ShellSettings::default() };
        assert_eq!(sh(&settings.wrap("echo ran")), b"");
    }

    #[test]
    fn nobody_is_asked_for_a_password() {
        let wrapped = |by| {
            let as_user = Some(AsUser { user: "solr".to_owned(), by });
            ShellSettings { as_user, ..ShellSettings::default() }.wrap("id -u")
        };
        assert_eq!(wrapped(Switch::Sudo), "sudo -n -H -u solr -- /bin/sh -c 'id -u'");
        assert_eq!(wrapped(Switch::Doas), "doas -n -u solr -- /bin/sh -c 'id -u'");
        assert_eq!(wrapped(Switch::Su), "su -s /bin/sh -c 'exec <&3 3<&-\nid -u' -- solr 3<&0 </dev/null");
    }

    #[test]
    fn plans_of_before_there_were_others_than_sudo_are_read() {
        let settings: ShellSettings = serde_json::from_str(r#"{"sudo": {"user": "solr"}}"#).expect("settings");
        assert_eq!(settings.as_user, Some(AsUser { user: "solr".to_owned(), by: Switch::Sudo }));
    }
}
