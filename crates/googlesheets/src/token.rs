use std::time::{Duration, Instant, SystemTime};

use runsheet_model::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::attempts::{Attempts, Setback};
use crate::error::said;
use crate::transport::{Outgoing, Transport, check_url, server};
use crate::{GoogleError, ServiceAccount};

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_mins(1);

/// The longest time for which a token is kept, whatever the answer says.
const LONGEST: Duration = Duration::from_hours(1);

/// Gives tokens of a service account: one, until shortly before it ends.
#[derive(Debug)]
pub(crate) struct Tokens {
    account: ServiceAccount,
    kept: Option<Kept>,
}

struct Kept {
    token: Secret<String>,
    until: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Zeroizing<String>,
    #[serde(default)]
    expires_in: u64,
}

/// How a token is refused (RFC 6749 §5.2).
#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenRefusal {
    error: String,
    error_description: String,
}

impl Tokens {
    pub(crate) fn new(account: ServiceAccount) -> Result<Self, GoogleError> {
        check_url(account.token_uri())?;
        Ok(Self { account, kept: None })
    }

    pub(crate) fn email(&self) -> &str {
        self.account.email()
    }

    /// Forgets the token, because it was refused.
    pub(crate) fn forget(&mut self) {
        self.kept = None;
    }

    /// The token that is kept, or a fresh one.
    pub(crate) fn get(
        &mut self,
        transport: &Transport,
        attempts: &Attempts,
        limit: Duration,
    ) -> Result<Secret<String>, GoogleError> {
        if let Some(kept) = self.kept.as_ref().filter(|kept| Instant::now() < kept.until) {
            return Ok(kept.token.clone());
        }
        let answer = attempts.run(limit, |limit| self.ask(transport, limit))?;
        let token = Secret::new(String::clone(&answer.access_token));
        let good_for = Duration::from_secs(answer.expires_in).min(LONGEST).saturating_sub(MARGIN);
        self.kept = Some(Kept { token: token.clone(), until: Instant::now() + good_for });
        Ok(token)
    }

    fn ask(&self, transport: &Transport, limit: Duration) -> Result<TokenAnswer, Setback> {
        let uri = self.account.token_uri();
        let assertion = self.account.assertion(SystemTime::now()).map_err(Setback::last)?;
        // An assertion is letters, digits, `-`, `_` and `.`, and needs no escapes.
        let form = Zeroizing::new(format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={}",
            assertion.expose()
        ));
        let request = Outgoing {
            url: uri,
            token: None,
            content_type: "application/x-www-form-urlencoded",
            body: Some(form.as_bytes()),
        };
        let answer = transport.send(&request, limit).map_err(|no_answer| {
            let error = no_answer.error;
            Setback { error: Box::new(move |_| error.clone()), after: None, again: no_answer.passing }
        })?;
        let body = Zeroizing::new(answer.body);
        match answer.status {
            200 => serde_json::from_slice(&body).map_err(|_| {
                let why = "it holds no token".to_owned();
                Setback::last(GoogleError::Unclear { server: server(uri), why })
            }),
            429 | 500..=599 => {
                let (status, after) = (answer.status, answer.retry_after);
                let error =
                    move |tries| GoogleError::OutOfOrder { status, tries, said: "no token was given".to_owned() };
                Err(Setback { error: Box::new(error), after, again: true })
            }
            status => {
                let refusal: TokenRefusal = serde_json::from_slice(&body).unwrap_or_default();
                let told = match (refusal.error.as_str(), refusal.error_description.as_str()) {
                    ("", _) => format!("status {status}"),
                    (error, "") => error.to_owned(),
                    (error, description) => format!("{error}: {description}"),
                };
                // Should it repeat what it was sent, that is not told.
                let told = said(&told.replace(assertion.expose().as_str(), "***"));
                Err(Setback::last(GoogleError::NotLetIn { email: self.email().to_owned(), said: told }))
            }
        }
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}
