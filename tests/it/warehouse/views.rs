//! Does every view say what it should: those that add up find the published total, and every one of them answers?

use std::fs;
use std::process::Command;

use super::FIRST;
use super::Places;
use super::catalog;
use super::load;
use super::row;
use super::text;
use super::told;
use super::value;
use jiff::civil::Date;
use jiff::civil::date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::spec::catalog::Catalog;
use shuping::warehouse::Place;

use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::world::World;
use crate::world::ask;

fn unit(catalog: &Catalog, id: &str, name: &str) -> CellRow {
    unit_from(catalog, (id, name), date(2001, 1, 1))
}

fn unit_from(catalog: &Catalog, (id, name): (&str, &str), from: Date) -> CellRow {
    let cells = [
        ("unit_id", text(id)),
        ("valid_from", Cell::Day(from)),
        ("name", text(name)),
        ("category", text("institution")),
    ];
    row(catalog, "unit", &cells)
}

fn definition(catalog: &Catalog, metric: &str, additive: bool) -> CellRow {
    let cells = [
        ("metric", text(metric)),
        ("version", Cell::Whole(1)),
        ("pipeline", text("政务服务")),
        ("title", text(&format!("指标 {metric}"))),
        ("formula", text("x")),
        ("measured_in", text("件")),
        ("decimals", Cell::Whole(0)),
        ("direction", text("none")),
        ("additive", Cell::Flag(additive)),
        ("evidence", text("recorded")),
        ("basis", text("试")),
        ("means", text("试")),
        ("meaning", text("0123456789abcdef")),
    ];
    row(catalog, "metric_definition", &cells)
}

#[tokio::test]
async fn a_name_that_is_told_in_advance_waits_for_its_day() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    let line = |id, name, from| unit_from(&catalog, (id, name), from);
    let (before, after) = (FIRST.yesterday().unwrap(), FIRST.tomorrow().unwrap());
    for place in places.of("advance").await {
        let lines = vec![
            line("JN0001", "旧名", before),
            line("JN0001", "新名", after),
            line("JN0002", "今日更名", FIRST),
            line("JN0002", "更早", before),
            line("JN0003", "将设", after),
        ];
        load(&place, &catalog, FIRST, &[("unit", lines.clone())]).await.unwrap();
        let now = "select unit_id, name from unit_now order by unit_id";
        let names = ["JN0001 | 旧名", "JN0002 | 今日更名", "JN0003 | 将设"];
        assert_eq!(told(&place, now).await, names);
        load(&place, &catalog, after, &[("unit", lines)]).await.unwrap();
        assert_eq!(told(&place, now).await[0], "JN0001 | 新名");
    }
}

#[tokio::test]
async fn a_naive_sum_over_what_adds_up_is_what_is_published() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("sums").await {
        let of = |of: &str, told| value(&catalog, (of, "cases_closed"), told, FIRST);
        let rate = |of: &str, told| value(&catalog, (of, "on_time_rate"), told, FIRST);
        // One unit is withheld, one stands for itself, and one county has no row of its own.
        let values = vec![
            of("JN0001", Some(5)),
            of("JN0002", None),
            of("JN0003", Some(11)),
            of("county:519902", Some(12)),
            of("city:jianing", Some(20)),
            rate("JN0001", Some(1)),
            rate("city:jianing", Some(1)),
        ];
        let tables = [
            ("unit", vec![unit(&catalog, "JN0001", "一局"), unit(&catalog, "JN0002", "二局")]),
            (
                "metric_definition",
                vec![
                    definition(&catalog, "cases_closed", true),
                    definition(&catalog, "on_time_rate", false),
                ],
            ),
            ("metric_value", values),
        ];
        load(&place, &catalog, FIRST, &tables).await.unwrap();
        for level in ["section", "unit", "county", "city", "category", "parent"] {
            let sum = format!(
                "select metric, cast(cast(sum(value) as integer) as text) \
                 from {level}_year_additive where period = '2025' group by metric"
            );
            assert_eq!(told(&place, &sum).await, ["cases_closed | 20"], "{level}");
        }
        let rest = "select unit_name, cast(cast(value as integer) as text), status \
                    from unit_year_additive order by status, unit_name";
        let rows = told(&place, rest).await;
        assert!(rows.contains(&"其余 | 4 | rest".to_owned()), "{rows:?}");
        assert!(rows.contains(&"一局 | 5 | ok".to_owned()), "{rows:?}");
        let half = "select case when sum(numerator) / sum(denominator) = 0.5 then 'half' end \
                    from unit_year_ratio where metric = 'on_time_rate'";
        assert_eq!(told(&place, half).await, ["half"], "whole numbers are not divided as such");
        let ratios = "select metric, group_id from city_year_ratio";
        assert_eq!(told(&place, ratios).await, ["on_time_rate | jianing"]);
        let chinese = "select \"机构名称\" from \"机构年度可加指标\" where \"状态\" = 'withheld'";
        assert_eq!(told(&place, chinese).await, ["二局"]);
        answers(&place).await;
    }
}

/// Every view of the dictionary answers with the columns that stand there, and says whether it adds up.
async fn answers(place: &Place) {
    let views = "select distinct \"对象\" from 数据字典 where \"种类\" = '视图' order by 1";
    let views = told(place, views).await;
    assert!(views.len() > 60, "{views:?}");
    for view in views {
        let columns = format!("select \"列\" from 数据字典 where \"对象\" = '{view}'");
        let columns = told(place, &columns).await;
        let quoted: Vec<String> =
            columns.iter().map(|column| format!("count(\"{column}\")")).collect();
        let question = format!("select cast({} as text) from \"{view}\"", quoted.join(" + "));
        assert_eq!(told(place, &question).await.len(), 1, "{view}");
    }
    let silent =
        "select distinct \"对象\" from 数据字典 where \"种类\" = '视图' and \"可加\" is null";
    assert_eq!(told(place, silent).await, Vec::<String>::new());
}

/// The page of the tables.
const PAGE: &str = include_str!("../../../docs/warehouse.md");

/// The questions of the page.
pub(super) fn questions() -> Vec<&'static str> {
    let questions = PAGE.split("```sql\n").skip(1);
    questions.filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn the_page_lists_every_table_and_column_as_the_program_prints_them() {
    let home = World::home();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
    let printed = command.arg("--home").arg(home.path()).args(["schema", "--markdown"]).output();
    let printed = printed.unwrap();
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let (_, listed) = PAGE.split_once("is in no table of this page.\n").unwrap();
    for (listed, wanted) in listed.trim().lines().zip(printed.trim().lines()) {
        assert_eq!(listed, wanted);
    }
    assert_eq!(listed.trim(), printed.trim());
    assert!(questions().len() >= 20);
}

/// A home of one's own calls its table `loan` Loan, which is one name to SQLite: the view gives way.
#[test]
fn a_title_may_be_the_name_of_a_table() {
    let home = library();
    fs::create_dir_all(home.path().join("schemas")).unwrap();
    for (table, title) in [("loan", "Loan"), ("loan_loan", "loan")] {
        let contract = format!(
            r#"{{"title": "{title}", "fields": [{{"name": "loan", "type": "string", "title": "Loan"}}], "primaryKey": ["loan"]}}"#
        );
        fs::write(home.path().join(format!("schemas/{table}.json")), contract).unwrap();
    }
    let output = shuping(home.path(), &["run", "--night", "2026-01-31"]);
    assert!(output.status.success(), "{}", said(&output));
    let named = "select type || ' ' || name from sqlite_master where name like 'loan%' and name not like '%宽表' and type <> 'index' order by 1";
    let named = ask(&home.path().join("var/warehouse.db"), named);
    let named: Vec<&str> = named.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(named, ["table loan", "table loan_loan", "view Loan_loan_", "view loan_loan_loan"]);
}
