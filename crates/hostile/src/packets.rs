use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::cipher::Cipher;

/// The longest packet that a client may send here.
const LONGEST: usize = 1024 * 1024;

/// SSH's binary packets (RFC 4253 §6), in the clear until there are keys.
///
/// Padding is zeros and as short as it may be, so that two sessions that say the same have the same length.
pub(crate) struct Packets {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    seal: Option<Cipher>,
    open: Option<Cipher>,
    sent: u64,
}

impl Packets {
    pub(crate) fn new(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(reader), writer, seal: None, open: None, sent: 0 }
    }

    /// How many bytes were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    pub(crate) fn encrypt_from_here(&mut self, seal: Cipher) {
        self.seal = Some(seal);
    }

    pub(crate) fn decrypt_from_here(&mut self, open: Cipher) {
        self.open = Some(open);
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await?;
        self.sent += bytes.len() as u64;
        Ok(())
    }

    pub(crate) async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        // The length counts to the block in the clear only.
        let (block, counted) = if self.seal.is_some() { (16, 1) } else { (8, 5) };
        let mut padding = block - (counted + payload.len()) % block;
        if padding < 4 {
            padding += block;
        }
        let mut inner = Vec::with_capacity(1 + payload.len() + padding);
        inner.push(u8::try_from(padding).expect("short padding"));
        inner.extend_from_slice(payload);
        inner.resize(inner.len() + padding, 0);
        let packet = match &mut self.seal {
            Some(seal) => seal.seal(inner),
            None => [&u32::try_from(inner.len()).expect("a short packet").to_be_bytes()[..], &inner].concat(),
        };
        self.send_raw(&packet).await
    }

    pub(crate) async fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.reader.read_exact(&mut length).await?;
        let rest = if self.open.is_some() { Cipher::rest(length) } else { u32::from_be_bytes(length) as usize };
        if rest > LONGEST {
            return Err(io::Error::other("a packet of the client is too long"));
        }
        let mut packet = vec![0; rest];
        self.reader.read_exact(&mut packet).await?;
        if let Some(open) = &mut self.open {
            packet = open.open(length, packet)?;
        }
        let padding = usize::from(*packet.first().ok_or(io::ErrorKind::UnexpectedEof)?);
        let end = packet.len().checked_sub(padding).filter(|end| *end >= 1).ok_or(io::ErrorKind::InvalidData)?;
        Ok(packet[1..end].to_vec())
    }

    /// Receives a line.
    pub(crate) async fn receive_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            match self.reader.read_u8().await? {
                b'\n' => return Ok(line),
                b'\r' => {}
                byte if line.len() < 255 => line.push(byte),
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    /// Takes whatever comes until the client goes.
    pub(crate) async fn drain(&mut self) {
        let mut ignored = vec![0; 16 * 1024];
        while self.reader.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
    }
}
