//! What do SQLite, PostgreSQL and MySQL want to hear when they are read? Every statement stands here;
//! identifiers are quoted, values are always bound.

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
    /// Or MariaDB.
    MySql,
}

/// The kind of a column that MySQL knows no text of.
pub(super) const BYTES: &str = "bytes";

/// A column of a view as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Its name.
    pub(super) name: String,
    /// Its type, in the words of the database.
    pub(super) kind: String,
}

/// What is read of a view.
#[derive(Debug)]
pub(super) struct Selection<'s> {
    pub(super) engine: Engine,
    /// The view, quoted, or a query in parentheses.
    pub(super) relation: String,
    /// What is selected.
    pub(super) columns: Vec<&'s Known>,
    /// What orders the rows.
    pub(super) key: Vec<&'s Known>,
    /// The window.
    pub(super) window: Option<Window<'s>>,
    /// The most rows of one statement.
    pub(super) chunk: u32,
}

/// Which times are read.
#[derive(Clone, Debug)]
pub(super) struct Window<'s> {
    /// The column that tells them.
    pub(super) known: &'s Known,
    /// With how many bounds: its beginning, then its end.
    pub(super) bounds: usize,
    /// How they are written: strftime, `epoch_ms` or `epoch_s`.
    pub(super) format: String,
}

impl Selection<'_> {
    /// How many rows the window has. Bound: the window.
    pub(super) fn count(&self) -> String {
        let conditions = self.conditions();
        let text = if self.engine == Engine::MySql { "char" } else { "text" };
        format!(
            "select cast(count(*) as {text}) from {} as source{}",
            self.relation,
            all(&conditions)
        )
    }

    /// The first rows of the window. Bound: the window.
    pub(super) fn first(&self) -> String {
        self.rows(&self.conditions())
    }

    /// The rows behind a key. Bound: the window, the key.
    pub(super) fn behind(&self) -> String {
        let mut conditions = self.conditions();
        let bound = self.window.as_ref().map_or(0, |window| window.bounds);
        let key = self.key.iter().zip(bound + 1..);
        let places: Vec<String> = key.map(|(known, at)| self.place(at, known)).collect();
        conditions.push(format!("({}) > ({})", self.order(), places.join(", ")));
        self.rows(&conditions)
    }

    fn rows(&self, conditions: &[String]) -> String {
        let columns: Vec<String> = self.columns.iter().map(|known| self.text(known)).collect();
        format!(
            "select {} from {} as source{} order by {} limit {}",
            columns.join(", "),
            self.relation,
            all(conditions),
            self.order(),
            self.chunk
        )
    }

    /// What orders the rows. MySQL sorts an enumeration or a set by its numbers and compares it by its words.
    fn order(&self) -> String {
        let sorted = |known: &&Known| match (self.engine, known.kind.as_str()) {
            (Engine::MySql, "enum" | "set") => self.text(known),
            _ => self.column(known),
        };
        self.key.iter().map(sorted).collect::<Vec<_>>().join(", ")
    }

    /// The window. A row that tells no time is in every one, for it would be in none.
    fn conditions(&self) -> Vec<String> {
        let Some(window) = self.window.as_ref().filter(|window| window.bounds > 0) else {
            return Vec::new();
        };
        let column = self.column(window.known);
        // SQLite tells a number from a text that says it, where it does not know which a column holds.
        let is_number = self.engine == Engine::Sqlite && window.format.starts_with("epoch");
        let place = |at| match self.place(at, window.known) {
            place if is_number => format!("cast({place} as numeric)"),
            place => place,
        };
        let bound = |(operator, at): (&str, usize)| format!("{column} {operator} {}", place(at));
        let within: Vec<String> =
            [(">=", 1), ("<", 2)].into_iter().take(window.bounds).map(bound).collect();
        let never =
            self.never(window, &column).map_or(String::new(), |never| format!(" or {never}"));
        vec![format!("({} or {column} is null{never})", within.join(" and "))]
    }

    /// That a column tells no time although something stands in it.
    fn never(&self, window: &Window<'_>, column: &str) -> Option<String> {
        match (self.engine, window.known.kind.as_str()) {
            (Engine::Postgres, "date" | "timestamp" | "timestamptz") => {
                Some(format!("{column} in ('infinity', '-infinity')"))
            }
            // `0000-00-00` is before every day.
            (Engine::MySql, "date" | "datetime" | "timestamp") => {
                Some(format!("{column} < cast('1000-01-01' as date)"))
            }
            (Engine::Sqlite, _)
            | (Engine::Postgres, "text" | "varchar" | "bpchar")
            | (
                Engine::MySql,
                "text" | "char" | "varchar" | "tinytext" | "mediumtext" | "longtext",
            ) => {
                let day = day(&window.format);
                Some(
                    day.map_or(format!("{column} = ''"), |day| {
                        format!("{column} not like '{day}'")
                    }),
                )
            }
            _ => None,
        }
    }

    /// PostgreSQL and MySQL write every value as text themselves, so that nothing is lost on the way;
    /// SQLite hands values out as they are stored.
    fn text(&self, known: &Known) -> String {
        let column = self.column(known);
        match self.engine {
            Engine::Sqlite => column,
            // A sum of money is written as its server's country does: `$1,234.50`.
            Engine::Postgres if known.kind == "money" => format!("{column}::numeric::text"),
            Engine::Postgres => format!("{column}::text"),
            Engine::MySql if known.kind == "bit" => {
                format!("cast(cast({column} as unsigned) as char)")
            }
            Engine::MySql => format!("cast({column} as char)"),
        }
    }

    fn place(&self, at: usize, known: &Known) -> String {
        match self.engine {
            Engine::Sqlite => format!("?{at}"),
            // Bits without a length would be one.
            Engine::Postgres if known.kind == "bit" => format!("cast(${at}::text as varbit)"),
            Engine::Postgres if known.kind == "money" => {
                format!("cast(${at}::text::numeric as money)")
            }
            Engine::Postgres => format!("cast(${at}::text as {})", known.kind),
            Engine::MySql => mysql_place(&known.kind),
        }
    }

    /// A column of what is read; without `source` before it, an order would be that of the texts that
    /// are selected under the same name.
    fn column(&self, known: &Known) -> String {
        format!("source.{}", quoted(self.engine, &known.name))
    }
}

/// What a text is like that begins with a day, as a format writes it: `____-__-__%`; and goes on, where an hour does. A day
/// alone is before every hour of it, and what changed on it would be in the window of the night before.
fn day(format: &str) -> Option<String> {
    let format = format.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S");
    let (before, after) = format.split_once("%d")?;
    let day = before.replace("%Y", "____").replace("%m", "__");
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-/. ".contains(letter);
    let between = after.split_once("%H").map(|(between, _)| between);
    let between = between.filter(|between| !between.contains('%'));
    let hour = between.map_or_else(String::new, |text| "_".repeat(text.chars().count() + 2));
    day.chars().all(is_plain).then(|| format!("{day}__{hour}%"))
}

/// Where a value is bound in MySQL. Held against a text, a whole number would lose its last digits.
fn mysql_place(kind: &str) -> String {
    let cast = match kind {
        "boolean" | "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => "signed",
        "bit" | "year" => "unsigned",
        "decimal" => "decimal(65, 30)",
        "date" => "date",
        "datetime" | "timestamp" => "datetime(6)",
        "time" => "time(6)",
        kind if kind.ends_with(" unsigned") => "unsigned",
        _ => return "?".to_owned(),
    };
    format!("cast(? as {cast})")
}

/// A name with its schema, each part quoted.
pub(super) fn view(engine: Engine, name: &str) -> String {
    name.split('.').map(|part| quoted(engine, part)).collect::<Vec<_>>().join(".")
}

/// A query as something to select from.
pub(super) fn query(text: &str) -> String {
    // Its last line may be a remark.
    format!("({}\n)", text.trim().trim_end_matches(';'))
}

/// All columns of a relation.
pub(super) fn everything(relation: &str) -> String {
    format!("select * from {relation} as source")
}

/// The tables and views that can be read, in the order of their names.
pub(super) fn tables(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name"
        }
        Engine::Postgres => {
            // Those that are parts of another one stand in it.
            "select case when n.nspname = current_schema() then c.relname::text \
             else n.nspname || '.' || c.relname end \
             from pg_class as c join pg_namespace as n on n.oid = c.relnamespace \
             where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'information_schema' \
             and n.nspname !~ '^pg_' and has_any_column_privilege(c.oid, 'select') \
             and not exists (select 1 from pg_inherits as i where i.inhrelid = c.oid) \
             order by n.nspname, c.relname"
        }
        Engine::MySql => {
            "select cast(table_name as char) from information_schema.tables \
             where table_schema = database() order by table_name"
        }
    }
}

/// The columns of a table's primary key, in its order. Bound: the table.
pub(super) fn primary_key(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "select name from pragma_table_info(?1) where pk > 0 order by pk",
        Engine::Postgres => {
            "select a.attname::text from pg_index as i \
             cross join lateral unnest(i.indkey) with ordinality as k(number, place) \
             join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.number \
             where i.indisprimary and i.indrelid = to_regclass($1) order by k.place"
        }
        Engine::MySql => {
            "select cast(column_name as char) from information_schema.key_column_usage \
             where constraint_name = 'PRIMARY' and table_schema = database() and table_name = ? \
             order by ordinal_position"
        }
    }
}

/// Some rows of a relation, every column; what is no text is empty.
pub(super) fn some(engine: Engine, relation: &str, known: &[Known], rows: usize) -> String {
    let (relation, columns) = (relation.to_owned(), known.iter().collect());
    let all = Selection { engine, relation, columns, key: Vec::new(), window: None, chunk: 0 };
    let text = |known: &&Known| match known.kind.as_str() {
        BYTES => "null".to_owned(),
        _ if engine == Engine::Sqlite => {
            let column = all.column(known);
            format!("case when typeof({column}) <> 'blob' then {column} end")
        }
        _ => all.text(known),
    };
    let columns = all.columns.iter().map(text).collect::<Vec<_>>().join(", ");
    format!("select {columns} from {} as source limit {rows}", all.relation)
}

/// What PostgreSQL is told at the beginning: nothing is written, no statement takes longer than
/// so many milliseconds, days and times are ISO in the system's zone. Types of an extension are compared as they
/// are sorted only where the operators beside them are found.
pub(super) const SETTINGS: &str = "select set_config('default_transaction_read_only', 'on', false), \
     set_config('statement_timeout', $1, false), \
     set_config('timezone', $2, false), \
     set_config('datestyle', 'ISO, YMD', false), \
     set_config('intervalstyle', 'iso_8601', false), \
     set_config('extra_float_digits', '1', false), \
     set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), \
        (select string_agg(distinct quote_ident(n.nspname), ', ') from pg_extension as e \
         join pg_namespace as n on n.oid = e.extnamespace where n.nspname <> 'pg_catalog')), false)";

/// What MySQL is told at the beginning: nothing is written, and what is read stays as it was.
pub(super) const READ_ONLY: &str =
    "set session transaction isolation level repeatable read, read only";

/// A view's name as PostgreSQL knows it; none where it has none.
pub(super) const REGCLASS: &str = "select to_regclass($1)::text";

/// How a reading begins: every statement sees the same rows.
pub(super) fn begin(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "begin",
        Engine::Postgres => "begin transaction isolation level repeatable read, read only",
        Engine::MySql => "start transaction with consistent snapshot, read only",
    }
}

/// A type's name in a cast: that of PostgreSQL's texts is not what they are called, and a name that is quoted
/// is somebody's own, whose capitals count.
pub(super) fn cast_name(name: &str) -> String {
    match name {
        "CHAR" => "bpchar".to_owned(),
        "\"CHAR\"" => "\"char\"".to_owned(),
        quoted if quoted.contains('"') => quoted.to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

/// The columns of a view that a user of MySQL may read. Bound: the view, quoted, twice.
pub(super) const OPEN_COLUMNS: &str = "select cast(column_name as char) from information_schema.columns \
     where privileges like '%select%' and (concat('`', table_schema, '`.`', table_name, '`') = ? \
     or table_schema = database() and concat('`', table_name, '`') = ?) order by ordinal_position";

/// The character sets of some columns, of a relation that may be empty.
pub(super) fn charsets(relation: &str, columns: &[&Known]) -> String {
    let charset =
        |known: &&Known| format!("charset(source.{})", quoted(Engine::MySql, &known.name));
    let charsets: Vec<String> = columns.iter().map(charset).collect();
    let charsets = charsets.join(", ");
    format!(
        "select {charsets} from (select 1 as one) as one left join {relation} as source on false"
    )
}

fn quoted(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Sqlite | Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        Engine::MySql => format!("`{}`", name.replace('`', "``")),
    }
}

fn all(conditions: &[String]) -> String {
    if conditions.is_empty() {
        String::new()
    } else {
        format!(" where {}", conditions.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str, kind: &str) -> Known {
        Known { name: name.to_owned(), kind: kind.to_owned() }
    }

    fn window<'k>(known: &'k Known, format: &str) -> Window<'k> {
        Window { known, bounds: 2, format: format.to_owned() }
    }

    #[test]
    fn a_window_is_counted_and_read_by_key_with_every_value_bound() {
        let (id, at) = (known("LSH", "int8"), known("GX\"SJ", "timestamp"));
        let of = |engine| Selection {
            engine,
            relation: view(engine, "kh.V_GZJS"),
            columns: vec![&id, &at],
            key: vec![&id],
            window: Some(window(&at, "%Y-%m-%d %H:%M:%S")),
            chunk: 10,
        };
        let selection = of(Engine::Postgres);
        assert_eq!(
            selection.count(),
            "select cast(count(*) as text) from \"kh\".\"V_GZJS\" as source \
             where (source.\"GX\"\"SJ\" >= cast($1::text as timestamp) \
             and source.\"GX\"\"SJ\" < cast($2::text as timestamp) or source.\"GX\"\"SJ\" is null \
             or source.\"GX\"\"SJ\" in ('infinity', '-infinity'))"
        );
        assert_eq!(
            of(Engine::Sqlite).behind(),
            "select source.\"LSH\", source.\"GX\"\"SJ\" from \"kh\".\"V_GZJS\" as source \
             where (source.\"GX\"\"SJ\" >= ?1 and source.\"GX\"\"SJ\" < ?2 or source.\"GX\"\"SJ\" is null \
             or source.\"GX\"\"SJ\" not like '____-__-_____%') \
             and (source.\"LSH\") > (?3) order by source.\"LSH\" limit 10"
        );
        let unsigned = known("LSH", "bigint unsigned");
        let mine = Selection { key: vec![&unsigned], ..of(Engine::MySql) };
        assert_eq!(
            mine.behind(),
            "select cast(source.`LSH` as char), cast(source.`GX\"SJ` as char) from `kh`.`V_GZJS` as source \
             where (source.`GX\"SJ` >= cast(? as datetime(6)) and source.`GX\"SJ` < cast(? as datetime(6)) \
             or source.`GX\"SJ` is null or source.`GX\"SJ` < cast('1000-01-01' as date)) and (source.`LSH`) > (cast(? as unsigned)) order by source.`LSH` limit 10"
        );
        let whole = Selection { window: None, ..of(Engine::Postgres) };
        assert_eq!(
            whole.behind(),
            "select source.\"LSH\"::text, source.\"GX\"\"SJ\"::text from \"kh\".\"V_GZJS\" as source \
             where (source.\"LSH\") > (cast($1::text as int8)) order by source.\"LSH\" limit 10"
        );
    }

    #[test]
    fn a_text_without_a_day_is_told_by_how_the_format_begins() {
        for (format, like) in [
            ("%Y-%m-%d %H:%M:%S", Some("____-__-_____%")),
            ("%F %T", Some("____-__-_____%")),
            ("%Y%m%d%H%M%S", Some("__________%")),
            ("%Y年%m月%d日", Some("____年__月__%")),
            ("%F", Some("____-__-__%")),
            ("%Y'%m%d", None),
            ("%s", None),
            ("epoch_s", None),
        ] {
            assert_eq!(day(format).as_deref(), like, "{format}");
        }
    }

    #[test]
    fn a_query_of_the_manifest_is_read_like_a_view() {
        assert_eq!(
            everything(&query("select 1 as a;\n")),
            "select * from (select 1 as a\n) as source"
        );
    }
}
