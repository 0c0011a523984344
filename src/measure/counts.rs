//! What do the rows of a fact come to at each of the smallest places, month by month? All measures that count
//! in the same months are counted in one go: rows are put into groups once, and each measure is a pass over
//! the numbers of the groups.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use polars::prelude::*;
use rayon::prelude::*;

use super::MeasureError;
use super::amounts::Way;
use super::fact::Ground;
use super::placed::month_of_measure;
use super::slices::Rows;
use super::spots::keys;
use super::weight::Values;
use super::weight::decimals;
use super::weight::weights;
use crate::frame::FrameError;
use crate::frame::codes::Bundles;
use crate::frame::codes::Codes;
use crate::frame::codes::NONE;
use crate::frame::codes::number;
use crate::spec::function::Function;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;
use crate::spec::sql::Aggregate;

/// What was counted of a fact.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// A row for each place and month: a column a measure that is summed, and `…#rows` with how many rows
    /// have a value where that is asked. `_time` says which months these are, for a row may count in the
    /// month of one time for this measure and of another for that.
    pub(super) sums: DataFrame,
    /// A row for each place, month, measure that is no sum and value: how often it comes.
    pub(super) values: DataFrame,
}

/// The column with how many rows of a measure have a value.
pub(super) fn rows_of(measure: &str) -> String {
    format!("{measure}#rows")
}

/// Under whose name it is kept how often values come: of measures that tell of the same values, the first.
pub(super) fn kept_by<'m>(measures: &[&'m Measure], of: &'m Measure) -> &'m str {
    let tells = |measure: &'m Measure| {
        let Aggregate { kind, filter } = &measure.aggregate;
        let way = Way::of(kind);
        (way.is_summed(), way == Way::Distinct, kind.argument(), filter.as_ref())
    };
    let same = measures.iter().find(|measure| tells(measure) == tells(of));
    same.map_or(of.name.as_str(), |same| same.name.as_str())
}

/// The measures of a fact by the column of the month in which they count.
pub(super) fn by_month<'g>(ground: &Ground<'g>, fact: &Fact) -> BTreeMap<String, Vec<&'g Measure>> {
    let mut by_month: BTreeMap<String, Vec<&Measure>> = BTreeMap::new();
    for measure in ground.catalog.measures().filter(|measure| measure.fact.value == fact.name) {
        by_month.entry(month_of_measure(fact, measure)).or_default().push(measure);
    }
    by_month
}

/// Whether a month of a time is asked for.
pub(super) type IsAsked<'a> = dyn Fn(&str, i32) -> bool + Sync + 'a;

/// The columns that tell where a row counts and for what.
pub(super) fn asked(fact: &Fact, measures: &[&Measure]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = keys(fact).into_iter().collect();
    names.remove("_month");
    for measure in measures {
        measure.aggregate.each_column(&mut |name| {
            names.insert(name.to_owned());
        });
    }
    names
}

/// Whether what a row brings to a measure hangs on other rows.
pub(super) fn looks_around(measure: &Measure) -> bool {
    let mut looks = false;
    let see = &mut |call| looks |= matches!(call, Function::Ordinal | Function::Repeats);
    measure.aggregate.each_call(see);
    looks
}

impl Counts {
    /// Of the rows of a fact, in the months that are asked for.
    ///
    /// # Errors
    /// An expression that polars refuses, a sum of what is no number.
    pub(super) fn of(
        ground: &Ground<'_>,
        fact: &Fact,
        rows: Rows<'_>,
        is_asked: &IsAsked<'_>,
    ) -> Result<Counts, MeasureError> {
        let by_month = by_month(ground, fact);
        let measures: Vec<&Measure> = by_month.values().flatten().copied().collect();
        if measures.iter().any(|measure| looks_around(measure)) {
            return Counts::of_slice(ground, fact, &rows.whole()?, is_asked);
        }
        let mut columns = asked(fact, &measures);
        columns.extend(by_month.into_keys());
        let columns: Vec<String> = columns.into_iter().collect();
        rows.count_each(&columns, &|slice| Counts::of_slice(ground, fact, slice, is_asked))
    }

    fn of_slice(
        ground: &Ground<'_>,
        fact: &Fact,
        placed: &DataFrame,
        is_asked: &IsAsked<'_>,
    ) -> Result<Counts, MeasureError> {
        let mut counts = Counts::default();
        if placed.width() == 0 {
            return Ok(counts);
        }
        let doing = || FrameError::polars(format!("measures of fact `{}`", fact.name));
        let by_month = by_month(ground, fact);
        let grounds = Places::of(fact, placed).map_err(doing())?;
        let mut counted = Vec::new();
        for (time, measures) in &by_month {
            let (around, alone): (Vec<&Measure>, Vec<&Measure>) =
                measures.iter().partition(|measure| looks_around(measure));
            let months = |rows: &DataFrame| months(rows, time, is_asked).map_err(doing());
            if !alone.is_empty() || around.is_empty() {
                let timed = grounds.in_months(&months(placed)?).map_err(doing())?;
                counted.push(Counted::of(ground, &alone, (placed, time), timed)?);
            }
            if !around.is_empty() {
                // What looks at other rows looks at those that count at all.
                let timed = placed.clone().lazy().filter(col(time.as_str()).is_not_null());
                let timed = timed.collect().map_err(doing())?;
                let grounds = Places::of(fact, &timed).map_err(doing())?;
                let grounds = grounds.in_months(&months(&timed)?).map_err(doing())?;
                counted.push(Counted::of(ground, &around, (&timed, time), grounds)?);
            }
        }
        let all = columns(counted.iter().flat_map(|counted| &counted.sums));
        for one in &counted {
            add(&mut counts.sums, one.sums(&all).map_err(doing())?).map_err(doing())?;
            for measure in &one.values {
                add(&mut counts.values, one.values(measure).map_err(doing())?).map_err(doing())?;
            }
        }
        Ok(counts)
    }

    /// The same and those of other months.
    ///
    /// # Errors
    /// Columns of other types.
    pub(super) fn and(mut self, others: Counts) -> PolarsResult<Counts> {
        add(&mut self.sums, others.sums)?;
        add(&mut self.values, others.values)?;
        Ok(self)
    }

    /// How often values come, by the measure.
    ///
    /// # Errors
    /// What polars refuses.
    pub(super) fn values_by_measure(&self) -> PolarsResult<BTreeMap<String, DataFrame>> {
        if self.values.height() == 0 {
            return Ok(BTreeMap::new());
        }
        let codes = Codes::of_texts(self.values.column("_measure")?)?;
        let mut rows: Vec<Vec<IdxSize>> = vec![Vec::new(); codes.values.len()];
        for (row, code) in codes.of_rows.iter().enumerate() {
            rows[*code as usize].push(number(row));
        }
        let table = |rows| self.values.take(&IdxCa::from_vec("_at".into(), rows));
        codes.values.into_iter().zip(rows).map(|(name, rows)| Ok((name, table(rows)?))).collect()
    }

    /// What was counted in one month.
    ///
    /// # Errors
    /// What polars refuses.
    pub(super) fn of_month(&self, month: i32) -> PolarsResult<Counts> {
        let only = |table: &DataFrame| match table.width() {
            0 => Ok(table.clone()),
            _ => table.clone().lazy().filter(col("_month").eq(lit(month))).collect(),
        };
        Ok(Counts { sums: only(&self.sums)?, values: only(&self.values)? })
    }
}

/// Rows below other rows with the same columns.
fn add(all: &mut DataFrame, more: DataFrame) -> PolarsResult<()> {
    if all.width() == 0 {
        *all = more;
    } else if more.width() > 0 {
        all.vstack_mut_owned(more)?;
    }
    Ok(())
}

/// The months of rows as numbers; none where a row does not count in them or they are not asked for.
fn months(rows: &DataFrame, time: &str, is_asked: &IsAsked<'_>) -> PolarsResult<Codes<i32>> {
    let mut codes = Codes::of_values(rows.column(time)?.i32()?.iter());
    let is_out: Vec<bool> = codes.values.iter().map(|month| !is_asked(time, *month)).collect();
    for code in codes.of_rows.iter_mut().filter(|code| **code != NONE) {
        if is_out[*code as usize] {
            *code = NONE;
        }
    }
    Ok(codes)
}

/// The places of rows.
struct Places {
    /// The columns that tell them: the unit, the section, the dimensions.
    columns: Vec<Column>,
    groups: Bundles,
}

impl Places {
    fn of(fact: &Fact, rows: &DataFrame) -> PolarsResult<Places> {
        let mut columns = Vec::new();
        let mut groups = Bundles::one(rows.height());
        for key in keys(fact).into_iter().filter(|key| key != "_month") {
            let codes = Codes::of_texts(rows.column(&key)?)?;
            groups = groups.by(&codes.of_rows, codes.values.len(), key == "_unit");
            columns.push(rows.column(&key)?.cast(&DataType::String)?);
        }
        Ok(Places { columns, groups })
    }

    /// The same in months: the columns of each group of rows, and the groups.
    fn in_months(&self, months: &Codes<i32>) -> PolarsResult<(Vec<Column>, Bundles)> {
        let groups = self.groups.by(&months.of_rows, months.values.len(), true);
        let first = IdxCa::from_vec("_at".into(), groups.first.clone());
        let texts = self.columns.iter().map(|column| column.take(&first));
        let mut columns = texts.collect::<PolarsResult<Vec<Column>>>()?;
        let month = |row: &u32| months.values.get(months.of_rows[*row as usize] as usize).copied();
        let months = groups.first.iter().map(month);
        columns.push(Int32Chunked::from_iter_options("_month".into(), months).into_column());
        Ok((columns, groups))
    }
}

/// The measures that count in the months of one time.
struct Counted {
    time: String,
    keys: Vec<Column>,
    sums: Vec<Column>,
    values: Vec<Values>,
}

impl Counted {
    fn of(
        ground: &Ground<'_>,
        measures: &[&Measure],
        (rows, time): (&DataFrame, &str),
        (keys, groups): (Vec<Column>, Bundles),
    ) -> Result<Counted, MeasureError> {
        let weights = weights(ground, measures, (rows, time))?;
        let mut values = Vec::new();
        for (measure, weight) in measures.iter().zip(&weights) {
            let is_summed = Way::of(&measure.aggregate.kind).is_summed();
            if !is_summed && kept_by(measures, measure) == measure.name {
                let found = weight.values(&measure.name, &groups);
                values.push(found.map_err(FrameError::polars("counting values"))?);
            }
        }
        // Only what never waits for others runs beside others of its kind.
        let sums = measures.par_iter().zip(weights).flat_map_iter(|(measure, weight)| {
            let kind = &measure.aggregate.kind;
            let is_summed = Way::of(kind).is_summed();
            let sums = is_summed.then(|| weight.sums(&measure.name, &groups));
            let rows = rows_of(&measure.name);
            let rows = (!kind.is_additive()).then(|| Ok(weight.rows(&rows, &groups)));
            sums.into_iter().chain(rows)
        });
        let sums = sums.collect::<PolarsResult<_>>();
        let sums = sums.map_err(FrameError::polars("counting measures"))?;
        Ok(Counted { time: time.to_owned(), keys, sums, values })
    }

    /// The sums as a table that has all columns of a fact.
    fn sums(&self, all: &BTreeMap<String, DataType>) -> PolarsResult<DataFrame> {
        let height = self.keys.first().map_or(0, Column::len);
        let time = Column::new_scalar(
            "_time".into(),
            Scalar::from(PlSmallStr::from_str(&self.time)),
            height,
        );
        let column = |(name, kind): (&String, &DataType)| {
            let own = self.sums.iter().find(|column| column.name() == name.as_str());
            own.cloned().unwrap_or_else(|| Column::full_null(name.as_str().into(), height, kind))
        };
        let columns = [time].into_iter().chain(self.keys.iter().cloned());
        DataFrame::new(height, columns.chain(all.iter().map(column)).collect())
    }

    /// The values of a measure as a table.
    fn values(&self, of: &Values) -> PolarsResult<DataFrame> {
        let height = of.groups.len();
        let name = Column::new_scalar(
            "_measure".into(),
            Scalar::from(PlSmallStr::from_str(&of.measure)),
            height,
        );
        let groups = IdxCa::from_vec("_at".into(), of.groups.clone());
        let keys = DataFrame::new(self.keys.first().map_or(0, Column::len), self.keys.clone())?;
        let keys = keys.take(&groups)?;
        let mut columns = vec![name];
        columns.extend(keys.columns().iter().cloned());
        // What is told of numbers needs their digits, how many different texts there are their texts.
        let (text, digits) = ("_text".into(), "_digits".into());
        let (texts, digits) = match of.column.dtype() {
            DataType::String => {
                (of.column.clone(), Column::full_null(digits, height, &decimals(0)))
            }
            _ => (Column::full_null(text, height, &DataType::String), of.column.clone()),
        };
        columns.extend([texts.with_name("_text".into()), digits.with_name("_digits".into())]);
        columns.push(Column::new_scalar("_scale".into(), Scalar::from(of.scale), height));
        columns.push(Int64Chunked::from_vec("_rows".into(), of.rows.clone()).into_column());
        DataFrame::new(height, columns)
    }
}

/// The names and types of columns.
fn columns<'c>(all: impl Iterator<Item = &'c Column>) -> BTreeMap<String, DataType> {
    all.map(|column| (column.name().to_string(), column.dtype().clone())).collect()
}
