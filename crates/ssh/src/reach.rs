use std::sync::Arc;

use runsheet_model::{Hop, Mask, Phase, Secret, Unreachable};
use runsheet_task::SignsOfLife;
use russh::client::Msg;
use russh::{ChannelOpenFailure, ChannelStream};
use tokio::time::Instant;

use crate::breaker::{Breaker, Tried};
use crate::credentials::{Credentials, Keyring};
use crate::dial::dial;
use crate::handshake::handshake;
use crate::host_key::{Accepted, HostKeyCheck};
use crate::known_hosts::{KnownHosts, LookupName};
use crate::link::Link;
use crate::login::login;
use crate::proxy_command::ProxyCommand;
use crate::resolver::Resolver;
use crate::server_text::server_text;
use crate::settings::{Deadlines, SshSettings};
use crate::socket::{Progress, Transport};
use crate::turned_away::Refusals;
use crate::unreachable::{Budget, for_good, for_now, with_hint};

/// What all connections of a run share.
pub(crate) struct Reach {
    pub(crate) settings: SshSettings,
    known_hosts: Arc<KnownHosts>,
    keyring: Keyring,
    breaker: Breaker,
    refusals: Refusals,
    resolver: Resolver,
    mask: Mask,
}

/// A hop that was reached and logged in on.
pub(crate) struct Reached {
    pub(crate) link: Arc<Link>,
    /// The address that answered, with its port; as it was asked for where a jump host looked it up.
    pub(crate) address: String,
    pub(crate) accepted: Accepted,
}

impl Reach {
    /// Makes what has reached nobody yet. What hosts say passes through the mask.
    pub(crate) fn new(settings: SshSettings, mask: Mask) -> Self {
        let deadlines = &settings.deadlines;
        Self {
            known_hosts: Arc::new(KnownHosts::new(deadlines.local)),
            keyring: Keyring::new(deadlines),
            breaker: Breaker::default(),
            refusals: Refusals::default(),
            resolver: Resolver::new(),
            settings,
            mask,
        }
    }

    /// What there is to log in with.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// What hosts have said to the password that sudo is told.
    pub(crate) fn tried_sudo_password(&self, user: &str) -> Arc<Tried> {
        self.breaker.tried_sudo_password(user)
    }

    /// What is on record, and whose keys are not.
    pub(crate) fn known_hosts(&self) -> &KnownHosts {
        &self.known_hosts
    }

    /// Reaches one hop, through a jump host if there is one, and logs in. What this machine lacks is found before the
    /// host hears of us.
    pub(crate) async fn reach(
        &self,
        hop: &Hop,
        via: Option<Arc<Link>>,
        password: Option<Arc<Secret<String>>>,
        budget: Budget,
        signs: &SignsOfLife,
    ) -> Result<Reached, Unreachable> {
        let credentials = Credentials::gather(hop, &self.keyring, password).await?;
        let tried = self.breaker.tried(hop, &credentials);
        tried.check()?;
        let host_key =
            HostKeyCheck::prepare(Arc::clone(&self.known_hosts), Arc::clone(&hop.host_keys), LookupName::of(hop))
                .await?;
        let progress = Progress::new(signs.clone());
        match (via, &hop.proxy_command) {
            (None, Some(command)) => {
                let (connection, fate) = ProxyCommand::start(command)?;
                let transport = Transport::Command(Box::new(connection));
                let arrival = self.arrive(hop, transport, None, &progress, host_key, &credentials, &tried, budget);
                match arrival.await {
                    Ok((link, accepted)) => {
                        Ok(Reached { link, address: format!("{}:{}", hop.address, hop.port), accepted })
                    }
                    Err(failure) if failure.phase == Phase::Handshake => Err(fate.explain(failure).await),
                    Err(failure) => Err(failure),
                }
            }
            (None, None) => {
                let (stream, address) = dial(hop, &self.resolver, &self.settings.deadlines, budget).await?;
                let transport = Transport::Tcp(stream);
                let arrival = self.arrive(hop, transport, None, &progress, host_key, &credentials, &tried, budget);
                let (link, accepted) = arrival.await?;
                Ok(Reached { link, address: address.to_string(), accepted })
            }
            (Some(jump), _) => {
                let stream = tunnel(&jump, hop, &self.settings.deadlines, budget).await?;
                let transport = Transport::Channel(Box::new(stream));
                let arrival =
                    self.arrive(hop, transport, Some(jump), &progress, host_key, &credentials, &tried, budget);
                let (link, accepted) = arrival.await?;
                Ok(Reached { link, address: format!("{}:{}", hop.address, hop.port), accepted })
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what was gathered for one arrival, each of its own kind")]
    async fn arrive(
        &self,
        hop: &Hop,
        transport: Transport,
        via: Option<Arc<Link>>,
        progress: &Arc<Progress>,
        host_key: HostKeyCheck,
        credentials: &Credentials,
        tried: &Arc<Tried>,
        budget: Budget,
    ) -> Result<(Arc<Link>, Accepted), Unreachable> {
        let deadlines = &self.settings.deadlines;
        let started = handshake(transport, progress, host_key, &hop.options, &self.settings, &self.mask, budget).await;
        let mut session = started.map_err(|failure| self.refusals.explain(hop, failure))?;
        let cut_if_given_up = session.cut.clone().drop_guard();
        let waiting = Instant::now();
        let turn = tried.turn().await?;
        // How many others log in with the same keys is not this host's doing.
        let budget = budget.later_by(waiting.elapsed());
        let password = credentials.password.as_ref().map(|_| self.breaker.tried_password(hop));
        let answer = login(&mut session.handle, &session.state, hop, credentials, password, deadlines, budget).await;
        match &answer {
            Ok(()) => turn.let_in(),
            // One that did not answer, or is gone, said nothing about the keys.
            Err(failure) if failure.transient => {}
            Err(_) => {
                self.refusals.note(hop);
                turn.refused(&hop.address);
            }
        }
        answer?;
        cut_if_given_up.disarm();
        let link = Link::new(session.handle, session.state, session.cut, hop, via);
        Ok((link, session.accepted))
    }
}

/// Has a jump host connect to a host.
async fn tunnel(
    jump: &Arc<Link>,
    hop: &Hop,
    deadlines: &Deadlines,
    budget: Budget,
) -> Result<ChannelStream<Msg>, Unreachable> {
    let opening = tokio::spawn({
        // A task of its own goes on when nobody waits for it any more, and then drops, which closes, what it opened.
        let jump = Arc::clone(jump);
        let (address, port) = (hop.address.clone(), hop.port);
        async move { jump.open_tcp(&address, port).await.map(russh::Channel::into_stream) }
    });
    let limit = deadlines.name + deadlines.tcp;
    let what = "the jump host did not reach it";
    let opened = budget.wait(Phase::Tcp, limit, what, opening).await?;
    let opened = opened.map_err(|panic| for_good(Phase::Tcp, panic.to_string()))?;
    opened.map_err(|error| match error {
        russh::Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed) => {
            for_now(Phase::Tcp, "the jump host cannot connect to it")
        }
        russh::Error::ChannelOpenFailure(ChannelOpenFailure::ResourceShortage) => {
            // Not `MaxSessions`: sshd counts sessions only, and not what goes through it (sshd_config(5)).
            for_now(Phase::Tcp, "the jump host has no room for another connection through it")
        }
        russh::Error::ChannelOpenFailure(_) => with_hint(
            for_good(Phase::Tcp, "the jump host forbids connections through it"),
            "let it have `AllowTcpForwarding yes`, and a `PermitOpen` that names this host if it has one, in its sshd_config",
        ),
        russh::Error::SendError | russh::Error::Disconnect | russh::Error::RecvError => {
            for_now(Phase::Tcp, "the jump host is gone")
        }
        other => for_now(Phase::Tcp, server_text(&other.to_string())),
    })
}
