//! Restart solr on each host and wait until it answers.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::Solr;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.restart", "Restarts solr and waits until it answers.").details(
        "Solr is restarted as a service, like `service.restart` does, and the work is done when the host itself gets status 200 for \
         the page `ping`, with curl, else wget.\n\n\
         The page that is asked by default tells that solr is up, not that every collection is loaded: for that name one, such as \
         `/solr/listings/admin/ping`.\n\n\
         Replicas go first, one after the other, each only when it has the index of its leader again; the leader goes last, when all of them \
         can answer without it:\n\n\
         ```yaml\n\
         - name: Restart the replicas of solr\n  \
           id: replicas\n  \
           hosts: solr!solr_leader\n  \
           window: 1                            # one is out of service, never two; one that fails ends it\n  \
           do:\n    \
             - task: solr.restart\n      \
               args: {ping: /solr/listings/admin/ping}\n    \
             - task: solr.replication.wait\n      \
               args: {core: listings}\n\
         - name: Restart the leader of solr\n  \
           id: leader\n  \
           hosts: solr_leader\n  \
           after: replicas\n  \
           task: solr.restart\n  \
           args: {ping: /solr/listings/admin/ping}\n\
         ```",
    );
    Solr::args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let solr = Solr::on(config, host)?;
    solr.service.existing().await?;
    match solr.service.bring_up("restart").await? {
        Ok(_) => solr.wait_until_ready("solr was restarted, and answers".to_owned()).await,
        Err(failed) => Ok(failed),
    }
}
