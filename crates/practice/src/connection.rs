use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Pty, Sig};
use rustix::process::Signal;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use crate::Fault;
use crate::exec::Exec;
use crate::host_state::{HostState, USER};
use crate::session_channel::SessionChannel;
use crate::wire::Cutter;
use crate::{forward, sftp, signal};

/// The most session channels of a connection: the default of sshd's `MaxSessions`.
const MAX_SESSIONS: usize = 10;

/// The most environment variables that a client may set on a channel, as with sshd.
const MAX_VARIABLES: usize = 128;

/// One client's connection: decides what it may do and starts what it asks for.
pub(crate) struct Connection {
    host: Arc<HostState>,
    peer: SocketAddr,
    cutter: Cutter,
    logged_in: Arc<Notify>,
    sessions: Arc<Semaphore>,
    channels: HashMap<ChannelId, ChannelState>,
}

/// What a channel of the connection does.
enum ChannelState {
    /// It is open and was not yet asked to do something.
    Open { channel: Channel<Msg>, environment: Vec<(String, String)>, permit: OwnedSemaphorePermit },
    /// Something is at work that takes signals, and that notices by the end of this sender that the channel is gone.
    Busy(mpsc::Sender<Signal>),
}

impl Connection {
    pub(crate) fn new(host: Arc<HostState>, peer: SocketAddr, cutter: Cutter, logged_in: Arc<Notify>) -> Self {
        Self {
            host,
            peer,
            cutter,
            logged_in,
            sessions: Arc::new(Semaphore::new(MAX_SESSIONS)),
            channels: HashMap::new(),
        }
    }

    fn judge(&self, user: &str, key: &russh::keys::PublicKey) -> Auth {
        let known = user == USER && key.key_data() == self.host.fleet.login_key.key_data();
        if known && self.host.fault() != Some(Fault::DenyLogin) { Auth::Accept } else { Auth::reject() }
    }

    /// Forgets channels that were closed from here; the library tells only of those that the client closed first.
    fn forget_ended(&mut self) {
        self.channels.retain(|_, state| !matches!(state, ChannelState::Busy(signals) if signals.is_closed()));
    }

    /// Makes an open channel a busy one. `None`: there is no such channel, or it is busy already.
    fn engage(&mut self, id: ChannelId, session: &Session) -> Option<(SessionChannel, Vec<(String, String)>)> {
        let (channel, environment, permit) = match self.channels.remove(&id)? {
            ChannelState::Open { channel, environment, permit } => (channel, environment, permit),
            busy @ ChannelState::Busy(_) => {
                self.channels.insert(id, busy);
                return None;
            }
        };
        let (signals, leash) = mpsc::channel(16);
        self.channels.insert(id, ChannelState::Busy(signals));
        let channel =
            SessionChannel::new(channel, session.handle(), self.cutter.clone(), leash, self.host.fault(), permit);
        Some((channel, environment))
    }

    /// Starts a command, or a shell that reads its commands from stdin.
    fn exec(&mut self, id: ChannelId, command: Option<&[u8]>, session: &mut Session) -> Result<(), russh::Error> {
        let Some((channel, environment)) = self.engage(id, session) else {
            return session.channel_failure(id);
        };
        let text = String::from_utf8_lossy(command.unwrap_or_default()).into_owned();
        self.host.record_command(text);
        session.channel_success(id)?;
        let exec =
            Exec { host: Arc::clone(&self.host), peer: self.peer, command: command.map(<[u8]>::to_vec), environment };
        self.host.fleet.tasks.spawn(exec.run(channel));
        Ok(())
    }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, offer.public_key))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, key.public_key))
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Self::Error> {
        self.logged_in.notify_one();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.forget_ended();
        let id = channel.id();
        match Arc::clone(&self.sessions).try_acquire_owned() {
            Ok(permit) => {
                let state = ChannelState::Open { channel, environment: Vec::new(), permit };
                self.channels.insert(id, state);
                reply.accept().await;
            }
            Err(_) => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        }
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host_to_connect: &str,
        port_to_connect: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.forget_ended();
        let (signals, leash) = mpsc::channel(1);
        self.channels.insert(channel.id(), ChannelState::Busy(signals));
        let target = forward::target(host_to_connect, port_to_connect).filter(|_| !self.host.fleet.played);
        self.host.fleet.tasks.spawn(forward::run(channel, target, reply, leash));
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&id);
        Ok(())
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        // What the system would not take as a variable.
        let possible = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        match self.channels.get_mut(&id) {
            Some(ChannelState::Open { environment, .. }) if possible && environment.len() < MAX_VARIABLES => {
                environment.push((name.to_owned(), value.to_owned()));
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        self.exec(id, Some(command), session)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.exec(id, None, session)
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        if name != "sftp" || self.host.fleet.played {
            return session.channel_failure(id);
        }
        let Some((channel, _)) = self.engage(id, session) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        self.host.fleet.tasks.spawn(sftp::run(Arc::clone(&self.host), channel));
        Ok(())
    }

    async fn signal(&mut self, id: ChannelId, name: Sig, _: &mut Session) -> Result<(), Self::Error> {
        if let (Some(ChannelState::Busy(signals)), Some(signal)) = (self.channels.get(&id), signal::received(&name))
            && signals.try_send(signal).is_err()
        {
            tracing::debug!(host = self.host.name, "signal came too late or too fast");
        }
        Ok(())
    }

    // A terminal needs a controlling process, which cannot be made without unsafe code. OpenSSH's client goes on without.
    async fn pty_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }
}
