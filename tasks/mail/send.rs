//! Send a mail.

use runsheet_task::{Arg, ArgKind, Config, Host, LocalError, Mail, MailEncryption, Outcome, TaskSpec};

use crate::early::Early;
use crate::patience::Patience;
use crate::viewpoint::reason;

const NONE: &str = "none";
const STARTTLS: &str = "starttls";
const TLS: &str = "tls";

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("mail.send", "Sends a mail, from the machine that runs runsheet.")
        .details(
            "One mail for each host of the step: have the step `once`, or for one host, where it is meant once. The work is done when the \
             server has taken it; that it arrives is between servers. It is tried once.\n\n\
             With `starttls` a server that does not offer encryption is a failure, never a mail in the clear. The certificate has to be for \
             `server`, and is checked against the authorities that everybody trusts and those in `authority`. A password \
             without encryption is refused. No name, address or subject may hold a control character, which could be another header.",
        )
        .arg(Arg::required("server", ArgKind::Text, "The SMTP server."))
        .arg(Arg::optional("port", ArgKind::port(), "Its port; by `encryption` 25, 587 or 465."))
        .arg(
            Arg::optional("encryption", ArgKind::choice([STARTTLS, TLS, NONE]), "After a first word, from the start, or not at all.")
                .default(STARTTLS),
        )
        .arg(Arg::optional("authority", ArgKind::LocalFile, "Certificates in PEM of those who sign that it is the server."))
        .arg(Arg::optional("user", ArgKind::Text, "Whom to log in as."))
        .arg(Arg::optional("password", ArgKind::TextOrSecret, "The password."))
        .arg(Arg::required("from", ArgKind::Text, "Who says it: `releases@example.com` or `Releases <releases@example.com>`."))
        .arg(Arg::required("to", ArgKind::TextList, "Whom to, likewise."))
        .arg(Arg::required("subject", ArgKind::Text, "The subject, one line."))
        .arg(Arg::optional("body", ArgKind::Text, "The text.").default(""))
        .arg(Arg::optional("timeout", ArgKind::Duration, "How long it may take.").default("30s"))
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let mail = mail(config, host)?;
    let to = mail.to.join(", ");
    let server = format!("{}:{}", mail.server, mail.port);
    host.would(format!("send a mail to {to}"))?;
    let timeout = config.duration("timeout")?;
    let limit = Patience::new(host, timeout).limit(timeout);
    Ok(match host.local().mail(&mail, limit).await {
        Ok(()) => Outcome::changed(format!("{server} has taken the mail to {to}")),
        Err(error @ LocalError::TimedOut { .. }) => {
            Outcome::failed(format!("{server}: {}; it may have taken the mail all the same", reason(error)), 1)
        }
        Err(error) => Outcome::failed(format!("{server} has not taken the mail: {}", reason(error)), 1),
    })
}

/// Puts the mail together, or says what is wrong with the arguments.
fn mail(config: &Config, host: &Host) -> Result<Mail, Early> {
    let (encryption, port) = match config.text("encryption")? {
        NONE => (MailEncryption::None, 25),
        TLS => (MailEncryption::Tls, 465),
        _ => (MailEncryption::StartTls, 587),
    };
    let port = if config.args.integer("port").is_some() { config.port("port")? } else { port };
    let authority = config.args.local_file("authority");
    let to = config.list("to")?;
    let (server, from, subject) = (config.text("server")?, config.text("from")?, config.text("subject")?);
    let lines = [("server", server), ("from", from), ("subject", subject)];
    let lines = lines
        .into_iter()
        .chain(to.iter().map(|to| ("to", *to)))
        .chain(config.opt_text("user").map(|user| ("user", user)));
    for (name, line) in lines {
        if line.trim().is_empty() || line.contains(char::is_control) {
            return Err(Early::mistake(format!("`{name}` is empty or holds a control character")));
        }
    }
    if to.is_empty() {
        return Err(Early::mistake("`to` is empty"));
    }
    if let Some(wrong) = to.iter().chain([&from]).find(|text| !has_address(text)) {
        return Err(Early::mistake(format!("`{}` is no mail address", wrong.escape_default())));
    }
    let login = match (config.opt_text("user"), config.secret_or_text("password")?) {
        (Some(_), Some(_)) if encryption == MailEncryption::None => {
            return Err(Early::mistake("a password goes to no server without encryption"));
        }
        (Some(user), Some(password)) => Some((user.to_owned(), password)),
        (None, None) => None,
        _ => return Err(Early::mistake("`user` and `password` are given both, or neither")),
    };
    Ok(Mail {
        server: server.to_owned(),
        port,
        encryption,
        authority,
        login,
        from: from.to_owned(),
        to: to.into_iter().map(str::to_owned).collect(),
        subject: subject.to_owned(),
        body: config.text("body")?.to_owned(),
        id: format!("{}.{}.{}.{}", config.run, config.step, host.name(), config.attempt),
    })
}

/// Whether a text looks like `a@b` or `Name <a@b>`. What is an address in every detail is known where it is sent.
fn has_address(text: &str) -> bool {
    let address = match text.trim().strip_suffix('>').map(|text| text.rsplit_once('<')) {
        Some(Some((_, address))) => address,
        Some(None) => return false,
        None => text.trim(),
    };
    let parts = address.rsplit_once('@');
    parts.is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty()) && !address.contains(['<', '>', ' '])
}
