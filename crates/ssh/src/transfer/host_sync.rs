use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use runsheet_task::Limits;
use russh::ChannelMsg;
use tokio::time::Instant;

use crate::channel::CommandChannel;
use crate::link::Link;
use crate::settings::Deadlines;

/// Brings the file systems of the files on its standard input to their disks (GNU coreutils 8.24, busybox). A host that runs something
/// else instead does not say the word.
const COMMAND: &str = "xargs -0 sync -f && echo runsheet-synced";
const SAID: &[u8] = b"runsheet-synced\n";

/// How long a channel may take to be opened, where one by one would do as well: a host may have room for no other.
const OPENING: Duration = Duration::from_secs(5);

/// The most that is kept of what the command says, in bytes.
const MOST_SAID: usize = 4 * 1024;

/// Has a host bring many files to its disk at once, for which SFTP has no word.
pub(super) struct HostSync<'a> {
    link: &'a Arc<Link>,
    deadlines: &'a Deadlines,
    limits: &'a Limits,
    /// Whether it is worth another try.
    works: bool,
}

impl<'a> HostSync<'a> {
    pub(super) fn new(link: &'a Arc<Link>, deadlines: &'a Deadlines, limits: &'a Limits) -> Self {
        Self { link, deadlines, limits, works: true }
    }

    /// Brings the file systems of these files to their disks, and tells whether that was done. That the host finds the files shows
    /// that its commands and its SFTP see the same folders.
    pub(super) async fn sync(&mut self, files: &[&Path]) -> bool {
        if self.works {
            let mut list = Vec::new();
            for file in files {
                // A name that begins with `-` would be an option.
                list.extend_from_slice(if file.is_absolute() { b"" } else { b"./" });
                list.extend_from_slice(file.as_os_str().as_bytes());
                list.push(0);
            }
            self.works = matches!(tokio::time::timeout(self.deadlines.sftp, self.run(list)).await, Ok(Some(true)));
        }
        self.works
    }

    /// Runs the command; nothing if that was not possible.
    async fn run(&self, list: Vec<u8>) -> Option<bool> {
        let limits = Limits { deadline: self.limits.deadline.min(Instant::now() + OPENING), ..self.limits.clone() };
        let mut channel = CommandChannel::open(self.link, self.deadlines, &limits).await.ok()?;
        let writer = channel.writer();
        writer.exec(true, COMMAND).await.ok()?;
        writer.data(&list[..]).await.ok()?;
        writer.eof().await.ok()?;
        let mut said = Vec::new();
        let mut status = None;
        while let Some(message) = channel.read.wait().await {
            match message {
                ChannelMsg::Data { data } if said.len() < MOST_SAID => said.extend_from_slice(&data),
                ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
                ChannelMsg::Failure | ChannelMsg::Close => break,
                _ => {}
            }
        }
        Some(status == Some(0) && said.ends_with(SAID))
    }
}
