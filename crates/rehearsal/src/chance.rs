use sha2::{Digest, Sha256};

/// What is left to chance, and comes out the same each time for the same seed, whatever the order in which it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    /// The chance of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number from 0 to less than 1 for what these words name.
    pub fn number(self, words: &[&str]) -> f64 {
        let [first, second, third, fourth, ..] = self.bits(words).to_be_bytes();
        f64::from(u32::from_be_bytes([first, second, third, fourth])) / (f64::from(u32::MAX) + 1.0)
    }

    /// One of a list; none of an empty one.
    pub(crate) fn pick<'a, T>(self, list: &'a [T], words: &[&str]) -> Option<&'a T> {
        let count = u64::try_from(list.len()).unwrap_or(u64::MAX);
        let index = self.bits(words).checked_rem(count)?;
        list.get(usize::try_from(index).ok()?)
    }

    fn bits(self, words: &[&str]) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        for word in words {
            // Its length keeps `ab`, `c` apart from `a`, `bc`.
            hash.update((word.len() as u64).to_le_bytes());
            hash.update(word.as_bytes());
        }
        let digest = hash.finalize();
        digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_words_give_the_same_and_others_something_else() {
        let chance = Chance::new(7);
        assert_eq!(chance.number(&["roll", "web1"]).to_bits(), Chance::new(7).number(&["roll", "web1"]).to_bits());
        let others = [
            chance.number(&["roll", "web2"]),
            chance.number(&["rollw", "eb1"]),
            Chance::new(8).number(&["roll", "web1"]),
        ];
        assert!(others.iter().all(|other| other.to_bits() != chance.number(&["roll", "web1"]).to_bits()));
        assert_eq!(chance.pick(&[0; 0], &["x"]), None);
    }

    #[test]
    fn numbers_are_spread_evenly() {
        let below = (0..10_000).filter(|n| Chance::new(1).number(&[&n.to_string()]) < 0.2).count();
        assert!((1_800..2_200).contains(&below), "{below} of 10,000 below a fifth");
    }
}
