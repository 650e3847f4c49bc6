//! What is asked about logging in, before anything runs. It is never asked again, and no host has heard of us by then.

use runsheet_model::{Endpoint, Secret, visible};
use runsheet_ssh::{LockedKey, SshConnector, SshSettings, Unfit};

use crate::error::{CliError, KeyProblem};
use crate::secrets::ask_hidden;
use crate::session::Session;
use crate::when;

/// How often somebody may mistype.
const TRIES: usize = 3;

/// Makes what connects to some hosts, with all that has to be asked for it.
pub(crate) async fn connector(
    session: &Session,
    endpoints: &[Endpoint],
    may_ask: bool,
) -> Result<SshConnector, CliError> {
    let connector = SshConnector::new(SshSettings::default());
    let survey = connector.survey(endpoints).await;
    for (name, unfit) in &survey.unfit {
        let warning = format!("warning: {name} is not used: {}", in_words(unfit));
        session.printer.alarm(&format!("{}\n", visible(warning.as_bytes())));
    }
    for key in &survey.locked {
        unlock(session, &connector, key, may_ask).await?;
    }
    Ok(connector)
}

async fn unlock(session: &Session, connector: &SshConnector, key: &LockedKey, may_ask: bool) -> Result<(), CliError> {
    let failed = |problem| CliError::Key { path: key.path.clone(), problem };
    if !may_ask {
        return match &key.only_way_to {
            // The others may do; what was passed over is told where they do not.
            None => Ok(()),
            Some(host) => Err(failed(KeyProblem::NobodyToAsk { host: host.clone() })),
        };
    }
    let may_be_left_out = if key.only_way_to.is_none() { " (Enter leaves it out)" } else { "" };
    let question = format!("passphrase of {}{may_be_left_out}", key.path.display());
    for left in (0..TRIES).rev() {
        let passphrase = ask_hidden(&question).map_err(|source| failed(KeyProblem::Terminal { source }))?;
        if passphrase.is_empty() && key.only_way_to.is_none() {
            return Ok(());
        }
        if connector.unlock(&key.path, Secret::new(passphrase)).await {
            return Ok(());
        }
        let more = if left > 0 { "; try again" } else { "" };
        session.printer.alarm(&format!("that passphrase does not open it{more}\n"));
    }
    Err(failed(KeyProblem::WrongPassphrase))
}

fn in_words(unfit: &Unfit) -> String {
    match unfit {
        Unfit::Expired(at) => format!("{unfit}, on {}", when::local(*at)),
        Unfit::NotYetValid(Some(from)) => format!("{unfit}, from {} on", when::local(*from)),
        other => other.to_string(),
    }
}
