//! What do SQLite and PostgreSQL disagree about? All of it stands here. Identifiers come from checked
//! contracts only and are quoted; values are never written into a statement.

use std::path::Path;

use super::sheet::AREAS;
use super::sheet::Area;
use super::sheet::Column;
use super::sheet::Kind;
use super::sheet::Part;
use super::sheet::Sheet;
use super::sheet::Source;
use super::sheet::WAREHOUSE;
use crate::spec::schema::FieldKind;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// How a night begins. One that writes at a time: in SQLite by its own lock, in PostgreSQL by an advisory one.
pub(super) fn begin(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "begin immediate",
        Engine::Postgres => "begin; select pg_advisory_xact_lock(7306086)",
    }
}

/// What says of the night of a release, which is bound, whether it is published.
pub(super) fn published(engine: Engine, is_published: bool) -> String {
    let run = engine.name(Area::Ops, "run");
    let release = engine.bound();
    format!("update {run} set is_published = {is_published} where release = {release}")
}

/// What gives a warehouse to a home, whose fingerprint is bound.
pub(super) fn given(engine: Engine) -> String {
    let warehouse = engine.name(Area::Ops, WAREHOUSE);
    format!("update {warehouse} set home = {}", engine.bound())
}

/// How SQLite writes what it holds into a new file.
pub(super) fn vacuum_into(target: &Path) -> String {
    format!("vacuum into {}", text(&target.display().to_string()))
}

/// What asks SQLite's file of persons which design it is of, as [`Engine::persons_are`] says it.
pub(super) fn which_persons() -> String {
    format!("pragma {}.user_version", quoted(Area::Person.name()))
}

/// The roles by which people are let in.
const ROLES: [&str; 3] = ["shuping_load", "shuping_read", "shuping_person"];

impl Engine {
    /// A table or view by its full name.
    pub(super) fn name(self, area: Area, name: &str) -> String {
        match (self, area) {
            (Engine::Sqlite, Area::Core | Area::Metric | Area::Ops) => quoted(name),
            _ => format!("{}.{}", quoted(area.name()), quoted(name)),
        }
    }

    /// The night that the warehouse holds, as a day is compared.
    pub(super) fn night(self) -> String {
        let warehouse = self.name(Area::Ops, WAREHOUSE);
        let night = if self == Engine::Sqlite { "night" } else { "cast(night as date)" };
        format!("(select {night} from {warehouse})")
    }

    /// The type of a column.
    pub(super) fn kind(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Engine::Sqlite, Kind::Field(kind)) => match kind {
                FieldKind::Text | FieldKind::Day | FieldKind::Instant => "TEXT",
                FieldKind::Whole => "INTEGER",
                FieldKind::Decimal(_) => "NUMERIC",
                FieldKind::Flag => "BOOLEAN",
            },
            (Engine::Sqlite, Kind::Local) => "TEXT",
            (Engine::Sqlite, Kind::Mark) => "BLOB",
            (Engine::Postgres, Kind::Field(kind)) => match kind {
                FieldKind::Text => "text",
                FieldKind::Whole => "bigint",
                FieldKind::Decimal(_) => "numeric",
                FieldKind::Flag => "boolean",
                FieldKind::Day => "date",
                FieldKind::Instant => "timestamp with time zone",
            },
            (Engine::Postgres, Kind::Local) => "timestamp without time zone",
            (Engine::Postgres, Kind::Mark) => "uuid",
        }
    }

    /// Whether the database reckons a column as it is read. PostgreSQL 15 could only keep what it reckoned, which takes it
    /// longer than to be told.
    pub(super) fn reckons(self, column: &Column) -> bool {
        self == Engine::Sqlite && matches!(column.source, Source::Part { .. })
    }

    /// A column as it is made.
    pub(super) fn column(self, column: &Column) -> String {
        let kind = self.kind(column.kind);
        let made = match &column.source {
            Source::Part { of, part, .. } if self.reckons(column) => {
                let of = quoted(of);
                let part = match part {
                    Part::Date => format!("substr({of}, 1, 10)"),
                    Part::Month => format!("substr({of}, 1, 7)"),
                    Part::Year => format!("cast(substr({of}, 1, 4) as integer)"),
                };
                format!(" generated always as ({part}) virtual")
            }
            _ => String::new(),
        };
        let required = if column.is_required { " not null" } else { "" };
        format!("{} {kind}{made}{required}", quoted(&column.name))
    }

    /// How a table is made. SQLite keeps the text with its remarks; PostgreSQL has comments.
    pub(super) fn create(self, sheet: &Sheet) -> String {
        let last = sheet.columns.len().saturating_sub(1);
        let line = |(at, column): (usize, &Column)| {
            let comma = if at == last { "" } else { "," };
            let remark = match self {
                Engine::Sqlite => format!(" -- {}", one_line(&said(&column.title, &column.means))),
                Engine::Postgres => String::new(),
            };
            format!("    {}{comma}{remark}", self.column(column))
        };
        let lines: Vec<String> = sheet.columns.iter().enumerate().map(line).collect();
        let name = self.name(sheet.area, &sheet.name);
        let remark = match self {
            Engine::Sqlite => format!(" -- {}", one_line(&sheet.title)),
            Engine::Postgres => String::new(),
        };
        format!("create table {name} ({remark}\n{}\n)", lines.join("\n"))
    }

    /// What finds a row by its key and by what it points at, made when the rows are there. A key whose
    /// columns are never empty is a primary key where the database lets one be added.
    pub(super) fn indexes(self, sheet: &Sheet) -> Vec<String> {
        let table = self.name(sheet.area, &sheet.name);
        let is_optional =
            |name: &&String| sheet.columns.iter().any(|c| c.name == **name && !c.is_required);
        let mut made = Vec::new();
        if !sheet.key.is_empty() {
            let key: Vec<String> = sheet.key.iter().map(|name| quoted(name)).collect();
            if self == Engine::Postgres && !sheet.key.iter().any(|name| is_optional(&name)) {
                let name = quoted(&format!("{}_key", sheet.name));
                let key = key.join(", ");
                made.push(format!("alter table {table} add constraint {name} primary key ({key})"));
            } else {
                made.push(self.index(sheet, "key", &nullable_key(sheet), "unique "));
            }
        }
        let begins = sheet.key.first();
        for name in sheet.sent().filter(|name| begins.is_none_or(|begins| begins != name)) {
            made.push(self.index(sheet, name, &quoted(name), ""));
        }
        made
    }

    fn index(self, sheet: &Sheet, of: &str, columns: &str, unique: &str) -> String {
        let name = quoted(&format!("{}_{of}", sheet.name));
        // SQLite keeps the index where its table is, and wants the table's name alone.
        if (self, sheet.area) == (Engine::Sqlite, Area::Person) {
            let (area, table) = (quoted(sheet.area.name()), quoted(&sheet.name));
            return format!("create {unique}index {area}.{name} on {table} ({columns})");
        }
        let table = self.name(sheet.area, &sheet.name);
        format!("create {unique}index {name} on {table} ({columns})")
    }

    /// The tables that stand: in SQLite their names and texts, in PostgreSQL a row a column, with its type and
    /// whether it is never empty.
    pub(super) fn known(self, has_persons: bool) -> String {
        match self {
            Engine::Sqlite => {
                let of = |area: &str| {
                    format!(
                        "select name, sql, '', '' from {area}sqlite_master where type = 'table'"
                    )
                };
                let persons = format!("{}.", quoted(Area::Person.name()));
                let persons = has_persons.then(|| format!(" union all {}", of(&persons)));
                format!("{}{}", of(""), persons.unwrap_or_default())
            }
            Engine::Postgres => {
                "select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), \
                 case when a.attnotnull then 'required' else '' end \
                 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
                 where c.relkind = 'r' and n.nspname in ('core', 'metric', 'ops', 'person') \
                 order by n.nspname, c.relname, a.attnum"
                    .to_owned()
            }
        }
    }

    /// What says in SQLite's file of persons which design it is of, by a number of its own: PostgreSQL has no second file.
    pub(super) fn persons_are(self, fingerprint: &str) -> Option<String> {
        let number = fingerprint.get(..7).and_then(|head| u32::from_str_radix(head, 16).ok());
        let area = quoted(Area::Person.name());
        (self == Engine::Sqlite)
            .then(|| format!("pragma {area}.user_version = {}", number.unwrap_or_default()))
    }

    /// What takes away an index that may stand: one that [`Engine::indexes`] makes.
    pub(super) fn without_indexes(self, sheet: &Sheet) -> Vec<String> {
        let area = match (self, sheet.area) {
            (Engine::Sqlite, Area::Core | Area::Metric | Area::Ops) => String::new(),
            _ => format!("{}.", quoted(sheet.area.name())),
        };
        let table = self.name(sheet.area, &sheet.name);
        let key = quoted(&format!("{}_key", sheet.name));
        let mut made = Vec::new();
        if self == Engine::Postgres {
            made.push(format!("alter table {table} drop constraint if exists {key}"));
        }
        made.push(format!("drop index if exists {area}{key}"));
        for column in &sheet.columns {
            let name = quoted(&format!("{}_{}", sheet.name, column.name));
            made.push(format!("drop index if exists {area}{name}"));
        }
        made
    }

    /// Where a row stands and its mark: the place holds until the transaction ends, for nobody else writes.
    pub(super) fn marks(self, table: &str) -> String {
        let place = match self {
            Engine::Sqlite => "rowid",
            Engine::Postgres => "ctid",
        };
        format!("select {place}, {} from {table}", quoted(super::sheet::MARK))
    }

    /// The same where a column has a value, which is bound.
    pub(super) fn only(self, marks: &str, column: &str) -> String {
        format!("{marks} where cast({} as text) = {}", quoted(column), self.bound())
    }

    /// The place of a value that is bound.
    fn bound(self) -> &'static str {
        match self {
            Engine::Sqlite => "?1",
            Engine::Postgres => "$1",
        }
    }

    /// What makes the places of tables, and who may come in. A role that can't be made is left to whoever may.
    pub(super) fn areas(self, has_persons: bool) -> Vec<String> {
        if self == Engine::Sqlite {
            return Vec::new();
        }
        let areas: Vec<Area> =
            AREAS.into_iter().filter(|area| has_persons || *area != Area::Person).collect();
        let schema = |area: &Area| format!("create schema if not exists {}", quoted(area.name()));
        areas.iter().map(schema).collect()
    }

    /// What lets people read: `shuping_read` everything but persons, `shuping_person` persons, `shuping_load`
    /// writes. Names are found without their schema.
    pub(super) fn rights(self, has_persons: bool) -> Vec<String> {
        if self == Engine::Sqlite {
            return Vec::new();
        }
        let make = |role: &str| {
            format!(
                "do $$ begin create role {role}; exception when duplicate_object or \
                 unique_violation or insufficient_privilege then null; end $$"
            )
        };
        let grant = |role: &str, areas: &str, rights: &str| {
            format!(
                "do $$ begin if exists (select from pg_roles where rolname = '{role}') then \
                 grant usage on schema {areas} to {role}; \
                 grant {rights} on all tables in schema {areas} to {role}; end if; end $$"
            )
        };
        let (open, all) = ("metric, core, ops", "metric, core, ops, person");
        let mut rights: Vec<String> = ROLES.map(make).to_vec();
        rights.push(grant("shuping_read", open, "select"));
        let write = "select, insert, update, delete";
        rights.push(grant("shuping_load", if has_persons { all } else { open }, write));
        if has_persons {
            rights.push(grant("shuping_person", all, "select"));
        }
        rights.push(
            "do $$ begin execute format('alter database %I set search_path = \
             metric, core, ops, \"$user\", public', current_database()); \
             exception when insufficient_privilege then null; end $$"
                .to_owned(),
        );
        rights
    }

    /// What counts the roles of PostgreSQL that are missing, or may not come in yet, and that whoever asks may help: one
    /// that it may not, it leaves to whoever may.
    pub(super) fn missing_roles() -> String {
        let names: Vec<String> = ROLES.map(text).to_vec();
        format!(
            "select count(*) from unnest(array[{}]) as asked (name) \
             join pg_roles me on me.rolname = current_user \
             join pg_namespace n on n.nspname = {} \
             left join pg_roles r on r.rolname = asked.name \
             where case when r.oid is null then me.rolcreaterole or me.rolsuper \
             else asked.name <> 'shuping_person' and pg_has_role(n.nspowner, 'usage') \
             and not has_schema_privilege(r.oid, n.oid, 'usage') end",
            names.join(", "),
            text(Area::Ops.name())
        )
    }

    /// What a table, or a column of it, is.
    pub(super) fn comments(self, sheet: &Sheet) -> Vec<String> {
        if self == Engine::Sqlite {
            return Vec::new();
        }
        let table = self.name(sheet.area, &sheet.name);
        let mut made = vec![format!("comment on table {table} is {}", text(&sheet.title))];
        for column in &sheet.columns {
            let said = text(&said(&column.title, &column.means));
            made.push(format!("comment on column {table}.{} is {said}", quoted(&column.name)));
        }
        made
    }
}

/// The key as something unique: a column that a contract lets be empty is the same where it is empty, but a name
/// that nobody knows is not the same as another.
fn nullable_key(sheet: &Sheet) -> String {
    let part = |name: &String| {
        let column = sheet.columns.iter().find(|column| column.name == *name);
        let is_text = |column: &&Column| column.kind == Kind::Field(FieldKind::Text);
        match column.filter(is_text) {
            Some(column) if !column.is_required && sheet.sent().all(|sent| sent != name) => {
                format!("coalesce({}, '')", quoted(name))
            }
            _ => quoted(name),
        }
    };
    sheet.key.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// A title with what it means.
pub(super) fn said(title: &str, means: &str) -> String {
    if means.is_empty() { title.to_owned() } else { format!("{title}:{means}") }
}

/// An identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text of ours in a statement: a title, a name of a metric.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
