//! What do we read, and how? One file of `connectors/` is one system.

mod auth;
pub(in crate::spec) mod clear;
mod each;
mod export;
mod files;
mod http;
mod need;
mod page;
mod shape;
mod sign;
mod singer;
mod sql;
mod stream;
mod values;

pub use auth::Auth;
pub use auth::Login;
pub use auth::TicketAt;
pub use clear::is_secret;
pub use each::Each;
pub use each::Rows;
pub use each::row_names;
pub use each::row_template;
pub use export::Export;
pub use export::FileAt;
pub use export::Form;
pub use files::FileStream;
pub use files::Files;
pub use files::Grid;
pub use files::Script;
pub use files::Which;
pub use http::Cursor;
pub use http::Http;
pub use http::HttpStream;
pub use http::Layout;
pub use http::Limit;
pub use http::Okay;
pub use http::Retry;
pub use http::Way;
pub use need::is_there;
pub use need::source_header;
pub use page::Page;
pub use page::Turn;
pub use shape::Explode;
pub use shape::Unpivot;
pub use shape::Wide;
pub use sign::AuthTest;
pub use sign::Digest;
pub use sign::Encoding;
pub use sign::Sign;
pub use sign::Sorted;
pub use singer::Config;
pub use singer::Singer;
pub use singer::SingerStream;
pub use sql::Relation;
pub use sql::Sql;
pub use sql::SqlStream;
pub use stream::Ask;
pub use stream::Column;
pub use stream::Contract;
pub use stream::Full;
pub use stream::Identity;
pub use stream::Lookup;
pub use stream::NewColumn;
pub use stream::Pick;
pub use stream::RowCheck;
pub use stream::Stream;
pub use stream::Write;
pub use values::Method;
pub use values::Named;
pub use values::Place;

use super::reader::Faults;
use super::reader::Table;
use super::tree;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;

/// One system.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Its name, such as `hotline`.
    pub name: String,
    /// Its title, such as `12345政务服务便民热线`.
    pub title: String,
    /// Who is told when it fails.
    pub owner: String,
    /// What a time without an offset means here.
    pub zone: String,
    /// How it is reached.
    pub source: Source,
    /// Its streams, in the order of the file.
    pub streams: Vec<Stream>,
    /// Its file, relative to the home.
    pub file: String,
}

/// How a system is reached.
#[derive(Clone, Debug)]
pub enum Source {
    /// Requests to a gateway.
    Http(Box<Http>),
    /// Files in a drop folder.
    Files(Files),
    /// Views of a database.
    Sql(Box<Sql>),
    /// A tap.
    Singer(Box<Singer>),
}

/// Reads the manifest of one system.
///
/// # Errors
/// Every fault of the file.
pub fn read_connector(file: &str, text: &str) -> Result<Connector, Vec<Diagnostic>> {
    let root = tree::from_toml(file, text).map_err(|fault| vec![fault])?;
    let faults = Faults::of(file);
    let connector = connector(&Table::of(&root, "", &faults));
    clear::find(&root, &faults);
    match connector {
        Some(connector) if faults.count() == 0 => Ok(connector),
        _ => Err(faults.into_list()),
    }
}

/// How a system is reached, before more is known.
#[derive(Clone, Copy)]
enum Kind {
    Http,
    Files,
    Sql,
    Singer,
}

fn connector(root: &Table<'_>) -> Option<Connector> {
    format_1(root);
    let file = root.faults.file.clone();
    let Some(system) = root.table("system") else {
        root.missing("system", "{ name = \"…\", title = \"…\", kind = \"http\" }");
        return None;
    };
    let name = system.need_text("name");
    let title = system.need_text("title");
    let owner = system.text("owner").unwrap_or_default();
    let zone = system.text("timezone").unwrap_or_else(|| "Asia/Shanghai".to_owned());
    if jiff::tz::TimeZone::get(&zone).is_err() {
        let nouns = vec![("found", zone.clone()), ("expected", "an IANA time zone".to_owned())];
        system.fault("timezone", Code::BadNumber, nouns);
    }
    let kinds = [
        ("http", Kind::Http),
        ("files", Kind::Files),
        ("sql", Kind::Sql),
        ("singer", Kind::Singer),
    ];
    let kind = system.word("kind", &kinds);
    if kind.is_none() && system.node("kind").is_none() {
        system.missing("kind", "\"http\"");
    }
    let kind = kind?;
    let source = match kind {
        Kind::Http => http::read(root, &zone).map(|http| Source::Http(Box::new(http))),
        Kind::Files => files::read(root).map(Source::Files),
        Kind::Sql => sql::read(root).map(|sql| Source::Sql(Box::new(sql))),
        Kind::Singer => singer::read(root).map(|tap| Source::Singer(Box::new(tap))),
    };
    let tables = root.tables("stream");
    if tables.is_empty() {
        root.missing("stream", "[[stream]]");
    }
    let streams = tables.iter().filter_map(|table| stream::read(table, kind)).collect();
    Some(Connector { name, title, owner, zone, source: source?, streams, file })
}

/// Every file of the home says which format it is written in.
pub(super) fn format_1(root: &Table<'_>) {
    match root.whole("format") {
        Some(1) => {}
        Some(other) => {
            let nouns = vec![("found", other.to_string()), ("choices", "1".to_owned())];
            root.fault("format", Code::UnknownWord, nouns);
        }
        None if root.node("format").is_none() => root.missing("format", "1"),
        None => {}
    }
}
