//! How does a home begin to read a source that it has only looked at? With a connector, a contract for each
//! table, the units they speak of and a first count, all of them guesses in files to be edited.

mod column;
mod count;
mod key;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use self::column::Column;
pub use self::column::slug;
use super::kinds::word;
use super::schema::FieldKind;
use super::sniff::Personal;

/// The header under which the name of a sheet stands.
pub const SHEET: &str = "_sheet";

/// A source that was looked at.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// `http`, `files` or `sql`.
    pub kind: &'static str,
    /// The section that says how it is reached, as TOML.
    pub reach: String,
    /// Its tables.
    pub tables: Vec<SeenTable>,
    /// Secrets that the connector names, and what they say.
    pub secrets: Vec<(String, String)>,
    /// What could not be read, and why.
    pub left_out: Vec<(String, String)>,
}

/// A table of it, with some rows.
#[derive(Clone, Debug, Default)]
pub struct SeenTable {
    /// What people call it.
    pub title: String,
    /// The keys of a stream that say how it is asked for, as TOML.
    pub ask: String,
    /// Further lines for its first comment.
    pub notes: Vec<String>,
    /// Its columns.
    pub headers: Vec<String>,
    /// The types that the source itself tells; fewer than columns where it tells none.
    pub kinds: Vec<Option<FieldKind>>,
    /// Rows, a cell a column.
    pub rows: Vec<Vec<Option<String>>>,
    /// The columns that make a row itself, where the source tells them.
    pub key: Vec<String>,
    /// Whether a stream has to name them.
    pub names_key: bool,
    /// What the names of its files tell; then each row has one cell more, that.
    pub period: Option<SeenPeriod>,
}

/// The period that the names of files tell.
#[derive(Clone, Debug)]
pub struct SeenPeriod {
    /// `day`, `month`, `quarter`, `half_year` or `year`; `no` of names that count something else.
    pub tells: &'static str,
    /// What stands in the place of `ask` where it is read.
    pub ask: String,
    /// Its first day, or what is counted, as an expression.
    pub sql: &'static str,
    /// Whether there is one file of each.
    pub is_alone: bool,
}

/// What was made of a table, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The stream.
    pub stream: String,
    /// The table of the source.
    pub title: String,
    /// How many rows were looked at.
    pub rows: usize,
    /// The columns that are its key.
    pub key: Vec<String>,
    /// The column of its time.
    pub time: String,
    /// The column of its unit.
    pub unit: String,
    /// Columns that look like persons' and are not read.
    pub personal: Vec<String>,
    /// The metric that counts it.
    pub metric: String,
}

/// The files of a home that reads a source.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Relative path and text.
    pub files: BTreeMap<String, String>,
    /// What was made of each table.
    pub begun: Vec<Begun>,
    /// The tables that nothing was made of, for no columns tell their rows apart.
    pub without_key: Vec<String>,
}

/// What is known where a connector is begun.
#[derive(Clone, Copy, Debug)]
pub struct Begin<'b> {
    /// The name of the system.
    pub system: &'b str,
    /// Its title.
    pub title: &'b str,
    /// The zone of the home.
    pub zone: &'b str,
    /// The day on which the source was looked at.
    pub today: Date,
    /// Whether another connector of the home tells its units.
    pub has_units: bool,
}

/// A table with all that was guessed of it.
struct Guess<'s> {
    seen: &'s SeenTable,
    name: String,
    columns: Vec<Column>,
    key: Vec<usize>,
    unit: Option<usize>,
    time: Option<usize>,
}

/// Writes what reads a source.
pub fn files(begin: Begin<'_>, seen: &Seen) -> Files {
    let mut all = Files::default();
    let mut names = BTreeSet::new();
    let mut guesses: Vec<Guess<'_>> = Vec::new();
    for table in &seen.tables {
        match guess(begin, table, &mut names) {
            Some(guess) => guesses.push(guess),
            None => all.without_key.push(table.title.clone()),
        }
    }
    let mut connector = head(begin, seen);
    for guess in &guesses {
        if !begin.has_units {
            connector.push_str(&units(begin, guess));
        }
        connector.push_str(&stream(begin, guess));
        let schema = format!("{:#}\n", schema(guess));
        all.files.insert(format!("schemas/{}.json", guess.name), schema);
        all.begun.push(begun(begin, guess));
    }
    all.files.insert(format!("connectors/{}.toml", begin.system), connector);
    let pipeline = count::pipeline(begin, &guesses);
    all.files.insert(format!("pipelines/{}.toml", begin.system), pipeline);
    all
}

/// What may be guessed of a table. One that has to be read in the order of a key, and has none, is left out.
fn guess<'s>(
    begin: Begin<'_>,
    seen: &'s SeenTable,
    names: &mut BTreeSet<String>,
) -> Option<Guess<'s>> {
    let mut columns = column::columns(seen);
    let period = columns.iter().position(|column| column.sql.is_some());
    let own = columns.get(..period.unwrap_or(columns.len())).unwrap_or_default();
    let is_time = |column: &Column| {
        let is_day = matches!(column.kind, FieldKind::Day | FieldKind::Instant);
        column.personal.is_none() && is_day && column.filled * 2 > seen.rows.len()
    };
    let time = own.iter().position(|column| is_time(column) && !column.is_attribute());
    // What tells rows apart by chance does so only where the names of files do not.
    let key = key::of(seen, own);
    let key = key.filter(|key| period.is_none() || !key::is_by_chance(seen, own, key));
    // What files are about is needed where nothing else says when a row was, or tells it from those of other files.
    let is_report = key.as_deref().is_some_and(|key| key::is_report(own, key));
    let period = period.filter(|_| time.is_none() || is_report || key.is_none());
    let key = key.map(|key| key::beside(seen, own, (key, time)));
    let key = match (period, key) {
        (None, key) => key,
        (Some(period), Some(key)) => Some(key.into_iter().chain([period]).collect()),
        (Some(period), None) => key::of(seen, &columns).map(|mut key| {
            if !key.contains(&period) {
                key.push(period);
            }
            key
        }),
    };
    let is_day = |at: &usize| columns.get(*at).is_some_and(|it| it.kind == FieldKind::Day);
    let time = time.or(period.filter(is_day));
    if period.is_none() {
        columns.retain(|column| column.sql.is_none());
    }
    let key = key.or_else(|| (!seen.names_key).then(|| key::all(&columns)))?;
    let plain = slug(&seen.title).unwrap_or_else(|| "table".to_owned());
    let name = column::free(&format!("{}_{plain}", begin.system), names);
    let is_unit = |column: &Column| {
        column.personal.is_none() && column.kind == FieldKind::Text && column.is_unit()
    };
    let unit = columns.iter().position(is_unit);
    Some(Guess { seen, name, columns, key, unit, time })
}

/// A text as TOML writes it.
pub fn text(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A pattern as TOML writes it.
pub fn pattern(pattern: &str) -> String {
    if pattern.contains(['\'', '\n']) { text(pattern) } else { format!("'{pattern}'") }
}

/// Texts as TOML writes them.
pub fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(text).collect();
    format!("[{}]", texts.join(", "))
}

fn head(begin: Begin<'_>, seen: &Seen) -> String {
    format!(
        "# Begun by `shuping init {kind}` on {today}. What stands here was guessed from a few rows: look at each line,\n\
         # then at `shuping preview {system}`.\nformat = 1\n\n[system]\nname     = {name}\ntitle    = {title}\n\
         kind     = {kind_text}\ntimezone = {zone}\n\n{reach}",
        kind = seen.kind,
        today = begin.today,
        system = begin.system,
        name = text(begin.system),
        title = text(begin.title),
        kind_text = text(seen.kind),
        zone = text(begin.zone),
        reach = seen.reach,
    )
}

/// The stream that tells the units that a table speaks of.
fn units(begin: Begin<'_>, guess: &Guess<'_>) -> String {
    let unit = guess.unit.and_then(|at| guess.columns.get(at));
    let (id, name) = match unit {
        Some(column) => (
            format!("{:<10} = {}", "unit_id", text(&column.header)),
            format!("{{ sql = {} }}", text(&column::quoted(&column.header))),
        ),
        None => (
            format!("{:<10} = {{ constant = {} }}", "unit_id", text(begin.system)),
            format!("{{ constant = {} }}", text(begin.title)),
        ),
    };
    // A row that names nobody is no unit; where each names one, one that does not is held back.
    let partly = unit.filter(|column| column.filled < guess.seen.rows.len());
    let filled = partly.map_or_else(String::new, |column| {
        let claim = format!("{} <> ''", column::quoted(&column.header));
        format!("where  = {}\n", text(&claim))
    });
    let about = match unit {
        Some(column) => format!("Whom its rows are about, by `{}`.", column.header),
        None => "No column says whom a row is about: all of them are about one unit.".to_owned(),
    };
    let is_other =
        |column: &&Column| column.is_read() && unit.is_none_or(|it| it.header != column.header);
    let others = guess.columns.iter().filter(is_other);
    format!(
        "\n# {about}\n[[stream]]\nname   = {}\ninto   = \"unit\"\n{}write  = \"upsert\"\n{filled}ignore = {}\n\n\
         [stream.columns]\n{id}\nname       = {name}\ncategory   = {{ constant = \"institution\" }}\n\
         valid_from = {{ constant = \"2000-01-01\" }}\n",
        text(&format!("{}_units", guess.name)),
        ask(guess),
        list(others.map(|column| column.header.as_str())),
    )
}

/// How a stream is asked for.
fn ask(guess: &Guess<'_>) -> String {
    if !guess.seen.names_key {
        let period = guess.seen.period.as_ref();
        let period = period.filter(|_| guess.columns.iter().any(|column| column.sql.is_some()));
        return period.map_or(&guess.seen.ask, |period| &period.ask).clone();
    }
    let columns = guess.key.iter().filter_map(|at| guess.columns.get(*at));
    format!("{}key    = {}\n", guess.seen.ask, list(columns.map(|column| column.header.as_str())))
}

/// What becomes of rows that are there: a corrected file takes the place of all that it said before, and so does a list of
/// a database, which tells no time and is read whole each night.
fn write(guess: &Guess<'_>) -> String {
    if guess.seen.names_key && guess.time.is_none() && guess.seen.notes.is_empty() {
        return "write  = \"snapshot\"\n".to_owned();
    }
    let is_alone = guess.seen.period.as_ref().is_some_and(|period| period.is_alone);
    let told = guess.columns.iter().find(|column| column.sql.is_some() && is_alone);
    told.map_or_else(
        || "write  = \"upsert\"\n".to_owned(),
        |column| format!("write  = \"snapshot\"\nwithin = [{}]\n", text(&column.name)),
    )
}

fn stream(begin: Begin<'_>, guess: &Guess<'_>) -> String {
    let mut lines = format!("\n# {} rows were looked at.\n", guess.seen.rows.len());
    for note in &guess.seen.notes {
        lines.extend([format!("# {note}\n")]);
    }
    let (rows, apart) = (guess.seen.rows.len(), key::apart(guess.seen, &guess.key));
    if apart < rows {
        lines.extend([format!(
            "# No columns tell all rows apart. By this key {apart} of {rows} are: the others are taken for the same rows.\n"
        )]);
    }
    let personal: Vec<&str> = guess.ignored().map(|column| column.header.as_str()).collect();
    lines.extend([format!(
        "[[stream]]\nname   = {}\ntitle  = {}\ninto   = {}\n{}{}",
        text(&guess.name),
        text(&guess.seen.title),
        text(&guess.name),
        ask(guess),
        write(guess),
    )]);
    lines.push_str(&column::empty(&guess.columns));
    if !personal.is_empty() {
        let ignored = list(personal.iter().copied());
        lines.extend([format!(
            "ignore = {ignored}   # these look like persons' and are not even stored\n"
        )]);
    }
    let number = guess.ignored().find(|column| column.personal == Some(Personal::Number));
    if let Some(number) = number {
        lines.extend([format!(
            "# As a pseudonym: person_id = {{ from = {}, identity = \"cn_id\" }} below, and in the contract\n\
             # {{ \"name\": \"person_id\", \"type\": \"string\", \"title\": \"人员假名\", \"x:pii\": \"id\" }}\n",
            text(&number.header),
        )]);
    }
    lines.push_str("\n[stream.columns]\n");
    let line = |name: &str, value: String| format!("{name:<18} = {value}\n");
    match guess.unit.and_then(|at| guess.columns.get(at)) {
        Some(column) if begin.has_units => {
            let header = text(&column.header);
            lines.push_str(&line("unit_id", format!("{{ from = {header}, lookup = \"unit\" }}")));
        }
        Some(column) => lines.push_str(&line("unit_id", text(&column.header))),
        None => {
            lines.push_str(&line("unit_id", format!("{{ constant = {} }}", text(begin.system))));
        }
    }
    if guess.time.is_none() {
        let today = format!("{{ constant = \"{}\" }}   # no column tells a day", begin.today);
        lines.push_str(&line("seen_on", today));
    }
    for column in guess.own() {
        let header = text(&column.header);
        let value = match column.personal {
            _ if column.sql.is_some() => {
                format!("{{ sql = {} }}", text(column.sql.unwrap_or_default()))
            }
            Some(Personal::Number) => format!("{{ from = {header}, identity = \"cn_id\" }}"),
            Some(_) => format!("{{ from = {header}, identity = \"opaque\" }}"),
            // A column of a database is there in every row, whatever stands in it.
            None if column.filled < guess.seen.rows.len() && !guess.seen.names_key => {
                format!("{{ from = {header}, optional = true }}")
            }
            None => header,
        };
        lines.push_str(&line(&column.name, value));
    }
    lines
}

impl Guess<'_> {
    /// The columns that are read under names of their own.
    fn own(&self) -> impl Iterator<Item = &Column> {
        let columns = self.columns.iter().enumerate();
        let own = columns.filter(|(at, column)| {
            Some(*at) != self.unit && (column.personal.is_none() || self.key.contains(at))
        });
        own.map(|(_, column)| column)
    }

    /// The columns that look like persons' and make no row itself: they are not read.
    fn ignored(&self) -> impl Iterator<Item = &Column> {
        let columns = self.columns.iter().enumerate();
        let ignored = columns.filter(|(at, it)| it.personal.is_some() && !self.key.contains(at));
        ignored.map(|(_, column)| column)
    }

    /// Our names of the columns that make a row itself.
    fn key_names(&self) -> Vec<String> {
        let name = |at: &usize| {
            let column = self.columns.get(*at)?;
            Some(if Some(*at) == self.unit { "unit_id".to_owned() } else { column.name.clone() })
        };
        let names: Vec<String> = self.key.iter().filter_map(name).collect();
        if names.is_empty() { vec!["unit_id".to_owned()] } else { names }
    }

    /// Those of them that are never empty, or else the first.
    fn full_key(&self) -> Vec<String> {
        let is_full = |at: &usize| {
            self.columns.get(*at).is_some_and(|column| column.filled == self.seen.rows.len())
        };
        let names = self.key_names();
        let full = names.iter().zip(&self.key).filter(|(_, at)| is_full(at));
        let full: Vec<String> = full.map(|(name, _)| name.clone()).collect();
        if full.is_empty() { names.into_iter().take(1).collect() } else { full }
    }

    /// Our name of the column of its time.
    fn time_name(&self) -> &str {
        let column = self.time.and_then(|at| self.columns.get(at));
        column.map_or("seen_on", |column| column.name.as_str())
    }

    fn time_kind(&self) -> FieldKind {
        let column = self.time.and_then(|at| self.columns.get(at));
        column.map_or(FieldKind::Day, |column| column.kind)
    }
}

fn schema(guess: &Guess<'_>) -> Value {
    // A row without its key would stand as one with all others that have none.
    let full = guess.full_key();
    let field = |name: &str, kind: FieldKind, title: &str| {
        let mut field = json!({ "name": name, "type": word(kind), "title": title });
        if let (FieldKind::Decimal(scale), Some(object)) = (kind, field.as_object_mut()) {
            object.insert("x:scale".to_owned(), scale.into());
        }
        if let Some(object) = field.as_object_mut().filter(|_| full.iter().any(|of| of == name)) {
            object.insert("constraints".to_owned(), json!({ "required": true }));
        }
        field
    };
    let mut fields = vec![field("unit_id", FieldKind::Text, "机构")];
    if guess.time.is_none() {
        fields.push(field("seen_on", FieldKind::Day, "首次读取日期"));
    }
    fields.extend(guess.own().map(|column| {
        if column.personal.is_none() {
            return field(&column.name, column.kind, column.title());
        }
        let mut field = field(&column.name, FieldKind::Text, &column.header);
        if let Some(object) = field.as_object_mut() {
            object.insert("x:pii".to_owned(), "id".into());
        }
        field
    }));
    // Rows beside the names of persons are about persons, also without the names.
    let is_about_persons = guess.columns.iter().any(|column| column.personal.is_some());
    json!({
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "title": guess.seen.title,
        "x:class": if is_about_persons { "重要" } else { "一般" },
        "x:persons": is_about_persons,
        "x:time": guess.time_name(),
        "fields": fields,
        "primaryKey": guess.key_names(),
        "foreignKeys": [{ "fields": ["unit_id"], "reference": { "resource": "unit", "fields": ["unit_id"] } }],
    })
}

fn begun(begin: Begin<'_>, guess: &Guess<'_>) -> Begun {
    let header = |at: usize| guess.columns.get(at).map(|column| column.header.clone());
    Begun {
        stream: format!("{}.{}", begin.system, guess.name),
        title: guess.seen.title.clone(),
        rows: guess.seen.rows.len(),
        key: guess.key.iter().filter_map(|at| header(*at)).collect(),
        time: guess.time.and_then(header).unwrap_or_else(|| begin.today.to_string()),
        unit: guess.unit.and_then(header).unwrap_or_else(|| begin.system.to_owned()),
        personal: guess.ignored().map(|column| column.header.clone()).collect(),
        metric: count::metric(guess),
    }
}
