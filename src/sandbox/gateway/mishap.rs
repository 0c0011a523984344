//! What goes wrong on the way? Always the same for the same question, and only the first time it is
//! asked.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::sandbox::dice::Lot;

/// What can go wrong with a page (F35).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// The answer breaks off.
    Cut,
    /// Some rows of the page are missing.
    Short,
    /// Too many questions, in the system's own words or in those of HTTP.
    TooMany,
    /// 500001.
    Busy,
    /// A row more came in between.
    Grown,
    /// The page before it again.
    Repeated,
}

/// The mishaps of a gateway.
pub(super) struct Mishaps {
    lot: Lot,
    met: Mutex<BTreeSet<u64>>,
}

impl Mishaps {
    pub(super) fn new(seed: u64) -> Mishaps {
        Mishaps { lot: Lot::of(seed, "mishaps"), met: Mutex::default() }
    }

    /// What happens to a question; `page` counts from 1.
    pub(super) fn meet(&self, question: &str, page: u64) -> Option<Mishap> {
        let key = question.bytes().fold(0_u64, |key, byte| self.lot.number(key, u64::from(byte)));
        let mishap = self.drawn(key, page)?;
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.insert(key).then_some(mishap)
    }

    fn drawn(&self, key: u64, page: u64) -> Option<Mishap> {
        let falls = |share: f64, kind: u64| self.lot.falls(share, key, kind);
        if falls(1.0 / 60.0, 1) {
            let is_cut = self.lot.number(key, 6).is_multiple_of(2);
            return Some(if is_cut { Mishap::Cut } else { Mishap::Short });
        }
        if falls(1.0 / 40.0, 2) {
            return Some(Mishap::TooMany);
        }
        if falls(1.0 / 80.0, 3) {
            return Some(Mishap::Busy);
        }
        if page > 1 && falls(1.0 / 15.0, 4) {
            return Some(Mishap::Grown);
        }
        (page > 1 && falls(1.0 / 200.0, 5)).then_some(Mishap::Repeated)
    }
}
