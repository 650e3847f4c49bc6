use runsheet_model::{Switch, hex};
use runsheet_task::{AsUser, ShellSettings};

/// The paths whose file systems are looked at, and what they are called. The command begins in the login folder.
pub(crate) const PLACES: [(&str, &str); 3] = [("/", "/"), ("/tmp", "/tmp"), (".", "the login folder")];

/// Everything that a host is asked once somebody is logged in, as one command that changes nothing.
///
/// The login shell says a word, and has `/bin/sh` read the rest from standard input, so that no shell has to agree with us about quoting.
/// Each answer begins with the word, which nobody can have guessed, so that what login scripts print is told from it.
pub(crate) struct Question {
    pub(crate) word: String,
    sudo: Vec<String>,
}

impl Question {
    /// A question that asks whether the login user may become these users as well.
    pub(crate) fn new(sudo: &[String]) -> Self {
        let mut bytes = [0; 16];
        // Without random numbers no connection could have been made.
        getrandom::fill(&mut bytes).expect("the system has random numbers");
        Self { word: hex(&bytes), sudo: sudo.to_vec() }
    }

    /// What the login shell runs. It has to know variables as POSIX has them.
    pub(crate) fn command(&self) -> String {
        format!("t={}; echo \"$t login\"\n/bin/sh", self.word)
    }

    /// What `/bin/sh` reads. What may hang comes last.
    pub(crate) fn script(&self) -> String {
        let mut script = format!(
            "LC_ALL=C; export LC_ALL; exec 2>&1; t={}\necho \"$t shell $((6 * 7))\"\n\
             echo \"$t clock\"; date -u +%s.%N\necho \"$t dated\"\n",
            self.word
        );
        for (number, user) in self.sudo.iter().enumerate() {
            let settings = ShellSettings {
                as_user: Some(AsUser { user: user.clone(), by: Switch::Sudo }),
                ..ShellSettings::default()
            };
            let become_user = settings.wrap(":");
            script.push_str(&format!("echo \"$t sudo {number}\"; {become_user} </dev/null; echo \"$t sudone $?\"\n"));
        }
        for (number, (path, _)) in PLACES.iter().enumerate() {
            script.push_str(&format!("echo \"$t space {number}\"; df -Pk {path} </dev/null\n"));
        }
        script.push_str("echo \"$t end\"\n");
        script
    }
}
