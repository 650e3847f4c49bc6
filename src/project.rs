use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use runsheet_diagnostics::nearest;
use runsheet_model::{SecretName, parse_duration, visible};
use runsheet_scripted::Scripts;
use runsheet_sinks::{GoogleAccess, NotifySettings, Person, SinkSettings};
use runsheet_task::Registry;
use runsheet_yaml::{Mark, Spanned, YamlError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::ConfigReader;
use crate::environment::Environment;
use crate::error::CliError;
use crate::sinks;

/// The name of the project's file.
const FILE: &str = "runsheet.yaml";

/// The project: its folder and what its `runsheet.yaml` says.
#[derive(Debug)]
pub(crate) struct Project {
    /// The folder in which `runsheet.yaml` stands; without one the working directory.
    pub(crate) root: PathBuf,
    /// What it says; defaults without one.
    pub(crate) settings: Settings,
}

/// What `runsheet.yaml` says.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Folder or file of the host groups. Default: `hostgroups/`.
    pub(crate) hostgroups: Option<String>,
    /// Folder of the deploy sheets. Default: `sheets/`.
    pub(crate) sheets: Option<String>,
    /// Folder of the project's own tasks, `*.star`. Default: `tasks/`.
    pub(crate) tasks: Option<String>,
    /// How hosts are reached.
    pub(crate) ssh: SshSettings,
    /// Values that are read once, never shown, and stand in plans and journals as their names.
    #[schemars(with = "BTreeMap<String, SecretSource>")]
    pub(crate) secrets: BTreeMap<String, Spanned<SecretSource>>,
    /// Where runs hold their locks.
    pub(crate) locks: Locks,
    /// What is kept of older runs.
    pub(crate) keep: Keep,
    /// Where the timing of runs goes, beside the record: files, collectors, databases, web addresses.
    #[schemars(with = "Vec<SinkSettings>")]
    pub(crate) sinks: Vec<Spanned<SinkSettings>>,
    /// Who is told of runs of sheets: channels of Slack, web addresses, people by mail.
    #[schemars(with = "Vec<NotifySettings>")]
    pub(crate) notify: Vec<Spanned<NotifySettings>>,
    /// How the owners of steps are reached, by the names that stand in sheets.
    pub(crate) people: BTreeMap<String, Person>,
    /// What is done on the machine that runs runsheet.
    pub(crate) local: Local,
    /// How spreadsheets are read by `runsheet import`.
    pub(crate) import: ImportSettings,
}

/// How spreadsheets are read by `runsheet import`. Flags come first.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ImportSettings {
    /// The tab with the steps. Default: the one whose titles look like it.
    pub(crate) steps_tab: Option<String>,
    /// The tab with the hosts. Default: the one whose titles look like it.
    pub(crate) hosts_tab: Option<String>,
    /// The titles of columns by field, such as `step: Schritt`.
    pub(crate) columns: BTreeMap<String, String>,
    /// How Google Sheets are reached. Default: not at all.
    pub(crate) google: Option<GoogleAccess>,
}

/// What is done on the machine that runs runsheet.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Local {
    /// The programs that steps with `on: local` may start, each as it is written in commands. Default: none.
    pub(crate) allow: Vec<String>,
}

/// How hosts are reached.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SshSettings {
    /// How long name lookup, connection, key exchange and login may take together, such as `30s`.
    #[schemars(with = "Option<String>")]
    pub(crate) connect_timeout: Option<Spanned<String>>,
    /// What happens to a host whose key is not on record. Default: what ssh_config says, else `strict`.
    pub(crate) host_keys: Option<HostKeys>,
    /// Whether the commands of `Match exec` in ssh_config are run. Default: no; a host for which one would decide is an error.
    pub(crate) allow_match_exec: bool,
    /// Who reads ssh_config. Default: `runsheet`.
    pub(crate) config_reader: Option<ConfigReader>,
    /// Host groups whose hosts may use the agent, if ssh_config says `ForwardAgent yes`. Default: none.
    pub(crate) forward_agent: Vec<String>,
    /// The login password of hosts that let nobody in by key. Not for jump hosts.
    #[schemars(with = "Option<NamedSecret>")]
    pub(crate) password: Option<Spanned<NamedSecret>>,
    /// What sudo is told where it asks for a password.
    #[schemars(with = "Option<NamedSecret>")]
    pub(crate) sudo_password: Option<Spanned<NamedSecret>>,
}

/// One of the secrets.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedSecret {
    /// Its name in `secrets`.
    pub(crate) secret: String,
}

/// What happens to a host whose key is not on record.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HostKeys {
    /// It is refused.
    Strict,
    /// Its key is put on record.
    AcceptNew,
}

/// Where runs hold their locks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Locks {
    /// A folder that all users of this machine share, such as `/var/lock/runsheet`. Default: one of the user's own.
    pub(crate) path: Option<String>,
}

/// Where a secret comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file that only its owner can read; one line end at its end is left out.
    File(String),
    /// A program and its arguments; what it prints, without one line end at its end.
    Command(Vec<String>),
    /// A question at the terminal, before anything runs.
    Prompt(String),
}

/// What is kept of older runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Keep {
    /// How many runs. Default: 200.
    pub(crate) runs: usize,
    /// How much output all runs together, such as `2GiB`. Default: 2 GiB.
    #[schemars(with = "Option<String>")]
    output: Option<Spanned<String>>,
}

impl Default for Keep {
    fn default() -> Self {
        Self { runs: 200, output: None }
    }
}

impl Project {
    /// Finds the project by walking up from the working directory.
    pub(crate) fn find(environment: &Environment) -> Result<Self, CliError> {
        let found = environment.cwd.ancestors().find(|folder| folder.join(FILE).is_file());
        match found {
            None => Ok(Self { root: environment.cwd.clone(), settings: Settings::default() }),
            Some(root) => {
                let file = root.join(FILE);
                let settings: Settings = runsheet_yaml::load(&shown(&file, environment))?;
                settings.check(&shown(&file, environment))?;
                Ok(Self { root: root.to_owned(), settings })
            }
        }
    }

    /// Where the host groups are: what the settings say, else the folder if it is there.
    pub(crate) fn hostgroups(&self, environment: &Environment) -> Option<PathBuf> {
        match &self.settings.hostgroups {
            Some(path) => Some(shown(&environment.path(&self.root, path), environment)),
            None => {
                Some(self.root.join("hostgroups")).filter(|path| path.exists()).map(|path| shown(&path, environment))
            }
        }
    }

    /// Where the project's own tasks are, and how that is shown.
    pub(crate) fn tasks(&self, environment: &Environment) -> (PathBuf, PathBuf) {
        let folder = environment.path(&self.root, self.settings.tasks.as_deref().unwrap_or("tasks"));
        let shown = shown(&folder, environment);
        (folder, shown)
    }

    /// Reads the project's own tasks.
    pub(crate) fn scripts(&self, environment: &Environment, built_in: &Arc<Registry>) -> Scripts {
        let (folder, shown) = self.tasks(environment);
        Scripts::load(&folder, &shown, built_in)
    }

    /// Finds a sheet: a path as it is, or the name of one in the sheets' folder with or without `.yaml`.
    pub(crate) fn sheet(&self, name: &Path, environment: &Environment) -> Result<PathBuf, CliError> {
        let sheets = environment.path(&self.root, self.settings.sheets.as_deref().unwrap_or("sheets"));
        let mut with_ending = sheets.join(name).into_os_string();
        with_ending.push(".yaml");
        [environment.cwd.join(name), sheets.join(name), PathBuf::from(with_ending)]
            .into_iter()
            .find(|path| path.exists() && !path.is_dir())
            .map(|path| shown(&path, environment))
            .ok_or_else(|| no_sheet(name, &sheets, environment))
    }

    /// The folder of the deploy sheets.
    pub(crate) fn sheets(&self, environment: &Environment) -> PathBuf {
        environment.path(&self.root, self.settings.sheets.as_deref().unwrap_or("sheets"))
    }

    /// The programs that steps with `on: local` may start.
    pub(crate) fn local_programs(&self) -> &[String] {
        &self.settings.local.allow
    }

    /// How long connecting may take, if the settings say so.
    pub(crate) fn connect_timeout(&self) -> Option<std::time::Duration> {
        self.settings.ssh.connect_timeout.as_ref().and_then(|text| parse_duration(&text.value).ok())
    }

    /// The secret that is the login password, if the settings name one.
    pub(crate) fn password(&self) -> Option<SecretName> {
        named(self.settings.ssh.password.as_ref())
    }

    /// The secret that is sudo's password, if the settings name one.
    pub(crate) fn sudo_password(&self) -> Option<SecretName> {
        named(self.settings.ssh.sudo_password.as_ref())
    }

    /// The names of all secrets.
    pub(crate) fn secret_names(&self) -> Vec<SecretName> {
        self.settings.secrets.keys().filter_map(|name| SecretName::new(name.as_str()).ok()).collect()
    }
}

fn named(secret: Option<&Spanned<NamedSecret>>) -> Option<SecretName> {
    SecretName::new(secret?.value.secret.as_str()).ok()
}

/// There is no such sheet; what there is instead is a hint.
fn no_sheet(name: &Path, folder: &Path, environment: &Environment) -> CliError {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut known: Vec<String> = entries
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    known.sort();
    let shown = shown(folder, environment);
    let hint = match nearest(&name.to_string_lossy(), known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("there is none in `{}`; `runsheet init` makes one", shown.display()),
        None => format!("in `{}` are: {}", shown.display(), known.join(", ")),
    };
    CliError::usage(format!("there is no sheet `{}`", visible(name.to_string_lossy().as_bytes())), hint)
}

impl Settings {
    /// Checks what the types do not.
    fn check(&self, file: &Path) -> Result<(), YamlError> {
        sinks::check(self, file)?;
        for (name, source) in &self.secrets {
            if SecretName::new(name.as_str()).is_err() {
                let what = format!("`{name}` cannot be the name of a secret");
                return Err(YamlError::at(file, Mark::of(source), what).with_hint("letters, digits, `-` and `_`"));
            }
            if matches!(&source.value, SecretSource::Command(words) if words.is_empty()) {
                return Err(YamlError::at(file, Mark::of(source), format!("the command of secret `{name}` is empty")));
            }
        }
        for (password, of_what) in [(&self.ssh.password, "the login"), (&self.ssh.sudo_password, "sudo's")] {
            if let Some(password) = password
                && !self.secrets.contains_key(&password.value.secret)
            {
                let name = visible(password.value.secret.as_bytes());
                let what = format!("there is no secret `{name}` for {of_what} password");
                let hint = format!("say where it comes from: `secrets: {{{name}: {{env: VARIABLE}}}}`");
                return Err(YamlError::at(file, Mark::of(password), what).with_hint(hint));
            }
        }
        if let Some(limit) = &self.ssh.connect_timeout
            && let Err(error) = parse_duration(&limit.value)
        {
            return Err(YamlError::at(file, Mark::of(limit), error.to_string()));
        }
        if let Some(size) = &self.keep.output
            && parse_size(&size.value).is_none()
        {
            let what = format!("`{}` is not a size", size.value);
            return Err(YamlError::at(file, Mark::of(size), what).with_hint("such as `500MiB` or `2GiB`"));
        }
        Ok(())
    }
}

impl Keep {
    /// How much output is kept, in bytes.
    pub(crate) fn output_bytes(&self) -> u64 {
        self.output.as_ref().and_then(|size| parse_size(&size.value)).unwrap_or(2 << 30)
    }
}

/// Reads a size such as `500MiB`; units are powers of 1024.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let factor: u64 = match text[end..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A path as the user knows it: relative to the working directory where it lies below it.
pub(crate) fn shown(path: &Path, environment: &Environment) -> PathBuf {
    match path.strip_prefix(&environment.cwd) {
        Ok(relative) if !relative.as_os_str().is_empty() => relative.to_owned(),
        _ => path.to_owned(),
    }
}

/// The JSON Schema of `runsheet.yaml`.
pub(crate) fn schema() -> serde_json::Value {
    schemars::schema_for!(Settings).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse_size("2GiB"), Some(2 << 30));
        assert_eq!(parse_size("500 MiB"), Some(500 << 20));
        for bad in ["", "GiB", "2GB", "-1", "99999999999TiB"] {
            assert_eq!(parse_size(bad), None, "{bad:?} was taken");
        }
    }
}
