//! In which language hosts answer.

use std::sync::Arc;

use crate::shell_remote::ShellRemote;
use crate::stage;

#[tokio::test]
async fn what_a_task_asks_is_answered_in_no_language_and_what_it_does_keeps_that_of_the_user() {
    let german = ShellRemote::new().env("LANG", "de_DE.UTF-8").env("LC_ALL", "de_DE.UTF-8").env("LANGUAGE", "de");
    let host = stage::on(Arc::new(german)).host();
    let show = "printf '%s %s' \"$LANG\" \"$LC_ALL\"";

    assert_eq!(host.run(show).await.expect("it runs").stdout, "de_DE.UTF-8 C");
    assert_eq!(host.log_run(show).await.expect("it runs").message, "de_DE.UTF-8 de_DE.UTF-8");
}
