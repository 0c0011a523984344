//! What becomes of numbers that leave their range? A fault that names the measure, never a smaller number; and
//! DuckDB finds the same rows beyond.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::base::messages::Lang;
use shuping::base::period::Month;
use shuping::frame::functions::Days;
use shuping::frame::parquet;
use shuping::measure::MeasureError;
use shuping::measure::behind;
use shuping::measure::cube;
use shuping::measure::cube::Keeping;
use shuping::measure::fact::Ground;
use shuping::measure::recount::KeptMonths;
use shuping::measure::spread::Overflow;
use shuping::spec::catalog::Catalog;
use shuping::spec::duckdb::Writer;
use shuping::spec::duckdb::literal;
use shuping::spec::formula::Exact;

use super::random::Dice;
use super::thing;
use crate::library;
use crate::python;

const FIELDS: &thing::Fields = &[
    ("thing_id", "string"),
    ("unit_id", "string"),
    ("counted_on", "date"),
    ("s", "string"),
    ("a", "integer"),
    ("b", "integer"),
    ("c", "integer"),
    ("d", "number 2"),
];

const BIG: i64 = 4_000_000_000;

fn row(at: usize, [a, b, c]: [Option<i64>; 3], d: Option<i128>) -> CellRow {
    let text = |text: &str| Some(Cell::Text(text.to_owned()));
    let day = Some(Cell::Day(date(2026, 3, 1)));
    let whole = |whole: Option<i64>| whole.map(Cell::Whole);
    let decimal = d.map(|digits| Cell::Decimal(digits, 2));
    vec![
        text(&format!("thing{at}")),
        text("U1"),
        day,
        text("ab"),
        whole(a),
        whole(b),
        whole(c),
        decimal,
    ]
}

fn catalog(derive: &str, keep: &str, measure: &str) -> Catalog {
    let pipeline = format!(
        "format = 1\ntitle = \"Things\"\n[[fact]]\nname = \"f\"\ntable = \"thing\"\nkind = \"event\"\n\
         time = \"counted_on\"\nwhere = '''{keep}'''\n[fact.derive]\nmade = '''{derive}'''\n\
         [[measure]]\nname = \"m\"\nfact = \"f\"\nsql = '''{measure}'''\nmeasured_in = \"1\"\n"
    );
    thing::read(FIELDS, &pipeline).unwrap_or_else(|faults| {
        panic!("{measure}: {:?}", faults.iter().map(|f| f.render(Lang::En)).collect::<Vec<_>>())
    })
}

/// What is counted in March, or how it is refused.
fn counted(catalog: &Catalog, cells: &[CellRow]) -> Result<Option<Exact>, String> {
    let march = date(2026, 3, 31);
    let (cube, _) = thing::try_count(catalog, &thing::rows(catalog, cells), march)
        .map_err(|fault: MeasureError| format!("{:#}", anyhow::Error::from(fault)))?;
    let spot = (("U1".to_owned(), None), None);
    let month = Month::of(march);
    Ok(cube.measures["m"].on(&spot).within("2026-03".parse().unwrap(), month).unwrap())
}

/// Two rows within and one beyond.
fn three() -> Vec<CellRow> {
    let huge = 90_000_000_000_000_000_000_000_000_000_000_000_000;
    vec![
        row(0, [Some(2), Some(3), Some(5)], Some(250)),
        row(1, [Some(BIG), Some(BIG), Some(BIG)], Some(huge)),
        row(2, [None, Some(3), None], None),
    ]
}

#[test]
fn a_number_beyond_its_range_is_told_and_never_passes_for_none() {
    let three = three();
    for (measure, rows) in [
        ("SUM(LENGTH(s) * 3000000000 * 3000000000)", 3),
        ("SUM(a * b)", 1),
        ("SUM(a * b + 1)", 1),
        ("COUNT(*) FILTER (WHERE a * b > 0)", 1),
        ("COUNT(a * b)", 1),
        ("COUNT(DISTINCT a * b)", 1),
        ("AVG(a * b)", 1),
        ("MAX(-a * b)", 1),
        ("MEDIAN(0 - a * b)", 1),
        ("SUM((a - c + b) * a % 7)", 1),
        ("SUM(d * d)", 1),
        ("SUM(d + a / b)", 1),
        ("SUM(d / b)", 1),
        ("SUM(EXACT(d))", 1),
        ("SUM(FLOOR(d))", 1),
        ("SUM(CEIL(d))", 1),
        ("SUM(COALESCE(a * b, 0))", 1),
        ("SUM(CASE WHEN c > 0 THEN a * b ELSE 0 END)", 1),
        ("SUM(a * b) FILTER (WHERE c IS NOT NULL)", 1),
        ("SUM(ABS(0 * COALESCE(b, 1) - 9223372036854775807 - 1))", 3),
    ] {
        let said = counted(&catalog("a", "TRUE", measure), &three).expect_err(measure);
        for part in ["measure `m`: `", "leaves the range", &format!("in {rows} of 3 rows")] {
            assert!(said.contains(part), "`{part}` is missing for `{measure}` in {said}");
        }
        assert!(!said.contains("4000000000"), "no value of a row is told: {said}");
    }
}

#[test]
fn a_column_and_a_condition_of_the_fact_are_told_by_their_names() {
    for (derive, keep, named) in
        [("a * b", "TRUE", "column `made`: `*`"), ("a", "a * b > 7", "`where`: `*`")]
    {
        let said = counted(&catalog(derive, keep, "COUNT(*)"), &three()).expect_err(named);
        assert!(said.contains(named) && said.contains("fact `f`"), "{said}");
    }
}

/// What nobody asks for is no fault, what is divided by zero no value, and what just fits a number.
#[test]
fn rows_that_are_left_out_do_not_count_and_do_not_fail() {
    let mut cells = three();
    cells.push(row(3, [Some(i64::MAX - 1), Some(1), Some(0)], Some(0)));
    for (measure, value) in [
        ("SUM(CASE WHEN a < 1000 THEN a * b END)", 6),
        ("SUM(CASE WHEN a >= 1000 THEN 1 ELSE a * b END)", 8),
        ("SUM(CASE WHEN a >= 1000 THEN 1 WHEN a * b > 5 THEN a * b * 2 END)", 14),
        ("SUM(a * b) FILTER (WHERE a < 1000)", 6),
        ("COUNT(a * b) FILTER (WHERE a < 1000)", 1),
        ("SUM(CASE WHEN a < 1000 THEN FLOOR(d) END)", 2),
        ("COUNT(a / c)", 2),
        ("COUNT(*) FILTER (WHERE a % c = 0 OR a + b > 9)", 2),
        ("MAX(a + b)", i128::from(i64::MAX)),
        ("MIN(-a - 2)", i128::from(i64::MIN)),
    ] {
        let told = counted(&catalog("a", "TRUE", measure), &cells);
        assert_eq!(told, Ok(Some(Exact::from(value))), "{measure}");
    }
}

/// Each row and each month has room, the year has none.
#[test]
fn a_sum_of_months_beyond_128_bits_names_its_measure() {
    let huge = 90_000_000_000_000_000_000_000_000_000_000_000_000;
    let pipeline = "format = 1\ntitle = \"Things\"\n[[fact]]\nname = \"f\"\ntable = \"thing\"\nkind = \"event\"\n\
                    time = \"counted_on\"\n[[measure]]\nname = \"m\"\nfact = \"f\"\nsql = \"SUM(d)\"\nmeasured_in = \"1\"\n\
                    [[metric]]\nname = \"x\"\ntitle = \"x\"\nvalue = \"m\"\nmeasured_in = \"1\"\ngrain = [\"unit\"]\n\
                    period = [\"month\", \"year\"]\nbasis = \"test\"\nmeans = \"test\"\n";
    let catalog = thing::read(FIELDS, pipeline).unwrap();
    let mut cells: Vec<CellRow> = (0..2).map(|at| row(at, [None; 3], Some(huge))).collect();
    cells[1][2] = Some(Cell::Day(date(2026, 2, 1)));
    let as_of = date(2026, 12, 31);
    let told = thing::try_told(&catalog, &thing::rows(&catalog, &cells), &["U1"], as_of);
    let said = told.unwrap_err().to_string();
    assert_eq!(said, "measure `m` leaves the range of exact numbers");
    // What one of them takes back has room again.
    cells[1][7] = Some(Cell::Decimal(-huge, 2));
    let told = thing::told(&catalog, &thing::rows(&catalog, &cells), &["U1"], as_of);
    let year = ("x".to_owned(), "U1".to_owned(), String::new(), "2026".to_owned());
    assert_eq!(told[&year].2, Some(Exact::from(0)));
}

/// Rows are counted some at a time: what they come to together is looked at as well.
#[test]
fn a_sum_of_slices_beyond_128_bits_names_its_measure() {
    let huge = 90_000_000_000_000_000_000_000_000_000_000_000_000;
    let catalog = catalog("a", "TRUE", "SUM(d)");
    let amount = |at: usize| Some(if at.is_multiple_of(131_072) { huge } else { 0 });
    let cells: Vec<CellRow> = (0..=131_072).map(|at| row(at, [None; 3], amount(at))).collect();
    let tables = thing::rows(&catalog, &cells);
    let march = date(2026, 3, 31);
    let (cube, _) = thing::count(&catalog, &tables, march);
    let spot = (("U1".to_owned(), None), None);
    let told = cube.measures["m"].on(&spot).within("2026-03".parse().unwrap(), Month::of(march));
    assert_eq!(told, Err(Overflow::Formula));
    // It is not kept for the next night either.
    let days =
        Days { calendar: Arc::new(catalog.calendar.clone()), zone: catalog.settings.zone.clone() };
    let ground = Ground { catalog: &catalog, tables: &tables, days, as_of: march, night: march };
    let lake = tempfile::tempdir().unwrap();
    let months = KeptMonths::at(lake.path(), false);
    let keeping = Keeping { keep: &mut |_, _, _| Ok(()), months: Some(&months) };
    let fault = cube::count_and(&ground, Some(keeping)).err().unwrap();
    let said = format!("{:#}", anyhow::Error::from(fault));
    assert!(said.contains("measure `m`: its sum leaves the range of numbers"), "{said}");
}

fn whole(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return dice.pick(&["a", "b", "c", "a", "b", "CASE WHEN a < b THEN b END"]).to_owned();
    }
    let mut side = || whole(dice, depth - 1);
    let (x, y) = (side(), side());
    match dice.roll(6) {
        0 => format!("({x} + {y})"),
        1 => format!("({x} - {y})"),
        2 | 3 => format!("({x} * {y})"),
        4 => format!("CASE WHEN a < 1000 THEN {x} ELSE {y} END"),
        _ => format!("CASE WHEN b > 1000 THEN c WHEN c < 1000 THEN {x} END"),
    }
}

/// Without constants beside the columns: DuckDB would bring them to the other side before it counts.
#[test]
fn duckdb_finds_the_same_numbers_beyond() {
    let mut dice = Dice(20_260_301);
    let numbers = [-3 * BIG, -1000, -7, 0, 1, 3, 999, 2 * BIG, i64::MAX / 2, i64::MAX];
    let mut measures = Vec::new();
    for at in 0..60 {
        let x = whole(&mut dice, 1 + at % 2);
        measures.push(match dice.roll(4) {
            0 => format!("COUNT(*) FILTER (WHERE {x} > 0)"),
            1 => format!("MAX({x})"),
            _ => format!("SUM({x})"),
        });
    }
    let decimals = ["SUM(d * d)", "SUM(d * a)", "SUM(d + d)", "COUNT(*) FILTER (WHERE d * d > d)"];
    measures.extend(decimals.map(str::to_owned));
    let folder = tempfile::tempdir().unwrap();
    let (mut ours, mut statements) = (Vec::new(), Vec::new());
    for (at, measure) in measures.iter().enumerate() {
        let mut number = || (dice.roll(9) > 0).then(|| numbers[dice.roll(2 + at % 9)]);
        let cells: Vec<CellRow> = (0..6)
            .map(|at| {
                let small = number().filter(|number| *number <= 2 * BIG);
                row(at, [number(), number(), number()], small.map(i128::from))
            })
            .collect();
        let (catalog, plain) = (catalog("a", "TRUE", measure), catalog("a", "TRUE", "COUNT(*)"));
        ours.push(counted(&catalog, &cells));
        let (_, kept) = thing::count(&plain, &thing::rows(&plain, &cells), date(2026, 3, 31));
        let file = folder.path().join(format!("{at}.parquet"));
        parquet::write(&mut kept["f"].clone(), &file).unwrap();
        let kinds = behind::kinds(&kept["f"]);
        let writer = Writer { zone: "Asia/Shanghai", kinds: &kinds };
        let asked = writer.aggregate(&catalog.measures().next().unwrap().aggregate);
        statements.push(format!("select {asked} from {}", read(&file)));
    }
    let beyond = ours.iter().filter(|told| told.is_err()).count();
    assert!((5..50).contains(&beyond), "{beyond} of {} are beyond", ours.len());
    let Some(answers) = python::answers_or_beyond(&statements) else { return };
    assert_eq!(answers.len(), ours.len());
    for ((measure, told), answer) in measures.iter().zip(&ours).zip(&answers) {
        let told = told.clone().map_err(drop);
        assert_eq!(told, *answer, "{measure}");
    }
}

fn read(file: &Path) -> String {
    format!("read_parquet({})", literal(&file.display().to_string()))
}

/// The night says so before anything is published.
#[test]
fn a_night_with_a_number_beyond_its_range_publishes_nothing_and_names_the_measure() {
    let home = library::library();
    let path = home.path().join(library::PIPELINE);
    let huge = "\n[[measure]]\nname = \"huge\"\nfact = \"loan\"\nmeasured_in = \"1\"\n\
                sql = \"SUM(LENGTH(case_id) * 3000000000 * 3000000000)\"\n";
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + huge).unwrap();
    let output = library::shuping(home.path(), &["run", "--night", "2026-02-01"]);
    let said = library::said(&output);
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("measure `huge`: `*` leaves the range of numbers"), "{said}");
    assert!(!home.path().join("var/release/latest.json").exists());
}

/// The night says once which column of which fact went beyond, however many rooms the word passed through.
#[test]
fn a_night_says_once_what_left_its_range() {
    let back = "is_back = \"status = 'closed'\"";
    let beyond = format!("{back}\nbeyond  = \"9223372036854775807 + LENGTH(case_id)\"");
    let home = library::changed(back, &beyond);
    let path = home.path().join(library::PIPELINE);
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replacen(
        "COUNT(*) FILTER (WHERE is_back)",
        "COUNT(*) FILTER (WHERE is_back AND beyond > 0)",
        1,
    );
    fs::write(&path, text).unwrap();
    let output = library::shuping(home.path(), &["run", "--night", "2026-01-31"]);
    let said = library::said(&output);
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert_eq!(said.matches("`beyond`: `+` leaves the range").count(), 1, "{said}");
}
