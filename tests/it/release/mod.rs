//! Can scoring tools trust a release? It stands alone, is never mixed with another, and is known to be what it was.

mod causes;
mod closed;
mod damaged;
mod format;
mod frozen_warehouse;
mod keys;
mod limits;
mod promised;
mod shelf;
mod workbook;

use std::path::Path;

use jiff::civil::Date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::frame::table;
use shuping::publish;
use shuping::publish::Label;
use shuping::publish::Release;
use shuping::publish::Resource;
use shuping::spec::schema::Field;
use shuping::spec::schema::FieldKind;
use shuping::spec::schema::Schema;
use shuping::spec::schema::read_schema;
use shuping::spec::settings::CsvEncoding;
use shuping::spec::settings::Limits;

fn contract(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.json"));
    std::fs::read_to_string(path).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "a cell of a row may be missing")]
fn text(text: &str) -> Option<Cell> {
    Some(Cell::Text(text.to_owned()))
}

/// What a row has in a column; `period` is that of a value, `number` what is told.
fn cell(field: &Field, night: Date, (period, number): (&str, i64)) -> Option<Cell> {
    let is_told = number >= 0;
    match field.name.as_str() {
        "metric" => text("cases_closed"),
        "version" => Some(Cell::Whole(1)),
        "level" => text(if period.is_empty() { "city" } else { "unit" }),
        "unit_id" => text("JN0001"),
        "period_kind" => text(if period.contains('-') { "month" } else { "year" }),
        "period" => text(period),
        "value" => is_told.then_some(Cell::Decimal(i128::from(number) * 10_i128.pow(12), 12)),
        "shown" if is_told => text(&number.to_string()),
        "status" => text(if is_told { "ok" } else { "withheld" }),
        "stale" => Some(Cell::Flag(false)),
        "evidence" => text("recorded"),
        "night" => Some(Cell::Day(night)),
        "pipeline" => text("服务/效能"),
        "title" => text("办结件数"),
        "formula" => text("count(cases)"),
        "measured_in" => text("件"),
        "decimals" => Some(Cell::Whole(0)),
        "direction" => text("up"),
        "additive" => Some(Cell::Flag(true)),
        "basis" | "means" => text("办结的件数,含“㐂”字"),
        "meaning" => text("0123456789abcdef"),
        "name" => text("嘉宁市档案馆"),
        "valid_from" => Some(Cell::Day(jiff::civil::date(2001, 1, 1))),
        "category" => text("institution"),
        "section_id" if field.is_required => text("JN0001-1"),
        "quarter" => text("2026Q1"),
        "month" => text("2026-02"),
        _ if field.is_required => required(field, night),
        _ => None,
    }
}

/// What stands in a column that is never empty.
fn required(field: &Field, night: Date) -> Option<Cell> {
    match field.kind {
        FieldKind::Text => text(field.limits.choices.first().map_or("样例", String::as_str)),
        FieldKind::Whole => Some(Cell::Whole(1)),
        FieldKind::Decimal(scale) => Some(Cell::Decimal(10_i128.pow(scale.into()), scale)),
        FieldKind::Flag => Some(Cell::Flag(false)),
        FieldKind::Day => Some(Cell::Day(night)),
        FieldKind::Instant => None,
    }
}

/// Publishes a night that tells `values`, by period.
fn publish_with(
    root: &Path,
    night: Date,
    values: &[(&str, i64)],
    csv: CsvEncoding,
) -> Result<Release, publish::PublishError> {
    publish_within(root, (night, values), csv, (Limits::default(), None))
}

/// The same within limits, or beyond them for a reason.
fn publish_within(
    root: &Path,
    told: (Date, &[(&str, i64)]),
    csv: CsvEncoding,
    within: (Limits, Option<&str>),
) -> Result<Release, publish::PublishError> {
    publish_edited(root, told, (csv, within), &|_, _| {})
}

/// The same with some rows of some tables as a test needs them.
fn publish_edited(
    root: &Path,
    (night, values): (Date, &[(&str, i64)]),
    (csv, (limits, confirmed)): (CsvEncoding, (Limits, Option<&str>)),
    edit: &dyn Fn(&Schema, &mut Vec<CellRow>),
) -> Result<Release, publish::PublishError> {
    let contracts: Vec<(&str, String, Schema)> = publish::FILES
        .iter()
        .map(|(file, name)| {
            let contract = contract(name);
            let schema = read_schema(&format!("{name}.json"), name, &contract).unwrap();
            (*file, contract, schema)
        })
        .collect();
    let resources = contracts.iter().map(|(file, contract, schema)| {
        let columns: Vec<(&str, FieldKind)> =
            schema.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
        let told = match *file {
            "metrics" => values,
            "score" | "score_lines" | "reconciliation" | "corrections" => &[("2026", 1)],
            _ => &[("", 0)],
        };
        let mut rows: Vec<CellRow> = told
            .iter()
            .map(|told| schema.fields.iter().map(|field| cell(field, night, *told)).collect())
            .collect();
        edit(schema, &mut rows);
        Resource { file, schema, contract, table: table::from_rows(&columns, &rows).unwrap() }
    });
    let label = Label {
        name: "sample",
        title: "样例",
        night,
        as_of: night,
        created: night
            .to_datetime(jiff::civil::time(2, 0, 0, 0))
            .in_tz("Asia/Shanghai")
            .unwrap()
            .timestamp(),
        home: "feedfacecafe",
        csv,
        rows: None,
        closed: &[],
        limits,
        broken: &[],
    };
    publish::draft(root, &label, resources.collect())?.publish(confirmed, label.created)
}

fn tell(root: &Path, night: Date, values: &[(&str, i64)]) -> Release {
    publish_with(root, night, values, CsvEncoding::Utf8).unwrap()
}

/// What the frozen samples tell, first and then.
const FIRST: [(&str, i64); 3] = [("2026", 12), ("2026-01", 7), ("2025", -1)];
const THEN: [(&str, i64); 3] = [("2026", 15), ("2026-01", 7), ("2026-02", 3)];

const NIGHTS: [Date; 2] = [jiff::civil::date(2026, 2, 1), jiff::civil::date(2026, 2, 2)];

fn two_nights(root: &Path) -> Release {
    tell(root, NIGHTS[0], &FIRST);
    tell(root, NIGHTS[1], &THEN)
}
