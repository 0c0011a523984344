//! What does the service platform hold? Items, cases with their lives, and ratings.

pub(super) mod cases;
pub(super) mod items;
pub(super) mod ratings;
pub(super) mod told;

use self::cases::Case;
use self::items::Item;
use self::ratings::Rating;
use super::days::Days;
use super::founding::Founded;
use super::truth::Gathered;
use super::truth::Planted;

/// Everything the platform has.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) items: Vec<Item>,
    pub(super) cases: Vec<Case>,
    pub(super) ratings: Vec<Rating>,
}

impl Service {
    pub(super) fn new(seed: u64, scale: f64, founded: &Founded, days: &Days) -> Service {
        let items = items::items(founded);
        let cases = cases::cases((seed, scale), founded, &items, days);
        let ratings = ratings::ratings((seed, scale), founded, (&items, &cases), days);
        Service { items, cases, ratings }
    }

    /// What was planted here.
    pub(super) fn planted(&self, days: &Days, gathered: &mut Gathered) {
        const CASES: &str = "service.cases";
        const RATINGS: &str = "service.evaluations";
        for case in &self.cases {
            let flaw = match case.flaw {
                None => continue,
                Some(flaw) => flaw,
            };
            if flaw == "F26" {
                gathered.count(flaw, CASES, 1);
            } else {
                let key = case.number(days);
                gathered.list(Planted { flaw, stream: CASES, key });
            }
        }
        for rating in &self.ratings {
            gathered.count("F34", RATINGS, 1);
            match rating.made {
                ratings::Made::Default => gathered.count("F30", RATINGS, 1),
                ratings::Made::Machine => gathered.count("F31", RATINGS, 1),
                ratings::Made::Person => {}
            }
            if rating.number > 1 {
                gathered.count("F32", RATINGS, 1);
            }
        }
    }
}
