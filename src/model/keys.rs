//! Do the keys of whole tables hold? What no single row can tell: a row that points at nothing, and rows
//! that share what only one may have. No row is wrong by itself, so none is lost: they are counted.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use polars::prelude::*;

use crate::frame::table;
use crate::spec::schema::Schema;

/// How many rows of a table point at no row, by foreign key: `case_id of service_case`. A table that is
/// not there is not known, so that nothing can be said of what points at it.
pub fn orphans(schema: &Schema, tables: &BTreeMap<String, DataFrame>) -> Vec<(String, u64)> {
    let Some(rows) = tables.get(&schema.name) else { return Vec::new() };
    let keys = schema.foreign_keys.iter().filter_map(|key| {
        let known: HashSet<String> =
            texts_of(tables.get(&key.table)?, &key.target).into_iter().collect();
        let pointing = texts_of(rows, &key.column).into_iter();
        let lost = pointing.filter(|text| !known.contains(text)).count() as u64;
        Some((format!("{} of {}", key.column, key.table), lost))
    });
    keys.filter(|(_, lost)| *lost > 0).collect()
}

/// How many rows share a value of a column that says `unique`, by column.
pub fn shared(schema: &Schema, rows: &DataFrame) -> Vec<(String, u64)> {
    let columns = schema.fields.iter().filter(|field| field.is_unique);
    let columns = columns.map(|field| {
        let mut times: HashMap<String, u64> = HashMap::new();
        for text in texts_of(rows, &field.name) {
            *times.entry(text).or_default() += 1;
        }
        (field.name.clone(), times.into_values().filter(|times| *times > 1).sum())
    });
    columns.filter(|(_, rows)| *rows > 0).collect()
}

/// The filled cells of a column, as people write them.
fn texts_of(rows: &DataFrame, name: &str) -> Vec<String> {
    let Ok(column) = rows.column(name) else { return Vec::new() };
    table::cells(column).into_iter().flatten().map(|cell| cell.written()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::schema::read_schema;

    fn schema(name: &str, more: &str) -> Schema {
        let text = format!(
            r#"{{"title": "表", "primaryKey": ["id"], "fields": [
                {{"name": "id", "type": "string"}},
                {{"name": "code", "type": "integer", "constraints": {{"unique": true}}}},
                {{"name": "of", "type": "string"}}]{more}}}"#
        );
        read_schema("t.json", name, &text).unwrap()
    }

    fn rows(id: [&str; 4], code: [Option<i64>; 4], of: [Option<&str>; 4]) -> DataFrame {
        df!("id" => id, "code" => code, "of" => of).unwrap()
    }

    #[test]
    fn a_row_that_points_at_nothing_is_counted_and_one_that_points_nowhere_is_not() {
        let key = r#", "foreignKeys": [{"fields": ["of"], "reference": {"resource": "far", "fields": ["id"]}}]"#;
        let near = schema("near", key);
        let all = rows(["a", "b", "c", "d"], [None; 4], [Some("a"), Some("z"), None, Some("y")]);
        let mut tables = BTreeMap::from([("near".to_owned(), all.clone())]);
        assert_eq!(orphans(&near, &tables), [], "the other table is not known");
        tables.insert("far".to_owned(), all);
        assert_eq!(orphans(&near, &tables), [("of of far".to_owned(), 2)]);
    }

    #[test]
    fn rows_that_share_what_must_be_unique_are_counted_and_empty_cells_are_not() {
        let table = schema("t", "");
        let all = rows(["a", "b", "c", "d"], [Some(7), Some(7), None, None], [None; 4]);
        assert_eq!(shared(&table, &all), [("code".to_owned(), 2)]);
        let all = rows(["a", "b", "c", "d"], [Some(7), Some(8), None, None], [None; 4]);
        assert_eq!(shared(&table, &all), []);
    }
}
