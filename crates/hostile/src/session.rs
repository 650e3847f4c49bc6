use crate::wire::{
    CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_EOF, CHANNEL_EXTENDED_DATA, CHANNEL_REQUEST, CHANNEL_SUCCESS,
    CHANNEL_WINDOW_ADJUST, Message,
};

/// A channel on which a client wants something done, and the messages that say something about it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The client's number of it.
    pub theirs: u32,
    /// Ours.
    pub ours: u32,
    /// The command, or the name of the subsystem.
    pub request: Vec<u8>,
}

impl Session {
    /// What was asked for is done.
    pub fn success(&self) -> Vec<u8> {
        Message::new(CHANNEL_SUCCESS).number(self.theirs).done()
    }

    /// Standard output.
    pub fn out(&self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        Message::new(CHANNEL_DATA).number(self.theirs).string(bytes).done()
    }

    /// Extended data of a kind; 1 is standard error.
    pub fn extended(&self, kind: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        Message::new(CHANNEL_EXTENDED_DATA).number(self.theirs).number(kind).string(bytes).done()
    }

    /// The command ended with a status.
    pub fn exit_status(&self, status: u32) -> Vec<u8> {
        self.request("exit-status").number(status).done()
    }

    /// The command was ended by a signal.
    pub fn exit_signal(&self, name: &str, message: &str) -> Vec<u8> {
        self.request("exit-signal").string(name).byte(0).string(message).string("").done()
    }

    /// The beginning of a request that wants no answer.
    pub fn request(&self, kind: &str) -> Message {
        Message::new(CHANNEL_REQUEST).number(self.theirs).string(kind).byte(0)
    }

    /// There is room for more.
    pub fn room(&self, bytes: u32) -> Vec<u8> {
        Message::new(CHANNEL_WINDOW_ADJUST).number(self.theirs).number(bytes).done()
    }

    /// Nothing more is sent.
    pub fn eof(&self) -> Vec<u8> {
        Message::new(CHANNEL_EOF).number(self.theirs).done()
    }

    /// It is over.
    pub fn close(&self) -> Vec<u8> {
        Message::new(CHANNEL_CLOSE).number(self.theirs).done()
    }
}
