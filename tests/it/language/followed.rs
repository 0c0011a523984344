//! Is a row counted by what its key names, also where a table further on tells it?

use jiff::civil::date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::frame::table;
use shuping::spec::catalog::Catalog;
use shuping::spec::schema::FieldKind;

use super::thing;

const RATINGS: &str = r#"
format = 1
title = "评价"

[[fact]]
name  = "rating"
table = "service_rating"
kind  = "event"
time  = "rated_at"
unit  = "case.unit_id"
by    = ["case.item"]

[[measure]]
name = "ratings"
fact = "rating"
sql  = "COUNT(*)"
measured_in = "条"
"#;

/// A row of a table; what is not given is missing.
fn row(catalog: &Catalog, of: &str, cells: &[(&str, Cell)]) -> CellRow {
    let fields = catalog.schemas[of].fields.iter();
    let cell =
        |name: &str| cells.iter().find(|(own, _)| *own == name).map(|(_, cell)| cell.clone());
    fields.map(|field| cell(&field.name)).collect()
}

#[test]
fn a_dimension_of_a_table_that_is_pointed_at_is_told_by_its_key() {
    let catalog = thing::read(&[("thing_id", "string")], RATINGS).unwrap();
    let text = |text: &str| Cell::Text(text.to_owned());
    let case = [("case_id", text("C1")), ("unit_id", text("U1")), ("item_id", text("I7"))];
    let rated = Cell::Instant("2025-03-04T05:06:07Z".parse().unwrap());
    let rating = [("case_id", text("C1")), ("rated_at", rated)];
    let tables = [("service_case", &case[..]), ("service_rating", &rating)];
    let tables = tables.map(|(name, cells)| {
        let fields = catalog.schemas[name].fields.iter();
        let columns: Vec<(&str, FieldKind)> =
            fields.map(|field| (field.name.as_str(), field.kind)).collect();
        let rows = [row(&catalog, name, cells)];
        (name.to_owned(), table::from_rows(&columns, &rows).unwrap())
    });
    let (_, kept) = thing::count(&catalog, &tables.into(), date(2025, 12, 31));
    let told = table::to_rows(&kept["rating"], &["_unit", "_by_case.item"]);
    assert_eq!(told, [vec![Some(text("U1")), Some(text("I7"))]]);
}
