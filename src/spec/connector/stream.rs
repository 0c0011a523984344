//! Which rows does a stream bring, into which table, and what do its columns mean?

use num_rational::Ratio;

use super::super::formula::share;
use super::super::parse;
use super::super::reader::Found;
use super::super::reader::Table;
use super::super::reader::text_of;
use super::super::reader::texts_of;
use super::super::sql::Expr;
use super::super::tree::Entry;
use super::super::tree::Node;
use super::super::tree::Value;
use super::Kind;
use super::files;
use super::files::FileStream;
use super::http;
use super::http::HttpStream;
use super::shape;
use super::shape::Explode;
use super::shape::Unpivot;
use super::singer;
use super::singer::SingerStream;
use super::sql as database;
use super::sql::SqlStream;
use crate::base::messages::Code;

/// One stream of a system.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The table it fills.
    pub into: Found<String>,
    /// As which `system.stream` it brought rows before: they are its own.
    pub was: Vec<Found<String>>,
    /// How it is asked for.
    pub ask: Ask,
    /// How its rows change the table.
    pub write: Write,
    /// Which of its columns become rows; before everything below.
    pub unpivot: Option<Unpivot>,
    /// Which of its cells become rows.
    pub explode: Option<Explode>,
    /// Rows where this is not true are filtered; over the source's headers, all text.
    pub keep: Option<(Found<String>, Expr)>,
    /// Rows where this is true say that their key is deleted; over the source's headers, all text.
    pub deleted: Option<(Found<String>, Expr)>,
    /// When everything is asked for again, so that keys deleted without notice are found.
    pub full: Option<Full>,
    /// Texts that mean "no value".
    pub empty: Vec<String>,
    /// Our columns and where they come from.
    pub columns: Vec<Column>,
    /// Headers that are known and not read.
    pub ignore: Vec<String>,
    /// Row checks over our columns.
    pub checks: Vec<RowCheck>,
    /// What the stream promises.
    pub contract: Contract,
}

/// How a stream is asked for.
#[derive(Clone, Debug)]
pub enum Ask {
    /// From a gateway.
    Http(Box<HttpStream>),
    /// From files.
    Files(Box<FileStream>),
    /// From a database.
    Sql(Box<SqlStream>),
    /// From a tap.
    Singer(SingerStream),
}

/// When a stream with a cursor is asked from its start instead of from where it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// On the first night of a month that it answers.
    Monthly,
}

impl Stream {
    /// Its expressions over the source's headers.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let columns = self.columns.iter().filter_map(|column| column.sql.as_ref());
        self.keep.iter().chain(&self.deleted).chain(columns).map(|(_, expr)| expr)
    }

    /// The column whose header one names, if it is hidden as it lands.
    pub fn hidden(&self, header: &str) -> Option<&Column> {
        let mut hidden = self.columns.iter().filter(|column| column.is_hidden());
        hidden.find(|column| column.from.iter().any(|from| from == header))
    }
}

impl Column {
    /// Whether its header lands as something else than it came.
    pub fn is_hidden(&self) -> bool {
        self.identity.is_some() || self.is_reduced
    }
}

/// How rows change their table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Rows only ever come; should a known key come again, it gets a new version.
    Append,
    /// A known key gets a new version.
    Upsert,
    /// Keys absent from the delivery get a deleted version, within rows whose named columns hold
    /// values that the delivery holds too; none is the whole table.
    Snapshot {
        /// The columns.
        within: Vec<String>,
    },
}

/// One of our columns.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name in the table.
    pub name: String,
    /// Where the line stands.
    pub place: crate::base::diagnostic::Place,
    /// The source's headers that may hold it.
    pub from: Vec<String>,
    /// Which of several headers counts.
    pub pick: Pick,
    /// A fixed value.
    pub constant: Option<String>,
    /// An expression over the source's headers, all text.
    pub sql: Option<(Found<String>, Expr)>,
    /// The first group of this pattern is the value.
    pub extract: Option<regex::Regex>,
    /// How a day or an instant is written; none is every usual way.
    pub formats: Vec<String>,
    /// The source's words and our values; `None` is no value.
    pub values: Vec<(String, Option<String>)>,
    /// What the text names.
    pub lookup: Option<Lookup>,
    /// How the number of a person is read before it becomes a pseudonym.
    pub identity: Option<Identity>,
    /// Whether our value is landed instead of the source's word, which would tell too much.
    pub is_reduced: bool,
    /// Whether the source may send no such header at all.
    pub is_optional: bool,
}

/// Which of several headers counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The first that is filled.
    First,
    /// The first that is filled; rows where a later one differs are counted as a finding.
    FirstCompared,
    /// The largest value.
    Latest,
}

/// What a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// A unit, by any of its names.
    Unit,
    /// A section of the row's unit.
    Section,
}

/// How the number of a person is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// GB 11643: judged, normalised, and lands with `.fault`, `.birth_date` and `.sex` beside it.
    CnId,
    /// Any text.
    Opaque,
}

/// A check over our columns of one row.
#[derive(Clone, Debug)]
pub struct RowCheck {
    /// Its name, which is the reason of a quarantined row.
    pub name: String,
    /// What must not be false.
    pub sql: Found<String>,
    /// The same, parsed.
    pub expr: Expr,
    /// Whether a row that fails is only counted.
    pub is_warning: bool,
}

/// What happens to a header that no column names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewColumn {
    /// Nothing.
    Ignore,
    /// It is told.
    Warn,
    /// The stream fails.
    Fail,
}

/// What a stream promises.
#[derive(Clone, Debug)]
pub struct Contract {
    /// What happens to a header that no column names.
    pub new_column: NewColumn,
    /// The largest share of quarantined rows.
    pub bad_rows_max: Ratio<i128>,
    /// The fewest rows of a delivery.
    pub rows_min: u64,
    /// The largest share by which a snapshot may shrink.
    pub shrink_max: Option<Ratio<i128>>,
}

pub(super) fn read(table: &Table<'_>, kind: Kind) -> Option<Stream> {
    let name = table.need_text("name");
    let title = table.text("title").unwrap_or_else(|| name.clone());
    let into = table.found_text("into");
    if into.is_none() {
        table.missing("into", "\"service_case\"");
    }
    let ask = match kind {
        Kind::Http => Some(Ask::Http(Box::new(http::stream(table)))),
        Kind::Files => files::stream(table).map(|stream| Ask::Files(Box::new(stream))),
        Kind::Sql => database::stream(table).map(|stream| Ask::Sql(Box::new(stream))),
        Kind::Singer => Some(Ask::Singer(singer::stream(table, &name))),
    };
    let write = write(table);
    let full = full(table, kind, write.as_ref());
    behind(table, kind, write.as_ref());
    windowed(table, kind, write.as_ref());
    let claim = |key| {
        let text = table.found_text(key)?;
        parse::claim(&text, table.faults).map(|expr| (text, expr))
    };
    let columns = table.table("columns").map_or_else(Vec::new, |columns| {
        columns.free().into_iter().map(|entry| column(&columns, entry)).collect()
    });
    Some(Stream {
        name,
        title,
        was: table.found_texts("was"),
        unpivot: shape::unpivot(table),
        explode: shape::explode(table),
        keep: claim("where"),
        deleted: claim("deleted"),
        full,
        empty: table.texts("empty"),
        columns,
        ignore: table.texts("ignore"),
        checks: table.tables("check").iter().filter_map(check).collect(),
        contract: contract(table.table("contract")),
        // Last: what is missing must not hide the keys that are there.
        into: into?,
        ask: ask?,
        write: write?,
    })
}

fn full(table: &Table<'_>, kind: Kind, write: Option<&Write>) -> Option<Full> {
    let full = table.word("full", &[("monthly", Full::Monthly)])?;
    let has_cursor = match kind {
        Kind::Http | Kind::Sql => table.node("cursor").is_some(),
        Kind::Files | Kind::Singer => false,
    };
    if !has_cursor || write.is_some_and(|write| *write != Write::Upsert) {
        table.fault("full", Code::FullNeeds, Vec::new());
    }
    Some(full)
}

/// What is behind a cursor is never asked for, unless everything is once a month: it has to say what becomes of
/// rows that are committed late.
fn behind(table: &Table<'_>, kind: Kind, write: Option<&Write>) {
    let is_asked_once = match write {
        Some(Write::Append) => true,
        Some(Write::Upsert) => table.node("full").is_none(),
        Some(Write::Snapshot { .. }) | None => false,
    };
    if !matches!(kind, Kind::Http | Kind::Sql) || !is_asked_once {
        return;
    }
    let Some(Value::Table(entries)) = table.node("cursor").map(|node| &node.value) else { return };
    if !entries.iter().any(|it| ["lag", "lookback"].contains(&it.key.as_str())) {
        table.fault("cursor", Code::AppendBehind, Vec::new());
    }
}

/// What did not change does not come, and would be deleted as if it were gone.
fn windowed(table: &Table<'_>, kind: Kind, write: Option<&Write>) {
    let is_whole = matches!(write, Some(Write::Snapshot { within }) if within.is_empty());
    let has_cursor = matches!(kind, Kind::Http | Kind::Sql) && table.node("cursor").is_some();
    if is_whole && has_cursor {
        table.fault("cursor", Code::SnapshotCursor, Vec::new());
    }
}

fn write(table: &Table<'_>) -> Option<Write> {
    let snapshot = Write::Snapshot { within: table.texts("within") };
    let words = [("append", &Write::Append), ("upsert", &Write::Upsert), ("snapshot", &snapshot)];
    let word = table.word("write", &words);
    if word.is_none() && table.node("write").is_none() {
        table.missing("write", "\"upsert\"");
    }
    word.cloned()
}

fn column(columns: &Table<'_>, entry: &Entry) -> Column {
    let path = columns.name(&entry.key);
    let plain = Column {
        name: entry.key.clone(),
        place: entry.place,
        from: Vec::new(),
        pick: Pick::First,
        constant: None,
        sql: None,
        extract: None,
        formats: Vec::new(),
        values: Vec::new(),
        lookup: None,
        identity: None,
        is_reduced: false,
        is_optional: false,
    };
    let Value::Table(_) = entry.node.value else {
        let from = texts_of(&entry.node, &path, columns.faults);
        return Column { from, ..plain };
    };
    let table = Table::of(&entry.node, &path, columns.faults);
    let picks =
        [("first", Pick::First), ("first_compared", Pick::FirstCompared), ("latest", Pick::Latest)];
    let lookups = [("unit", Lookup::Unit), ("section", Lookup::Section)];
    let identities = [("cn_id", Identity::CnId), ("opaque", Identity::Opaque)];
    let sql = table.found_text("sql");
    let read = Column {
        from: table.texts("from"),
        pick: table.word("pick", &picks).unwrap_or(Pick::First),
        constant: table.text("constant"),
        sql: sql.and_then(|text| parse::over_headers(&text, table.faults).map(|expr| (text, expr))),
        extract: table.pattern("extract"),
        formats: table.texts("formats"),
        values: values(&table),
        lookup: table.word("lookup", &lookups),
        identity: table.word("identity", &identities),
        is_reduced: table.flag("reduce"),
        is_optional: table.flag("optional"),
        ..plain
    };
    if read.from.is_empty() && read.constant.is_none() && table.node("sql").is_none() {
        table.missing("from", "\"…\"");
    }
    read
}

fn values(table: &Table<'_>) -> Vec<(String, Option<String>)> {
    let Some(map) = table.table("values") else { return Vec::new() };
    let value = |node: &Node| match &node.value {
        Value::Flag(flag) => Some(flag.to_string()),
        Value::Whole(number) => Some(number.to_string()),
        _ => text_of(node, &map.path, map.faults).filter(|text| !text.is_empty()),
    };
    map.free().into_iter().map(|entry| (entry.key.clone(), value(&entry.node))).collect()
}

fn check(table: &Table<'_>) -> Option<RowCheck> {
    let name = table.need_text("name");
    let is_warning = table.word("on_fail", &[("quarantine", false), ("warn", true)]);
    let Some(sql) = table.found_text("sql") else {
        table.missing("sql", "\"closed_at IS NULL OR closed_at >= accepted_at\"");
        return None;
    };
    let expr = parse::row(&sql, table.faults)?;
    Some(RowCheck { name, sql, expr, is_warning: is_warning.unwrap_or(false) })
}

fn contract(table: Option<Table<'_>>) -> Contract {
    let mut contract = Contract {
        new_column: NewColumn::Warn,
        bad_rows_max: Ratio::new(5, 100),
        rows_min: 1,
        shrink_max: None,
    };
    let Some(table) = table else { return contract };
    let kinds =
        [("ignore", NewColumn::Ignore), ("warn", NewColumn::Warn), ("fail", NewColumn::Fail)];
    contract.new_column = table.word("new_column", &kinds).unwrap_or(NewColumn::Warn);
    let share = |key| table.parsed(key, "a share such as `0.5%`", share);
    if let Some(limit) = share("bad_rows_max") {
        contract.bad_rows_max = limit;
    }
    contract.shrink_max = share("shrink_max");
    if let Some(least) = table.count("rows_min") {
        contract.rows_min = least;
    }
    if contract.bad_rows_max > Ratio::from(1) {
        let nouns = vec![
            ("found", table.text("bad_rows_max").unwrap_or_default()),
            ("expected", "0 % to 100 %".to_owned()),
        ];
        table.fault("bad_rows_max", Code::BadNumber, nouns);
    }
    contract
}
