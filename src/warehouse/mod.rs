//! Floor 3: the tables that analysts query, in SQLite or PostgreSQL. A night arrives in one transaction, so a reader
//! sees the night before or this one, whole; only rows that changed are written.

mod change;
mod copy;
mod design;
mod dialect;
mod insert;
mod link;
mod plan;
mod scribe;
mod sheet;
mod told;
mod view;
mod views;

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;

pub use self::design::Design;
use self::link::Link;
use self::plan::FORMAT;
use self::plan::Plan;
use self::plan::Then;
pub use self::sheet::columns;
pub use self::sheet::said;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::FrameError;

/// Where a warehouse is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A PostgreSQL, by its address.
    Server(String),
}

impl Place {
    fn unopened(&self, cause: sqlx::Error) -> WarehouseError {
        WarehouseError::Open { place: self.to_string(), cause }
    }
}

impl fmt::Display for Place {
    /// A server is shown without who enters it and how.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => write!(f, "{}", path.display()),
            Place::Server(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let plain = rest.split(['?', '#']).next().unwrap_or_default();
                let host = plain.rsplit_once('@').map_or(plain, |(_, host)| host);
                write!(f, "{scheme}://{host}")
            }
        }
    }
}

/// A table as a night leaves it.
pub struct Table<'t> {
    /// Its name.
    pub name: &'t str,
    /// Its rows.
    pub rows: Rows<'t>,
    /// Which rows stand already and go.
    pub replaces: Replaces,
}

/// The rows of a table, their cells in the order of [`columns`]. They may be asked for twice.
pub struct Rows<'t> {
    /// How many there are.
    pub count: usize,
    /// The rows at some places, in their order.
    pub at: Box<RowsAt<'t>>,
    /// A number for each row, of the values of its [`said`], where that can be told without its cells: rows that say
    /// the same have the same number.
    pub prints: Option<Box<Prints<'t>>>,
}

/// Rows at some places.
pub type RowsAt<'t> = dyn Fn(&[usize]) -> Result<Vec<CellRow>, FrameError> + Send + Sync + 't;

/// A number for each row.
pub type Prints<'t> = dyn Fn() -> Result<Vec<u128>, FrameError> + Send + Sync + 't;

impl Rows<'_> {
    /// A few rows.
    pub fn few<'t>(rows: Vec<CellRow>) -> Rows<'t> {
        let count = rows.len();
        let at = move |places: &[usize]| {
            Ok(places.iter().filter_map(|place| rows.get(*place).cloned()).collect())
        };
        Rows { count, at: Box::new(at), prints: None }
    }
}

/// Which rows a night replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// Every row.
    All,
    /// The rows whose column has this value.
    Where(String, String),
}

/// Which night a warehouse holds.
#[derive(Clone, Copy, Debug)]
pub struct Held<'h> {
    /// The night.
    pub night: Date,
    /// The fingerprint of the home's definitions.
    pub home: &'h str,
    /// Where the home keeps what it said in its nights, by such fingerprints; a warehouse that another home has told is not
    /// told over. Nowhere for one that nobody else tells.
    pub homes: Option<&'h Path>,
}

/// How many rows a night wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Rows that were not there.
    pub written: u64,
    /// Rows that went.
    pub removed: u64,
    /// Rows that were left alone.
    pub unchanged: u64,
}

/// Why a night could not be loaded; the night before still stands.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// The database can't be opened.
    #[error("opening `{place}`")]
    Open {
        /// Where it is.
        place: String,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// A statement that the database refuses.
    #[error("table `{table}` of the warehouse")]
    Table {
        /// The table.
        table: String,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// Tables or views that can't be made as they should stand.
    #[error("changing the warehouse: `{statement}`; whoever owns it may run `shuping migrate`")]
    Migration {
        /// The statement.
        statement: String,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// Somebody else's view hangs on what must change.
    #[error("what must change in the warehouse has views of others on it, {others}")]
    Others {
        /// Those that may be meant, and whose they are.
        others: String,
        /// What PostgreSQL says of it.
        #[source]
        cause: sqlx::Error,
    },
    /// Somebody reads what must change, and goes on reading.
    #[error("changing the warehouse: somebody holds what `{statement}` changes")]
    Held {
        /// The statement.
        statement: String,
        /// What PostgreSQL says of it.
        #[source]
        cause: sqlx::Error,
    },
    /// Another home has told it.
    #[error("the warehouse holds {night} of another home")]
    OtherHome {
        /// The night.
        night: String,
    },
    /// A newer program has written it.
    #[error(
        "the warehouse has format {found}, this program knows {known}: use the program that wrote it, or a newer one"
    )]
    Newer {
        /// The format that was found.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
}

/// Loads a night, whole or not at all.
///
/// # Errors
/// See [`WarehouseError`].
pub async fn load(
    place: &Place,
    design: &Design,
    held: Held<'_>,
    tables: &[Table<'_>],
) -> Result<Loaded, WarehouseError> {
    let link = begin(place, design).await?;
    let loaded = fill(link, place, design, (held, tables)).await?;
    without_persons(place, design)?;
    leave(place)?;
    Ok(loaded)
}

/// Leaves a file so that who may only read it can.
fn leave(place: &Place) -> Result<(), WarehouseError> {
    let Place::File(path) = place else { return Ok(()) };
    link::lay_beside(path).map_err(|cause| place.unopened(cause.into()))
}

/// Deletes the file of persons where a home no longer asks for one: nobody would keep its rows to their time.
fn without_persons(place: &Place, design: &Design) -> Result<(), WarehouseError> {
    match place {
        Place::File(path) if !design.has_persons() => {
            link::forget_persons(path).map_err(|cause| place.unopened(cause.into()))
        }
        _ => Ok(()),
    }
}

/// Writes a night's tables into a file of SQLite of their own, as small as it gets and the same bytes for the same rows.
///
/// # Errors
/// See [`WarehouseError`].
pub async fn freeze(
    target: &Path,
    design: &Design,
    held: Held<'_>,
    tables: &[Table<'_>],
) -> Result<(), WarehouseError> {
    let scratch = target.with_extension("scratch");
    let place = Place::File(scratch.clone());
    let mut link = Link::scratch(&scratch).await.map_err(|cause| place.unopened(cause))?;
    link.run(dialect::begin(link.engine())).await.map_err(|cause| place.unopened(cause))?;
    fill(link, &place, design, (held, tables)).await?;
    let frozen = async {
        let mut link = Link::scratch(&scratch).await?;
        link.run(&dialect::vacuum_into(target)).await?;
        link.close().await?;
        Ok(std::fs::remove_file(&scratch)?)
    };
    frozen.await.map_err(|cause| Place::File(target.to_owned()).unopened(cause))
}

/// Writes a night's tables and ends the transaction.
async fn fill(
    mut link: Link,
    place: &Place,
    design: &Design,
    (held, tables): (Held<'_>, &[Table<'_>]),
) -> Result<Loaded, WarehouseError> {
    let plan = plan::plan(&mut link, design, Then::Night).await?;
    of_this_home(&plan, held.homes)?;
    change(&mut link, &plan, &plan.before).await?;
    let mut loaded = Loaded::default();
    for table in tables {
        let some = replace(&mut link, design, table).await?;
        loaded.written += some.written;
        loaded.removed += some.removed;
        loaded.unchanged += some.unchanged;
    }
    finish(link, place, design, (&plan, Some(held))).await?;
    Ok(loaded)
}

/// Refuses a warehouse that another home has told, as [`Held::homes`] says.
fn of_this_home(plan: &Plan, homes: Option<&Path>) -> Result<(), WarehouseError> {
    match (plan.held.as_slice(), homes) {
        ([night, home, ..], Some(homes)) if !home.is_empty() && !homes.join(home).is_dir() => {
            Err(WarehouseError::OtherHome { night: night.clone() })
        }
        _ => Ok(()),
    }
}

/// Makes tables and views stand as they should, without a row. `homes` is as [`Held::homes`].
///
/// # Errors
/// See [`WarehouseError`].
pub async fn migrate(
    place: &Place,
    design: &Design,
    homes: Option<&Path>,
) -> Result<Vec<String>, WarehouseError> {
    let mut link = begin(place, design).await?;
    let plan = plan::plan(&mut link, design, Then::Nothing).await?;
    of_this_home(&plan, homes)?;
    change(&mut link, &plan, &plan.before).await?;
    finish(link, place, design, (&plan, None)).await?;
    without_persons(place, design)?;
    leave(place)?;
    Ok(plan.before.into_iter().chain(plan.after).collect())
}

/// Gives a warehouse to a home, whoever has told it: the next night takes the place of what stands there.
///
/// # Errors
/// See [`WarehouseError`].
pub async fn take_over(place: &Place, home: &str) -> Result<(), WarehouseError> {
    let mut link = Link::open(place, false).await?;
    let told = |cause| WarehouseError::Table { table: sheet::WAREHOUSE.to_owned(), cause };
    let statement = dialect::given(link.engine());
    link.bound(&statement, home).await.map_err(told)?;
    link.close().await.map_err(|cause| place.unopened(cause))?;
    leave(place)
}

/// What [`migrate`] would do.
///
/// # Errors
/// See [`WarehouseError`].
pub async fn planned(
    place: &Place,
    design: &Design,
    homes: Option<&Path>,
) -> Result<Vec<String>, WarehouseError> {
    let mut link = begin(place, design).await?;
    let plan = plan::plan(&mut link, design, Then::Nothing).await?;
    of_this_home(&plan, homes)?;
    link.close().await.map_err(|cause| place.unopened(cause))?;
    leave(place)?;
    Ok(plan.before.into_iter().chain(plan.after).collect())
}

/// Says of the night that a release tells whether that release is published. A warehouse that is not there says nothing.
///
/// # Errors
/// See [`WarehouseError`].
pub async fn tell(place: &Place, release: &str, is_published: bool) -> Result<(), WarehouseError> {
    if matches!(place, Place::File(path) if !path.is_file()) {
        return Ok(());
    }
    let mut link = Link::open(place, false).await?;
    let told = |cause| WarehouseError::Table { table: "run".to_owned(), cause };
    let statement = dialect::published(link.engine(), is_published);
    link.bound(&statement, release).await.map_err(told)?;
    link.close().await.map_err(|cause| place.unopened(cause))?;
    leave(place)
}

/// Asks the warehouse; every column of the question is text, and what is missing is empty.
///
/// # Errors
/// A database that can't be opened or does not understand.
pub async fn ask(place: &Place, question: &str) -> Result<Vec<Vec<String>>, WarehouseError> {
    let mut link = Link::read(place).await?;
    let rows = link.rows(question).await.map_err(|cause| place.unopened(cause))?;
    link.close().await.map_err(|cause| place.unopened(cause))?;
    Ok(rows)
}

/// Opens the warehouse and a transaction; whatever ends before [`finish`] leaves nothing.
async fn begin(place: &Place, design: &Design) -> Result<Link, WarehouseError> {
    let mut link = Link::open(place, design.has_persons()).await?;
    let begin = dialect::begin(link.engine());
    link.run(begin).await.map_err(|cause| place.unopened(cause))?;
    Ok(link)
}

/// Says who wrote the warehouse, and lets it be seen.
async fn finish(
    mut link: Link,
    place: &Place,
    design: &Design,
    (plan, held): (&Plan, Option<Held<'_>>),
) -> Result<(), WarehouseError> {
    if !plan.before.is_empty() {
        let entries = Rows::few(views::entries(&design.sheets, &design.views));
        let name = views::DICTIONARY;
        let dictionary = Table { name, rows: entries, replaces: Replaces::All };
        replace(&mut link, design, &dictionary).await?;
    }
    if held.is_some() || !plan.before.is_empty() {
        let stood = |at| plan.held.get(at).cloned().unwrap_or_default();
        let (night, home) = held.map_or_else(
            || (stood(0), stood(1)),
            |held| (held.night.to_string(), held.home.to_owned()),
        );
        let fingerprint = design.fingerprint(link.engine());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let row = [FORMAT.to_string(), fingerprint, version, night, home];
        let text = |text: String| if text.is_empty() { None } else { Some(Cell::Text(text)) };
        let row: CellRow = row.into_iter().map(text).collect();
        let (name, rows) = (sheet::WAREHOUSE, Rows::few(vec![row]));
        replace(&mut link, design, &Table { name, rows, replaces: Replaces::All }).await?;
    }
    change(&mut link, plan, &plan.after).await?;
    link.run("commit").await.map_err(|cause| place.unopened(cause))?;
    link.close().await.map_err(|cause| place.unopened(cause))
}

async fn change(link: &mut Link, plan: &Plan, statements: &[String]) -> Result<(), WarehouseError> {
    for statement in statements {
        link.run(statement).await.map_err(|cause| unchanged(plan, statement, cause))?;
    }
    Ok(())
}

/// As much of a statement as is told of it: one may name every view.
const TOLD: usize = 120;

/// Why something does not change: PostgreSQL has codes for what hangs on it, for a view that would lose a column, and for
/// a lock that did not come.
fn unchanged(plan: &Plan, statement: &str, cause: sqlx::Error) -> WarehouseError {
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let code = code.unwrap_or_default().into_owned();
    let mut others: Vec<&str> = plan.others.iter().flat_map(|some| some.split(", ")).collect();
    others.sort_unstable();
    others.dedup();
    let mut told: String = statement.chars().take(TOLD).collect();
    if told.len() < statement.len() {
        told.push('…');
    }
    match code.as_str() {
        "2BP01" | "42P16" if !others.is_empty() => {
            WarehouseError::Others { others: others.join(", "), cause }
        }
        "55P03" => WarehouseError::Held { statement: told, cause },
        _ => WarehouseError::Migration { statement: told, cause },
    }
}

async fn replace(
    link: &mut Link,
    design: &Design,
    table: &Table<'_>,
) -> Result<Loaded, WarehouseError> {
    let Some(sheet) = design.sheets.get(table.name) else { return Ok(Loaded::default()) };
    let told = |cause| WarehouseError::Table { table: table.name.to_owned(), cause };
    change::change(link, sheet, &design.zone, table).await.map_err(told)
}
