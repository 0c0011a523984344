//! Which rows does a fact have, and in which months do they lie? Tables are joined along foreign keys,
//! spread over time and given their derived columns.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use crate::base::period::Month;
use crate::frame::FrameError;
use crate::frame::expr;
use crate::frame::functions::Days;
use crate::frame::functions::day_column;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Make;
use crate::spec::pipeline::Measure;

/// Whole parts of a month: lcm(28, 29, 30, 31), so that every day of every month is a whole number.
pub const PARTS: i64 = 377_580;

/// Tables by name, resolved.
pub type Tables = BTreeMap<String, DataFrame>;

/// The first day of a row, and the first day after it.
type Bounds = (Option<Date>, Option<Date>);

/// What facts are told from.
#[derive(Debug)]
pub struct Ground<'g> {
    /// The definitions.
    pub catalog: &'g Catalog,
    /// The model's tables.
    pub tables: &'g Tables,
    /// What days mean.
    pub days: Days,
    /// The day that is told.
    pub as_of: Date,
}

impl Ground<'_> {
    /// The rows of a fact: its table's columns, followed ones, `_month`, derived ones.
    ///
    /// # Errors
    /// An expression that polars refuses.
    pub fn rows(&self, fact: &Fact) -> Result<DataFrame, MeasureError> {
        let doing = || FrameError::polars(format!("fact `{}`", fact.name));
        let Some(table) = self.tables.get(&fact.table.value) else {
            return Ok(DataFrame::empty());
        };
        let mut frame = self.followed(fact, table.clone())?;
        frame = self.in_time(fact, &frame)?;
        for derived in &fact.derive {
            frame = match &derived.make {
                Make::Sql(_, tree) => {
                    let built = expr::row(tree, &self.days).map_err(doing())?;
                    let built = built.alias(derived.name.as_str());
                    frame.lazy().with_column(built).collect().map_err(doing())?
                }
                Make::Exists { fact: other, keep } => {
                    let keep = keep.as_ref().map(|(_, tree)| tree);
                    self.flagged(fact, frame, &derived.name, (&other.value, keep))?
                }
            };
        }
        if let Some((_, tree)) = &fact.keep {
            let keep = expr::row(tree, &self.days).map_err(doing())?;
            frame = frame.lazy().filter(keep).collect().map_err(doing())?;
        }
        Ok(frame)
    }

    /// The tables that a fact rests on.
    pub fn rests_on(&self, fact: &Fact) -> BTreeSet<String> {
        let mut tables = BTreeSet::from([fact.table.value.clone()]);
        for (_, key) in self.keys_followed(fact) {
            tables.insert(key.table);
        }
        for derived in &fact.derive {
            let Make::Exists { fact: other, .. } = &derived.make else { continue };
            let other = self.catalog.facts().find(|fact| fact.name == other.value);
            tables.extend(other.map(|other| other.table.value.clone()));
        }
        tables
    }

    /// The parts of dotted names that a fact and its measures use, with the keys they follow.
    fn keys_followed(&self, fact: &Fact) -> Vec<(String, crate::spec::schema::ForeignKey)> {
        let Some(schema) = self.catalog.schemas.get(&fact.table.value) else { return Vec::new() };
        let mut parts = BTreeSet::new();
        let mut see = |name: &str| {
            if let Some((part, _)) = name.split_once('.') {
                parts.insert(part.to_owned());
            }
        };
        see(&fact.unit.value);
        fact.section.iter().for_each(|found| see(&found.value));
        fact.keep.iter().for_each(|(_, tree)| tree.each_column(&mut see));
        for derived in &fact.derive {
            if let Make::Sql(_, tree) = &derived.make {
                tree.each_column(&mut see);
            }
        }
        let measures = self.catalog.measures().filter(|measure| measure.fact.value == fact.name);
        measures.for_each(|measure| measure.aggregate.each_column(&mut see));
        parts
            .into_iter()
            .filter_map(|part| schema.followed(&part).map(|key| (part.clone(), key.clone())))
            .collect()
    }

    fn followed(&self, fact: &Fact, mut frame: DataFrame) -> Result<DataFrame, MeasureError> {
        for (part, key) in self.keys_followed(fact) {
            let Some(target) = self.tables.get(&key.table) else { continue };
            let names = target.get_column_names().into_iter();
            let own = names.filter(|name| !name.starts_with('_'));
            let renamed: Vec<Expr> =
                own.map(|name| col(name.clone()).alias(format!("{part}.{name}"))).collect();
            let target = target.clone().lazy().select(renamed);
            let on = format!("{part}.{}", key.target);
            frame = frame
                .lazy()
                .join(
                    target.with_column(col(on.as_str()).alias("_joined")),
                    [col(key.column.as_str())],
                    [col("_joined")],
                    kept_order(),
                )
                .collect()
                .map_err(FrameError::polars(format!("following `{}`", key.column)))?;
        }
        Ok(frame)
    }

    /// A flag: does the other fact have a row that points here and passes?
    fn flagged(
        &self,
        fact: &Fact,
        frame: DataFrame,
        name: &str,
        (other, keep): (&str, Option<&crate::spec::sql::Expr>),
    ) -> Result<DataFrame, MeasureError> {
        let doing = || FrameError::polars(format!("flag `{name}` of fact `{}`", fact.name));
        let never = || lit(false).alias(name);
        let other = self.catalog.facts().find(|fact| fact.name == other);
        let key = other.and_then(|other| {
            let schema = self.catalog.schemas.get(&other.table.value)?;
            schema.foreign_keys.iter().find(|key| key.table == fact.table.value)
        });
        let (Some(other), Some(key)) = (other, key) else {
            return Ok(frame.lazy().with_column(never()).collect().map_err(doing())?);
        };
        let rows = self.rows(other)?;
        if rows.width() == 0 {
            return Ok(frame.lazy().with_column(never()).collect().map_err(doing())?);
        }
        let mut rows = rows.lazy();
        if let Some(tree) = keep {
            rows = rows.filter(expr::row(tree, &self.days).map_err(doing())?);
        }
        let pointing = rows
            .select([col(key.column.as_str()).alias("_points"), lit(true).alias(name)])
            .unique(None, UniqueKeepStrategy::Any);
        let joined =
            frame.lazy().join(pointing, [col(key.target.as_str())], [col("_points")], kept_order());
        let claim = col(name).fill_null(lit(false));
        Ok(joined.with_column(claim).collect().map_err(doing())?)
    }

    /// Rows spread over the months that they meet; events stay as they are.
    fn in_time(&self, fact: &Fact, frame: &DataFrame) -> Result<DataFrame, MeasureError> {
        match &fact.kind {
            FactKind::Event { .. } => Ok(frame.clone()),
            FactKind::Span { from, to, share } => {
                let share = share.as_ref().map(|found| found.value.as_str());
                self.spanned(frame, (&from.value, &to.value), share)
            }
            FactKind::Stock { from, to } => {
                self.stocked(frame, &from.value, to.as_ref().map(|to| to.value.as_str()))
            }
        }
    }

    fn bounds(
        &self,
        frame: &DataFrame,
        from: &str,
        to: Option<&str>,
    ) -> Result<Vec<Bounds>, MeasureError> {
        let days = |name: &str| {
            let doing = FrameError::polars(format!("the days of `{name}`"));
            frame.column(name).and_then(|column| self.days.of_column(column)).map_err(doing)
        };
        let to = to.map_or_else(|| Ok(vec![None; frame.height()]), days)?;
        Ok(days(from)?.into_iter().zip(to).collect())
    }

    /// One row a month that the span covers up to the told day, with its days and parts.
    fn spanned(
        &self,
        frame: &DataFrame,
        (from, to): (&str, &str),
        share: Option<&str>,
    ) -> Result<DataFrame, MeasureError> {
        let mut spread = Spread::default();
        let end = self.as_of.tomorrow().unwrap_or(self.as_of);
        let shares = shares(frame, share)?;
        let mut parts = Vec::new();
        let mut lengths = (Vec::new(), Vec::new());
        for (at, (from, to)) in self.bounds(frame, from, Some(to))?.into_iter().enumerate() {
            let Some(from) = from else { continue };
            let to = to.unwrap_or(end).min(end);
            if from >= to {
                continue;
            }
            let last = to.yesterday().unwrap_or(to);
            for month in Month::of(from).through(Month::of(last)) {
                let first = from.max(month.first());
                let days = i64::from((last.min(month.last()) - first).get_days()) + 1;
                spread.row(at, month);
                lengths.0.push(days);
                lengths.1.push(month.days());
                let share = shares.get(at).copied().unwrap_or(SHARE);
                parts.push(shared_parts(days * (PARTS / month.days()), share));
            }
        }
        let mut frame = spread.of(frame)?;
        for (name, numbers) in [("days", lengths.0), ("month_days", lengths.1), ("parts", parts)] {
            frame
                .with_column(Int64Chunked::from_vec(name.into(), numbers).into_series().into())
                .map_err(FrameError::polars("spreading a span over months"))?;
        }
        Ok(frame)
    }

    /// One row a month at whose end the row holds; the told day ends its month.
    fn stocked(
        &self,
        frame: &DataFrame,
        from: &str,
        to: Option<&str>,
    ) -> Result<DataFrame, MeasureError> {
        let mut spread = Spread::default();
        let mut ends = Vec::new();
        for (at, (from, to)) in self.bounds(frame, from, to)?.into_iter().enumerate() {
            let Some(from) = from else { continue };
            for (month, end) in ends_held(from, to, self.as_of) {
                spread.row(at, month);
                ends.push(Some(end));
            }
        }
        let mut frame = spread.of(frame)?;
        frame
            .with_column(day_column("period_end", ends.into_iter()))
            .map_err(FrameError::polars("spreading a stock over months"))?;
        Ok(frame)
    }

    /// The month of an event's time; none after the told day.
    ///
    /// # Errors
    /// A column that is no day.
    pub fn month_of(&self, frame: &DataFrame, time: &str) -> Result<Column, MeasureError> {
        let doing = || FrameError::polars(format!("the month of `{time}`"));
        let column = frame.column(time).map_err(doing())?;
        let days = self.days.of_column(column).map_err(doing())?;
        let months = days
            .into_iter()
            .map(|day| day.filter(|day| *day <= self.as_of).map(|day| Month::of(day).index()));
        Ok(Int32Chunked::from_iter_options("_month".into(), months).into_series().into())
    }
}

/// The months at whose end something holds, and that end: the told day ends its month.
fn ends_held(
    from: Date,
    to: Option<Date>,
    as_of: Date,
) -> impl Iterator<Item = (Month, Date)> + Clone {
    let told = Month::of(as_of);
    let last = to.map_or(told, |to| Month::of(to).min(told));
    let ends = Month::of(from).through(last).map(move |month| (month, month.last().min(as_of)));
    ends.filter(move |(_, end)| from <= *end && to.is_none_or(|to| to > *end))
}

/// The time that counts for a measure.
pub(super) fn time_of<'f>(fact: &'f Fact, measure: &'f Measure) -> Option<&'f str> {
    match (&measure.time, &fact.kind) {
        (Some(time), FactKind::Event { .. }) | (None, FactKind::Event { time }) => {
            Some(&time.value)
        }
        _ => None,
    }
}

/// A left join that keeps the order of the left rows.
fn kept_order() -> JoinArgs {
    JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinArgs::new(JoinType::Left) }
}

/// A whole share, in millionths.
const SHARE: i64 = 1_000_000;

fn shares(frame: &DataFrame, share: Option<&str>) -> Result<Vec<i64>, MeasureError> {
    let Some(name) = share else { return Ok(Vec::new()) };
    let doing = || FrameError::polars(format!("the shares of `{name}`"));
    let cells = crate::frame::table::cells(frame.column(name).map_err(doing())?);
    Ok(cells
        .iter()
        .map(|cell| match cell {
            Some(crate::base::cell::Cell::Decimal(digits, scale)) => {
                let up = 10_i128.pow(6_u32.saturating_sub(u32::from(*scale)));
                i64::try_from(digits * up).unwrap_or(SHARE)
            }
            _ => SHARE,
        })
        .collect())
}

/// Whole parts times a share in millionths, rounded half up.
fn shared_parts(parts: i64, share: i64) -> i64 {
    let doubled = 2 * i128::from(parts) * i128::from(share) + i128::from(SHARE);
    i64::try_from(doubled.div_euclid(2 * i128::from(SHARE))).unwrap_or(i64::MAX)
}

/// Rows repeated once a month.
#[derive(Default)]
struct Spread {
    rows: Vec<IdxSize>,
    months: Vec<i32>,
}

impl Spread {
    fn row(&mut self, at: usize, month: Month) {
        self.rows.push(IdxSize::try_from(at).unwrap_or(IdxSize::MAX));
        self.months.push(month.index());
    }

    fn of(self, frame: &DataFrame) -> Result<DataFrame, MeasureError> {
        let doing = || FrameError::polars("spreading rows over months");
        let rows = IdxCa::from_vec("_at".into(), self.rows);
        let mut spread = frame.take(&rows).map_err(doing())?;
        let months = Int32Chunked::from_vec("_month".into(), self.months);
        spread.with_column(months.into_series().into()).map_err(doing())?;
        Ok(spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stock_counts_at_the_ends_that_it_sees_and_without_an_end_at_all_of_them() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let held = |from: &str, to: Option<&str>| {
            let ends = ends_held(day(from), to.map(day), day("2025-03-10"));
            ends.map(|(_, end)| end.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(held("2025-01-31", None), ["2025-01-31", "2025-02-28", "2025-03-10"]);
        assert_eq!(held("2025-01-31", Some("2025-02-28")), ["2025-01-31"]);
        assert_eq!(held("2025-01-31", Some("2025-03-11")).len(), 3);
        assert_eq!(held("2025-02-01", Some("2025-02-01")), Vec::<String>::new());
        assert_eq!(held("2025-03-11", None), Vec::<String>::new());
    }

    #[test]
    fn a_third_of_a_month_is_a_whole_number_of_parts() {
        assert_eq!(shared_parts(PARTS, 333_333), 125_860);
        for days in [28, 29, 30, 31] {
            assert_eq!(PARTS % days, 0);
        }
    }
}
