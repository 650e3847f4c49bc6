use std::fmt::Display;

use runsheet_diagnostics::Placed;
use runsheet_model::{AddressFamily, AgentForwarding, CIPHERS, HOST_KEYS, HostKeyMode, HostName, KEY_EXCHANGES, MACS};

use crate::error::InventoryError;
use crate::hop::Found;
use crate::inventory::Inventory;
use crate::reach::Reach;
use crate::resolve::Resolved;
use crate::source::{Said, Source};
use crate::ssh_config::kept_patterns;

/// How a host is reached, setting by setting, and what decided each.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The jump hosts on the way, the one nearest to us first.
    pub jumps: Vec<ExplainedHop>,
    /// The host itself.
    pub target: ExplainedHop,
}

/// One server on the way.
#[derive(Clone, Debug)]
pub struct ExplainedHop {
    /// What people call it.
    pub name: String,
    /// Its settings; a keyword that adds up stands there once for each value.
    pub settings: Vec<ExplainedSetting>,
}

/// A setting.
#[derive(Clone, Debug)]
pub struct ExplainedSetting {
    /// As in ssh_config(5).
    pub keyword: &'static str,
    /// As in ssh_config(5); what applies, which is not always what stands in a file.
    pub value: String,
    /// What decided it.
    pub source: Source,
}

impl Inventory {
    /// Says how a host is reached, as [`Inventory::resolve`] does, and what decided it.
    pub fn explain(&self, host: &HostName, reach: &Reach) -> Result<Explained, InventoryError> {
        let Resolved { target, jumps, connect_timeout } = self.resolved(host, reach)?;
        let mut target = explain(&target, reach, true);
        target.add("ConnectTimeout", connect_timeout.value.as_secs(), connect_timeout.source);
        Ok(Explained { jumps: jumps.iter().map(|jump| explain(jump, reach, false)).collect(), target })
    }
}

impl ExplainedHop {
    fn add(&mut self, keyword: &'static str, value: impl Display, source: Source) {
        self.settings.push(ExplainedSetting { keyword, value: value.to_string(), source });
    }
}

/// Flags hold for the host itself and not for its jump hosts.
fn explain(found: &Found, reach: &Reach, is_target: bool) -> ExplainedHop {
    let Found { hop, wanted, options, .. } = found;
    let mut told = ExplainedHop { name: found.name.clone(), settings: Vec::new() };
    let list = |chosen: &Option<Vec<&'static str>>, all: &[&str]| {
        chosen.as_deref().map_or_else(|| all.join(","), |chosen| chosen.join(","))
    };
    let files = |files: &[std::path::PathBuf]| {
        let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(" ") }
    };

    let in_config = source(options.host_name.as_ref());
    told.add("HostName", &hop.address, wanted.address.as_ref().map_or(in_config, |said| said.source.clone()));
    told.add("User", &hop.user, first(wanted.user.as_ref(), options.user.as_ref()));
    told.add("Port", hop.port, first(wanted.port.as_ref(), options.port.as_ref()));
    if !found.jump.value.0.is_empty() {
        let chain: Vec<_> = found.jump.value.0.iter().map(ToString::to_string).collect();
        told.add("ProxyJump", chain.join(","), found.jump.source.clone());
    }
    if let Some(command) = &hop.proxy_command {
        told.add("ProxyCommand", command, source(options.proxy_command.as_ref()));
    }
    let named = options.identity_files.iter().filter(|file| !file.value.eq_ignore_ascii_case("none"));
    let mut named = named.map(|file| Source::File(file.place.clone()));
    for file in hop.identities.iter() {
        let source = wanted
            .identities
            .as_ref()
            .map_or_else(|| named.next().unwrap_or(Source::Default), |said| said.source.clone());
        told.add("IdentityFile", file.display(), source);
    }
    let certificates = options.certificate_files.iter().filter(|file| !file.value.eq_ignore_ascii_case("none"));
    for (file, said) in hop.certificates.iter().zip(certificates) {
        told.add("CertificateFile", file.display(), Source::File(said.place.clone()));
    }
    told.add("IdentitiesOnly", yes_no(hop.identities_only), source(options.identities_only.as_ref()));
    let agent = hop.agent.as_ref().map_or_else(|| "none".to_owned(), |agent| agent.display().to_string());
    told.add("IdentityAgent", agent, source(options.identity_agent.as_ref()));
    told.add("StrictHostKeyChecking", mode(hop.host_keys.mode), mode_source(found, reach));
    told.add("UserKnownHostsFile", files(&hop.host_keys.user_files), source(options.user_known_hosts.as_ref()));
    told.add("GlobalKnownHostsFile", files(&hop.host_keys.global_files), source(options.global_known_hosts.as_ref()));
    if let Some(alias) = &hop.host_key_alias {
        told.add("HostKeyAlias", alias, source(options.host_key_alias.as_ref()));
    }

    let ssh = &hop.options;
    told.add("AddressFamily", family(ssh.address_family), source(options.address_family.as_ref()));
    if let Some(address) = &ssh.bind_address {
        told.add("BindAddress", address, source(options.bind_address.as_ref()));
    }
    told.add("ConnectionAttempts", ssh.attempts, source(options.attempts.as_ref()));
    let interval = ssh.alive_interval.map_or(ALIVE_INTERVAL, |interval| interval.as_secs());
    let said = options.alive_interval.as_ref().filter(|_| ssh.alive_interval.is_some());
    told.add("ServerAliveInterval", interval, source(said));
    let said = options.alive_count.as_ref().filter(|_| ssh.alive_count.is_some());
    told.add("ServerAliveCountMax", ssh.alive_count.unwrap_or(ALIVE_COUNT), source(said));
    let algorithms = &ssh.algorithms;
    told.add("KexAlgorithms", list(&algorithms.key_exchanges, &KEY_EXCHANGES), source(options.key_exchanges.as_ref()));
    told.add(
        "HostKeyAlgorithms",
        list(&algorithms.host_keys, &HOST_KEYS),
        source(options.host_key_algorithms.as_ref()),
    );
    told.add("Ciphers", list(&algorithms.ciphers, &CIPHERS), source(options.ciphers.as_ref()));
    told.add("MACs", list(&algorithms.macs, &MACS), source(options.macs.as_ref()));
    told.add("PasswordAuthentication", yes_no(ssh.password), source(options.password.as_ref()));
    let said = options.keyboard_interactive.as_ref();
    told.add("KbdInteractiveAuthentication", yes_no(ssh.keyboard_interactive), source(said));
    let allowed = ssh.forward_agent == AgentForwarding::Allowed;
    let said = options.forward_agent.as_ref().filter(|said| said.value == allowed);
    told.add("ForwardAgent", yes_no(allowed), source(said));
    if is_target {
        let kept = kept_patterns(options.send_env.iter().map(|pattern| &pattern.value));
        for pattern in kept {
            let said = options.send_env.iter().find(|said| said.value == pattern);
            told.add("SendEnv", pattern, source(said));
        }
        for (name, value) in &ssh.set_env {
            told.add("SetEnv", format!("{name}={value}"), source(options.set_env.as_ref()));
        }
    }
    told
}

/// What stays where ssh_config says nothing; `runsheet-ssh` has them as the default of its `Keepalive`.
const ALIVE_INTERVAL: u64 = 15;
const ALIVE_COUNT: u32 = 3;

fn source<T>(said: Option<&Placed<T>>) -> Source {
    said.map_or(Source::Default, |said| Source::File(said.place.clone()))
}

fn first<T>(wanted: Option<&Said<T>>, option: Option<&Placed<T>>) -> Source {
    wanted.map_or_else(|| source(option), |said| said.source.clone())
}

fn mode_source(found: &Found, reach: &Reach) -> Source {
    match (reach.flags.host_keys, reach.host_keys) {
        (Some(_), _) => Source::Flag("--host-keys"),
        (None, Some(_)) => Source::Project,
        (None, None) => source(found.options.host_keys.as_ref()),
    }
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn mode(mode: HostKeyMode) -> &'static str {
    match mode {
        HostKeyMode::Strict => "yes",
        HostKeyMode::AcceptNew => "accept-new",
    }
}

fn family(family: AddressFamily) -> &'static str {
    match family {
        AddressFamily::Any => "any",
        AddressFamily::Inet => "inet",
        AddressFamily::Inet6 => "inet6",
    }
}
