//! How much of one measure is there in a period? Sums are added up; what is no sum is told again from how
//! often each value comes, so that any period and place is exact.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::civil::Date;

use super::often::Distribution;
use super::often::Values;
use super::series::Series;
use super::series::Stretch;
use super::spot::Place;
use super::spot::Spot;
use super::spread::Overflow;
use super::sums::Sums;
use super::values::deviation;
use super::values::quantile;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::sql::AggregateKind;

/// How an amount is told from what is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A sum of sums.
    Sum,
    /// A sum over how many rows there are.
    Mean,
    /// How many values there are.
    Distinct,
    /// The least value.
    Least,
    /// The greatest value.
    Most,
    /// The standard deviation of a sample.
    Deviation,
    /// The value at a share, in thousandths.
    Quantile(u32),
}

impl Way {
    pub(super) fn of(kind: &AggregateKind) -> Way {
        match kind {
            AggregateKind::Rows | AggregateKind::Count(_) | AggregateKind::Sum(_) => Way::Sum,
            AggregateKind::Avg(_) => Way::Mean,
            AggregateKind::Distinct(_) => Way::Distinct,
            AggregateKind::Min(_) => Way::Least,
            AggregateKind::Max(_) => Way::Most,
            AggregateKind::Stddev(_) => Way::Deviation,
            AggregateKind::Quantile(_, thousandths) => Way::Quantile(*thousandths),
        }
    }

    /// Whether sums are kept, not values.
    pub(super) fn is_summed(self) -> bool {
        matches!(self, Way::Sum | Way::Mean)
    }
}

/// The amounts of one measure.
#[derive(Clone, Debug)]
pub struct Amounts {
    /// Its fact.
    pub fact: String,
    /// Whether it counts in working days.
    pub asks_calendar: bool,
    /// Whether the last month of a period counts, not the sum.
    pub(super) is_stock: bool,
    /// Only quarters that end by this day count, if it counts at their ends.
    pub(super) quarters_until: Option<Date>,
    /// One of it is so many parts, and its digits stand so far behind the point.
    pub(super) divisor: i128,
    /// The lists of the home that its columns are made from.
    pub(super) lists: BTreeSet<String>,
    /// The tables without which it can't be counted.
    pub(super) tables: BTreeSet<String>,
    pub(super) way: Way,
    pub(super) sums: Series<Sums>,
    /// Of what is no sum, how many rows have a value.
    pub(super) rows: Series<Sums>,
    /// How many rows that might count ask for a day before the calendar, and how many for one after it.
    pub(super) unanswered: [Series<Sums>; 2],
    pub(super) counts: Series<Distribution>,
}

impl Amounts {
    /// What there is of it at a spot.
    pub fn on(&self, spot: &Spot) -> AmountsAt<'_> {
        AmountsAt {
            amounts: self,
            sums: self.sums.at(spot),
            rows: self.rows.at(spot),
            unanswered: self.unanswered.each_ref().map(|sums| sums.at(spot)),
            counts: self.counts.at(spot),
        }
    }

    /// The sections of a unit that have any amount.
    pub fn sections<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a str> {
        let first = ((unit.to_owned(), None), None);
        let of_unit = self.spots_from(&first).take_while(move |((of, _), _)| of == unit);
        of_unit.filter_map(|((_, section), _)| section.as_deref())
    }

    /// The values of a dimension that have any amount at a place.
    pub fn values<'a>(&'a self, by: &'a str, place: &'a Place) -> impl Iterator<Item = &'a str> {
        let first = (place.clone(), Some((by.to_owned(), String::new())));
        let parts = self.spots_from(&first).map_while(move |(of, part)| {
            part.as_ref().filter(|(dimension, _)| of == place && dimension == by)
        });
        parts.map(|(_, value)| value.as_str())
    }

    /// Every spot with an amount from one on, in order: a measure has sums or counts, never both.
    fn spots_from(&self, first: &Spot) -> impl Iterator<Item = &Spot> + use<'_> {
        let counts = self.counts.spots_from(first);
        let counts = counts.filter(|(_, counts, at)| !counts.often.of(at.clone()).is_empty());
        let sums = self.sums.spots_from(first).map(|(spot, ..)| spot);
        sums.chain(counts.map(|(spot, ..)| spot))
    }

    /// The months in which there is any amount of a whole unit.
    pub(super) fn months_of(&self, unit: &str) -> impl Iterator<Item = Month> {
        let spot = ((unit.to_owned(), None), None);
        let counts = self.counts.at(&spot);
        let is_there = |at: usize| !counts.list.often.of(at..at + 1).is_empty();
        let counts: Vec<Month> =
            counts.each().filter(|(_, at)| is_there(*at)).map(|(month, _)| month).collect();
        self.sums.at(&spot).months.iter().copied().chain(counts)
    }

    /// The same measure, of which there is nothing yet.
    pub(super) fn without_amounts(&self) -> Amounts {
        Amounts {
            fact: self.fact.clone(),
            asks_calendar: self.asks_calendar,
            is_stock: self.is_stock,
            quarters_until: self.quarters_until,
            divisor: self.divisor,
            lists: self.lists.clone(),
            tables: self.tables.clone(),
            way: self.way,
            sums: Series::default(),
            rows: Series::default(),
            unanswered: Default::default(),
            counts: Series::default(),
        }
    }

    /// Whether a month counts.
    pub(super) fn counts_in(&self, month: Month) -> bool {
        self.quarters_until.is_none_or(|day| month.month() % 3 == 0 && month.last() <= day)
    }
}

/// The amounts of one measure at a spot.
#[derive(Clone, Copy, Debug)]
pub struct AmountsAt<'a> {
    amounts: &'a Amounts,
    sums: Stretch<'a, Sums>,
    rows: Stretch<'a, Sums>,
    unanswered: [Stretch<'a, Sums>; 2],
    counts: Stretch<'a, Distribution>,
}

impl AmountsAt<'_> {
    /// The value in a period that ends no later than `told`; `None` is no value, as where the calendar does not answer
    /// what a row asks of it.
    ///
    /// # Errors
    /// Numbers that leave 128 bits.
    pub fn within(&self, period: Period, told: Month) -> Result<Option<Exact>, Overflow> {
        let Amounts { way, divisor, asks_calendar, .. } = *self.amounts;
        if asks_calendar && self.are_unanswered(period, told) != [false; 2] {
            return Ok(None);
        }
        let months = self.months(period, told);
        let sum = |sums: Stretch<'_, Sums>| {
            sums.list.within(sums.within(&months)).ok_or(Overflow::Formula)
        };
        let over = |digits: i128| Exact::new(digits, divisor);
        Ok(match way {
            Way::Sum => Some(over(sum(self.sums)?)),
            Way::Mean => {
                let rows = sum(self.rows)?;
                let sum = sum(self.sums)?;
                (rows > 0).then(|| over(sum) / Exact::from(rows))
            }
            Way::Distinct => {
                let values = self.values(&months).len() as i128;
                Some(over(values))
            }
            Way::Least => self.values(&months).first().map(|(value, _)| over(*value)),
            Way::Most => self.values(&months).last().map(|(value, _)| over(*value)),
            Way::Deviation => deviation(&self.values(&months), divisor)?,
            Way::Quantile(share) => {
                quantile(&self.values(&months), share).map(|value| value / Exact::from(divisor))
            }
        })
    }

    /// Whether any row of a period asks for a day before the calendar, and whether any asks for one after it.
    pub(super) fn are_unanswered(&self, period: Period, told: Month) -> [bool; 2] {
        let months = self.months(period, told);
        self.unanswered.map(|rows| rows.within(&months).any(|at| rows.list.at(at) != Some(0)))
    }

    /// The months of a period that count: of what holds, the last one.
    fn months(&self, period: Period, told: Month) -> RangeInclusive<Month> {
        if self.amounts.is_stock {
            let last = period.last().min(told);
            return last..=last;
        }
        period.first()..=period.last()
    }

    /// How often each value comes.
    fn values(&self, months: &RangeInclusive<Month>) -> Values {
        self.counts.list.within(self.counts.within(months))
    }
}
