//! What does the night publish of periods that are closed, and what does it count of them by now?

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;

use super::Choice;
use super::Ground;
use super::cells;
use super::cells::schema;
use super::cells::text;
use super::compute::Computed;
use super::score;
use super::told;
use crate::base::cause::Cause;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::period::Period;
use crate::publish::closed;
use crate::publish::closed::Closed;
use crate::publish::correction;
use crate::publish::correction::Correction;
use crate::publish::correction::Known;
use crate::publish::moved::Key;
use crate::publish::moved::Point;
use crate::publish::moved::Said;
use crate::spec::schema::Schema;
use crate::why::Place;
use crate::why::Told;
use crate::why::Why;

/// The table of corrections.
pub(super) const TABLE: &str = "correction";

/// What a night says to others.
pub(super) struct Settled {
    /// Its numbers, those that are closed in their place.
    pub(super) said: Said,
    /// What it counts otherwise than was closed.
    pub(super) corrections: Vec<Correction>,
    /// The periods that are closed, and the release that the numbers of each are from.
    pub(super) closed: Vec<(String, String)>,
    /// What was counted of them.
    counted: Said,
}

impl Settled {
    /// Keeps aside what was counted, so that it can be accepted once the release is read.
    pub(super) fn keep(&self, var: &Path, release: &Path) -> anyhow::Result<()> {
        if self.closed.is_empty() {
            return Ok(());
        }
        let periods: Vec<&str> = self.closed.iter().map(|(period, _)| period.as_str()).collect();
        let release = release.file_name().unwrap_or_default().to_string_lossy();
        Ok(closed::keep_counted(var, &release, &periods, &self.counted)?)
    }

    /// How many numbers of each closed period are counted otherwise.
    pub(super) fn told(&self) -> BTreeMap<String, u64> {
        let count = |period: &String| {
            let of = |it: &&Correction| it.about.key[6].as_ref() == Some(period);
            self.corrections.iter().filter(of).count() as u64
        };
        self.closed.iter().map(|(period, _)| (period.clone(), count(period))).collect()
    }
}

/// Puts closed numbers into the place of what was counted.
pub(super) fn settle(
    ground: &Ground<'_>,
    computed: &Computed<'_>,
    closed: &[Closed],
    choice: Choice,
) -> anyhow::Result<Settled> {
    let catalog = ground.catalog;
    let table = |name| score::table(schema(catalog, name)?, &computed.scores, choice);
    let mut said = Said {
        metrics: told::values(catalog, computed, choice)?,
        definitions: told::meaning_table(catalog)?,
        scores: Some(table("score")?),
        lines: Some(table("score_line")?),
    };
    let counted = said.clone();
    if closed.is_empty() {
        return Ok(Settled { said, corrections: Vec::new(), closed: Vec::new(), counted });
    }
    let seen = correction::seen(&ground.var.join("release"), choice.night)?;
    let asked = Asked { ground, choice, why: RefCell::new(None), failed: RefCell::new(None) };
    let why = |closing: &Closed, key: &Key| asked.cause(closing, key);
    let known = Known { night: choice.night, why: &why, seen: &seen };
    let corrections = correction::settle(closed, &mut said, &known).context("correcting")?;
    if let Some(fault) = asked.failed.into_inner() {
        return Err(fault.context("asking why numbers of closed periods moved"));
    }
    let closed = closed.iter().map(|it| (it.period.clone(), it.release.clone())).collect();
    Ok(Settled { said, corrections, closed, counted })
}

/// Who is asked why numbers of closed periods moved. What was known is kept of one release at a time, for it is much.
struct Asked<'g> {
    ground: &'g Ground<'g>,
    choice: Choice,
    why: RefCell<Option<(String, Why<'g>)>>,
    failed: RefCell<Option<anyhow::Error>>,
}

impl Asked<'_> {
    fn cause(&self, closing: &Closed, key: &Key) -> Cause {
        let cause = self.answer(closing, key).unwrap_or_else(|fault| {
            self.failed.borrow_mut().get_or_insert(fault);
            None
        });
        cause.unwrap_or(Cause::ChangedRows)
    }

    fn answer(
        &self,
        closing: &Closed,
        [metric, unit, section, dim, value, _, period]: &Key,
    ) -> anyhow::Result<Option<Cause>> {
        let mut known = self.why.borrow_mut();
        if known.as_ref().is_none_or(|(release, _)| *release != closing.release) {
            let (home, as_of) = closing.told.clone().unzip();
            let then = Told { night: closing.night, as_of, home };
            let (ground, choice) = (self.ground, self.choice);
            *known = None;
            let why = Why::of((ground.catalog, &ground.var), (choice.night, choice.as_of), &then)?;
            *known = Some((closing.release.clone(), why));
        }
        let place = Place {
            unit: unit.as_deref(),
            section: section.as_deref(),
            part: dim.as_deref().zip(value.as_deref()),
        };
        let period = period.as_ref().and_then(|period| period.parse::<Period>().ok());
        let (Some((_, why)), Some(metric), Some(period)) = (known.as_ref(), metric, period) else {
            return Ok(None);
        };
        Ok(Some(why.answer(metric, &place, period)?.cause))
    }
}

/// The rows of the table of corrections.
pub(super) fn rows(schema: &Schema, corrections: &[Correction], night: Date) -> Vec<CellRow> {
    cells::rows(schema, corrections.iter(), |it, name| {
        let [metric, unit, section, dim, dim_value, kind, period] = &it.about.key;
        let own = |cell: &Option<String>| cell.clone().map(Cell::Text);
        match name {
            "of" => text(it.about.of),
            "metric" => own(metric),
            "leaf" => own(&it.about.leaf),
            "unit_id" => own(unit),
            "section_id" => own(section),
            "dim" => own(dim),
            "dim_value" => own(dim_value),
            "period_kind" => own(kind),
            "period" => own(period),
            "cause" => text(it.cause.name()),
            "release" => text(&it.release),
            "first_seen" => Some(Cell::Day(it.first_seen)),
            "night" => Some(Cell::Day(night)),
            _ => match name.strip_suffix("_closed") {
                Some(name) => of_point(it.closed.as_ref()?, name),
                None => of_point(it.counted.as_ref()?, name),
            },
        }
    })
}

fn of_point(point: &Point, name: &str) -> Option<Cell> {
    match name {
        "status" => text(&point.status),
        "value" => point.value.clone(),
        "shown" => point.shown.clone().map(Cell::Text),
        "numerator" => point.numerator.clone(),
        "denominator" => point.denominator.clone(),
        _ => None,
    }
}
