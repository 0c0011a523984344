//! How is any one number worked out again? What is withheld is found once, and then each number is told as the
//! night told it, of a unit or of a group of units.

use super::MeasureError;
use super::beside::Beside;
use super::cube::Spot;
use super::era::Era;
use super::evaluate::Unit;
use super::groups::Groups;
use super::rolled::Way;
use super::rolled::above_units;
use super::seat::Seat;
use super::seat::Stand;
use super::telling::Footing;
use super::telling::Telling;
use super::withhold::Withholding;
use super::worked;
use super::worked::Worked;
use crate::base::period::Period;
use crate::spec::pipeline::Metric;

/// Numbers of units.
pub struct Working<'t> {
    telling: &'t Telling<'t, 't>,
    units: Vec<(&'t Unit, Withholding<'t>)>,
}

/// What is done with a number.
pub type See<'s, 'm> = dyn FnMut(Worked<'m>) -> Result<(), MeasureError> + 's;

impl<'t> Working<'t> {
    /// Of all units of a telling.
    pub fn of(telling: &'t Telling<'t, 't>) -> Working<'t> {
        Working { telling, units: telling.withholdings() }
    }

    /// Where a metric is told in a unit.
    pub fn spots(&self, metric: &Metric, unit: &Unit) -> Vec<Spot> {
        let mut spots = Vec::new();
        for definition in self.telling.definitions(metric) {
            let (here, _) = self.of_era(definition, unit);
            spots.extend(here.into_iter().filter(|spot| !spots.contains(spot)).collect::<Vec<_>>());
        }
        spots
    }

    /// When it is told of a spot of the unit.
    pub fn periods(&self, metric: &Metric, unit: &Unit, spot: &Spot) -> Vec<Period> {
        let definitions = self.telling.definitions(metric);
        let told = definitions.flat_map(|definition| self.of_era(definition, unit).1);
        told.filter(|period| Telling::is_told(metric, spot, *period)).collect()
    }

    fn of_era(&self, (metric, era): (&Metric, Era), unit: &Unit) -> (Vec<Spot>, Vec<Period>) {
        let footing = self.telling.footing(metric, era.first);
        let mut periods = self.telling.periods(metric, unit, &footing);
        periods.retain(|period| era.tells(*period));
        (self.telling.spots(metric, unit, &footing), periods)
    }

    /// A metric of a spot and period.
    ///
    /// # Errors
    /// A formula that leaves 128 bits.
    pub fn worked<'m>(
        &self,
        metric: &'m Metric,
        spot: &Spot,
        period: Period,
    ) -> Result<Worked<'m>, MeasureError> {
        let day = period.last().last();
        let metric = metric.at(day);
        let footing = self.telling.footing(metric, day);
        let stand = Stand::of(self.telling, &footing, spot.clone());
        let seat = Seat { telling: self.telling, stand: &stand, period, footing: &footing };
        let own = self.units.iter().find(|(unit, _)| unit.unit_id == spot.0.0);
        let nothing = Withholding::default();
        worked::worked(metric, &seat, own.map_or(&nothing, |(_, withholding)| withholding))
    }

    /// Every number of a metric.
    ///
    /// # Errors
    /// A formula that leaves 128 bits, and what `see` fails with.
    pub fn each<'m>(&self, metric: &'m Metric, see: &mut See<'_, 'm>) -> Result<(), MeasureError> {
        for (metric, era) in self.telling.definitions(metric) {
            let footing = self.telling.footing(metric, era.first);
            for of in &self.units {
                self.of_unit((metric, era, &footing), of, see)?;
            }
        }
        Ok(())
    }

    fn of_unit<'m>(
        &self,
        (metric, era, footing): (&'m Metric, Era, &Footing<'_>),
        (unit, withholding): &(&Unit, Withholding<'_>),
        see: &mut See<'_, 'm>,
    ) -> Result<(), MeasureError> {
        let telling = self.telling;
        let mut periods = telling.periods(metric, unit, footing);
        periods.retain(|period| era.tells(*period));
        for spot in telling.spots(metric, unit, footing) {
            let stand = Stand::of(telling, footing, spot);
            let told = |period: &&Period| Telling::is_told(metric, &stand.spot, **period);
            for period in periods.iter().filter(told) {
                let seat = Seat { telling, stand: &stand, period: *period, footing };
                see(worked::worked(metric, &seat, withholding)?)?;
            }
        }
        Ok(())
    }
}

/// Numbers of groups of units.
pub struct WorkingAbove<'t> {
    units: &'t Working<'t>,
    rolled: &'t Telling<'t, 't>,
    groups: &'t Groups,
    withheld: Vec<Withholding<'t>>,
}

impl<'t> WorkingAbove<'t> {
    /// Of all groups; `rolled` is the telling of what they have together.
    pub fn of(
        units: &'t Working<'t>,
        rolled: &'t Telling<'t, 't>,
        groups: &'t Groups,
    ) -> WorkingAbove<'t> {
        let beside = Beside::of((units.telling, rolled), groups, &units.units);
        WorkingAbove { units, rolled, groups, withheld: beside.into_groups() }
    }

    /// When a metric is told of a group; never, where it means nothing above the unit.
    pub fn told_at(&self, metric: &Metric, group: usize) -> Vec<Period> {
        let Some(unit) = self.groups.units.get(group) else { return Vec::new() };
        let definitions = self.rolled.definitions(metric);
        definitions.flat_map(|definition| self.of_era(definition, unit)).collect()
    }

    /// A metric of a group and period; none where it means nothing above the unit.
    ///
    /// # Errors
    /// A formula that leaves 128 bits.
    pub fn worked<'m>(
        &self,
        metric: &'m Metric,
        group: usize,
        period: Period,
    ) -> Result<Option<Worked<'m>>, MeasureError> {
        let day = period.last().last();
        let metric = metric.at(day);
        let Some(way) = self.rolled.way(metric, day) else { return Ok(None) };
        let footing = self.rolled.footing(metric, day);
        self.of_group((metric, way, &footing), group, period).transpose()
    }

    /// Every number of a metric, group by group.
    ///
    /// # Errors
    /// A formula that leaves 128 bits, and what `see` fails with.
    pub fn each<'m>(&self, metric: &'m Metric, see: &mut See<'_, 'm>) -> Result<(), MeasureError> {
        for at in 0..self.groups.list.len() {
            for period in self.told_at(metric, at) {
                self.worked(metric, at, period)?.map_or(Ok(()), &mut *see)?;
            }
        }
        Ok(())
    }

    /// The periods in which a definition tells of a group.
    fn of_era(&self, (metric, era): (&Metric, Era), group: &Unit) -> Vec<Period> {
        if self.rolled.way(metric, era.first).is_none() {
            return Vec::new();
        }
        let footing = self.rolled.footing(metric, era.first);
        let mut periods = self.rolled.periods(metric, group, &footing);
        periods.retain(|period| era.tells(*period));
        periods
    }

    fn of_group<'m>(
        &self,
        (metric, way, footing): (&'m Metric, Way, &Footing<'_>),
        at: usize,
        period: Period,
    ) -> Option<Result<Worked<'m>, MeasureError>> {
        let (unit, withheld) = self.groups.units.get(at).zip(self.withheld.get(at))?;
        let stand = Stand::of(self.rolled, footing, ((unit.unit_id.clone(), None), None));
        let seat = Seat { telling: self.rolled, stand: &stand, period, footing };
        let of_group = match way {
            Way::Measures => worked::worked(metric, &seat, withheld),
            Way::Sum => {
                let members = self.groups.members(at, period.last().min(footing.told));
                let of_units = members.filter_map(|unit| self.of_unit(metric, unit, period));
                let of_units = of_units.collect::<Result<Vec<_>, _>>();
                of_units.and_then(|of_units| worked::summed(metric, &seat, &of_units))
            }
        };
        let above = |told| above_units(told, self.groups, at);
        Some(of_group.map(|worked| Worked { told: above(worked.told), ..worked }))
    }

    /// How a unit comes to its value, where it is told.
    fn of_unit<'m>(
        &self,
        metric: &'m Metric,
        unit: &str,
        period: Period,
    ) -> Option<Result<Worked<'m>, MeasureError>> {
        let all = &self.units.units;
        let (unit, withholding) = all.iter().find(|(of, _)| of.unit_id == unit)?;
        let telling = self.units.telling;
        let metric = metric.at(period.last().last());
        let footing = telling.footing(metric, period.last().last());
        let whole = ((unit.unit_id.clone(), None), None);
        let is_told = Telling::is_told(metric, &whole, period);
        if !is_told || !telling.periods(metric, unit, &footing).contains(&period) {
            return None;
        }
        let stand = Stand::of(telling, &footing, whole);
        let seat = Seat { telling, stand: &stand, period, footing: &footing };
        Some(worked::worked(metric, &seat, withholding))
    }
}
