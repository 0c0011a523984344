//! How is this home set up? `shuping.toml`.

use jiff::Timestamp;
use jiff::civil::Date;

use super::connector::clear;
use super::connector::format_1;
use super::formula::Exact;
use super::formula::share;
use super::reader::Faults;
use super::reader::Found;
use super::reader::Table;
use super::retention::Retention;
use super::template::Template;
use super::tree;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;

/// The settings of a home.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its short name, for files.
    pub name: String,
    /// Its title, for people.
    pub title: String,
    /// In which zone its days begin.
    pub zone: jiff::tz::TimeZone,
    /// At which time of its day a night is taken.
    pub cutoff: jiff::civil::Time,
    /// When nights run: a cron line, as it stands there.
    pub cron: Found<String>,
    /// Where everything a night writes stands.
    pub var: String,
    /// The calendar of working days, in `schemas/calendar/`.
    pub calendar: String,
    /// The key of the pseudonyms.
    pub key: Template,
    /// Where analysts find the night.
    pub warehouse: Warehouse,
    /// Region codes and their names, which names of units begin with.
    pub regions: Vec<(String, String)>,
    /// How a release is written, and what holds it back.
    pub release: Releases,
    /// How long what is kept.
    pub retention: Retention,
}

/// How a release is written, and what holds it back.
#[derive(Clone, Debug, Default)]
pub struct Releases {
    /// How its CSV files are written.
    pub csv: CsvEncoding,
    /// Whether it has the warehouse as a file of SQLite.
    pub has_sqlite: bool,
    /// How far what was told may move.
    pub limits: Limits,
}

/// How far what was told of past periods may move from one release to the next; without a limit as far as it will.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// The largest share of a pipeline's values that may move.
    pub most: Option<Exact>,
    /// The furthest that a metric of the whole city may move, of what it was.
    pub furthest: Option<Exact>,
}

/// The characters of a CSV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CsvEncoding {
    /// UTF-8 with a byte order mark, by which Excel knows it.
    #[default]
    Utf8,
    /// GB 18030, which older programs in China expect.
    Gb18030,
}

impl CsvEncoding {
    const ALL: [(&str, CsvEncoding); 2] =
        [("utf-8", CsvEncoding::Utf8), ("gb18030", CsvEncoding::Gb18030)];

    /// Its name, in settings and manifests.
    pub fn name(self) -> &'static str {
        match self {
            CsvEncoding::Utf8 => "utf-8",
            CsvEncoding::Gb18030 => "gb18030",
        }
    }
}

/// Where analysts find the night.
#[derive(Clone, Debug, Default)]
pub struct Warehouse {
    /// The address of a PostgreSQL; without one it is a file below `var`.
    pub url: Option<Template>,
    /// Whether rows about persons are loaded as well, apart from the others.
    pub has_persons: bool,
}

impl Settings {
    /// The instant at which a night is taken.
    ///
    /// # Errors
    /// A night outside of the calendar.
    pub fn cutoff_of(&self, night: Date) -> Result<Timestamp, jiff::Error> {
        self.zone.to_ambiguous_timestamp(night.to_datetime(self.cutoff)).compatible()
    }

    /// The last night whose cutoff has passed at an instant.
    pub fn night_at(&self, instant: Timestamp) -> Date {
        let today = self.zone.to_datetime(instant).date();
        let is_early = self.cutoff_of(today).is_ok_and(|cutoff| instant < cutoff);
        if is_early { today.yesterday().unwrap_or(today) } else { today }
    }
}

/// Reads `shuping.toml`.
///
/// # Errors
/// Every fault of the file.
pub fn read_settings(file: &str, text: &str) -> Result<Settings, Vec<Diagnostic>> {
    let root = tree::from_toml(file, text).map_err(|fault| vec![fault])?;
    let faults = Faults::of(file);
    clear::find(&root, &faults);
    let settings = settings(&Table::of(&root, "", &faults));
    match settings {
        Some(settings) if faults.count() == 0 => Ok(settings),
        _ => Err(faults.into_list()),
    }
}

fn settings(root: &Table<'_>) -> Option<Settings> {
    format_1(root);
    let Some(home) = root.table("home") else {
        root.missing("home", "{ name = \"…\", title = \"…\" }");
        return None;
    };
    let zone = home.text("timezone").unwrap_or_else(|| "Asia/Shanghai".to_owned());
    let found = jiff::tz::TimeZone::get(&zone);
    if found.is_err() {
        let nouns = vec![("found", zone), ("expected", "an IANA time zone".to_owned())];
        home.fault("timezone", Code::BadNumber, nouns);
    }
    let cutoff = home.parsed("cutoff", "a time such as `02:00`", |text| text.parse().ok());
    let cron = root.table("schedule").and_then(|table| table.found_text("cron"));
    let nightly = || Found {
        value: "0 2 * * *".to_owned(),
        place: root.place,
        key: "schedule.cron".to_owned(),
    };
    let pseudonyms = root.table("pseudonyms");
    if pseudonyms.is_none() {
        root.missing("pseudonyms", "{ key = \"${secret:pseudonym.key}\" }");
    }
    let warehouse = root.table("warehouse").map(|table| Warehouse {
        url: table.node("url").and_then(|_| Template::read(&table, "url", &[])),
        has_persons: table.flag("persons"),
    });
    let key = pseudonyms.and_then(|table| Template::read(&table, "key", &[]));
    Some(Settings {
        name: home.need_text("name"),
        title: home.need_text("title"),
        cutoff: cutoff.unwrap_or(jiff::civil::time(2, 0, 0, 0)),
        cron: cron.unwrap_or_else(nightly),
        var: home.text("var").unwrap_or_else(|| "var".to_owned()),
        calendar: home.text("calendar").unwrap_or_else(|| "cn".to_owned()),
        warehouse: warehouse.unwrap_or_default(),
        regions: root.text_map("regions"),
        release: releases(root.table("release")),
        retention: Retention::read(root),
        // Last: what is wrong must not hide the keys that are there.
        zone: found.ok()?,
        key: key?,
    })
}

fn releases(table: Option<Table<'_>>) -> Releases {
    let Some(table) = table else { return Releases { has_sqlite: true, ..Releases::default() } };
    let share = |key| table.parsed(key, "a share such as `20%`", share);
    Releases {
        csv: table.word("csv", &CsvEncoding::ALL).unwrap_or_default(),
        has_sqlite: table.flag_or("sqlite", true),
        limits: Limits { most: share("moved_most"), furthest: share("moved_furthest") },
    }
}
