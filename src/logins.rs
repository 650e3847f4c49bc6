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

/// A password and the name under which it is masked.
pub(crate) type Password = (SecretName, Secret<String>);

/// A password that is asked for by a flag, or that the project takes from its secrets.
struct Source {
    /// Whether the flag was given.
    asked: bool,
    flag: &'static str,
    /// The secret that the project names.
    secret: Option<SecretName>,
    /// Its own name where it is asked for.
    name: &'static str,
    /// What it is, as a question and in a message.
    question: &'static str,
    what: &'static str,
    /// What to write into `runsheet.yaml` where nobody can be asked.
    setting: &'static str,
}

/// Gets the login password, if there is to be one.
pub(crate) fn password(
    session: &Session,
    reach: &ReachArgs,
    secrets: &Secrets,
    may_ask: bool,
) -> Result<Option<Password>, CliError> {
    let source = Source {
        asked: reach.ask_pass,
        flag: "-k",
        secret: session.project.password(),
        name: "password",
        question: "login password",
        what: "the login password",
        setting: "ssh: {password: {secret: NAME}}",
    };
    source.get(session, secrets, may_ask)
}

/// Gets sudo's password, if there is to be one and commands of the plan become another user by sudo.
pub(crate) fn sudo_password(
    session: &Session,
    uses_sudo: bool,
    reach: &ReachArgs,
    secrets: &Secrets,
    may_ask: bool,
) -> Result<Option<Password>, CliError> {
    let source = Source {
        asked: reach.ask_sudo_pass,
        flag: "-K",
        // Nobody reads a secret that nothing needs.
        secret: session.project.sudo_password().filter(|_| uses_sudo),
        name: "sudo_password",
        question: "sudo password",
        what: "sudo's password",
        setting: "ssh: {sudo_password: {secret: NAME}}",
    };
    source.get(session, secrets, may_ask)
}

impl Source {
    fn get(self, session: &Session, secrets: &Secrets, may_ask: bool) -> Result<Option<Password>, CliError> {
        if !self.asked {
            let Some(name) = self.secret else { return Ok(None) };
            if let Some(value) = secrets.get(&name) {
                return Ok(Some((name, value.clone())));
            }
            let read = secrets::read(std::slice::from_ref(&name), &session.project, &session.environment, may_ask)?;
            let value = read.get(&name).cloned();
            return Ok(value.map(|value| (name, value)));
        }
        let Self { flag, what, setting, .. } = self;
        if !may_ask {
            return Err(CliError::usage(
                format!("{what} (`{flag}`) is asked for at the terminal, and there is none to ask at"),
                format!("name a secret in runsheet.yaml: `{setting}`"),
            ));
        }
        let name = SecretName::new(self.name).expect("it is a name");
        match ask_hidden(self.question) {
            Ok(value) => Ok(Some((name, Secret::new(value)))),
            Err(source) => Err(CliError::Secret { name, problem: SecretProblem::Terminal { source } }),
        }
    }
}

/// Makes what connects to some hosts, with all that has to be asked for it.
pub(crate) async fn connector(
    session: &Session,
    endpoints: &[Endpoint],
    password: Option<Password>,
    may_ask: bool,
) -> Result<SshConnector, CliError> {
    let settings = SshSettings::default();
    let connector = match password {
        Some((name, password)) => SshConnector::with_password(settings, &name, password)?,
        None => SshConnector::new(settings),
    };
    let by_ssh: Vec<_> = endpoints.iter().filter(|endpoint| !endpoint.is_local()).cloned().collect();
    let survey = connector.survey(&by_ssh).await;
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
