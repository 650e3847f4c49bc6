//! What is asked about logging in, before anything runs. It is never asked again, and no host has heard of us by then.

use runsheet_model::{Endpoint, Secret, SecretName, visible};
use runsheet_ssh::{LockedKey, SshConnector, SshSettings, Unfit};
use runsheet_task::Secrets;

use crate::args::ReachArgs;
use crate::error::{CliError, KeyProblem, SecretProblem};
use crate::hidden_input::ask_hidden;
use crate::session::Session;
use crate::{secrets, when};

/// How often somebody may mistype.
const TRIES: usize = 3;

/// Gets the login password, if there is to be one, and the name under which it is masked.
pub(crate) fn password(
    session: &Session,
    reach: &ReachArgs,
    secrets: &Secrets,
    may_ask: bool,
) -> Result<Option<(SecretName, Secret<String>)>, CliError> {
    if !reach.ask_pass {
        let Some(name) = session.project.password() else { return Ok(None) };
        if let Some(value) = secrets.get(&name) {
            return Ok(Some((name, value.clone())));
        }
        let read = secrets::read(std::slice::from_ref(&name), &session.project, &session.environment, may_ask)?;
        let value = read.get(&name).cloned();
        return Ok(value.map(|value| (name, value)));
    }
    if !may_ask {
        return Err(CliError::usage(
            "the login password (`-k`) is asked for at the terminal, and there is none to ask at",
            "name a secret in runsheet.yaml: `ssh: {password: {secret: NAME}}`",
        ));
    }
    let name = SecretName::new("password").expect("it is a name");
    match ask_hidden("login password") {
        Ok(value) => Ok(Some((name, Secret::new(value)))),
        Err(source) => Err(CliError::Secret { name, problem: SecretProblem::Terminal { source } }),
    }
}

/// Gets sudo's password, if there is to be one, and the name under which it is masked.
pub(crate) fn sudo_password(
    reach: &ReachArgs,
    may_ask: bool,
) -> Result<Option<(SecretName, Secret<String>)>, CliError> {
    if !reach.ask_sudo_pass {
        return Ok(None);
    }
    if !may_ask {
        return Err(CliError::usage(
            "sudo's password (`-K`) is asked for at the terminal, and there is none to ask at",
            "let the login user become the other without one: `NOPASSWD:` in sudoers",
        ));
    }
    let name = SecretName::new("sudo_password").expect("it is a name");
    match ask_hidden("sudo password") {
        Ok(value) => Ok(Some((name, Secret::new(value)))),
        Err(source) => Err(CliError::Secret { name, problem: SecretProblem::Terminal { source } }),
    }
}

/// Makes what connects to some hosts, with all that has to be asked for it.
pub(crate) async fn connector(
    session: &Session,
    endpoints: &[Endpoint],
    password: Option<(SecretName, Secret<String>)>,
    may_ask: bool,
) -> Result<SshConnector, CliError> {
    let settings = SshSettings::default();
    let connector = match password {
        Some((name, password)) => SshConnector::with_password(settings, &name, password)?,
        None => SshConnector::new(settings),
    };
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
