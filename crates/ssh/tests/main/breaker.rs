//! What is wrong for all hosts is refused by a few of them, not by all: the sshd's own log is the witness.

use std::path::Path;

use futures::future::join_all;
use runsheet_model::{Hop, Phase, Unreachable};
use runsheet_ssh::SshConnector;
use runsheet_task::{Connected, Connector};

use crate::keys::{Keys, allow, with_identities};
use crate::rig::{connector, endpoint};
use crate::sshd::Sshd;
use crate::sshd_config::SshdConfig;

/// One sshd that is as many hosts as are asked for.
fn fleet() -> Sshd {
    let extra = "MaxStartups 500\nMaxAuthTries 20";
    Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra, ..SshdConfig::default() })
}

fn host(sshd: &Sshd, n: usize, key: &Path) -> Hop {
    Hop { address: format!("127.1.0.{n}"), ..with_identities(sshd, &[key]) }
}

async fn reach(connector: &SshConnector, hops: impl IntoIterator<Item = Hop>) -> Vec<Result<Connected, Unreachable>> {
    let endpoints: Vec<_> = hops.into_iter().map(endpoint).collect();
    join_all(endpoints.iter().map(|endpoint| connector.connect(endpoint))).await
}

fn failed(answers: &[Result<Connected, Unreachable>]) -> Vec<&Unreachable> {
    answers.iter().filter_map(|answer| answer.as_ref().err()).collect()
}

#[tokio::test]
async fn a_wrong_key_is_refused_by_five_of_fifty_hosts_and_the_rest_never_see_it() {
    let sshd = fleet();
    let keys = Keys::new();
    let (wrong, other) = (keys.plain("wrong", "ed25519"), keys.plain("other", "ed25519"));
    let connector = connector();

    let answers = reach(&connector, (1..=50).map(|n| host(&sshd, n, &wrong))).await;

    let failed = failed(&answers);
    assert_eq!(failed.len(), 50);
    assert!(failed.iter().all(|failure| (failure.phase, failure.transient) == (Phase::Login, false)), "{failed:?}");
    let spared: Vec<_> =
        failed.iter().filter(|failure| failure.reason.starts_with("not asked: 5 hosts refused")).collect();
    assert_eq!(spared.len(), 45, "{failed:?}");
    assert!(spared[0].reason.contains("the first was 127.1.0."), "{:?}", spared[0]);
    assert!(spared.iter().all(|failure| failure.hint.is_some()));
    assert_eq!(sshd.log().matches("Failed publickey").count(), 5, "{}", sshd.log());

    // A host that comes later is not even connected to; with another key it is a new question.
    let connections = sshd.log().matches("Connection from").count();
    let late = reach(&connector, [host(&sshd, 60, &wrong)]).await;
    assert!(late[0].is_err());
    assert_eq!(sshd.log().matches("Connection from").count(), connections);
    allow(&sshd, &other);
    let answers = reach(&connector, [host(&sshd, 60, &other)]).await;
    assert!(answers[0].is_ok());
}

#[tokio::test]
async fn after_the_first_success_no_number_of_refusals_stops_anybody() {
    let sshd = fleet();
    let keys = Keys::new();
    let (mine, other) = (keys.plain("mine", "ed25519"), keys.plain("other", "ed25519"));
    allow(&sshd, &mine);
    let connector = connector();
    let first = reach(&connector, [host(&sshd, 1, &mine)]).await;
    assert!(first[0].is_ok());

    allow(&sshd, &other);
    let answers = reach(&connector, (1..=20).map(|n| host(&sshd, n, &mine))).await;
    assert_eq!(failed(&answers).len(), 20);
    assert_eq!(sshd.log().matches("Failed publickey").count(), 20, "{}", sshd.log());

    allow(&sshd, &mine);
    let answers = reach(&connector, (1..=20).map(|n| host(&sshd, n, &mine))).await;
    assert_eq!(failed(&answers), Vec::<&Unreachable>::new());
}

#[tokio::test]
async fn fewer_refusals_than_that_stop_nobody() {
    let sshd = fleet();
    let keys = Keys::new();
    let (mine, other) = (keys.plain("mine", "ed25519"), keys.plain("other", "ed25519"));
    let connector = connector();
    allow(&sshd, &other);
    let answers = reach(&connector, (1..=4).map(|n| host(&sshd, n, &mine))).await;
    assert_eq!(failed(&answers).len(), 4);

    allow(&sshd, &mine);
    let answers = reach(&connector, (1..=30).map(|n| host(&sshd, n, &mine))).await;

    assert_eq!(failed(&answers), Vec::<&Unreachable>::new());
}
