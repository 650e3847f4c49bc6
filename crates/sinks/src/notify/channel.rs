use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use runsheet_events::RunStats;
use runsheet_model::{RunId, shortened};
use runsheet_outbound::{Encryption, Letter, LetterError};
use serde_json::json;

use super::Occasion;
use super::notice::Notice;
use super::settings::{MailEncryption, MailSettings, Person};
use crate::web::Target;
use crate::{SinkError, Surroundings};

/// How long each thing that a mail server is asked may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The longest subject of a mail, in characters.
const SUBJECT: usize = 150;

/// The way on which people are told.
pub(super) enum Channel {
    Slack(Target),
    Webhook(Target),
    Mail {
        /// Without recipients, subject and text.
        letter: Box<Letter>,
        to: Vec<String>,
    },
}

impl Channel {
    pub(super) fn mail(settings: &MailSettings, surroundings: &Surroundings) -> Result<Self, SinkError> {
        let (encryption, usual) = match settings.encryption {
            MailEncryption::Starttls => (Encryption::StartTls, 587),
            MailEncryption::Tls => (Encryption::Tls, 465),
            MailEncryption::None => (Encryption::None, 25),
        };
        let authority = settings.authority.as_ref().map(|path| {
            let path = surroundings.root.join(path);
            fs::read(&path)
                .map_err(|error| SinkError::refused(format!("`{}` cannot be read", path.display())).because(error))
        });
        let login = match (&settings.user, &settings.password) {
            (Some(user), Some(password)) => Some((user.clone(), password.value(surroundings)?)),
            _ => None,
        };
        let letter = Letter {
            server: settings.server.clone(),
            port: settings.port.unwrap_or(usual),
            encryption,
            authority: authority.transpose()?,
            login,
            from: settings.from.clone(),
            to: Vec::new(),
            subject: String::new(),
            body: String::new(),
            id: String::new(),
        };
        Ok(Self::Mail { letter: Box::new(letter), to: settings.to.clone() })
    }

    /// Tells it, once.
    pub(super) fn send(
        &self,
        notice: &Notice,
        text: &str,
        run: RunId,
        stats: &RunStats,
        people: &BTreeMap<String, Person>,
    ) -> Result<(), SinkError> {
        let person = notice.owner.as_ref().and_then(|owner| people.get(owner));
        let key = format!("{run}:{}:{}", notice.occasion.word(), notice.key);
        match self {
            Self::Slack(target) => {
                let name = person.and_then(|person| person.slack.as_deref()).map(mention);
                let text = match name {
                    Some(name) => format!("{name} {}", slack_text(text)),
                    None => slack_text(text),
                };
                target.post(json!({"text": text, "link_names": true}).to_string().into_bytes(), &[])
            }
            Self::Webhook(target) => {
                let body = json!({
                    "run": run.to_string(),
                    "sheet": stats.header.as_ref().map(|header| &header.sheet),
                    "occasion": notice.occasion.word(),
                    "text": text,
                    "step": notice.step.as_ref().map(ToString::to_string),
                    "owner": notice.owner,
                    "reason": notice.reason,
                    "minutes": notice.minutes,
                });
                target.post(body.to_string().into_bytes(), &[("Idempotency-Key", format!("\"{key}\""))])
            }
            Self::Mail { letter, to } => {
                let owner = person.and_then(|person| person.mail.clone());
                let to = recipients(notice.occasion, owner, to);
                if to.is_empty() {
                    return Ok(());
                }
                let subject = shortened(text.lines().next().unwrap_or_default(), SUBJECT);
                let id = key.replace(':', ".");
                let body = format!("{text}\n");
                Letter { to, subject, body, id, ..(**letter).clone() }
                    .send(LIMIT)
                    .map_err(|error| unsent(letter, error))
            }
        }
    }
}

/// Who gets a mail: what is only of use to an owner goes to nobody else, if they have an address.
fn recipients(occasion: Occasion, owner: Option<String>, to: &[String]) -> Vec<String> {
    match (occasion, owner) {
        (Occasion::Next, Some(owner)) => vec![owner],
        (_, owner) => {
            let others = to.iter().filter(|to| Some(*to) != owner.as_ref()).cloned();
            owner.iter().cloned().chain(others).collect()
        }
    }
}

fn unsent(letter: &Letter, error: LetterError) -> SinkError {
    let server = format!("{}:{}", letter.server, letter.port);
    match error {
        LetterError::Unreached(why) => SinkError::unavailable(format!("mail server `{server}` is not reached: {why}")),
        LetterError::NotNow(why) => SinkError::unavailable(format!("mail server `{server}` takes no mail now: {why}")),
        LetterError::TimedOut => SinkError::unavailable(format!("mail server `{server}` does not answer")),
        LetterError::Wrong(why) => SinkError::refused(format!("mail server `{server}` has not taken a mail: {why}")),
    }
}

/// A member's id is mentioned as Slack wants it; another name is left to Slack to find.
fn mention(name: &str) -> String {
    let is_id = name.starts_with(['U', 'W']) && name.len() > 7 && name.bytes().all(|c| c.is_ascii_alphanumeric());
    if is_id { format!("<@{name}>") } else { slack_text(name) }
}

/// A text in which nothing means anything to Slack: no mention, no link (`<!channel>`) can be made by what a host said.
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_said_mentions_nobody() {
        assert_eq!(slack_text("<!channel> & <https://evil|x>"), "&lt;!channel&gt; &amp; &lt;https://evil|x&gt;");
        assert_eq!(mention("U024BE7LH"), "<@U024BE7LH>");
        assert_eq!(mention("@dana"), "@dana");
        assert_eq!(mention("<!here>"), "&lt;!here&gt;");
    }

    #[test]
    fn a_mail_for_the_owner_goes_to_the_owner() {
        let to = ["all@example.com".to_owned()];
        let dana = || Some("dana@example.com".to_owned());
        assert_eq!(recipients(Occasion::Next, dana(), &to), ["dana@example.com"]);
        assert_eq!(recipients(Occasion::Next, None, &to), ["all@example.com"]);
        assert_eq!(recipients(Occasion::Waiting, dana(), &to), ["dana@example.com", "all@example.com"]);
        assert_eq!(recipients(Occasion::Failed, None, &[]), Vec::<String>::new());
    }
}
