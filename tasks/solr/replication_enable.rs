//! Switch the replication of a core of solr on.

use runsheet_task::{Config, Host, Outcome, TaskSpec};

use super::api::ASKED;
use super::replication::{switch, switch_args};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.replication.enable", "Lets the index of a core of solr go to its replicas again.").details(format!(
        "{ASKED} On a leader its replicas may fetch the index (`enablereplication`), on a replica it asks its leader by itself \
         (`enablepoll`). The work is done when solr says that it is so. Closes what `solr.replication.disable` has opened."
    ));
    switch_args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    switch(config, host, true).await
}
