use schemars::JsonSchema;
use serde::Deserialize;

use crate::Mistake;
use crate::text_or_secret::NamedSecret;

/// Rows of timing in a table of PostgreSQL: one for the run, and one for each step, each host of it and each attempt there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresSettings {
    /// Its name. Default: `postgres`.
    #[serde(default)]
    pub name: Option<String>,
    /// The server: a name or an address, or the folder of its socket, such as `/run/postgresql`.
    pub host: String,
    /// Its port. Default: 5432.
    #[serde(default = "usual_port")]
    pub port: u16,
    /// Whom to log in as.
    pub user: String,
    /// The database.
    pub dbname: String,
    /// The password.
    #[serde(default)]
    pub password: Option<NamedSecret>,
    /// The table, or `schema.table`. It is made if it is missing. Default: `runsheet_timing`.
    #[serde(default = "usual_table")]
    pub table: String,
    /// A file of certificates in PEM, relative to the project, of those who sign that it is the server, in place of those whom everybody trusts.
    #[serde(default)]
    pub authority: Option<String>,
    /// Whether the way there is encrypted, and the server has to prove who it is. Default: yes, but for a socket. `false` is only for this
    /// machine.
    #[serde(default)]
    pub tls: Option<bool>,
}

fn usual_port() -> u16 {
    5432
}

fn usual_table() -> String {
    "runsheet_timing".to_owned()
}

impl PostgresSettings {
    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    pub(super) fn encrypted(&self) -> bool {
        self.tls.unwrap_or(!self.is_socket())
    }

    pub(crate) fn check(&self) -> Result<(), Mistake> {
        let here = self.is_socket() || ["localhost", "127.0.0.1", "::1"].contains(&self.host.as_str());
        if !self.encrypted() && !here {
            return Err(Mistake::new(format!("`tls: false` would send everything to `{}` in the clear", self.host))
                .hint("take it out; it is for `localhost` and for sockets"));
        }
        if self.encrypted() && self.is_socket() {
            return Err(Mistake::new("a socket is not encrypted").hint("take `tls: true` out"));
        }
        for (field, text) in [("host", &self.host), ("user", &self.user), ("dbname", &self.dbname)] {
            if text.is_empty() || text.contains(char::is_control) {
                return Err(Mistake::new(format!("`{field}` is empty or holds a control character")));
            }
        }
        let parts: Vec<_> = self.table.split('.').collect();
        if parts.len() > 2 || !parts.iter().all(|part| is_identifier(part)) {
            return Err(Mistake::new(format!("`{}` cannot be the name of a table", self.table.escape_default()))
                .hint("lower-case letters, digits and `_`, at most 63, perhaps with `schema.` before"));
        }
        Ok(())
    }

    pub(crate) fn secrets(&self) -> Vec<&str> {
        self.password.iter().map(|password| password.secret.as_str()).collect()
    }
}

fn is_identifier(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    begins && text.len() <= 63 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
