//! Which rows does a system have for us? Asked page by page or read from files, shielded, and handed
//! on as they came; a slice stands whole or not at all.

mod ahead;
mod answer;
mod client;
mod compound;
pub mod correction;
mod database;
mod dialect;
mod dropped;
mod each;
mod error;
mod exact;
mod export;
mod files;
mod filled;
mod folder;
mod found;
mod gateway;
mod glance;
mod grid;
mod header;
mod http;
mod known;
mod landing;
mod ledger;
mod link;
mod login;
pub mod look;
pub mod moved;
mod mysql;
mod nested;
mod opendoc;
mod pace;
mod parcel;
mod part;
mod past;
mod plain;
pub mod preview;
pub mod probe;
mod question;
mod records;
pub mod reopen;
mod reply;
mod retry;
mod revision;
mod sheet;
mod shelf;
mod shield;
mod sign;
mod singer;
mod text;
mod ticket;
mod turn;
mod unclaimed;
mod walk;
mod way;
mod window;
mod workbook;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::client::ready as way;
use self::correction::HeldBack;
use self::database::Database;
pub use self::error::ExtractError;
pub use self::found::unwrap as unfold;
use self::gateway::Gateway;
pub use self::known::KnownFile;
pub use self::known::KnownFiles;
use self::landing::Landing;
pub use self::past::PastSlice;
pub use self::past::past;
pub use self::sign::prove_signatures;
pub use self::text::decode;
pub use self::unclaimed::unclaimed;
use self::window::Windows;
use crate::base::clock;
use crate::base::pseudonym::Key;
use crate::base::pseudonym::sha256;
use crate::base::sheet::Land;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::Cursor;
use crate::spec::connector::Source;
use crate::spec::connector::Stream;
use crate::spec::connector::Write;
use crate::spec::template::Secrets;

/// What one pull needs to know.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The system.
    pub connector: &'a Connector,
    /// The stream of it.
    pub stream: &'a Stream,
    /// Where the last complete pull ended.
    pub since: Option<Timestamp>,
    /// The night's cutoff.
    pub until: Timestamp,
    /// Where the earliest slice of the past began that was ever asked for: what finds out what is gone begins no
    /// later.
    pub earliest: Option<Timestamp>,
    /// A slice of the past that is asked for instead, from where to where.
    pub past: Option<(Timestamp, Timestamp)>,
    /// What a tap said last.
    pub state: Option<&'a TapState>,
    /// The files that have landed.
    pub known_files: &'a KnownFiles,
    /// The rows of the stream that may come back corrected; asked for when something came back.
    pub held_back: &'a (dyn Fn() -> io::Result<Vec<HeldBack>> + Sync),
    /// The headers that make a row itself; none where they are not known.
    pub row_key: &'a [String],
    /// Where pages wait until their slice is whole; what a pull left there that broke off is gone on with.
    pub shelf: &'a Path,
    /// The rows of the parent stream, of each the values under some headers.
    pub parents: &'a Parents<'a>,
    /// Where secrets come from.
    pub secrets: &'a (dyn Secrets + Sync),
    /// The key of pseudonyms.
    pub key: &'a Key,
    /// The home, where a relative folder starts.
    pub home: &'a Path,
}

/// What a tap said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TapState {
    /// Of where it had come to, as JSON.
    pub text: Option<String>,
    /// Which version of its table it brought.
    pub version: Option<i64>,
}

/// The seconds of a day.
const DAY: i64 = 86_400;

/// Calls back with the values of every row of a parent stream under some headers.
pub type Parents<'a> =
    dyn Fn(&[String], &mut dyn FnMut(Vec<Option<String>>)) -> io::Result<()> + Sync + 'a;

impl Request<'_> {
    /// What is asked, and where, as a hash: pages that answer something else are of no use, nor are those that
    /// wait in another form.
    fn print(&self, at: &reqwest::Url) -> String {
        let key = self.key.fingerprint();
        let beyond = self.reaches_beyond().map(Timestamp::as_second);
        let asked = (self.since, self.until, self.past, self.reaches_back(), beyond);
        sha256(
            format!("2 {:?} {:?} {key} {asked:?} {at}", self.connector.source, self.stream)
                .as_bytes(),
        )
    }

    fn zone(&self) -> Result<TimeZone, ExtractError> {
        TimeZone::get(&self.connector.zone).map_err(|_| self.setting("its time zone is not known"))
    }

    /// Whether everything is asked for in order to find what is gone.
    fn is_full(&self) -> bool {
        self.since.is_none() && self.stream.full.is_some() && self.past.is_none()
    }

    /// Whether a row that does not come is gone.
    fn is_whole(&self) -> bool {
        self.is_full() || matches!(self.stream.write, Write::Snapshot { .. })
    }

    /// How far back before its start it is asked for then.
    fn reaches_back(&self) -> Option<Timestamp> {
        self.earliest.filter(|_| self.is_full())
    }

    /// How far it is asked for then: a row that changed a moment ago is not gone, however late the night is run.
    /// To the end of a day, so that pages that wait are of use for all of it.
    fn reaches_beyond(&self) -> Option<Timestamp> {
        let day = |time: Timestamp| time.as_second().div_euclid(DAY) + 2;
        let end = day(self.until.max(clock::now())).saturating_mul(DAY);
        Timestamp::from_second(end).ok().filter(|_| self.is_full())
    }

    /// From where to where is read.
    fn windows(&self, cursor: &Cursor) -> Result<Windows, ExtractError> {
        let zone = self.zone()?;
        let (earliest, beyond) = (self.reaches_back(), self.reaches_beyond());
        let night = window::Night { since: self.since, until: self.until, beyond, earliest };
        let windows = self.past.map_or_else(
            || window::windows(cursor, &zone, night),
            |past| window::slice(cursor, &zone, past),
        );
        windows.map_err(|fault| self.setting(&format!("its cursor: {fault}")))
    }

    fn setting(&self, why: &str) -> ExtractError {
        ExtractError::Setting { system: self.connector.name.clone(), why: why.to_owned() }
    }

    fn name(&self) -> String {
        format!("{}.{}", self.connector.name, self.stream.name)
    }
}

/// What a pull brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The rows that were handed on.
    pub received: u64,
    /// The source's own total, over all slices.
    pub told: Option<u64>,
    /// Headers that no column names, and how many rows filled them.
    pub unread: BTreeMap<String, u64>,
    /// Every header that was seen.
    pub headers: BTreeSet<String>,
    /// Where this pull ended, if the stream has a cursor.
    pub until: Option<Timestamp>,
    /// Whether every key came that still stands in the source, where the source itself says so.
    pub is_full: Option<bool>,
    /// What a tap said of where it had come to, as JSON.
    pub state: Option<String>,
    /// Which version of its table a tap brought.
    pub version: Option<i64>,
    /// The files that were read.
    pub files: Vec<DeliveredFile>,
    /// The files that were not read: of which a later revision was, or whose content came under another name.
    pub outdone: Vec<DeliveredFile>,
    /// Files that are not whole yet, and how that is known; another night reads them.
    pub not_whole: BTreeMap<String, String>,
    /// Where rows stand below the end of a table, and how many: nobody reads them.
    pub below: BTreeMap<String, u64>,
    /// How many sheets of a workbook no stream reads, by its name.
    pub unread_sheets: BTreeMap<String, u64>,
    /// The workbooks with corrected rows that were read.
    pub corrections: Vec<DeliveredFile>,
    /// How many rows of those match nothing that is held back, by what is said of their workbooks.
    pub strays: BTreeMap<String, u64>,
    /// Files among the corrections that can't be read, and why.
    pub unread_corrections: BTreeMap<String, String>,
    /// What was asked again, and why; one line each.
    pub asked_again: Vec<String>,
    /// Whether rows moved while their pages were read, also when they were asked for once more: one that did not
    /// come may be there.
    pub is_moving: bool,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredFile {
    /// Its name.
    pub name: String,
    /// Its content's SHA-256.
    pub sha256: String,
    /// The rows it brought.
    pub rows: u64,
}

/// A system that can be asked: one client and one pace for all its streams.
pub struct System {
    reached: Reached,
}

enum Reached {
    Gateway(Box<Gateway>),
    Folder,
    Database(Database),
    Tap,
}

impl System {
    /// Makes ready to ask a system whose files stand in a home; nothing is sent.
    ///
    /// # Errors
    /// A value that is not set, an address that is none, or a certificate that can't be read.
    pub fn open(
        connector: &Connector,
        secrets: &dyn Secrets,
        home: &Path,
    ) -> Result<System, ExtractError> {
        let name = &connector.name;
        let reached = match &connector.source {
            Source::Http(http) => {
                Reached::Gateway(Box::new(Gateway::open(name, http, secrets, home)?))
            }
            Source::Files(_) => Reached::Folder,
            Source::Sql(sql) => Reached::Database(Database::ready(name, sql, secrets)?),
            Source::Singer(_) => Reached::Tap,
        };
        Ok(System { reached })
    }
}

/// Asks for the rows of one stream and hands them to `land`, at most 10,000 at a time. On an error
/// nothing of what was handed on stands.
///
/// # Errors
/// See [`ExtractError`].
pub async fn pull(
    system: &System,
    request: &Request<'_>,
    land: &mut (dyn Land + Send),
) -> Result<Delivery, ExtractError> {
    let as_of = request.until.to_zoned_datetime(request.zone()?).date();
    let mut landing = Landing::new(request, as_of, land);
    match (&request.stream.ask, &system.reached, &request.connector.source) {
        (Ask::Http(ask), Reached::Gateway(gateway), _) => {
            http::pull(gateway, ask, request, &mut landing).await?;
        }
        (Ask::Files(ask), Reached::Folder, Source::Files(folder)) => {
            files::pull(folder, ask, request, &mut landing)?;
        }
        (Ask::Sql(ask), Reached::Database(database), _) => {
            database::pull(database, ask, request, &mut landing).await?;
        }
        (Ask::Singer(ask), Reached::Tap, Source::Singer(tap)) => {
            singer::pull(tap, ask, request, &mut landing)?;
        }
        (Ask::Http(_) | Ask::Files(_) | Ask::Sql(_) | Ask::Singer(_), _, _) => {
            return Err(request.setting("the stream is of another system"));
        }
    }
    Ok(landing.delivery())
}
