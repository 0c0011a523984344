//! Which tables and views does a database show us, and what do their first rows look like?

use std::path::Path;
use std::time::Duration;

use super::ROWS;
use crate::base::text::quoted;
use crate::extract::answer::Fault;
use crate::extract::answer::Value;
use crate::extract::answer::Values;
use crate::extract::answer::lasting;
use crate::extract::dialect;
use crate::extract::dialect::Engine;
use crate::extract::dialect::Known;
use crate::extract::link::Address;
use crate::extract::link::Link;
use crate::spec::begin::Seen;
use crate::spec::begin::SeenTable;
use crate::spec::begin::text;
use crate::spec::schema::FieldKind;

/// So long may one statement take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Looks at a database; `named` is how the connector names its address.
///
/// # Errors
/// Why it can't be read, in words.
pub async fn database(url: &str, named: &str, home: &Path) -> Result<Seen, String> {
    let address = Address::read(url, home).ok_or("that is no database's address")?;
    let mut link = Link::open(&address, TIMEOUT, "Asia/Shanghai").await.map_err(|it| it.why)?;
    let seen = look(&mut link, named).await;
    link.close().await;
    seen.map_err(|fault| fault.why)
}

async fn look(link: &mut Link, named: &str) -> Result<Seen, Fault> {
    let mut seen =
        Seen { kind: "sql", reach: format!("[sql]\nurl = {}\n", text(named)), ..Seen::default() };
    for name in words(&link.rows(dialect::tables(link.engine()).to_owned(), &[]).await?) {
        match table(link, &name).await {
            Ok(table) => seen.tables.push(table),
            Err(fault) => seen.left_out.push((quoted(&name), fault.why)),
        }
    }
    Ok(seen)
}

async fn table(link: &mut Link, name: &str) -> Result<SeenTable, Fault> {
    let relation = link.view(name).await?;
    let known = link.columns(&relation).await?;
    let engine = link.engine();
    let of = match engine {
        Engine::Sqlite | Engine::MySql => name.to_owned(),
        Engine::Postgres => relation.clone(),
    };
    let key = link.rows(dialect::primary_key(engine).to_owned(), &[Value::Text(of)]).await?;
    let key = words(&key);
    let is_bytes = |known: &&Known| known.kind == dialect::BYTES && key.contains(&known.name);
    if let Some(bytes) = known.iter().find(is_bytes) {
        let name = quoted(&bytes.name);
        return Err(lasting(format!(
            "`{name}` of its key holds bytes, no text: read it with a `query` that says hex({name})"
        )));
    }
    let statement = dialect::some(engine, &relation, &known, ROWS);
    let rows: Vec<Vec<Option<String>>> =
        link.rows(statement, &[]).await?.into_iter().map(texts).collect();
    let cursor = known.iter().find(|known| is_cursor(known));
    let notes = cursor.map(|known| {
        format!(
            "To read only what changed: cursor = {{ column = {}, start = \"2020-01-01\", lookback = \"3d\", lag = \"5m\" }}",
            text(&known.name)
        )
    });
    Ok(SeenTable {
        title: name.to_owned(),
        ask: format!("view   = {}\n", text(name)),
        notes: notes.into_iter().collect(),
        headers: known.iter().map(|known| known.name.clone()).collect(),
        kinds: known.iter().map(|known| kind(engine, known)).collect(),
        rows,
        key,
        names_key: true,
        period: None,
    })
}

/// The type of a column, where the database is strict about it. A boolean of MySQL is any small number.
fn kind(engine: Engine, known: &Known) -> Option<FieldKind> {
    match known.kind.as_str() {
        "int2" | "int4" | "int8" | "integer" | "int" | "bigint" => Some(FieldKind::Whole),
        "date" => Some(FieldKind::Day),
        "timestamp" | "timestamptz" | "datetime" => Some(FieldKind::Instant),
        "bool" | "boolean" if engine != Engine::MySql => Some(FieldKind::Flag),
        _ => None,
    }
}

/// Whether a column may tell when a row changed.
fn is_cursor(known: &Known) -> bool {
    let name = known.name.to_lowercase();
    ["updat", "modif", "chang", "gxsj", "xgsj", "更新", "修改"]
        .iter()
        .any(|word| name.contains(word))
}

fn texts(row: Values) -> Vec<Option<String>> {
    let written = row.into_iter().map(|value| value.map(|value| value.written()));
    written.map(|text| text.filter(|text| !text.trim().is_empty())).collect()
}

fn words(rows: &[Values]) -> Vec<String> {
    rows.iter().filter_map(|row| row.first()?.as_ref().map(Value::written)).collect()
}
