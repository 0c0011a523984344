//! How does a metric come to its value? The same telling as a night's, with every number on the way.

use super::MeasureError;
use super::cube::Spot;
use super::evaluate::Reason;
use super::evaluate::Status;
use super::evaluate::Told;
use super::evaluate::told;
use super::rolled::sum;
use super::seat::Portion;
use super::seat::Seat;
use super::spread::Overflow;
use super::withhold::Withholding;
use super::written::Words;
use super::written::names;
use super::written::number;
use super::written::written;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::formula::Over;
use crate::spec::formula::Spread;
use crate::spec::pipeline::Base;
use crate::spec::pipeline::Metric;

/// A metric of a place and period, and how it came about.
#[derive(Clone, Debug)]
pub struct Worked<'m> {
    /// What the night tells.
    pub told: Told<'m>,
    /// Why it has its status.
    pub rule: Rule,
    /// The formula with its numbers, metrics in it unfolded.
    pub numbers: String,
    /// The metrics that the formula names, and `months_known`, each with its own formula and value.
    pub steps: Vec<Step>,
    /// What was worked out over parts, part by part.
    pub overs: Vec<Parted>,
    /// The measures that were asked, in the order of the formula.
    pub uses: Vec<Use>,
}

/// What decided the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// No base is asked for.
    None,
    /// No stream feeds what it rests on.
    NotFed,
    /// The period ends before anything is known.
    NotKnown(Option<Month>),
    /// It counts in working days, and those of this year are not published.
    NoCalendar(i16),
    /// A part of the formula has no value.
    NoValue,
    /// A part of the formula is divided by zero.
    ZeroDenominator,
    /// The formula asks a period that is not known whole.
    NotWhole(Period),
    /// Others rest on too few people, and this would tell them by subtraction.
    Beside,
    /// A base, what there is of it, and the least there should be.
    Base(String, Option<Exact>, Exact),
}

/// A name of the formula that is no measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// The period; a formula may ask another than its own.
    pub period: Period,
    /// Its formula; none for `months_known`.
    pub formula: Option<String>,
    /// The formula with its numbers.
    pub numbers: Option<String>,
    /// Its value.
    pub value: Option<Exact>,
}

/// A function over parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parted {
    /// As it is written.
    pub formula: String,
    /// Its value.
    pub value: Option<Exact>,
    /// What it is compared with, or the least that counts.
    pub limit: Option<Exact>,
    /// Every part.
    pub parts: Vec<PartWorked>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartWorked {
    /// Which.
    pub spot: Spot,
    /// What stands above the line.
    pub above: Option<Exact>,
    /// What stands below the line.
    pub below: Option<Exact>,
    /// Whether it counts.
    pub counts: bool,
}

/// A measure of a place, and how much there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The measure.
    pub measure: String,
    /// The place.
    pub spot: Spot,
    /// The period.
    pub period: Period,
    /// How much.
    pub amount: Option<Exact>,
}

/// A metric at a seat, worked out before the reader's eyes.
pub(super) fn worked<'m>(
    metric: &'m Metric,
    seat: &Seat<'_>,
    withholding: &Withholding<'_>,
) -> Result<Worked<'m>, MeasureError> {
    let told = told(metric, seat, withholding)?;
    let failed = |beyond: Overflow| beyond.told(&metric.name);
    let mut worked = Worked::of(told, seat).map_err(failed)?;
    // What rests on too few people is told to nobody, here as in a release.
    if !matches!(worked.told.status, Status::NotApplicable | Status::Withheld) {
        worked.numbers = written(&metric.value, Words::Numbers(seat)).map_err(failed)?;
        worked.walk(seat, &metric.value).map_err(failed)?;
        for base in [&metric.need, &metric.few, &metric.withhold].into_iter().flatten() {
            let base = Formula::Name(base.name.value.clone());
            worked.walk(seat, &base).map_err(failed)?;
        }
    }
    Ok(worked)
}

/// The sum of what is told of the units of a group, unit by unit: how each of them comes about follows.
pub(super) fn summed<'m>(
    metric: &'m Metric,
    seat: &Seat<'_>,
    units: &[Worked<'m>],
) -> Result<Worked<'m>, MeasureError> {
    let failed = |beyond: Overflow| beyond.told(&metric.name);
    let sum = sum(metric, seat, units.iter().map(|unit| &unit.told))?;
    let mut worked = Worked::of(sum, seat).map_err(failed)?;
    let counted = || units.iter().filter(|unit| unit.told.value.is_some());
    let numbers = counted().filter_map(|unit| unit.told.value).map(number);
    worked.numbers = numbers.collect::<Vec<_>>().join(" + ");
    let part = |told: &Told<'_>| PartWorked {
        spot: (told.place.clone(), None),
        above: told.value,
        below: None,
        counts: true,
    };
    worked.overs.push(Parted {
        formula: format!("SUM({} OVER units)", metric.name),
        value: worked.told.value,
        limit: None,
        parts: counted().map(|unit| part(&unit.told)).collect(),
    });
    if worked.told.status != Status::Withheld {
        counted().for_each(|unit| worked.take(unit));
    }
    Ok(worked)
}

impl Seat<'_> {
    /// What there is of a base, and what there should be.
    fn base(&self, base: Option<&Base>) -> Result<Rule, Overflow> {
        let Some(base) = base else { return Ok(Rule::None) };
        let name = base.name.value.clone();
        let found = self.named(&name)?;
        Ok(Rule::Base(name, found, base.at_least))
    }

    /// The base that decided the status of a metric that has a value.
    fn rule(&self, metric: &Metric, status: Status) -> Result<Rule, Overflow> {
        match status {
            Status::Few => self.base(metric.few.as_ref()),
            Status::Withheld => Ok(match self.base(metric.withhold.as_ref())? {
                Rule::Base(_, Some(found), least) if found >= least => Rule::Beside,
                Rule::Base(name, _, least) => Rule::Base(name, None, least),
                other => other,
            }),
            Status::Ok | Status::NoData | Status::NotApplicable => {
                let all = [&metric.few, &metric.need, &metric.withhold];
                self.base(all.into_iter().flatten().next())
            }
        }
    }
}

impl<'m> Worked<'m> {
    /// With what decided its status, and nothing else yet.
    fn of(told: Told<'m>, seat: &Seat<'_>) -> Result<Worked<'m>, Overflow> {
        let metric = told.metric;
        let rule = match told.reason {
            Some(Reason::NotFed | Reason::NoPeers | Reason::NotListed) => Rule::NotFed,
            Some(Reason::NotKnown) => Rule::NotKnown(seat.footing.first),
            Some(Reason::NoCalendar(year)) => Rule::NoCalendar(year),
            Some(Reason::NoValue) => Rule::NoValue,
            Some(Reason::ZeroDenominator) => Rule::ZeroDenominator,
            Some(Reason::NotWhole(period)) => Rule::NotWhole(period),
            Some(Reason::Below) => seat.base(metric.need.as_ref())?,
            None => seat.rule(metric, told.status)?,
        };
        let (steps, overs, uses) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Worked { rule, numbers: String::new(), steps, overs, uses, told })
    }

    /// Notes how a unit of the group comes to its value.
    fn take(&mut self, unit: &Worked<'_>) {
        let told = &unit.told;
        let own = Step {
            name: format!("{} {}", told.metric.name, told.place.0),
            period: told.period,
            formula: Some(told.metric.text.value.clone()),
            numbers: Some(unit.numbers.clone()),
            value: told.value,
        };
        for step in std::iter::once(&own).chain(&unit.steps) {
            if !self.steps.contains(step) {
                self.steps.push(step.clone());
            }
        }
        self.overs.extend(unit.overs.iter().cloned());
        self.uses.extend(unit.uses.iter().cloned());
    }

    /// Notes what a formula asks for, in the order in which it is written.
    fn walk(&mut self, seat: &Seat<'_>, formula: &Formula) -> Result<(), Overflow> {
        match formula {
            Formula::Number(_) | Formula::Peers(_) => Ok(()),
            Formula::Name(name) => self.name(seat, name),
            Formula::Add(x, y)
            | Formula::Subtract(x, y)
            | Formula::Multiply(x, y)
            | Formula::Divide(x, y)
            | Formula::Greatest(x, y) => {
                self.walk(seat, x)?;
                self.walk(seat, y)
            }
            Formula::OfUnit(x) => self.walk(&seat.of_unit(), x),
            Formula::At(shift, x) => match seat.other(*shift) {
                Ok(other) => self.walk(&other, x),
                Err(_) => Ok(()),
            },
            Formula::Over(kind, over) => self.over(seat, formula, (*kind, over)),
        }
    }

    fn name(&mut self, seat: &Seat<'_>, name: &str) -> Result<(), Overflow> {
        let value = seat.named(name)?;
        let metric = seat.telling.metric_on(name, seat.period.last().last());
        if metric.is_none() && name != "months_known" {
            let (measure, spot) = (name.to_owned(), seat.stand.spot.clone());
            let asked = Use { measure, spot, period: seat.period, amount: value };
            if !self.uses.contains(&asked) {
                self.uses.push(asked);
            }
            return Ok(());
        }
        let numbers = |metric: &Metric| written(&metric.value, Words::Numbers(seat));
        let step = Step {
            name: name.to_owned(),
            period: seat.period,
            formula: metric.map(|metric| metric.text.value.clone()),
            numbers: metric.map(numbers).transpose()?,
            value,
        };
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
        metric.map_or(Ok(()), |metric| self.walk(seat, &metric.value))
    }

    fn over(
        &mut self,
        seat: &Seat<'_>,
        formula: &Formula,
        (kind, over): (Spread, &Over),
    ) -> Result<(), Overflow> {
        let limit = seat.limit(over)?;
        let mut parted = Parted {
            formula: names(formula),
            value: seat.value(formula)?,
            limit,
            parts: Vec::new(),
        };
        for stand in seat.stand.parts_of(over).unwrap_or_default() {
            let of_part = Seat { stand, ..*seat };
            self.walk(&of_part, &over.above)?;
            self.walk(&of_part, &over.below)?;
            let Portion { above, below, counts } = seat.portion(stand, kind, over, limit)?;
            parted.parts.push(PartWorked { spot: stand.spot.clone(), above, below, counts });
        }
        if let Some(limit) = &over.limit {
            self.walk(seat, limit)?;
        }
        if !self.overs.contains(&parted) {
            self.overs.push(parted);
        }
        Ok(())
    }
}

/// An exact value as people read it.
pub fn exact_text(value: Exact) -> String {
    number(value)
}
