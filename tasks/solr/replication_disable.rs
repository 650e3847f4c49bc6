//! Switch the replication of a core of solr off.

use runsheet_task::{Config, Host, Outcome, TaskSpec};

use super::api::ASKED;
use super::replication::{switch, switch_args};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.replication.disable", "Keeps the index of a core of solr from going to its replicas.").details(format!(
        "{ASKED} On a leader no replica may fetch the index (`disablereplication`), on a replica it does not ask its leader by itself \
         (`disablepoll`). The work is done when solr says that it is so. It does not outlive a restart of solr. That it is off stays open until \
         `solr.replication.enable` closes it, and is told at the end of the run."
    ));
    switch_args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    switch(config, host, false).await
}
