//! What becomes of the rows of the appraisal and the supervision system? Read with the connectors of
//! the home, landed, judged and merged, night after night; every equation closes.

mod appraisal;
mod codes;
mod faults;
mod supervision;

use std::fs;
use std::path::Path;

use jiff::civil::Date;
use shuping::base::cell::Cell;
use shuping::base::pseudonym::Key;
use shuping::extract;
use shuping::extract::ExtractError;
use shuping::extract::KnownFile;
use shuping::extract::KnownFiles;
use shuping::frame::functions::Days;
use shuping::frame::table;
use shuping::model::delivery::Delivery;
use shuping::model::delivery::Equation;
use shuping::model::judge::Judge;
use shuping::model::judge::Judged;
use shuping::model::lake::Lake;
use shuping::model::landed::Landed;
use shuping::model::landing::Landing;
use shuping::spec::catalog::Catalog;
use shuping::spec::connector::Connector;
use shuping::spec::home::Home;
use shuping::spec::template::Secrets;
use sqlx::AssertSqlSafe;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

/// Where the system of a test is: its database or its folder.
struct Place(String);

impl Secrets for Place {
    fn env(&self, _: &str) -> Result<String, String> {
        Ok(self.0.clone())
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        Err(format!("secret `{name}` is not set"))
    }
}

/// A lake, and the home it belongs to.
pub(crate) struct World {
    catalog: Catalog,
    folder: TempDir,
}

/// A night of one stream.
pub(crate) struct Told {
    pub(crate) equation: Equation,
    pub(crate) judged: Judged,
    pub(crate) total: Option<u64>,
}

impl World {
    pub(crate) fn new() -> World {
        let home = Home::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let catalog = home.catalog().unwrap();
        World { catalog, folder: TempDir::new().unwrap() }
    }

    pub(crate) fn connector(&self, name: &str) -> &Connector {
        self.catalog.connectors.iter().find(|connector| connector.name == name).unwrap()
    }

    /// Runs the night of a stream; without a night before it, everything is asked for.
    pub(crate) async fn night(
        &self,
        (connector, stream): (&Connector, &str),
        night: &str,
        since: Option<&str>,
    ) -> Result<Told, ExtractError> {
        let night: Date = night.parse().unwrap();
        let stream = connector.streams.iter().find(|known| known.name == stream).unwrap();
        let place = match connector.name.as_str() {
            "appraisal" => Place(format!("sqlite://{}", self.database().display())),
            _ => Place(self.folder.path().join("drop").display().to_string()),
        };
        let landing = Landing::of(self.folder.path(), &connector.name, &stream.name);
        let attempts = landing.attempts().unwrap().into_iter();
        let files = attempts.flat_map(|attempt| landing.manifest(attempt).unwrap().files);
        let of = |(name, sha256)| KnownFile { name, sha256, is_read: true };
        let known = KnownFiles { files: files.map(of).collect(), by_name: true };
        let request = extract::Request {
            connector,
            stream,
            since: since.map(|since| since.parse().unwrap()),
            past: None,
            earliest: None,
            state: None,
            until: night.at(2, 0, 0, 0).in_tz(&connector.zone).unwrap().timestamp(),
            known_files: &known,
            held_back: &|| Ok(Vec::new()),
            row_key: &[],
            shelf: &self.folder.path().join("shelf"),
            parents: &|_, _| Ok(()),
            secrets: &place,
            key: &Key::new("a key of people"),
            home: self.folder.path(),
        };
        let system = extract::System::open(connector, &place, self.folder.path())?;
        let mut attempt = landing.begin(night).unwrap();
        let mut land = |batch| attempt.land(batch).map_err(std::io::Error::other);
        let delivery = extract::pull(&system, &request, &mut land).await?;
        let files = delivery.files.iter().map(|file| (file.name.clone(), file.sha256.clone()));
        let landed = Landed {
            received: delivery.received,
            files: files.collect(),
            is_full: since.is_none(),
            ..Landed::default()
        };
        attempt.finish(&landed).unwrap();
        let last = *landing.attempts().unwrap().last().unwrap();
        let mut judged = Judged::default();
        let schema = &self.catalog.schemas[&stream.into.value];
        let zone = self.catalog.settings.zone.clone();
        let judge = Judge {
            stream,
            schema,
            codes: &self.catalog.codes,
            zone: zone.clone(),
            days: Days { calendar: self.catalog.calendar.clone().into(), zone },
            night,
        };
        for part in landing.parts(last).unwrap() {
            judge.part(&part.unwrap(), &mut judged).unwrap();
        }
        let is_full = stream.full.is_some() && since.is_none();
        let (system, name, was) = (&connector.name, &stream.name, &stream.was);
        let named = Delivery { system, stream: name, night, is_full, was };
        let equation = self.lake().merge(named, schema, &stream.write, &judged).unwrap();
        assert!(equation.closes(delivery.received), "{equation:?}");
        Ok(Told { equation, judged, total: delivery.told })
    }

    fn lake(&self) -> Lake {
        Lake::at(self.folder.path())
    }

    /// Some columns of a table as it stands.
    pub(crate) fn table(&self, name: &str, columns: &[&str]) -> Vec<String> {
        let rows = self.lake().read(&self.catalog.schemas[name], Date::MAX).unwrap();
        let rows = table::to_rows(&rows, columns).into_iter().map(|row| {
            let cells = row.iter().map(|cell| cell.as_ref().map_or("-".to_owned(), Cell::written));
            cells.collect::<Vec<_>>().join(" ")
        });
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    }

    fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("appraisal.db")
    }

    pub(crate) async fn run(&self, statements: &str) {
        let options = SqliteConnectOptions::new().filename(self.database()).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Takes away every file that was dropped.
    pub(crate) fn empty_drop(&self) {
        fs::remove_dir_all(self.folder.path().join("drop")).unwrap();
    }

    pub(crate) fn drop_file(&self, name: &str, bytes: &[u8]) {
        fs::create_dir_all(self.folder.path().join("drop")).unwrap();
        fs::write(self.folder.path().join("drop").join(name), bytes).unwrap();
    }
}

/// Why rows were quarantined.
pub(crate) fn reasons(judged: &Judged) -> Vec<String> {
    let said = judged.quarantined.iter();
    said.map(|row| format!("{} {} {}", row.row, row.column, row.reason)).collect()
}
