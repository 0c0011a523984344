//! Floor 5: why is this number what it is? From a published value back to its rows.

mod desk;
mod gather;
mod json;
mod place;
mod points;
mod published;
mod question;
mod rows;
mod since;
mod sources;

use jiff::civil::Date;

pub use self::desk::Desk;
pub use self::desk::ledger;
pub use self::json::PLACES;
pub use self::json::json;
pub use self::place::Place;
pub use self::place::Walk;
pub use self::points::Cells;
pub use self::points::Earns;
pub use self::points::Judged;
pub use self::points::Scored;
pub use self::points::scored_json;
pub use self::published::Published;
pub use self::question::Question;
pub use self::question::Unknown;
pub use self::question::What;
pub use self::rows::Rows;
pub use self::since::Since;
pub use self::sources::Source;
use crate::base::period::Period;
use crate::measure::cube::Spot;
use crate::measure::evaluate::Status;
use crate::measure::kept::Ledger;
use crate::measure::worked::Worked;
use crate::spec::formula::Exact;
use crate::spec::pipeline::Measure;

/// A number explained.
#[derive(Debug)]
pub struct Explanation<'e> {
    /// The value and how it came about.
    pub worked: Worked<'e>,
    /// The name of the unit.
    pub unit: String,
    /// The measures, in the order of the formula.
    pub measures: Vec<Counted<'e>>,
    /// The facts they count, with where their rows came from.
    pub facts: Vec<Rows<'e>>,
    /// The streams that did not deliver this night.
    pub stale: Vec<String>,
    /// The same metric in the period before.
    pub before: Option<Worked<'e>>,
    /// What moved since the release of the night before.
    pub moved: Option<Since>,
    /// What the release of the night says.
    pub published: Published,
    /// The night that was explained.
    pub ledger: &'e Ledger,
}

/// A measure of a place.
#[derive(Debug)]
pub struct Counted<'e> {
    /// The measure.
    pub measure: &'e Measure,
    /// The place.
    pub spot: Spot,
    /// The period; a formula may ask another than its own.
    pub period: Period,
    /// How much.
    pub amount: Option<Exact>,
    /// How many rows count for it.
    pub rows: u64,
    /// The same as DuckDB SQL, to be divided by `per`.
    pub sql: String,
    /// Whether DuckDB can run it as it is.
    pub is_runnable: bool,
}

/// A measure that is not what it was in the period before: its name and place, what it was and is.
pub type Step = (String, Spot, Option<Exact>, Option<Exact>);

impl Explanation<'_> {
    /// The measures that are not what they were in the period before, in the order of the formula.
    pub fn steps_since(&self) -> Vec<Step> {
        let (Some(before), now) = (&self.before, &self.worked) else { return Vec::new() };
        let mut steps = Vec::new();
        for used in now.uses.iter().filter(|used| used.period == now.told.period) {
            let was = before.uses.iter().find(|was| {
                (&was.measure, &was.spot) == (&used.measure, &used.spot)
                    && was.period == before.told.period
            });
            let was = was.and_then(|was| was.amount);
            if was != used.amount {
                steps.push((used.measure.clone(), used.spot.clone(), was, used.amount));
            }
        }
        steps
    }

    /// Whether the number may be told at all.
    pub fn is_told(&self) -> bool {
        self.worked.told.status != Status::Withheld
    }

    /// The night and day that are explained.
    pub fn days(&self) -> (Date, Date) {
        (self.ledger.night, self.ledger.as_of)
    }
}
