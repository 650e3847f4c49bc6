use std::time::Duration;

/// Numbers by chance that are the same each time: `SplitMix64` (Steele, Lea and Flood, 2014).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.bits() % limit as u64).expect("a small number")
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Between 0 and 1, neither of them.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn share(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Standard normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos()
    }
}

/// How times differ from one run to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noise {
    /// Normally distributed, with this share of the time as standard deviation.
    Normal(f64),
    /// Log-normally distributed, with this standard deviation of the logarithm: to the right more than to the left.
    LogNormal(f64),
}

impl Noise {
    /// One time that is usually this long.
    pub(crate) fn around(self, time: Duration, chance: &mut Chance) -> Duration {
        let factor = match self {
            Self::Normal(deviation) => (1.0 + deviation * chance.normal()).max(0.05),
            Self::LogNormal(deviation) => (deviation * chance.normal()).exp(),
        };
        time.mul_f64(factor)
    }
}
