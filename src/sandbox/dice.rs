//! Chance that falls the same way for the same seed: every part of the city throws dice of its own, so
//! that a change in one part moves no other.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore as _;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::Digest as _;
use sha2::Sha256;

/// A stream of chance.
#[derive(Clone, Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of one part of a city, such as `cases`.
    pub(super) fn of(seed: u64, part: &str) -> Dice {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(part.as_bytes());
        Dice(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// A whole number from 0 to below `bound`; 0 where there is none.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // The bias of a remainder is below bound / 2^64.
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// A whole number from `low` to `high`, both possible.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).unwrap_or(0);
        low + i64::try_from(self.below(width)).unwrap_or(0)
    }

    /// A fraction from 0 to below 1, in steps of 2^-53.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub(super) fn fraction(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True in `share` of all throws.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.fraction() < share
    }

    /// One of some; none of nothing.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.below(of.len() as u64)).ok()?)
    }

    /// The place of one of some weights, each as often as its weight says.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.fraction() * weights.iter().sum::<f64>();
        for (place, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        weights.len().saturating_sub(1)
    }
}

/// A draw that needs no stream: the same number for the same seed, part and key, whoever asks first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lot(u64);

impl Lot {
    /// The lots of one part of a city.
    pub(super) fn of(seed: u64, part: &str) -> Lot {
        Lot(Dice::of(seed, part).below(u64::MAX))
    }

    /// The number drawn for two keys.
    pub(super) fn number(self, one: u64, other: u64) -> u64 {
        mixed(mixed(self.0 ^ one) ^ other)
    }

    /// True for a share of all keys.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub(super) fn falls(self, share: f64, one: u64, other: u64) -> bool {
        ((self.number(one, other) >> 11) as f64 / (1_u64 << 53) as f64) < share
    }

    /// One of some.
    pub(super) fn pick<T>(self, of: &[T], one: u64, other: u64) -> Option<&T> {
        let place = self.number(one, other).checked_rem(of.len() as u64)?;
        of.get(usize::try_from(place).ok()?)
    }
}

/// The finaliser of `SplitMix64`.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
