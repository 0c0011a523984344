//! Do values arrive as they are, in a file as on a server, which is told them in its own binary form?

use shuping::base::cell::Cell;
use shuping::warehouse::Place;

use super::FIRST;
use super::Places;
use super::SECOND;
use super::cases;
use super::catalog;
use super::execute;
use super::instant;
use super::load;
use super::row;
use super::text;
use super::told;
use super::value;
use super::with;

#[tokio::test]
async fn decimals_arrive_with_every_digit_and_without_noughts() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    let list = [
        (0, 0, "0"),
        (-1, 12, "-0.000000000001"),
        (1_500, 3, "1.5"),
        (-12_345, 4, "-1.2345"),
        (100_000_000, 4, "10000"),
        (120_000, 0, "120000"),
        (99_999_999_999, 4, "9999999.9999"),
        (10_001, 5, "0.10001"),
    ];
    let wide = (i128::from(i64::MAX) * 10_000_000_000 + 7, 12, "92233720368547758.070000000007");
    for place in places.of("decimals").await {
        let is_server = matches!(place, Place::Server(_));
        // SQLite reckons with sixteen digits.
        let all: Vec<_> = list.into_iter().chain(is_server.then_some(wide)).collect();
        let rows = all.iter().enumerate().map(|(at, (digits, scale, _))| {
            let row = value(&catalog, ("JN0001", "cases_closed"), Some(0), FIRST);
            let cells = [
                ("value", Cell::Decimal(*digits, *scale)),
                ("period", text(&(2000 + at).to_string())),
            ];
            with(&catalog, "metric_value", row, &cells)
        });
        let rows = vec![("metric_value", rows.collect())];
        load(&place, &catalog, FIRST, &rows).await.unwrap();
        let texts: Vec<&str> = all.iter().map(|(.., text)| *text).collect();
        if is_server {
            let question = "select value::text from metric_value order by period";
            assert_eq!(told(&place, question).await, texts);
        } else {
            let same = format!(
                "select count(*) || '' from metric_value where value in ({})",
                texts.join(", ")
            );
            assert_eq!(told(&place, &same).await, [texts.len().to_string()]);
        }
    }
}

#[tokio::test]
async fn times_and_the_rest_arrive_as_they_are() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    let times = [
        ("0001-01-02T00:00:00.5Z", "0001-01-02 08:05:43", "0001-01"),
        ("1969-12-31T15:59:59.999999Z", "1969-12-31 23:59:59", "1969-12"),
        ("1999-12-31T16:00:00Z", "2000-01-01 00:00:00", "2000-01"),
        ("2024-02-29T12:34:56.000001Z", "2024-02-29 20:34:56", "2024-02"),
        ("9999-12-29T00:00:00Z", "9999-12-29 08:00:00", "9999-12"),
    ];
    for place in places.of("times").await {
        let made = times.iter().enumerate().map(|(at, (time, ..))| {
            let cells = [
                ("case_id", text(&format!("C{at}"))),
                ("unit_id", text("before\0after")),
                ("accepted_at", instant(time)),
                ("accepted_told", Cell::Flag(at % 2 == 0)),
                ("suspended_workdays", Cell::Whole(-3)),
                ("status", text("open")),
            ];
            row(&catalog, "service_case", &cells)
        });
        load(&place, &catalog, FIRST, &[("service_case", made.collect())]).await.unwrap();
        let question = "select cast(accepted_local as text), cast(accepted_date as text), accepted_month, \
                        cast(accepted_year as text), cast(due_month as text) from service_case order by case_id";
        let expected = times.map(|(_, local, month)| {
            let (day, _) = local.split_once(' ').unwrap();
            let year = month.split('-').next().unwrap().trim_start_matches('0');
            format!("{local} | {day} | {month} | {year} | ")
        });
        assert_eq!(told(&place, question).await, expected);
        let is_server = matches!(place, Place::Server(_));
        let at = if is_server {
            "to_char(accepted_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        } else {
            "accepted_at"
        };
        let question = format!("select {at} from service_case order by case_id");
        let instants = times.map(|(time, ..)| {
            let (second, part) = time
                .trim_end_matches('Z')
                .split_once('.')
                .unwrap_or((time.trim_end_matches('Z'), ""));
            format!("{second}.{part:0<6}Z")
        });
        assert_eq!(told(&place, &question).await, instants);
        let question = "select count(*) || '' from service_case where suspended_workdays = -3 and accepted_told";
        assert_eq!(told(&place, question).await, ["3"]);
        if is_server {
            let units = told(&place, "select distinct unit_id from service_case").await;
            assert_eq!(units, ["beforeafter"], "PostgreSQL has no place for code 0");
        }
    }
}

#[tokio::test]
async fn a_cell_that_is_not_what_its_contract_says_stops_the_load() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("others").await {
        let case = cases(&catalog, &[("C1", "JN0001", "2025-06-01T01:00:00Z")]).remove(0);
        let case = with(&catalog, "service_case", case, &[("due_at", text("tomorrow"))]);
        let rows = [("service_case", vec![case])];
        let fault = load(&place, &catalog, FIRST, &rows).await.unwrap_err();
        assert!(format!("{fault:?}").contains("`due_at` is of another type"), "{fault:?}");
    }
}

#[tokio::test]
async fn what_a_server_reckoned_once_it_is_told_now() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    let Some(place) = places.of("reckoned").await.into_iter().nth(1) else { return };
    let first =
        [("C1", "JN0001", "2025-12-31T15:59:59Z"), ("C2", "JN0001", "2025-12-31T16:00:00Z")];
    load(&place, &catalog, FIRST, &[("service_case", cases(&catalog, &first))]).await.unwrap();
    // As programs of before made the table.
    execute(
        &place,
        "alter table core.service_case drop column accepted_year cascade; \
         alter table core.service_case add column accepted_year bigint \
         generated always as (extract(year from accepted_local)::bigint) stored; \
         create view theirs as select accepted_year from core.service_case; \
         update ops.warehouse set design = ''",
    )
    .await;
    let second =
        [("C2", "JN0001", "2025-12-31T16:00:00Z"), ("C3", "JN0001", "2024-06-01T00:00:00Z")];
    let rows = [("service_case", cases(&catalog, &second))];
    let loaded = load(&place, &catalog, SECOND, &rows).await.unwrap();
    assert_eq!((loaded.written, loaded.removed, loaded.unchanged), (1, 1, 1));
    let years = "select accepted_year::text from theirs order by 1";
    assert_eq!(told(&place, years).await, ["2024", "2026"]);
}
