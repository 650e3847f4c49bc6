//! Send a rendered template to each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::send_text;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.template", "Sends a rendered template to each host.")
        .details(
            "The template is a file of the project, with the same syntax and names as templates in a sheet: `vars.NAME` and `host.…`. \
             It is rendered while planning, and what it comes to is part of the plan. There are no secrets in it.\n\n\
             On the host it is as with `file.put`: the target is replaced entirely or not at all, and left alone if content and \
             mode are already as they should be.",
        )
        .arg(Arg::required("source", ArgKind::Template, "The template on this machine."))
        .arg(Arg::required("target", ArgKind::Text, "The path of the file on the host."))
        .arg(Arg::optional("mode", ArgKind::Mode, "Its mode.").default("0644"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    send_text(host, config.rendered("source")?, config.text("target")?, config.text("mode")?).await
}
