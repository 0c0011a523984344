//! Does an event log of a Dutch municipality become cases, with mapping files alone, and do the cases
//! give the figures that are known of them?

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;
use shuping::frame::table;
use shuping::model::lake::Equation;
use shuping::model::lake::Lake;
use shuping::night;
use shuping::night::Choice;
use shuping::night::Ground;
use shuping::night::report::NightReport;
use shuping::spec::home::Home;
use shuping::spec::secret::HomeSecrets;

use crate::python;
use crate::shared::shared;
use crate::world::ask;

const NIGHT: Date = jiff::civil::date(2012, 1, 31);

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/receipt")
}

/// The night over a drop folder, written to a folder of its own.
fn run(drop: &Path, var: &Path) -> NightReport {
    let home = Home::open(&example()).unwrap();
    let catalog = home.catalog().unwrap();
    let secrets = HomeSecrets::of(&home.root).with(BTreeMap::from([
        ("RECEIPT_DROP".to_owned(), drop.display().to_string()),
        ("SHUPING_SECRET_PSEUDONYM_KEY".to_owned(), "the key of a test".to_owned()),
    ]));
    let ground = Ground { catalog: &catalog, home: &home, var: var.to_owned(), secrets: &secrets };
    let choice = Choice { night: NIGHT, as_of: NIGHT, again: false, full: false };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(night::run(&ground, (choice, None), &mut |_| ())).unwrap()
}

#[test]
fn an_event_log_becomes_cases_with_the_known_figures_by_mapping_files_alone() {
    let Some(records) = shared("data/receipt") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (drop, var) = (folder.path().join("drop"), folder.path().join("var"));
    fs::create_dir(&drop).unwrap();
    fs::copy(records.join("receipt.csv"), drop.join("receipt.csv")).unwrap();
    the_equations(&run(&drop, &var));
    the_known_figures(&var.join("warehouse.db"));
    the_persons(&var);
    let release = var.join("release");
    python::recompute("receipt.py", &records, &release);
    python::validate(&release);
}

fn the_equations(report: &NightReport) {
    assert_eq!(report.exit_code(), 0);
    let told: Vec<(String, Equation)> =
        report.streams.iter().map(|s| (s.name(), s.equation)).collect();
    let departments = Equation { added: 3, duplicate: 8_574, ..Equation::default() };
    let groups = Equation { added: 7, duplicate: 3_609, filtered: 4_961, ..Equation::default() };
    let cases = Equation { added: 1_434, duplicate: 7_143, ..Equation::default() };
    let names = ["permits.departments", "permits.groups", "permits.cases"].map(str::to_owned);
    let expected: Vec<_> = names.into_iter().zip([departments, groups, cases]).collect();
    assert_eq!(told, expected);
    assert!(report.streams.iter().all(|stream| stream.received == 8_577 && stream.closes()));
    let noticed: Vec<(&str, u64)> =
        report.noticed.iter().map(|noticed| (noticed.subject.as_str(), noticed.rows)).collect();
    assert_eq!(noticed, [("closed_before_started", 4)]);
}

fn the_known_figures(warehouse: &Path) {
    let figures = "select
            count(*),
            count(due_at),
            count(due_first_at),
            count(closed_at),
            sum(closed_at > due_at),
            sum(closed_at > due_first_at),
            sum(status = 'open')
        from service_case";
    let known = ["1434", "1434", "1434", "1329", "377", "389", "105"];
    assert_eq!(ask(warehouse, figures), [known]);
    // The metrics say the same: all that came, all that ended less those in time, what is open at last.
    let told = "select
            sum(value) filter (where metric = 'cases_accepted' and period_kind = 'year'),
            sum(value) filter (where metric = 'cases_closed' and period_kind = 'year'),
            sum(denominator - numerator) filter (where metric = 'on_time_rate' and period_kind = 'year'),
            sum(denominator - numerator) filter (where metric = 'on_plan_rate' and period_kind = 'year'),
            sum(value) filter (where metric = 'cases_backlog' and period = '2012-01')
        from metric_value
        where section_id is null and dim is null";
    assert_eq!(ask(warehouse, told), [["1434", "1329", "377", "389", "105"]]);
    // Of four events the last stands.
    let last =
        "select updated_at, unit_id, section_id from service_case where case_id = 'case-10011'";
    assert_eq!(ask(warehouse, last), [["2011-11-24T14:37:16.553000Z", "General", "Group 2"]]);
}

/// Who is responsible is a pseudonym in the lake, and nowhere else.
fn the_persons(var: &Path) {
    let catalog = Home::open(&example()).unwrap().catalog().unwrap();
    let known = Lake::at(&var.join("lake")).read(&catalog.schemas["service_case"], NIGHT);
    let handlers: BTreeSet<String> = table::to_rows(&known.unwrap(), &["handler_id"])
        .into_iter()
        .map(|mut row| row.remove(0).unwrap().written())
        .collect();
    assert_eq!(handlers.len(), 39);
    assert!(handlers.iter().all(|name| !name.starts_with("Resource") && name != "test"));
    let columns =
        ask(&var.join("warehouse.db"), "select name from pragma_table_info('service_case')");
    assert!(columns.iter().all(|column| column[0] != "handler_id"));
}

#[test]
fn the_home_of_the_event_log_holds_together() {
    let catalog = Home::open(&example()).unwrap().catalog().unwrap();
    let streams: Vec<&str> = catalog.streams().iter().map(|(_, s)| s.into.value.as_str()).collect();
    assert_eq!(streams, ["unit", "section", "service_case"]);
}
