use std::collections::{BTreeMap, BTreeSet};

use runsheet_model::{SinkName, parse_duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Occasion;
use super::channel::Channel;
use super::notifier::Notifier;
use super::texts::Texts;
use crate::text_or_secret::{NamedSecret, TextOrSecret};
use crate::web::{Reach, Target, check_address, check_headers};
use crate::{Mistake, Sink, SinkError, Surroundings};

/// Who is told, as it stands under `notify` in `runsheet.yaml`: `{KIND: {…}}`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotifySettings {
    /// A channel of Slack, or of whatever takes the same.
    Slack(SlackSettings),
    /// A web address that takes JSON.
    Webhook(NotifyWebhookSettings),
    /// People, by mail.
    Mail(MailSettings),
}

/// How an owner of steps is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Person {
    /// A mail address.
    pub mail: Option<String>,
    /// What Slack calls them: a member's id such as `U024BE7LH`, or `@dana`.
    pub slack: Option<String>,
}

/// An incoming webhook of Slack.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlackSettings {
    /// Its name. Default: `notify-slack`.
    #[serde(default)]
    pub name: Option<String>,
    /// The address: as it lets everybody in who knows it, a secret.
    pub url: TextOrSecret,
    /// Of what. Default: everything.
    #[serde(default)]
    pub on: BTreeSet<Occasion>,
    /// Texts in the place of the usual ones.
    #[serde(default)]
    pub templates: BTreeMap<Occasion, String>,
    /// How long before a step starts its owner is told. Default: `10m`.
    #[serde(default)]
    pub ahead: Option<String>,
    /// A file of certificates in PEM, relative to the project, of those who sign that it is the server, in place of those whom everybody trusts.
    #[serde(default, alias = "ca")]
    pub authority: Option<String>,
    /// Whether it may be an address of this machine or of a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// Whether it may be `http://`, which everybody on the way can read.
    #[serde(default)]
    pub allow_http: bool,
}

/// A web address that takes `{"run", "sheet", "occasion", "text", "step", "owner", "reason", "minutes"}`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifyWebhookSettings {
    /// Its name. Default: `notify-webhook`.
    #[serde(default)]
    pub name: Option<String>,
    /// The address, `https://…`, or the secret that it is.
    pub url: TextOrSecret,
    /// Headers, such as `Authorization: {secret: NAME}`.
    #[serde(default)]
    pub headers: BTreeMap<String, TextOrSecret>,
    /// Of what. Default: everything.
    #[serde(default)]
    pub on: BTreeSet<Occasion>,
    /// Texts in the place of the usual ones.
    #[serde(default)]
    pub templates: BTreeMap<Occasion, String>,
    /// How long before a step starts its owner is told. Default: `10m`.
    #[serde(default)]
    pub ahead: Option<String>,
    /// A file of certificates in PEM, relative to the project, of those who sign that it is the server, in place of those whom everybody trusts.
    #[serde(default, alias = "ca")]
    pub authority: Option<String>,
    /// Whether it may be an address of this machine or of a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// Whether it may be `http://`, which everybody on the way can read.
    #[serde(default)]
    pub allow_http: bool,
}

/// Mail. What is about a step goes to its owner, if `people` has an address; all else, and what has no owner, to `to`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Its name. Default: `notify-mail`.
    #[serde(default)]
    pub name: Option<String>,
    /// The SMTP server.
    pub server: String,
    /// Its port. Default: 587, 465 or 25, by `encryption`.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the way to it is encrypted. Default: `starttls`.
    #[serde(default)]
    pub encryption: MailEncryption,
    /// A file of certificates in PEM, relative to the project, of those who sign that it is the server, beside those whom everybody trusts.
    #[serde(default)]
    pub authority: Option<String>,
    /// Whom to log in as.
    #[serde(default)]
    pub user: Option<String>,
    /// The password. It goes to no server without encryption.
    #[serde(default)]
    pub password: Option<NamedSecret>,
    /// Who says it, such as `Releases <releases@example.com>`.
    pub from: String,
    /// Who is told what has no owner.
    #[serde(default)]
    pub to: Vec<String>,
    /// Of what. Default: everything.
    #[serde(default)]
    pub on: BTreeSet<Occasion>,
    /// Texts in the place of the usual ones.
    #[serde(default)]
    pub templates: BTreeMap<Occasion, String>,
    /// How long before a step starts its owner is told. Default: `10m`.
    #[serde(default)]
    pub ahead: Option<String>,
}

/// How the way to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailEncryption {
    /// After a first word; a server that does not offer it gets no mail.
    #[default]
    Starttls,
    /// From the start.
    Tls,
    /// Not at all.
    None,
}

/// What all kinds have.
struct Common<'a> {
    name: &'a Option<String>,
    on: &'a BTreeSet<Occasion>,
    templates: &'a BTreeMap<Occasion, String>,
    ahead: &'a Option<String>,
}

impl NotifySettings {
    fn common(&self) -> Common<'_> {
        match self {
            Self::Slack(SlackSettings { name, on, templates, ahead, .. })
            | Self::Webhook(NotifyWebhookSettings { name, on, templates, ahead, .. })
            | Self::Mail(MailSettings { name, on, templates, ahead, .. }) => Common { name, on, templates, ahead },
        }
    }

    /// What it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack(_) => "notify-slack",
            Self::Webhook(_) => "notify-webhook",
            Self::Mail(_) => "notify-mail",
        }
    }

    /// Its name: what it says, else its kind.
    pub fn name(&self) -> Result<SinkName, Mistake> {
        let name = self.common().name.as_deref().unwrap_or(self.kind());
        SinkName::new(name).map_err(|error| Mistake::new(format!("`{name}` cannot be the name of a sink: {error}")))
    }

    /// Checks what the types do not.
    pub fn check(&self) -> Result<(), Mistake> {
        self.name()?;
        let common = self.common();
        common.ahead()?;
        common.texts()?;
        match self {
            Self::Slack(settings) => check_address(&settings.url, settings.reach()),
            Self::Webhook(settings) => {
                check_address(&settings.url, settings.reach())?;
                check_headers(&settings.headers)
            }
            Self::Mail(settings) => settings.check(),
        }
    }

    /// The names of the secrets that it needs.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Slack(settings) => settings.url.secret().into_iter().collect(),
            Self::Webhook(settings) => {
                settings.headers.values().chain([&settings.url]).filter_map(TextOrSecret::secret).collect()
            }
            Self::Mail(settings) => settings.password.iter().map(|password| password.secret.as_str()).collect(),
        }
    }

    /// Makes the sink. Nothing is connected to yet.
    pub fn open(&self, surroundings: &Surroundings) -> Result<Box<dyn Sink>, SinkError> {
        let none = BTreeMap::new();
        let channel = match self {
            Self::Slack(settings) => {
                let authority = settings.authority.as_deref();
                Channel::Slack(Target::new(&settings.url, &none, settings.reach(), authority, surroundings)?)
            }
            Self::Webhook(settings) => {
                let (headers, authority) = (&settings.headers, settings.authority.as_deref());
                Channel::Webhook(Target::new(&settings.url, headers, settings.reach(), authority, surroundings)?)
            }
            Self::Mail(settings) => Channel::mail(settings, surroundings)?,
        };
        let common = self.common();
        let refused = |mistake: Mistake| SinkError::refused(mistake.what);
        let on = if common.on.is_empty() { Occasion::ALL.into() } else { common.on.clone() };
        let (texts, ahead) = (common.texts().map_err(refused)?, common.ahead().map_err(refused)?);
        Ok(Box::new(Notifier::new(channel, on, texts, ahead, surroundings.people.clone())))
    }
}

impl Common<'_> {
    fn ahead(&self) -> Result<std::time::Duration, Mistake> {
        parse_duration(self.ahead.as_deref().unwrap_or("10m")).map_err(|error| Mistake::new(error.to_string()))
    }

    fn texts(&self) -> Result<Texts, Mistake> {
        Texts::new(self.templates).map_err(|(occasion, error)| {
            let why = runsheet_diagnostics::in_one_line(&error);
            Mistake::new(format!("the text for `{}` cannot be used: {why}", occasion.word()))
        })
    }
}

impl SlackSettings {
    fn reach(&self) -> Reach {
        Reach { private: self.allow_private, http: self.allow_http }
    }
}

impl NotifyWebhookSettings {
    fn reach(&self) -> Reach {
        Reach { private: self.allow_private, http: self.allow_http }
    }
}

impl MailSettings {
    fn check(&self) -> Result<(), Mistake> {
        let lines = self.to.iter().map(|to| ("to", to)).chain([("server", &self.server), ("from", &self.from)]);
        for (field, text) in lines.chain(self.user.iter().map(|user| ("user", user))) {
            if text.trim().is_empty() || text.contains(char::is_control) {
                return Err(Mistake::new(format!("`{field}` is empty or holds a control character")));
            }
        }
        match (&self.user, &self.password) {
            (Some(_), Some(_)) if self.encryption == MailEncryption::None => {
                Err(Mistake::new("a password goes to no server without encryption"))
            }
            (Some(_), Some(_)) | (None, None) => Ok(()),
            _ => Err(Mistake::new("`user` and `password` are given both, or neither")),
        }
    }
}
