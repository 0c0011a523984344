//! Does DuckDB count the same? Random measures of the language over random rows: our cube counts them, the
//! SQL that `explain` would print counts them again from the same file.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::date;
use polars::prelude::DataFrame;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::base::period::Month;
use shuping::base::period::Period;
use shuping::frame::parquet;
use shuping::measure::behind;
use shuping::measure::behind::Behind;
use shuping::spec::catalog::Catalog;
use shuping::spec::duckdb::Writer;
use shuping::spec::duckdb::identifier;
use shuping::spec::duckdb::literal;
use shuping::spec::formula::Exact;
use shuping::spec::function::FUNCTIONS;
use shuping::spec::pipeline::Make;
use shuping::spec::pipeline::Measure;

use super::thing;
use crate::python;

const FIELDS: &thing::Fields = &[
    ("thing_id", "string"),
    ("unit_id", "string"),
    ("counted_on", "date"),
    ("id", "integer"),
    ("n", "integer"),
    ("m", "integer"),
    ("d2", "number 2"),
    ("d3", "number 3"),
    ("t", "string"),
    ("u", "string"),
    ("f", "boolean"),
    ("g", "boolean"),
    ("day1", "date"),
    ("day2", "date"),
    ("at1", "datetime"),
    ("at2", "datetime"),
];

/// What a row is derived from in DuckDB too, where an aggregate holds no window.
const DERIVED: &str = "[fact.derive]\nrep = \"REPEATS(t, f)\"\nord = \"ORDINAL(id, t, f)\"\n\
                       share = \"d3 / n\"\nhalf = \"CASE WHEN f THEN n ELSE d2 END\"\n";

const MEASURES: usize = 400;
const ROWS: usize = 160;

/// The same dice every time (splitmix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    pub(super) fn pick<'p>(&mut self, words: &[&'p str]) -> &'p str {
        words[self.roll(words.len())]
    }

    fn row(&mut self, at: usize) -> CellRow {
        let text = |text: &str| Some(Cell::Text(text.to_owned()));
        let whole = |dice: &mut Dice| {
            // None of them moves a day beyond the calendar.
            let numbers = [-7, -1, 0, 0, 1, 2, 3, 10, 17, 150];
            let number = numbers[dice.roll(numbers.len())];
            (dice.roll(8) > 0).then_some(Cell::Whole(number))
        };
        let decimal = |dice: &mut Dice, scale: u8| {
            let digits = [-1250, -1, 0, 5, 50, 99, 100, 1000, 12345, 7];
            let digits = digits[dice.roll(digits.len())];
            (dice.roll(8) > 0).then_some(Cell::Decimal(digits, scale))
        };
        let flag = |dice: &mut Dice| [None, Some(true), Some(false)][dice.roll(3)].map(Cell::Flag);
        let day = |dice: &mut Dice| {
            let days = [
                date(2026, 1, 31),
                date(2026, 2, 28),
                date(2026, 3, 1),
                date(2025, 12, 31),
                date(2024, 2, 29),
                date(2025, 10, 8),
                date(2026, 2, 14),
                date(2026, 3, 31),
            ];
            let day = days[dice.roll(days.len())];
            (dice.roll(8) > 0).then_some(Cell::Day(day))
        };
        let instant = |dice: &mut Dice| {
            // Around midnight in Shanghai and elsewhere, with parts of a second.
            let texts = [
                "2026-01-31T15:59:59.5Z",
                "2026-01-31T16:00:00Z",
                "2026-02-28T23:30:00Z",
                "2025-12-31T16:00:00.000001Z",
                "2026-03-01T00:00:00Z",
                "2024-02-29T03:04:05Z",
            ];
            let instant = texts[dice.roll(texts.len())].parse().unwrap();
            (dice.roll(8) > 0).then_some(Cell::Instant(instant))
        };
        let months = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 15)];
        vec![
            text(&format!("thing{at}")),
            text(["U1", "U2", "市局"][self.roll(3)]),
            Some(Cell::Day(months[self.roll(3)])),
            Some(Cell::Whole(i64::try_from(at * 7919 % ROWS).unwrap())),
            whole(self),
            whole(self),
            decimal(self, 2),
            decimal(self, 3),
            [None, text("行政许可"), text("投诉"), text("permit"), text("a_b%"), text("")]
                [self.roll(6)]
            .clone(),
            [None, text("12"), text(" -3.50"), text("1e3"), text("七"), text("0.125")]
                [self.roll(6)]
            .clone(),
            flag(self),
            flag(self),
            day(self),
            day(self),
            instant(self),
            instant(self),
        ]
    }

    fn whole(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["n", "m", "id", "rep", "ord", "0", "1", "3", "-2"]).to_owned();
        }
        let below = depth - 1;
        match self.roll(20) {
            0 => format!("({} + {})", self.whole(below), self.whole(below)),
            1 => format!("({} - {})", self.whole(below), self.whole(below)),
            2 => format!("({} * {})", self.whole(0), self.whole(0)),
            3 => format!("{} % {}", self.whole(0), self.whole(0)),
            4 => format!("FLOOR({})", self.number(below)),
            5 => format!("CEIL({})", self.number(below)),
            6 => format!("LENGTH({})", self.text(below)),
            7 => format!("DAYS_BETWEEN({}, {})", self.moment(below), self.moment(below)),
            8 => format!("MONTHS_BETWEEN({}, {})", self.moment(below), self.moment(below)),
            9 => format!("SECONDS_BETWEEN({}, {})", self.instant(), self.instant()),
            10 => format!("ELAPSED_WORKDAYS({}, {})", self.moment(below), self.moment(below)),
            11 => format!("ELAPSED_WORKDAYS({}, {}, n)", self.moment(0), self.moment(0)),
            12 => format!("WORKDAYS_BETWEEN({}, {})", self.moment(0), self.moment(0)),
            13 => format!("YEAR_OF({})", self.moment(below)),
            14 => format!("AGE({}, {})", self.moment(0), self.moment(0)),
            15 => format!("MINUTE({})", self.instant()),
            16 => format!("CASE WHEN {} THEN {} END", self.flag(below), self.whole(below)),
            17 => format!("COALESCE({}, {})", self.whole(below), self.whole(0)),
            18 => format!("NULLIF({}, {})", self.whole(0), self.whole(0)),
            _ => format!("ABS({})", self.whole(below)),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            let words = ["n", "m", "d2", "d3", "share", "half", "0.5", "1.25", "0", "-3"];
            return self.pick(&words).to_owned();
        }
        let below = depth - 1;
        match self.roll(16) {
            0 | 1 => self.whole(depth),
            2 => format!("({} + {})", self.number(below), self.number(below)),
            3 => format!("({} - {})", self.number(below), self.number(below)),
            4 => format!("({} * {})", self.number(0), self.number(0)),
            5 | 6 => format!("{} / {}", self.number(0), self.number(0)),
            7 => format!("-{}", self.pick(&["n", "d2", "share"])),
            8 => format!("ABS({})", self.number(below)),
            9 => format!("GREATEST({}, {}, 0)", self.number(below), self.number(0)),
            10 => format!("LEAST({}, {})", self.number(0), self.number(below)),
            11 => format!("NUMBER({})", self.pick(&["u", "t", "REPLACE(u, ' ', '')"])),
            12 => format!("EXACT({})", self.number(0)),
            13 => format!("HOURS_BETWEEN({}, {})", self.instant(), self.instant()),
            14 => {
                let (when, then) = (self.flag(below), self.number(below));
                format!("CASE WHEN {when} THEN {then} ELSE {} END", self.number(below))
            }
            _ => format!("COALESCE({}, {})", self.number(below), self.number(0)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["t", "u", "'permit'", "'投诉'", "''"]).to_owned();
        }
        let below = depth - 1;
        match self.roll(8) {
            0 => format!("LOWER({})", self.text(below)),
            1 => format!("UPPER({})", self.text(below)),
            2 => {
                format!("SUBSTR({}, {})", self.text(below), self.pick(&["1", "2, 1", "1, 2", "9"]))
            }
            3 => format!("REPLACE({}, {}, '#')", self.text(below), self.text(0)),
            4 => format!("MONTH_OF({})", self.moment(below)),
            5 => format!("{} || '|' || {}", self.text(0), self.text(0)),
            6 => format!("CASE WHEN {} THEN {} END", self.flag(below), self.text(below)),
            _ => format!("COALESCE({}, '')", self.text(below)),
        }
    }

    fn day(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["day1", "day2", "DATE '2026-02-28'", "told_on"]).to_owned();
        }
        match self.roll(5) {
            0 => format!("MOVED({}, m)", self.pick(&["day1", "at1"])),
            1 => {
                let kind = self.pick(&["'man60'", "'woman55'", "'woman50'", "t"]);
                format!(
                    "RETIREMENT_MONTH({}, {kind})",
                    self.pick(&["DATE '1970-03-31'", "DATE '1964-12-31'", "DATE '1976-08-01'"])
                )
            }
            2 => format!("GREATEST({}, {})", self.day(0), self.day(0)),
            3 => format!("CASE WHEN {} THEN {} END", self.flag(depth - 1), self.day(0)),
            _ => format!("COALESCE({}, {})", self.day(0), self.day(0)),
        }
    }

    fn instant(&mut self) -> String {
        self.pick(&["at1", "at2", "COALESCE(at1, at2)"]).to_owned()
    }

    fn moment(&mut self, depth: usize) -> String {
        // Only days that the calendar knows: a retirement lies beyond it.
        match self.roll(3) {
            0 => self.instant(),
            _ if depth > 0 && self.roll(4) == 0 => "COALESCE(day1, day2)".to_owned(),
            _ => self.day(0),
        }
    }

    fn flag(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["f", "g", "f", "TRUE", "NULL"]).to_owned();
        }
        let below = depth - 1;
        let than = ["=", "<>", "<", "<=", ">", ">="];
        match self.roll(18) {
            0 => format!("{} {} {}", self.number(below), self.pick(&than), self.number(below)),
            1 => format!("{} {} {}", self.whole(below), self.pick(&than), self.number(0)),
            2 => format!("{} {} {}", self.text(below), self.pick(&than), self.text(0)),
            3 => format!("{} {} {}", self.day(below), self.pick(&than), self.day(0)),
            4 => format!("{} {} {}", self.instant(), self.pick(&than), self.instant()),
            5 => format!("({} AND {})", self.flag(below), self.flag(below)),
            6 => format!("({} OR {})", self.flag(below), self.flag(below)),
            7 => format!("NOT ({})", self.flag(below)),
            8 => format!("({}) IS {}NULL", self.number(below), self.pick(&["", "NOT "])),
            9 => {
                let is = self.pick(&["TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "UNKNOWN"]);
                format!("({}) IS {is}", self.flag(below))
            }
            10 => {
                let not = self.pick(&["", "NOT "]);
                format!("{} {not}IN ({}, {}, NULL)", self.whole(0), self.whole(0), self.number(0))
            }
            11 => format!(
                "{} {}IN ('投诉', {})",
                self.text(0),
                self.pick(&["", "NOT "]),
                self.text(0)
            ),
            12 => {
                let not = self.pick(&["", "NOT "]);
                format!("{} {not}BETWEEN {} AND {}", self.number(0), self.number(0), self.number(0))
            }
            13 => {
                let like = self.pick(&["'行政%'", "'%i_'", "'__'", "'%'", "'a_b%'"]);
                format!("{} {}LIKE {like}", self.text(0), self.pick(&["", "NOT "]))
            }
            14 => format!("IS_WORKDAY({})", self.moment(0)),
            15 => format!("ON_TIME({}, {})", self.moment(0), self.moment(0)),
            16 => format!("ON_TIME({}, {}, m)", self.moment(0), self.moment(0)),
            _ => format!("({}) = ({})", self.flag(0), self.flag(0)),
        }
    }

    fn measure(&mut self) -> String {
        let number = |dice: &mut Dice| dice.number(2);
        let call = match self.roll(13) {
            0 => "COUNT(*)".to_owned(),
            1 => format!("COUNT({})", self.text(2)),
            2 => format!("COUNT(DISTINCT {})", self.text(2)),
            3 => format!("COUNT(DISTINCT {})", number(self)),
            4 => format!("COUNT(DISTINCT {})", self.day(1)),
            5 => format!("COUNT(DISTINCT {})", self.instant()),
            6 => format!("AVG({})", number(self)),
            7 => format!("MIN({})", number(self)),
            8 => format!("MAX({})", number(self)),
            9 => format!("STDDEV({})", self.pick(&["n", "d2", "d3", "share", "half", "n - m"])),
            10 => format!("QUANTILE({}, {})", number(self), self.pick(&["0.9", "0.25", "0.125"])),
            11 => format!("MEDIAN({})", number(self)),
            _ => format!("SUM({})", number(self)),
        };
        let filter = match self.roll(2) {
            0 => format!(" FILTER (WHERE {})", self.flag(2)),
            _ => String::new(),
        };
        call + &filter
    }
}

fn pipeline(measures: &[String]) -> String {
    let head = format!(
        "format = 1\ntitle = \"Things\"\n[[fact]]\nname = \"f\"\ntable = \"thing\"\nkind = \"event\"\n\
         time = \"counted_on\"\n{DERIVED}"
    );
    let measure = |(at, sql): (usize, &String)| {
        format!(
            "[[measure]]\nname = \"m{at}\"\nfact = \"f\"\nsql = '''{sql}'''\nmeasured_in = \"1\"\n"
        )
    };
    head + &measures.iter().enumerate().map(measure).collect::<String>()
}

/// The statement that counts every measure again at a place: `explain`'s own, and windows made anew.
fn statement(
    catalog: &Catalog,
    rows: &DataFrame,
    file: &Path,
    (unit, period): (&str, Period),
) -> String {
    let fact = catalog.facts().next().unwrap();
    let kinds = behind::kinds(rows);
    let writer = Writer { zone: "Asia/Shanghai", kinds: &kinds };
    let made = fact.derive.iter().map(|derived| {
        let Make::Sql(_, tree) = &derived.make else { panic!("only expressions are derived") };
        (identifier(&derived.name), writer.row(tree))
    });
    let made: Vec<(String, String)> = made.collect();
    let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    let made: Vec<String> = made.iter().map(|(name, sql)| format!("{sql} as {name}")).collect();
    let spot = ((unit.to_owned(), None), None);
    let first = catalog.measures().next().unwrap();
    let behind = Behind::of(fact, first, &spot, (period, date(2026, 3, 31)));
    let counts: Vec<String> =
        catalog.measures().map(|measure| writer.aggregate(&measure.aggregate)).collect();
    format!(
        "select {} from (select * exclude ({}), {} from read_parquet({})) where {}",
        counts.join(", "),
        names.join(", "),
        made.join(", "),
        literal(&file.display().to_string()),
        behind.sql(),
    )
}

#[expect(clippy::cast_precision_loss, reason = "compared to nine places")]
fn float(value: Exact) -> f64 {
    *value.numer() as f64 / *value.denom() as f64
}

#[test]
fn duckdb_counts_random_measures_as_the_cube_does() {
    let mut dice = Dice(20_260_131);
    let mut sqls: Vec<String> = (0..MEASURES).map(|_| dice.measure()).collect();
    // What needs a place of its own beside the dice.
    sqls.extend(["COUNT(DISTINCT RETIREMENT_MONTH(DATE '1975-03-31', 'woman50'))".to_owned()]);
    let catalog = thing::read(FIELDS, &pipeline(&sqls)).unwrap_or_else(|faults| {
        panic!(
            "{:#?}",
            faults.iter().map(|f| f.render(shuping::base::messages::Lang::En)).collect::<Vec<_>>()
        )
    });
    every_word_occurs(&sqls.join("\n"));
    let cells: Vec<CellRow> = (0..ROWS).map(|at| dice.row(at)).collect();
    let tables = thing::rows(&catalog, &cells);
    let (cube, kept) = thing::count(&catalog, &tables, date(2026, 3, 31));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.parquet");
    parquet::write(&mut kept["f"].clone(), &file).unwrap();

    let places: Vec<(&str, Period)> = ["U1", "U2", "市局"]
        .into_iter()
        .flat_map(|unit| ["2026-02", "2026Q1"].map(|period| (unit, period.parse().unwrap())))
        .collect();
    let statements: Vec<String> =
        places.iter().map(|place| statement(&catalog, &kept["f"], &file, *place)).collect();
    let asked: Vec<(&Measure, (&str, Period))> = places
        .iter()
        .flat_map(|place| catalog.measures().map(move |measure| (measure, *place)))
        .collect();
    let calendar = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/calendar/cn");
    let Some(answers) = python::answers(&statements, Some(&calendar)) else { return };
    assert_eq!(answers.len(), asked.len());
    let (mut wrong, mut told) = (Vec::new(), 0);
    for ((measure, (unit, period)), answer) in asked.iter().zip(&answers) {
        let spot = (((*unit).to_owned(), None), None);
        let march = Month::of(date(2026, 3, 31));
        let value = cube.measures[&measure.name].on(&spot).within(*period, march).unwrap();
        // DuckDB takes these as floating-point numbers.
        let is_float = ["AVG", "STDDEV", "QUANTILE", "MEDIAN"];
        let is_float = is_float.iter().any(|name| measure.sql.value.starts_with(name));
        let is_same = match (value, answer) {
            (Some(value), Some(answer)) if is_float => {
                let (value, answer) = (float(value), float(*answer));
                (value - answer).abs() <= 1e-9 * answer.abs().max(1.0)
            }
            (value, answer) => value == *answer,
        };
        told += usize::from(value.is_some_and(|value| value != Exact::from(0)));
        if !is_same {
            let sql = &measure.sql.value;
            wrong.push(format!("{sql}\n  of {unit} in {period}: {value:?}, theirs {answer:?}"));
        }
    }
    assert!(told > asked.len() / 3, "only {told} values are told");
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), asked.len(), wrong.join("\n"));
}

/// Every aggregate, operator and function of the language is asked for.
fn every_word_occurs(all: &str) {
    let derived = all.to_owned() + DERIVED;
    for (name, ..) in FUNCTIONS {
        assert!(derived.contains(&format!("{name}(")), "{name} does not occur");
    }
    for word in [
        "COUNT(*)",
        "COUNT(DISTINCT ",
        "SUM(",
        "AVG(",
        "MIN(",
        "MAX(",
        "STDDEV(",
        "MEDIAN(",
        "QUANTILE(",
        "FILTER (WHERE ",
        " + ",
        " - ",
        " * ",
        " / ",
        " % ",
        " || ",
        " = ",
        " <> ",
        " < ",
        " <= ",
        " > ",
        " >= ",
        " AND ",
        " OR ",
        "NOT (",
        " IS NULL",
        " IS NOT NULL",
        " IN (",
        " NOT IN (",
        " BETWEEN ",
        " NOT BETWEEN ",
        " LIKE ",
        " NOT LIKE ",
        "CASE WHEN ",
        " ELSE ",
        " IS TRUE",
        " IS NOT TRUE",
        " IS FALSE",
        " IS NOT FALSE",
        " IS UNKNOWN",
        "DATE '",
    ] {
        assert!(all.contains(word), "`{word}` does not occur");
    }
    let different: BTreeSet<&str> = all.lines().collect();
    assert!(different.len() > 300, "{} measures differ", different.len());
}
