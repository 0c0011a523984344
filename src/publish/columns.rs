//! Which tables has a release, and what stands in their columns? A page of Markdown, made of the contracts.

use super::FILES;
use super::PublishError;
use super::changes;
use crate::spec::catalog::Catalog;
use crate::spec::schema::Field;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;

/// Every table of a home's releases with its columns, each table a section.
///
/// # Errors
/// A contract of ours that can't be read.
pub fn columns(catalog: &Catalog) -> Result<String, PublishError> {
    let told = FILES.iter().filter_map(|(file, name)| Some((*file, catalog.schemas.get(*name)?)));
    let mut sections: Vec<String> = told.map(|(file, schema)| section(file, schema)).collect();
    sections.push(section(changes::FILE, &changes::schema()?));
    Ok(sections.join("\n"))
}

fn section(file: &str, schema: &Schema) -> String {
    let head = format!("### `{file}` {}\n\nResource `{}`.\n", schema.title, schema.name);
    let columns =
        ["| 列 | 名称 | 类型 | 可空 | 键 | 说明 |", "|---|---|---|---|---|---|"].map(str::to_owned);
    let lines = schema.fields.iter().map(|field| line(schema, field));
    let lines: Vec<String> = std::iter::once(head).chain(columns).chain(lines).collect();
    format!("{}\n", lines.join("\n"))
}

fn line(schema: &Schema, field: &Field) -> String {
    let Field { name, title, means, .. } = field;
    let empty = if schema.may_be_empty(field) { "是" } else { "" };
    let cells = [title, &kind(field.kind), empty, &key(schema, name), means];
    let cells = cells.map(|cell| cell.replace('|', "\\|")).join(" | ");
    format!("| `{name}` | {cells} |")
}

/// The type as the contract names it; of a number with its decimals.
fn kind(kind: FieldKind) -> String {
    let name = match kind {
        FieldKind::Text => "string",
        FieldKind::Whole => "integer",
        FieldKind::Decimal(scale) => return format!("number({scale})"),
        FieldKind::Flag => "boolean",
        FieldKind::Day => "date",
        FieldKind::Instant => "datetime",
    };
    name.to_owned()
}

/// Whether a column is part of what makes a row itself, and the column of which file it points at.
fn key(schema: &Schema, name: &str) -> String {
    let own = schema.primary_key.iter().any(|key| key == name).then(|| "主键".to_owned());
    let pointing = schema.foreign_keys.iter().filter(|key| key.column == name);
    let pointing = pointing.filter_map(|key| Some((super::file(&key.table)?, &key.target)));
    let all = own.into_iter().chain(pointing.map(|(file, column)| format!("→ {file}.{column}")));
    all.collect::<Vec<_>>().join(" ")
}
