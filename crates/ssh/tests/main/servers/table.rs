//! What each server cannot do, held against the servers in both directions.

use super::checks::check;
use super::row::Row;
use super::software::Software;

/// Something that does not work with a server.
pub(crate) struct Cannot {
    /// Why, for whoever reads the table.
    pub(crate) why: &'static str,
    /// What the user is told: a part of it.
    pub(crate) told: &'static str,
}

/// What a server cannot do; all else works.
pub(crate) fn cannot(software: Software, row: Row) -> Option<Cannot> {
    use Software::{Dropbear, TinySsh};

    const ONLY_KEYS: &str = "no key; it accepts publickey";
    const SPENT: &str = "the host has one session on a connection, and that was used (hint: TinySSH does so: ";
    const NO_SFTP: &str = "the host refuses SFTP (hint: sshd needs `Subsystem sftp internal-sftp` in its sshd_config, ";
    let (why, told) = match (software, row) {
        (Dropbear | TinySsh, Row::Certificate) => ("it knows no certificates", "certified-cert.pub, "),
        (Dropbear, Row::Question) => ("Debian's is built without PAM", "no key; it accepts publickey, password"),
        (TinySsh, Row::HostKey("ecdsa" | "rsa")) => ("it has ed25519 only", " has changed: SHA256:"),
        (TinySsh, Row::Key("ecdsa" | "rsa")) => ("it takes ed25519 only", "; it accepts publickey"),
        (TinySsh, Row::Password | Row::Question) => ("it takes keys only", ONLY_KEYS),
        (TinySsh, Row::InTurn | Row::Together) => ("each ends its connection", SPENT),
        (Dropbear, Row::Together) => ("one after the other", "ran out before it was started"),
        (TinySsh, Row::Stop) => ("nothing runs beside a command", "lost: it ran out of time and its end was not seen"),
        (TinySsh, Row::Put | Row::Get) => ("it has no SFTP", NO_SFTP),
        (TinySsh, Row::Jump) => ("it forwards nothing", "the jump host forbids connections through it"),
        _ => return None,
    };
    Some(Cannot { why, told })
}

/// Fails with every difference between a server and the table.
async fn compare(software: Software) {
    let mut differences = Vec::new();
    let shared = software.start("ed25519");
    for row in Row::ALL {
        let outcome = match row {
            Row::HostKey(kind) if kind != "ed25519" => check(&software.start(kind), row).await,
            _ => check(&shared, row).await,
        };
        match (outcome, cannot(software, row)) {
            (Ok(()), None) => {}
            (Err(text), Some(cannot)) if text.contains(cannot.told) => {}
            (Ok(()), Some(_)) => differences.push(format!("{row:?} works")),
            (Err(text), _) => differences.push(format!("{row:?}: {text}")),
        }
    }
    assert!(differences.is_empty(), "{}:\n{}", software.title(), differences.join("\n"));
}

#[tokio::test]
async fn openssh_does_what_the_table_of_servers_says() {
    compare(Software::OpenSsh).await;
}

#[tokio::test]
async fn dropbear_does_what_the_table_of_servers_says() {
    compare(Software::Dropbear).await;
}

#[tokio::test]
async fn tinyssh_does_what_the_table_of_servers_says() {
    compare(Software::TinySsh).await;
}

#[tokio::test]
async fn asyncssh_does_what_the_table_of_servers_says() {
    compare(Software::Asyncssh).await;
}
