//! Commands under the shells that people log in to, beside `sh`: each runs them as its user would, and what it has started can be ended.

use std::sync::Arc;
use std::time::Duration;

use runsheet_task::{Connector, Exit, Remote, RemoteError};

use super::openssh;
use super::server::Server;
use crate::rig::{connector, endpoint, limits, request, run, stdout};

/// Shells of Debian's. The restricted one may not redirect.
const SHELLS: [&str; 9] = [
    "/bin/bash",
    "/bin/dash",
    "/bin/ksh93",
    "/bin/mksh",
    "/bin/rbash",
    "/bin/tcsh",
    "/bin/zsh",
    "/usr/bin/fish",
    "/bin/sh",
];

async fn remote(server: &Server) -> Arc<dyn Remote> {
    let hop = server.hop(&[server.account.key("ed25519")]);
    connector().connect(&endpoint(hop)).await.expect("connected").remote
}

#[tokio::test]
async fn a_command_is_the_login_shells_own_whichever_that_is() {
    let server = openssh::start("ed25519");
    for shell in SHELLS {
        server.account.use_shell(shell);
        let remote = remote(&server).await;

        let (end, kept) = run(&*remote, &request("echo $SHELL; ls /nowhere")).await;

        let end = end.unwrap_or_else(|error| panic!("{shell}: {error}"));
        assert_eq!(end.exit, Exit::Status(2), "{shell}");
        assert_eq!(String::from_utf8_lossy(&kept.out), format!("{shell}\n"));
        let err = String::from_utf8_lossy(&kept.err);
        assert!(err.starts_with("ls: ") && err.lines().count() == 1, "{shell}: {err}");
    }
}

#[tokio::test]
async fn f_17_a_late_command_is_ended_under_every_login_shell() {
    let server = openssh::start("ed25519");
    for (number, shell) in SHELLS.into_iter().enumerate() {
        server.account.use_shell(shell);
        let remote = remote(&server).await;
        let mut late = request(&format!("sleep 71.{number}; echo late"));
        late.limits = limits(Duration::from_millis(700));

        let (end, _) = run(&*remote, &late).await;

        assert!(matches!(end, Err(RemoteError::TimedOut { .. })), "{shell}: {end:?}");
        assert_eq!(stdout(&*remote, &format!("sh -c 'pgrep -fx \"sleep 71.{number}\" || :'")).await, "", "{shell}");
    }
}
