//! Write a text to a file of each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::send_text;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.write", "Writes a text to a file of each host.")
        .details(
            "The target is replaced entirely or not at all; its folder has to exist. It is left alone if content and mode are \
             already as they should be. A text that is longer than a few lines is better kept in a file of the project: `file.put`, \
             `file.template`.\n\n\
             A step's `sudo` and `dir` do not apply to the transfer: the file is written as the login user.",
        )
        .arg(Arg::required("content", ArgKind::Text, "The text, with its line ends."))
        .arg(Arg::required("target", ArgKind::Text, "Its path on the host."))
        .arg(Arg::optional("mode", ArgKind::Mode, "Its mode.").default("0644"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    send_text(host, config.text("content")?, config.text("target")?, config.text("mode")?).await
}
