use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Options;
use super::block::File;
use super::evaluate::Evaluation;
use super::parse::Parser;
use crate::InventoryError;
use crate::reach::Reach;

/// The machine's ssh_config.
const OF_MACHINE: &str = "/etc/ssh/ssh_config";

/// ssh_config files, parsed once and asked for many hosts.
///
/// An option that is honoured counts as OpenSSH 9.2 counts it; `crates/inventory/tests` compare the two. An unknown criterion of
/// `Match` is an error, because skipping it would apply its options to the wrong hosts. What else changes how a host is
/// reached is a warning.
#[derive(Clone, Debug, Default)]
pub struct SshConfig {
    files: Vec<Arc<File>>,
    /// Whether a `Match final` has the files read a second time.
    second_time: bool,
    warnings: Vec<String>,
}

/// Who is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// The name as it was asked for.
    pub(crate) host: &'a str,
    /// Whether that is an address that nothing in ssh_config changes.
    pub(crate) is_address: bool,
    /// The login name, if something that beats ssh_config says one.
    pub(crate) user: Option<&'a str>,
    /// The port, likewise.
    pub(crate) port: Option<u16>,
}

impl SshConfig {
    /// Reads these files (`-F`), in this order; the first value of an option wins. A missing file is an error.
    ///
    /// `home` stands for `~`; a relative `Include` is looked up in `~/.ssh`.
    pub fn load(files: &[PathBuf], home: &Path) -> Result<Self, InventoryError> {
        let mut parser = Parser::new(home);
        let files = files.iter().map(|file| parser.of_user(file)).collect::<Result<_, _>>()?;
        Ok(Self::parsed(files, parser))
    }

    /// Reads `~/.ssh/config` and then `/etc/ssh/ssh_config`, each if it is there.
    pub fn of_user(home: &Path) -> Result<Self, InventoryError> {
        let mut parser = Parser::new(home);
        let own = home.join(".ssh/config");
        let mut files = Vec::new();
        if own.exists() {
            files.push(parser.of_user(&own)?);
        }
        let machine = Path::new(OF_MACHINE);
        if machine.exists() {
            files.push(parser.of_machine(machine)?);
        }
        Ok(Self::parsed(files, parser))
    }

    fn parsed(files: Vec<Arc<File>>, parser: Parser<'_>) -> Self {
        let second_time = parser.second_time();
        Self { files, second_time, warnings: parser.into_warnings() }
    }

    /// What was read and is not honoured, `file:line: …`, once for each keyword.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What the files say about a host.
    pub(crate) fn ask(&self, question: Question<'_>, reach: &Reach) -> Result<Options, InventoryError> {
        let mut evaluation = Evaluation::new(question, reach);
        for file in &self.files {
            evaluation.walk(file)?;
        }
        if self.second_time || evaluation.options.second_time.as_ref().is_some_and(|it| it.value) {
            evaluation.start_over();
            for file in &self.files {
                evaluation.walk(file)?;
            }
        }
        Ok(evaluation.options)
    }
}
