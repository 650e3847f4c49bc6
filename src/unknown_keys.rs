use async_trait::async_trait;
use runsheet_inventory::fold;
use runsheet_model::{HostName, plural, visible};
use runsheet_preflight::{Approve, ShownKey};

use crate::people;
use crate::printer::Printer;

/// Shows the keys that are not on record, and decides by a flag or asks at the terminal whether they are put there.
pub(crate) struct UnknownKeys<'a> {
    /// `--learn`: yes.
    pub(crate) learn: bool,
    /// Whether somebody can be asked; else the answer is no.
    pub(crate) asks: bool,
    pub(crate) printer: &'a Printer,
}

#[async_trait]
impl Approve for UnknownKeys<'_> {
    async fn approve(&self, keys: &[ShownKey]) -> bool {
        if self.learn || !self.asks {
            return self.learn;
        }
        self.printer.alarm(&format!("{}\n", listed(keys, "host keys that are not on record")));
        self.printer
            .alarm("compare them with the hosts' own: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there\n");
        // Nobody can say yes where nobody can be asked.
        tokio::task::block_in_place(|| people::confirm("put all of them on record?")).unwrap_or(false)
    }
}

/// A heading, and each key with those who show it.
pub(crate) fn listed(keys: &[ShownKey], heading: &str) -> String {
    let mut text = format!("{heading}\n");
    for key in keys {
        let jumps = (!key.jumps.is_empty()).then(|| format!("jump host {}", fold(&key.jumps)));
        let hosts = (!key.hosts.is_empty()).then(|| fold(key.hosts.iter().map(HostName::as_str)));
        let names: Vec<_> = jumps.into_iter().chain(hosts).collect();
        let count = key.jumps.len() + key.hosts.len();
        let same = if count > 1 { format!("  the same key on {}", plural(count, "host")) } else { String::new() };
        let line = format!("  {}  {}  {}{same}", key.fingerprint, key.key_type, names.join(", "));
        text.push_str(&format!("{}\n", visible(line.as_bytes())));
    }
    text
}
