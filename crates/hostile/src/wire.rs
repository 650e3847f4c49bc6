//! How SSH writes numbers and texts (RFC 4251 §5), and the numbers of its messages.

use std::io;

/// RFC 4253.
pub const DISCONNECT: u8 = 1;
/// RFC 4253.
pub const IGNORE: u8 = 2;
/// RFC 4253.
pub const UNIMPLEMENTED: u8 = 3;
/// RFC 4253.
pub const DEBUG: u8 = 4;
/// RFC 4253.
pub const SERVICE_REQUEST: u8 = 5;
/// RFC 4253.
pub const SERVICE_ACCEPT: u8 = 6;
/// RFC 8308.
pub const EXT_INFO: u8 = 7;
/// RFC 4253.
pub const KEXINIT: u8 = 20;
/// RFC 4253.
pub const NEWKEYS: u8 = 21;
/// RFC 5656.
pub const KEX_ECDH_INIT: u8 = 30;
/// RFC 5656.
pub const KEX_ECDH_REPLY: u8 = 31;
/// RFC 4252.
pub const USERAUTH_REQUEST: u8 = 50;
/// RFC 4252.
pub const USERAUTH_FAILURE: u8 = 51;
/// RFC 4252.
pub const USERAUTH_SUCCESS: u8 = 52;
/// RFC 4252.
pub const USERAUTH_BANNER: u8 = 53;
/// RFC 4252, for the method `publickey`. In `keyboard-interactive` (RFC 4256) it asks questions.
pub const USERAUTH_PK_OK: u8 = 60;
/// RFC 4256: the answers to its questions.
pub const USERAUTH_INFO_RESPONSE: u8 = 61;
/// RFC 4254.
pub const GLOBAL_REQUEST: u8 = 80;
/// RFC 4254.
pub const REQUEST_FAILURE: u8 = 82;
/// RFC 4254.
pub const CHANNEL_OPEN: u8 = 90;
/// RFC 4254.
pub const CHANNEL_OPEN_CONFIRMATION: u8 = 91;
/// RFC 4254.
pub const CHANNEL_OPEN_FAILURE: u8 = 92;
/// RFC 4254.
pub const CHANNEL_WINDOW_ADJUST: u8 = 93;
/// RFC 4254.
pub const CHANNEL_DATA: u8 = 94;
/// RFC 4254.
pub const CHANNEL_EXTENDED_DATA: u8 = 95;
/// RFC 4254.
pub const CHANNEL_EOF: u8 = 96;
/// RFC 4254.
pub const CHANNEL_CLOSE: u8 = 97;
/// RFC 4254.
pub const CHANNEL_REQUEST: u8 = 98;
/// RFC 4254.
pub const CHANNEL_SUCCESS: u8 = 99;
/// RFC 4254.
pub const CHANNEL_FAILURE: u8 = 100;

/// Builds a message field by field.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    /// Starts one of a kind.
    pub fn new(kind: u8) -> Self {
        Self(vec![kind])
    }

    /// Starts one without a kind.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds one byte.
    pub fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// Adds a number of 32 bits.
    pub fn number(mut self, number: u32) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Adds a number of 64 bits.
    pub fn long(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Adds bytes with their length before them.
    ///
    /// # Panics
    ///
    /// Where there are 4 GiB of them.
    pub fn string(self, bytes: impl AsRef<[u8]>) -> Self {
        let length = u32::try_from(bytes.as_ref().len()).expect("shorter than 4 GiB");
        self.number(length).raw(bytes)
    }

    /// Adds bytes as they are.
    pub fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    /// Returns it.
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

/// Reads a message field by field.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Reads from the first byte on.
    pub fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// Takes one byte.
    pub fn byte(&mut self) -> io::Result<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// Takes a number of 32 bits.
    pub fn number(&mut self) -> io::Result<u32> {
        self.take().map(u32::from_be_bytes)
    }

    /// Takes a number of 64 bits.
    pub fn long(&mut self) -> io::Result<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// Takes bytes that have their length before them.
    pub fn string(&mut self) -> io::Result<&'a [u8]> {
        let length = self.number()?;
        let (taken, rest) = self.0.split_at_checked(length as usize).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(taken)
    }

    fn take<const COUNT: usize>(&mut self) -> io::Result<[u8; COUNT]> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(*taken)
    }
}
