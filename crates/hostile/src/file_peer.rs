use std::io;

use crate::peer::Peer;
use crate::session::Session;
use crate::wire::{CHANNEL_DATA, CHANNEL_WINDOW_ADJUST, Fields, Message};

const VERSION: u8 = 2;
const STATUS: u8 = 101;
const HANDLE: u8 = 102;
const ATTRIBUTES: u8 = 105;

/// An SFTP server (draft-ietf-secsh-filexfer-02) whose answers a script makes up.
pub struct FilePeer {
    peer: Peer,
    session: Session,
    received: Vec<u8>,
}

/// What a client asks an SFTP server for.
#[derive(Clone, Debug)]
pub struct FileRequest {
    /// The kind of request: 3 open, 4 close, 5 read, 6 write, 8 fstat, 11 opendir, 12 readdir, 17 stat and so on.
    pub kind: u8,
    /// Its number, which the answer repeats.
    pub id: u32,
    /// The rest of it.
    pub rest: Vec<u8>,
}

impl FilePeer {
    /// Waits for SFTP to be asked for on a connection on which somebody has logged in, and starts it. `extensions` is what
    /// is said of its version 3, as it goes over the wire.
    pub async fn start(mut peer: Peer, extensions: &[u8]) -> io::Result<Self> {
        let session = peer.session().await?;
        let mut all = Self { peer, session, received: Vec::new() };
        all.packet().await?;
        all.send(&Message::new(VERSION).number(3).raw(extensions).done()).await?;
        Ok(all)
    }

    /// Waits for the next request.
    pub async fn request(&mut self) -> io::Result<FileRequest> {
        let packet = self.packet().await?;
        let mut fields = Fields::of(&packet);
        Ok(FileRequest {
            kind: fields.byte()?,
            id: fields.number()?,
            rest: packet.get(5..).unwrap_or_default().to_vec(),
        })
    }

    /// Answers a request with a status and what is said about it.
    pub async fn status(&mut self, request: &FileRequest, status: u32, says: &str) -> io::Result<()> {
        self.send(&Message::new(STATUS).number(request.id).number(status).string(says).string("").done()).await
    }

    /// Answers with a handle.
    pub async fn handle(&mut self, request: &FileRequest, handle: &[u8]) -> io::Result<()> {
        self.send(&Message::new(HANDLE).number(request.id).string(handle).done()).await
    }

    /// Answers that it is a file of a size.
    pub async fn is_file(&mut self, request: &FileRequest, size: u64) -> io::Result<()> {
        let attributes = Message::new(ATTRIBUTES).number(request.id).number(1 | 4).long(size).number(0o100_644);
        self.send(&attributes.done()).await
    }

    /// Sends a packet.
    pub async fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        self.send_raw(&Message::empty().string(packet).done()).await
    }

    /// Sends bytes as they are, outside of all packets.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(32 * 1024) {
            self.peer.send(&self.session.out(piece)).await?;
        }
        Ok(())
    }

    /// The connection under it.
    pub fn peer(&mut self) -> &mut Peer {
        &mut self.peer
    }

    async fn packet(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Ok(packet) = Fields::of(&self.received).string() {
                let packet = packet.to_vec();
                self.received.drain(..4 + packet.len());
                return Ok(packet);
            }
            let message = self.peer.receive().await?;
            let mut fields = Fields::of(&message);
            match fields.byte()? {
                CHANNEL_DATA => {
                    fields.number()?;
                    let bytes = fields.string()?;
                    self.received.extend_from_slice(bytes);
                    let room = self.session.room(u32::try_from(bytes.len()).expect("a short packet"));
                    self.peer.send(&room).await?;
                }
                CHANNEL_WINDOW_ADJUST => {}
                _ => tokio::task::yield_now().await,
            }
        }
    }
}
