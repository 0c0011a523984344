//! Which rows stand behind a measure of a place and period?

use std::collections::BTreeMap;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use super::cube::Spot;
use super::placed::month_number;
use super::placed::month_of_measure;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::frame::FrameError;
use crate::frame::expr;
use crate::frame::functions::Days;
use crate::frame::table;
use crate::spec::duckdb::identifier;
use crate::spec::duckdb::literal;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Measure;
use crate::spec::schema::FieldKind;

/// The rows of a fact that a measure looks at: its place, and the column and numbers of its months.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Behind {
    /// The fact.
    pub fact: String,
    /// The place, and the part of it.
    pub spot: Spot,
    month: String,
    months: Vec<i32>,
    /// Of a group: which units stand in it in which months.
    members: Option<Vec<(Vec<String>, Vec<i32>)>>,
}

impl Behind {
    /// Of a measure in a period that is told up to a day.
    pub fn of(
        fact: &Fact,
        measure: &Measure,
        spot: &Spot,
        (period, as_of): (Period, Date),
    ) -> Self {
        let is_stock = matches!(fact.kind, FactKind::Stock { .. });
        let months: Vec<Month> = if measure.at_quarter_ends {
            let ends = |month: &Month| month.month() % 3 == 0 && month.last() <= as_of;
            period.months().filter(ends).collect()
        } else if is_stock {
            vec![period.last().min(Month::of(as_of))]
        } else {
            period.months().collect()
        };
        Behind {
            fact: fact.name.clone(),
            spot: spot.clone(),
            month: month_of_measure(fact, measure),
            months: months.into_iter().map(month_number).collect(),
            members: None,
        }
    }

    /// The same of a group of units; `standing` knows which units stand in it in a month.
    #[must_use]
    pub fn of_group(self, mut standing: impl FnMut(Month) -> Vec<String>) -> Self {
        let mut members: Vec<(Vec<String>, Vec<i32>)> = Vec::new();
        for number in &self.months {
            let month = i16::try_from(number / 100).ok();
            let month = month.zip(i8::try_from(number % 100).ok());
            let Some(month) = month.and_then(|(year, month)| Month::new(year, month)) else {
                continue;
            };
            let units = standing(month);
            match members.last_mut() {
                Some((known, months)) if *known == units => months.push(*number),
                _ => members.push((units, vec![*number])),
            }
        }
        members.retain(|(units, _)| !units.is_empty());
        Behind { members: Some(members), ..self }
    }

    /// The condition as SQL, on one line.
    pub fn sql(&self) -> String {
        let ((unit, section), part) = &self.spot;
        if let Some(members) = &self.members {
            let claim = |(units, months): &(Vec<String>, Vec<i32>)| {
                let units: Vec<String> = units.iter().map(|unit| literal(unit)).collect();
                format!("_unit in ({}) and {}", units.join(", "), self.within(months))
            };
            return match members.as_slice() {
                [] => "false".to_owned(),
                [always] => claim(always),
                all => {
                    let all = all.iter().map(|some| format!("({})", claim(some)));
                    all.collect::<Vec<_>>().join(" or ")
                }
            };
        }
        let mut claims = vec![format!("_unit = {}", literal(unit))];
        claims.extend(section.iter().map(|section| format!("_section = {}", literal(section))));
        claims.extend(part.iter().map(|(by, value)| {
            format!("{} = {}", identifier(&format!("_by_{by}")), literal(value))
        }));
        claims.push(self.within(&self.months));
        claims.join(" and ")
    }

    /// The condition of months.
    fn within(&self, months: &[i32]) -> String {
        let month = identifier(&self.month);
        match months {
            [] => "false".to_owned(),
            [one] => format!("{month} = {one}"),
            [first, .., last]
                if last / 100 * 12 + last % 100 - (first / 100 * 12 + first % 100) + 1
                    == i32::try_from(months.len()).unwrap_or(0) =>
            {
                format!("{month} between {first} and {last}")
            }
            all => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                format!("{month} in ({})", all.join(", "))
            }
        }
    }

    /// The rows, among those of the fact in the unit.
    ///
    /// # Errors
    /// A column that is not there.
    pub fn rows(&self, of_unit: &DataFrame) -> Result<DataFrame, MeasureError> {
        Behind::any(&[self], of_unit)
    }

    /// The rows that any of them looks at, each once.
    ///
    /// # Errors
    /// A column that is not there.
    pub fn any(all: &[&Behind], of_unit: &DataFrame) -> Result<DataFrame, MeasureError> {
        if of_unit.width() == 0 {
            return Ok(of_unit.clone());
        }
        // Most places look at the same months, and a place within another adds nothing.
        let mut claims: Vec<Expr> = Vec::new();
        for one in all {
            let within = |other: &&&Behind| {
                other.month == one.month && other.months == one.months && other.is_around(one)
            };
            if !all.iter().any(|other| within(&other)) {
                claims.push(one.claim());
            }
        }
        let is_behind = claims.into_iter().fold(lit(false), Expr::or);
        let rows = of_unit.clone().lazy().filter(is_behind).collect();
        Ok(rows.map_err(FrameError::polars("the rows behind a measure"))?)
    }

    fn claim(&self) -> Expr {
        let ((_, section), part) = &self.spot;
        let any = |months: &[i32]| {
            let month = |any: Expr, one: &i32| any.or(col(self.month.as_str()).eq(lit(*one)));
            months.iter().fold(lit(false), month)
        };
        if let Some(members) = &self.members {
            let claim = |(units, months): &(Vec<String>, Vec<i32>)| {
                let units = lit(Series::new("_unit".into(), units)).implode(false);
                col("_unit").is_in(units, false).and(any(months))
            };
            return members.iter().map(claim).fold(lit(false), Expr::or);
        }
        let mut claim = any(&self.months);
        if let Some(section) = section {
            claim = claim.and(col("_section").eq(lit(section.as_str())));
        }
        if let Some((by, value)) = part {
            claim = claim.and(col(format!("_by_{by}")).eq(lit(value.as_str())));
        }
        claim
    }

    /// Whether its place is the whole unit, and the other's is not.
    fn is_around(&self, other: &Behind) -> bool {
        let is_whole = |spot: &Spot| spot.0.1.is_none() && spot.1.is_none();
        is_whole(&self.spot) && !is_whole(&other.spot)
    }
}

/// The last month that what holds is told of; of people only whole months are told.
pub fn last_month(as_of: Date, is_withheld: bool) -> Month {
    let month = Month::of(as_of);
    if is_withheld && as_of < month.last() { month.previous() } else { month }
}

/// Rows with what each counts for some measures, as a column of the measure's name; empty where it does
/// not count.
///
/// # Errors
/// An expression that polars refuses.
pub fn with_counts(
    rows: &DataFrame,
    measures: &[&Measure],
    days: &Days,
) -> Result<DataFrame, MeasureError> {
    if rows.width() == 0 {
        return Ok(rows.clone());
    }
    let doing = || FrameError::polars("what rows count for");
    let mut columns = Vec::new();
    for measure in measures {
        let built = expr::counted(measure, days).map_err(doing())?;
        columns.push(built.alias(format!("={}", measure.name)));
    }
    Ok(rows.clone().lazy().with_columns(columns).collect().map_err(doing())?)
}

/// The kinds of the columns.
pub fn kinds(rows: &DataFrame) -> BTreeMap<String, FieldKind> {
    let columns = rows.columns().iter();
    let kind = |column: &Column| Some((column.name().to_string(), table::kind_of(column.dtype())?));
    columns.filter_map(kind).collect()
}
