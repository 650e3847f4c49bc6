use std::borrow::Cow;

use runsheet_diagnostics::Place;

use super::block::{Block, Condition, Criterion, File, Item, Test, any_matches};
use super::config::Question;
use super::setting::Setting;
use super::tokens::{Tokens, host_name};
use super::{Options, SshMistake};
use crate::InventoryError;
use crate::reach::Reach;

/// One host's way through the files. What was found above a line counts for the conditions below it.
pub(crate) struct Evaluation<'a> {
    question: Question<'a>,
    reach: &'a Reach,
    /// The name that `Host` looks at: the one that was asked for, the second time the one that the first time gave.
    host: Cow<'a, str>,
    /// The name that was asked for, in lower case.
    original_lower: String,
    second_time: bool,
    pub(crate) options: Options,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(question: Question<'a>, reach: &'a Reach) -> Self {
        Self {
            question,
            reach,
            host: question.host.into(),
            original_lower: question.host.to_ascii_lowercase(),
            second_time: false,
            options: Options::default(),
        }
    }

    /// Has the files read again, under the name that was found (`Match final` in ssh_config(5)). Nothing found is lost.
    pub(crate) fn start_over(&mut self) {
        self.host = spelled(self.name()).into();
        self.second_time = true;
    }

    /// Walks through one file and what it includes.
    pub(crate) fn walk(&mut self, file: &File) -> Result<(), InventoryError> {
        for block in &file.blocks {
            if self.holds(block)? {
                for item in &block.items {
                    match item {
                        Item::Set(place, setting) => self.set(place, setting),
                        Item::Include(files) => files.iter().try_for_each(|file| self.walk(file))?,
                    }
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, place: &Place, setting: &Setting) {
        match setting {
            Setting::HostName(_) if self.question.is_address || self.second_time => {}
            Setting::HostName(name) => {
                // The parser has checked its tokens.
                let name = host_name(name, self.question.host).unwrap_or_else(|_| self.question.host.to_owned());
                self.options.take(place, &Setting::HostName(name));
            }
            other => self.options.take(place, other),
        }
    }

    fn holds(&self, block: &Block) -> Result<bool, InventoryError> {
        match &block.condition {
            Condition::Always => Ok(true),
            Condition::Host(patterns) => Ok(any_matches(patterns, &self.host)),
            Condition::Match(criteria) => {
                for criterion in criteria {
                    if !self.meets(criterion, &block.place)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    fn meets(&self, criterion: &Criterion, place: &Place) -> Result<bool, InventoryError> {
        let lower = |patterns, host: &str| any_matches(patterns, &host.to_ascii_lowercase());
        let found = match &criterion.test {
            Test::All => true,
            Test::SecondTime => self.second_time,
            Test::Host(patterns) => lower(patterns, self.name()),
            Test::OriginalHost(patterns) => any_matches(patterns, &self.original_lower),
            Test::User(patterns) => any_matches(patterns, self.user()),
            Test::LocalUser(patterns) => any_matches(patterns, &self.reach.local_user),
            Test::Exec(command) => {
                self.exec(command).map_err(|mistake| InventoryError::SshConfig { place: place.clone(), mistake })?
            }
        };
        Ok(found != criterion.negated)
    }

    fn exec(&self, command: &str) -> Result<bool, SshMistake> {
        let Some(shell) = &self.reach.match_exec else {
            return Err(SshMistake::ExecNotAllowed);
        };
        let name = self.name();
        let tokens = Tokens {
            address: name,
            original: self.question.host,
            alias: self.options.host_key_alias.as_ref().map_or(name, |alias| &alias.value),
            port: self.question.port.or(self.options.port.as_ref().map(|port| port.value)).unwrap_or(crate::SSH_PORT),
            user: self.user(),
            reach: self.reach,
        };
        let command = tokens.match_exec(command)?;
        shell.holds(&command).map_err(|reason| SshMistake::ExecFailed { command, reason })
    }

    /// The name so far.
    fn name(&self) -> &str {
        match &self.options.host_name {
            _ if self.second_time => &self.host,
            Some(name) => &name.value,
            None => self.question.host,
        }
    }

    fn user(&self) -> &str {
        let said = self.options.user.as_ref().map(|user| user.value.as_str());
        self.question.user.or(said).unwrap_or(&self.reach.local_user)
    }
}

/// A name as it is looked up: in lower case; an address in its usual form, as OpenSSH spells it.
pub(crate) fn spelled(name: &str) -> String {
    match name.parse::<std::net::IpAddr>().map(|address| address.to_string()) {
        Ok(usual) if usual.eq_ignore_ascii_case(name) => name.to_owned(),
        Ok(usual) => usual,
        Err(_) => name.to_ascii_lowercase(),
    }
}
