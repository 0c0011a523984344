//! What do we compute? Facts, measures and metrics: one file of `pipelines/` is one pipeline.

mod life;
mod read;

use num_traits::Signed as _;

pub use self::life::Life;
pub use self::read::read_pipeline;
use crate::base::diagnostic::Place;
use crate::base::period::PeriodKind;
use crate::spec::example::Example;
use crate::spec::example::Test;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::reader::Found;
use crate::spec::schema::FieldKind;
use crate::spec::scoring::Scores;
use crate::spec::sql::Aggregate;
use crate::spec::sql::Expr;

/// One file of definitions.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// Its name, the file's.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Rows with a unit and a time.
    pub facts: Vec<Fact>,
    /// Aggregates over facts.
    pub measures: Vec<Measure>,
    /// Formulas over measures.
    pub metrics: Vec<Metric>,
    /// Rows that tests of metrics tell of.
    pub examples: Vec<Example>,
    /// Whom its metrics are for, if not for all units.
    pub only: Option<Only>,
    /// Its file, relative to the home.
    pub file: String,
}

/// The units that individual metrics are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// By their keys.
    pub units: Vec<String>,
    /// All of a category.
    pub categories: Vec<String>,
}

impl Only {
    /// Whether a unit is among them.
    pub fn holds(&self, unit: &str, category: Option<&str>) -> bool {
        let of_category = |category| self.categories.iter().any(|known| known == category);
        self.units.iter().any(|known| known == unit) || category.is_some_and(of_category)
    }

    /// Whether one of them may be of a category: a unit that is named may be of any.
    pub fn may_be_of(&self, category: &str) -> bool {
        !self.units.is_empty() || self.categories.iter().any(|known| known == category)
    }
}

/// Rows of a table that belong to a unit and to time.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: Found<String>,
    /// How its rows lie in time.
    pub kind: FactKind,
    /// The column of the unit; may follow a foreign key.
    pub unit: Found<String>,
    /// The column of the section, if the fact has one.
    pub section: Option<Found<String>>,
    /// The dimensions beyond unit and section: `duty` is the column `duty`, or else `duty_id`.
    pub by: Vec<Found<String>>,
    /// Rows where this is not true are left out.
    pub keep: Option<(Found<String>, Expr)>,
    /// Columns made once a row, in this order.
    pub derive: Vec<Derived>,
    /// The file it stands in.
    pub file: String,
}

/// How the rows of a fact lie in time.
#[derive(Clone, Debug)]
pub enum FactKind {
    /// A row belongs to the month of its time.
    Event {
        /// The column.
        time: Found<String>,
    },
    /// A row meets every month that it covers; it gets `first_day`, `last_day`, `days` and `workdays` of
    /// the covered days, `month_days` and `month_workdays` of the month, and `parts`.
    Span {
        /// The first day.
        from: Found<String>,
        /// The first day that is no longer covered; none is open.
        to: Found<String>,
        /// What share of a day counts, a decimal; none is 1.
        share: Option<Found<String>>,
    },
    /// A row counts where it holds at the end of a month; it gets `period_end`.
    Stock {
        /// Since when it holds; none is as far back as the calendar goes.
        from: Option<Found<String>>,
        /// The first moment at which it no longer holds; none is open. Without a column, a row
        /// holds for good: everything that has ever come.
        to: Option<Found<String>>,
        /// Whether it counts for what has followed its unit once that is over; otherwise it counts no longer.
        passes_on: bool,
    },
}

impl FactKind {
    /// The columns that place a row in time, and how much of it counts.
    pub fn times(&self) -> Vec<&Found<String>> {
        let share = if let Self::Span { share, .. } = self { share.as_ref() } else { None };
        self.days().into_iter().chain(share).collect()
    }

    /// Those of them that tell a day.
    pub fn days(&self) -> Vec<&Found<String>> {
        match self {
            Self::Event { time } => vec![time],
            Self::Span { from, to, .. } => vec![from, to],
            Self::Stock { from, to, .. } => from.iter().chain(to).collect(),
        }
    }

    /// What a row gets for every month that it meets.
    pub fn gives(&self) -> &'static [(&'static str, FieldKind)] {
        match self {
            Self::Event { .. } => &[],
            Self::Span { .. } => &[
                ("first_day", FieldKind::Day),
                ("last_day", FieldKind::Day),
                ("days", FieldKind::Whole),
                ("month_days", FieldKind::Whole),
                ("workdays", FieldKind::Whole),
                ("month_workdays", FieldKind::Whole),
                ("parts", FieldKind::Whole),
            ],
            Self::Stock { .. } => &[("period_end", FieldKind::Day)],
        }
    }
}

/// A column made once a row.
#[derive(Clone, Debug)]
pub struct Derived {
    /// Its name.
    pub name: String,
    /// How it is made.
    pub make: Make,
}

/// How a column is made.
#[derive(Clone, Debug)]
pub enum Make {
    /// By an expression.
    Sql(Found<String>, Expr),
    /// Several columns, `name.column`: the spell of the row's `person_id` on a day (rules.md 4).
    Spell {
        /// The day.
        on: (Found<String>, Expr),
    },
    /// Whether a list of the home names the value for the row's unit; none without a list or a value.
    Listed {
        /// The list, in `pipelines/reference/`.
        list: Found<String>,
        /// The column of the value.
        value: Found<String>,
    },
    /// True where another fact has a row that points at this one and for which the expression is true.
    Exists {
        /// The other fact.
        fact: Found<String>,
        /// The expression over its columns.
        keep: Option<(Found<String>, Expr)>,
    },
}

/// One aggregate over one fact.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// Its title, for people; empty where it has none.
    pub title: String,
    /// The fact.
    pub fact: Found<String>,
    /// Which time of an event counts, if not the fact's.
    pub time: Option<Found<String>>,
    /// The text.
    pub sql: Found<String>,
    /// The same, parsed.
    pub aggregate: Aggregate,
    /// What one of it is, such as 件.
    pub measured_in: String,
    /// The aggregate counts in parts of one: 377,580 for person-months.
    pub per: i128,
    /// A stock is told at the end of each quarter of a period, added up, not once at the period's end.
    pub at_quarter_ends: bool,
}

/// A formula with a meaning.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its Chinese title.
    pub title: String,
    /// The text of the formula.
    pub text: Found<String>,
    /// The same, parsed.
    pub value: Formula,
    /// What one of it is, such as 件/人.
    pub measured_in: String,
    /// Decimals that are shown.
    pub decimals: u8,
    /// Which way is better: `up`, `down`, `none`, `[low, high]`.
    pub direction: String,
    /// For whom it is told.
    pub grain: Vec<Grain>,
    /// For which periods it is told.
    pub periods: Vec<PeriodKind>,
    /// For which of them it is told of a grain, where that is fewer.
    pub periods_of: Vec<(Grain, Vec<PeriodKind>)>,
    /// Below this base there is `no_data`.
    pub need: Option<Base>,
    /// Below this base it is `few`.
    pub few: Option<Base>,
    /// Below this base it is `withheld`.
    pub withhold: Option<Base>,
    /// Beyond this limit somebody should look.
    pub finding: Option<Limit>,
    /// What kind of record it rests on: recorded, reported, derived.
    pub evidence: String,
    /// Whether its values may be summed over units.
    pub is_additive: bool,
    /// Whether it is told of groups of units as well.
    pub is_rolled_up: bool,
    /// Whom it is for, if not for all units.
    pub only: Option<Only>,
    /// Which slot of the trees it fills for them, and how it is judged.
    pub scores: Option<Scores>,
    /// The document the definition rests on.
    pub basis: String,
    /// Which definition this is.
    pub version: i64,
    /// When it begins, and when the metric is to end.
    pub life: Life,
    /// The definitions before it, the newest first.
    pub earlier: Vec<Metric>,
    /// What it is worth on examples.
    pub tests: Vec<Test>,
    /// What it means, in Chinese.
    pub means: String,
    /// Where it stands.
    pub place: Place,
    /// The file it stands in.
    pub file: String,
}

/// A limit beyond which somebody should look at a value.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The greatest value that is none to look at.
    pub above: Exact,
    /// Whether it is how far from zero a value may be, in either direction.
    pub is_apart: bool,
    /// The kind of period whose newest value is looked at; without one, the present period of the last kind is.
    pub period: Option<PeriodKind>,
    /// Whether a value that rests on little counts too.
    pub with_few: bool,
    /// What kind of finding it is: `beyond`, or `cross_check` where the metric counts what two records
    /// contradict each other in.
    pub kind: &'static str,
}

impl Limit {
    /// Whether a value lies beyond it.
    pub fn is_passed_by(&self, value: Exact) -> bool {
        let value = if self.is_apart { value.abs() } else { value };
        value > self.above
    }
}

/// The least base of a metric.
#[derive(Clone, Debug)]
pub struct Base {
    /// A measure or metric.
    pub name: Found<String>,
    /// The least value.
    pub at_least: Exact,
}

impl Metric {
    /// Whether periods of a kind are told of a grain, by its word.
    pub fn tells(&self, grain: &str, kind: PeriodKind) -> bool {
        let fewer = self.periods_of.iter().find(|(of, _)| of.word() == grain);
        fewer.map_or(&self.periods, |(_, kinds)| kinds).contains(&kind)
    }
}

/// For whom a metric is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grain {
    /// A unit.
    Unit,
    /// A section of a unit.
    Section,
    /// A value of a dimension in a unit, such as one duty.
    By(String),
}

impl Grain {
    /// How a manifest writes it.
    pub fn word(&self) -> &str {
        match self {
            Self::Unit => "unit",
            Self::Section => "section",
            Self::By(by) => by,
        }
    }
}
