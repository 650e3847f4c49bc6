use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::host_key::HostKey;
use crate::kex::{Greetings, agree, server_init};
use crate::packets::Packets;
use crate::session::Session;
use crate::wire::{
    CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_REQUEST, DEBUG, EXT_INFO, Fields, IGNORE, KEXINIT, Message,
    NEWKEYS, SERVICE_ACCEPT, SERVICE_REQUEST, UNIMPLEMENTED, USERAUTH_PK_OK, USERAUTH_REQUEST, USERAUTH_SUCCESS,
};

/// What a client may send before it hears that it was taken, and in one packet, unless a script says otherwise.
const WINDOW: u32 = 2 * 1024 * 1024;
const PACKET: u32 = 32 * 1024;

/// What a host calls itself.
const ID: &[u8] = b"SSH-2.0-hostile";

/// The other end of a client's connection, as a script sees it.
///
/// A script takes the client as far as it likes with [`greet`](Self::greet), [`agree`](Self::agree),
/// [`let_in`](Self::let_in) and [`session`](Self::session), and sends what it wants in between.
pub struct Peer {
    packets: Packets,
    key: Arc<HostKey>,
    client_id: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream, key: Arc<HostKey>) -> Self {
        Self { packets: Packets::new(stream), key, client_id: Vec::new() }
    }

    /// Exchanges first lines.
    pub async fn greet(&mut self) -> io::Result<()> {
        self.send_raw(&[ID, b"\r\n"].concat()).await?;
        self.client_id = self.packets.receive_line().await?;
        Ok(())
    }

    /// Agrees on keys: from here on all is encrypted.
    pub async fn agree(&mut self) -> io::Result<()> {
        self.agree_with(&[], &[]).await
    }

    /// Does the same, and slips packets in: some before the answer that agrees on keys, some before the keys are used.
    pub async fn agree_with(&mut self, before_reply: &[Vec<u8>], before_keys: &[Vec<u8>]) -> io::Result<()> {
        let ours = server_init();
        self.send(&ours).await?;
        let theirs = self.packets.receive().await?;
        if theirs.first() != Some(&KEXINIT) {
            return Err(io::Error::other("the client does not begin the key exchange"));
        }
        let init = self.packets.receive().await?;
        let greetings =
            Greetings { client_id: &self.client_id, server_id: ID, client_init: &theirs, server_init: &ours };
        let agreed = agree(&self.key, &greetings, &init)?;
        for payload in before_reply {
            self.send(payload).await?;
        }
        self.send(&agreed.reply).await?;
        for payload in before_keys {
            self.send(payload).await?;
        }
        self.send(&[NEWKEYS]).await?;
        self.packets.encrypt_from_here(agreed.to_client);
        if self.packets.receive().await? != [NEWKEYS] {
            return Err(io::Error::other("the client does not take its keys"));
        }
        self.packets.decrypt_from_here(agreed.from_client);
        Ok(())
    }

    /// Begins the login: everything up to what the client offers first.
    pub async fn begin_login(&mut self) -> io::Result<Vec<u8>> {
        self.expect(SERVICE_REQUEST).await?;
        self.send(&Message::new(SERVICE_ACCEPT).string("ssh-userauth").done()).await?;
        self.expect(USERAUTH_REQUEST).await
    }

    /// Lets the client in with the first key that it offers.
    pub async fn let_in(&mut self) -> io::Result<()> {
        let offer = self.begin_login().await?;
        self.accept(&offer).await
    }

    /// Lets the client in with what it offers.
    pub async fn accept(&mut self, offer: &[u8]) -> io::Result<()> {
        let mut fields = Fields::of(offer);
        fields.byte()?;
        let (_user, _service, method) = (fields.string()?, fields.string()?, fields.string()?);
        if method == b"publickey" && fields.byte()? == 0 {
            let (algorithm, blob) = (fields.string()?, fields.string()?);
            self.send(&Message::new(USERAUTH_PK_OK).string(algorithm).string(blob).done()).await?;
            self.expect(USERAUTH_REQUEST).await?;
        }
        self.send(&[USERAUTH_SUCCESS]).await
    }

    /// Does all that comes before the first channel.
    pub async fn arrive(&mut self) -> io::Result<()> {
        self.greet().await?;
        self.agree().await?;
        self.let_in().await
    }

    /// Opens the session channel that the client asks for, and waits for what it is to do. That is accepted.
    pub async fn session(&mut self) -> io::Result<Session> {
        let session = self.open_session().await?;
        self.started(session).await
    }

    /// Opens the session channel that the client asks for.
    pub async fn open_session(&mut self) -> io::Result<Session> {
        self.open_session_with(WINDOW, PACKET).await
    }

    /// Does the same, and has the client believe that it may send so much, in packets of at most that size.
    pub async fn open_session_with(&mut self, window: u32, packet: u32) -> io::Result<Session> {
        let open = self.expect(CHANNEL_OPEN).await?;
        self.opened_with(&open, window, packet).await
    }

    /// Opens the channel that the client has asked for by this message.
    pub async fn opened(&mut self, open: &[u8]) -> io::Result<Session> {
        self.opened_with(open, WINDOW, PACKET).await
    }

    async fn opened_with(&mut self, open: &[u8], window: u32, packet: u32) -> io::Result<Session> {
        let mut fields = Fields::of(open);
        fields.byte()?;
        fields.string()?;
        let session = Session { theirs: fields.number()?, ours: 0, request: Vec::new() };
        let opened = Message::new(CHANNEL_OPEN_CONFIRMATION).number(session.theirs).number(session.ours);
        self.send(&opened.number(window).number(packet).done()).await?;
        Ok(session)
    }

    /// Waits for what a channel is to do, and accepts it.
    pub async fn started(&mut self, session: Session) -> io::Result<Session> {
        let session = self.requested(session).await?;
        self.send(&session.success()).await?;
        Ok(session)
    }

    /// Waits for what a channel is to do, and leaves the client without an answer.
    pub async fn requested(&mut self, session: Session) -> io::Result<Session> {
        let request = self.expect(CHANNEL_REQUEST).await?;
        let mut fields = Fields::of(&request);
        fields.byte()?;
        fields.number()?;
        let _kind = fields.string()?;
        fields.byte()?;
        Ok(Session { request: fields.string()?.to_vec(), ..session })
    }

    /// Sends a message.
    pub async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        self.packets.send(payload).await
    }

    /// Sends several messages.
    pub async fn send_all(&mut self, payloads: &[Vec<u8>]) -> io::Result<()> {
        for payload in payloads {
            self.send(payload).await?;
        }
        Ok(())
    }

    /// Sends a message again and again, until the client goes.
    pub async fn send_for_ever(&mut self, payload: &[u8]) -> io::Result<()> {
        loop {
            self.send(payload).await?;
        }
    }

    /// Sends bytes as they are, outside of all packets.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.packets.send_raw(bytes).await
    }

    /// How many bytes were sent so far.
    pub fn sent(&self) -> u64 {
        self.packets.sent()
    }

    /// Waits for the client's next message.
    pub async fn receive(&mut self) -> io::Result<Vec<u8>> {
        self.packets.receive().await
    }

    /// Waits for a message of a kind, and passes over all others.
    pub async fn expect(&mut self, kind: u8) -> io::Result<Vec<u8>> {
        loop {
            let payload = self.receive().await?;
            match payload.first() {
                Some(&found) if found == kind => return Ok(payload),
                Some(&(IGNORE | DEBUG | EXT_INFO | UNIMPLEMENTED)) => {}
                Some(_) => tokio::task::yield_now().await,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// Says nothing more, and takes whatever comes until the client goes.
    pub async fn hold(&mut self) {
        self.packets.drain().await;
    }
}
