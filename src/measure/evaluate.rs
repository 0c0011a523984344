//! What is each metric worth, for whom and when, and how far can it be trusted?

use num_traits::Signed as _;
use rayon::prelude::*;

use super::MeasureError;
use super::cube::Part;
use super::cube::Place;
use super::era::Era;
use super::groups::Level;
use super::seat::Seat;
use super::seat::Stand;
use super::spread::Overflow;
pub use super::status::Reason;
pub use super::status::Status;
use super::telling::Footing;
pub use super::telling::Telling;
pub use super::units::Unit;
use super::withhold::Withholding;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::formula::Over;
use crate::spec::formula::Parts;
use crate::spec::formula::Spread;
use crate::spec::pipeline::Base;
use crate::spec::pipeline::Metric;

/// A metric of a place and period.
#[derive(Clone, Debug)]
pub struct Told<'m> {
    /// The metric.
    pub metric: &'m Metric,
    /// Whether it is told of a section, a unit or a group of units.
    pub level: Level,
    /// The unit or section; a group has no unit.
    pub place: Place,
    /// The dimension and its value, where it is told for one part of the place; of a group its level and
    /// key.
    pub part: Option<Part>,
    /// The period.
    pub period: Period,
    /// The exact value, where the status is ok or few.
    pub value: Option<Exact>,
    /// Above the line, where the formula divides.
    pub numerator: Option<Exact>,
    /// Below the line, where the formula divides.
    pub denominator: Option<Exact>,
    /// What the status was judged by.
    pub base: Option<Exact>,
    /// How far it can be trusted.
    pub status: Status,
    /// Why there is no value, where the status is no data or not applicable.
    pub reason: Option<Reason>,
    /// Whether a source it rests on did not deliver this night.
    pub is_stale: bool,
}

impl<'m> Telling<'_, 'm> {
    /// Every metric, in the order of names, units, definitions, sections, kinds of period and periods.
    ///
    /// # Errors
    /// A formula that leaves 128 bits.
    pub fn all(&self) -> Result<Vec<Told<'m>>, MeasureError> {
        self.of_units(&self.withholdings())
    }

    /// What is withheld of each unit beside what rests on too few people itself.
    pub(super) fn withholdings(&self) -> Vec<(&Unit, Withholding<'_>)> {
        self.units.par_iter().map(|unit| (unit, Withholding::of(self, unit))).collect()
    }

    /// Every metric of units.
    pub(super) fn of_units(
        &self,
        units: &[(&Unit, Withholding<'_>)],
    ) -> Result<Vec<Told<'m>>, MeasureError> {
        let metrics: Vec<&Metric> = self.metrics.values().copied().collect();
        let each = metrics.into_par_iter().map(|metric| {
            let mut told = Vec::new();
            let eras = self.definitions(metric);
            let eras = eras.map(|(metric, era)| (metric, era, self.footing(metric, era.first)));
            let eras: Vec<_> = eras.collect();
            let all = units.iter().flat_map(|unit| eras.iter().map(move |era| (unit, era)));
            for (unit, (metric, era, footing)) in all {
                self.of_unit((metric, *era), unit, footing, &mut told)?;
            }
            Ok(told)
        });
        Ok(each.collect::<Result<Vec<_>, MeasureError>>()?.into_iter().flatten().collect())
    }

    fn of_unit(
        &self,
        (metric, era): (&'m Metric, Era),
        (unit, withholding): &(&Unit, Withholding<'_>),
        footing: &Footing<'_>,
        into: &mut Vec<Told<'m>>,
    ) -> Result<(), MeasureError> {
        let mut periods = self.periods(metric, unit, footing);
        periods.retain(|period| era.tells(*period));
        for spot in self.spots(metric, unit, footing) {
            let stand = Stand::of(self, footing, spot);
            for period in periods.iter().filter(|of| Self::is_told(metric, &stand.spot, **of)) {
                let seat = Seat { telling: self, stand: &stand, period: *period, footing };
                into.push(told(metric, &seat, withholding)?);
            }
        }
        Ok(())
    }
}

impl<'m> Told<'m> {
    /// Nothing yet, of a metric at a place and in a period.
    pub(super) fn nothing(metric: &'m Metric, seat: &Seat<'_>) -> Told<'m> {
        let Seat { stand: Stand { spot, .. }, period, footing, .. } = *seat;
        Told {
            metric,
            level: if spot.0.1.is_some() { Level::Section } else { Level::Unit },
            place: spot.0.clone(),
            part: spot.1.clone(),
            period,
            value: None,
            numerator: None,
            denominator: None,
            base: None,
            status: Status::NotApplicable,
            reason: None,
            is_stale: footing.is_stale,
        }
    }
}

/// A metric at a place and in a period, judged.
pub(super) fn told<'m>(
    metric: &'m Metric,
    seat: &Seat<'_>,
    withholding: &Withholding<'_>,
) -> Result<Told<'m>, MeasureError> {
    let mut told = Told::nothing(metric, seat);
    let failed = |beyond: Overflow| beyond.told(&metric.name);
    let base = |base: &Base| seat.named(&base.name.value).map_err(failed);
    let people = metric.withhold.as_ref().map(base).transpose()?.flatten();
    let few = |least: &Base| people.filter(|found| found.is_positive() && *found < least.at_least);
    let is_few = metric.withhold.as_ref().and_then(few).is_some();
    let lack = |reason: Reason| match reason {
        Reason::NotWhole(_) if is_few => (Status::Withheld, None),
        reason => (reason.status(), Some(reason)),
    };
    if let Some(reason) = seat.unfit() {
        (told.status, told.reason) = lack(reason);
        return Ok(told);
    }
    (told.status, told.reason) = (Status::NoData, Some(Reason::NoValue));
    if let Formula::Divide(above, below) = &metric.value {
        told.numerator = seat.value(above).map_err(failed)?;
        told.denominator = seat.value(below).map_err(failed)?;
        told.base = told.denominator;
    }
    let is_withheld = is_withheld(metric, seat, withholding).map_err(failed)?;
    if is_withheld {
        (told.numerator, told.denominator, told.base) = (None, None, None);
    }
    let Some(value) = seat.value(&metric.value).map_err(failed)? else {
        told.reason = seat.lack(&metric.value).map_err(failed)?.or(told.reason);
        return Ok(told);
    };
    if is_withheld {
        let is_unknown = withholding.is_unknown(metric, &seat.stand.spot, seat.period);
        let not_whole = is_unknown.then_some(Reason::NotWhole(seat.period));
        (told.status, told.reason) = not_whole.map_or((Status::Withheld, None), lack);
        return Ok(told);
    }
    if let Some(need) = &metric.need {
        told.base = base(need)?;
        if told.base.is_none_or(|found| found < need.at_least) {
            told.reason = Some(Reason::Below);
            return Ok(told);
        }
    }
    (told.status, told.reason) = (Status::Ok, None);
    if let Some(few) = &metric.few {
        told.base = base(few)?;
        if told.base.is_none_or(|found| found < few.at_least) {
            told.status = Status::Few;
        }
    }
    told.base = people.or(told.base);
    told.value = Some(value);
    Ok(told)
}

/// Whether too few people stand behind a value, or behind what could be had from it.
fn is_withheld(
    metric: &Metric,
    seat: &Seat<'_>,
    withholding: &Withholding<'_>,
) -> Result<bool, Overflow> {
    let Some(withhold) = &metric.withhold else { return Ok(false) };
    let is_hidden = |seat: &Seat<'_>| -> Result<bool, Overflow> {
        let people = seat.named(&withhold.name.value)?;
        Ok(people.is_none_or(|found| found < withhold.at_least)
            || withholding.holds(metric, &seat.stand.spot, seat.period))
    };
    // What another period is worth can be had from this one, so its people are asked too.
    let mut seats = vec![*seat];
    seat.others(&metric.value, &mut seats);
    for seat in &seats {
        if is_hidden(seat)? || tells_of_sections(&metric.value, seat, &is_hidden)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a number over sections would tell of those that are hidden. Beside the total of the unit Hoover's
/// index is one equation more, which leaves three of them open; any other spread would be the next one.
fn tells_of_sections(
    formula: &Formula,
    seat: &Seat<'_>,
    is_hidden: &dyn Fn(&Seat<'_>) -> Result<bool, Overflow>,
) -> Result<bool, Overflow> {
    let whole = seat.of_unit();
    let mut overs: Vec<(Spread, &Over)> = Vec::new();
    seat.telling.each_below(formula, seat.period.last().last(), &mut |piece| {
        if let Formula::Over(kind, over) = piece
            && over.parts == Parts::Sections
        {
            overs.push((*kind, over));
        }
    });
    for (kind, over) in overs {
        let limit = whole.limit(over)?;
        let mut hidden = 0;
        for stand in whole.stand.parts_of(over).unwrap_or_default() {
            let counts = whole.portion(stand, kind, over, limit)?.counts;
            hidden += usize::from(counts && is_hidden(&Seat { stand, ..whole })?);
        }
        let is_open = hidden > 2 && matches!(kind, Spread::Hoover | Spread::ToMove);
        if hidden > 0 && !is_open {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A number in units of its last decimal, rounded half away from zero.
pub fn rounded(value: Exact, decimals: u8) -> i128 {
    let scaled = value * Exact::from(10_i128.pow(u32::from(decimals)));
    scaled.round().to_integer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        assert_eq!(rounded(Exact::new(5, 1000), 2), 1);
        assert_eq!(rounded(Exact::new(-25, 10), 0), -3);
        assert_eq!(rounded(Exact::new(1, 3), 4), 3333);
    }
}
