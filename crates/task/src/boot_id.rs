/// Names one start of a host: what Linux tells in `/proc/sys/kernel/random/boot_id` (random(4)). Another one after each start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootId(String);

/// How long one is, in characters: a UUID.
const LENGTH: usize = 36;

impl BootId {
    /// Reads one; nothing if it is none.
    pub fn new(text: &str) -> Option<Self> {
        let right = text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        right.then(|| Self(text.to_owned()))
    }
}
