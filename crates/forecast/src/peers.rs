use std::time::Duration;

use crate::{Limit, Usual, Watch};

/// From how many on it can be said that one of them is unlike the others.
const FEWEST: usize = 5;

/// Of things that do the same, from when on one takes significantly longer than most of them; nothing if there are fewer than 5. All of
/// them belong into `usual`, which holds how long each usually takes: half of them may be odd.
pub fn among_peers(usual: &[Duration]) -> Option<Limit> {
    let peers = Usual::of(usual)?;
    (peers.runs >= FEWEST).then(|| Watch::over(peers.runs).limit_of(&peers))
}
