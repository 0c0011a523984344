//! Are the rows what the manifest says? Points 3 to 6, 8 and 11.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use num_rational::Ratio;
use serde_json::Value;

use super::Verdict;
use super::Verdict::Failed;
use super::Verdict::NotAsked;
use super::Verdict::Passed;
use super::bench::Question;
use super::bench::Reading;
use super::bench::lines;
use super::case::Case;
use super::case::cursor;
use super::copies;
use super::files;
use super::proxy::At;
use super::proxy::Fault;
use super::proxy::found;
use super::proxy::put;
use crate::base::batch::Batch;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::extract::DeliveredFile;
use crate::extract::ExtractError;
use crate::extract::KnownFile;
use crate::extract::KnownFiles;
use crate::model::judge::Judged;
use crate::spec::connector::Ask;
use crate::spec::connector::Column;
use crate::spec::connector::HttpStream;
use crate::spec::connector::Layout;
use crate::spec::connector::NewColumn;

/// Into so many more windows is looked for a value of every column.
const WINDOWS: usize = 36;

/// Point 3: what somebody sees who looks is what a run brings first.
pub(super) async fn preview(case: &Case<'_>) -> Verdict {
    if case.http().is_some_and(|ask| ask.export.is_some()) {
        return NotAsked("a look would begin a job of its export".to_owned());
    }
    let secrets = case.bench.ground.secrets;
    let seen = match case.bench.look(case.of(), &case.question, secrets).await {
        Ok(seen) => seen.rows,
        Err(error) => return Failed(error.told()),
    };
    // Somebody who looks is shown a row of the parent that a run comes to last.
    let is_child = case.http().is_some_and(|ask| ask.each.is_some());
    let (brought, all) = (placed(&case.reading.rows), case.reading.set());
    let is_there = |place: &String, line: &String| {
        if is_child { all.contains(line) } else { brought.get(place) == Some(line) }
    };
    let shown = placed(&seen);
    let strange = shown.iter().find(|(place, line)| !is_there(place, line));
    match strange {
        Some((place, _)) => Failed(format!("{place} is another row in a preview than in a run")),
        None => Passed(format!("{} rows of a preview are the first of a run", seen.rows.len())),
    }
}

fn placed(rows: &Batch) -> BTreeMap<String, String> {
    rows.rows.iter().map(crate::base::batch::Row::place).zip(lines(rows)).collect()
}

/// Point 4: the contract holds, every column has a value somewhere, and no header is unknown.
pub(super) async fn columns(case: &Case<'_>) -> anyhow::Result<Verdict> {
    if let Some(broken) = case.broken(&case.reading, &case.judged) {
        return Ok(Failed(format!("{}: {broken}", case.window())));
    }
    let mut unread: BTreeSet<String> = case.reading.delivery.unread.keys().cloned().collect();
    let mut empty = BTreeSet::new();
    let is_asked = |column: &&Column| !column.is_optional && !column.from.is_empty();
    for column in case.stream.columns.iter().filter(is_asked) {
        empty.insert(column.name.clone());
    }
    filled(case, &case.judged, &mut empty);
    let (mut rows, mut windows) = (case.reading.rows.rows.len(), 1);
    for earlier in earlier(case) {
        if empty.is_empty() {
            break;
        }
        // What can't be read any more shows nothing.
        let Ok(reading) = read(case, earlier).await? else { continue };
        filled(case, &case.judge(&reading)?, &mut empty);
        unread.extend(reading.delivery.unread.into_keys());
        rows += reading.rows.rows.len();
        windows += 1;
    }
    let named = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join("`, `");
    if !empty.is_empty() {
        return Ok(Failed(format!("no value in {rows} rows: `{}`", named(&empty))));
    }
    if case.stream.contract.new_column != NewColumn::Ignore && !unread.is_empty() {
        return Ok(Failed(format!("no line names what came: `{}`", named(&unread))));
    }
    let columns = case.stream.columns.len();
    Ok(Passed(format!("{columns} columns, {rows} rows of {windows} windows or files")))
}

/// What stands before what was read.
enum Earlier {
    Window((Timestamp, Timestamp)),
    File(PathBuf),
}

fn earlier(case: &Case<'_>) -> impl Iterator<Item = Earlier> + use<> {
    let windows = case.earlier.clone().into_iter().map(Earlier::Window);
    windows.chain(files::earlier(case).into_iter().map(Earlier::File)).take(WINDOWS)
}

async fn read(case: &Case<'_>, earlier: Earlier) -> anyhow::Result<Result<Reading, ExtractError>> {
    Ok(match earlier {
        Earlier::Window(window) => {
            let past = Question { past: Some(window), until: window.1, ..case.question.clone() };
            case.bench.read(case.of(), &past).await
        }
        Earlier::File(path) => {
            let (one, folder) = ([copies::copied(&path)?], case.bench.new_folder("drop"));
            let connector = copies::laid(&case.bench.connector, &one, &folder);
            let connector = connector.map_err(std::io::Error::other)?;
            case.bench.read((&connector, case.stream), &case.question).await
        }
    })
}

/// Takes away the columns that have a value.
fn filled(case: &Case<'_>, judged: &Judged, empty: &mut BTreeSet<String>) {
    let fields = case.schema.fields.iter().map(|field| &field.name).enumerate();
    for (at, name) in fields {
        let values = judged.kept.values.columns().get(at);
        if values.is_some_and(|values| values.null_count() < values.len()) {
            empty.remove(name);
        }
    }
}

/// Point 5: every row has its key, and of rows with the same key it is known which stands.
pub(super) fn keys(case: &Case<'_>) -> Verdict {
    let (key, fields) = (&case.schema.primary_key, &case.schema.fields);
    let place = |name: &String| fields.iter().position(|field| field.name == *name);
    let places: Vec<usize> = key.iter().filter_map(place).collect();
    let time = place(&"updated_at".to_owned());
    let cell = |cells: &CellRow, at: usize| {
        cells.get(at).and_then(Option::as_ref).map(Cell::written).unwrap_or_default()
    };
    let written = |cells: &CellRow| (0..fields.len()).map(|at| cell(cells, at)).collect::<Vec<_>>();
    let mut known: BTreeMap<(Vec<String>, String), Vec<String>> = BTreeMap::new();
    let (mut clashes, mut missing) = (Vec::new(), Vec::new());
    let named = |source: &str, row: i64| format!("{source} row {row}");
    for (cells, origin) in case.judged.kept.rows().filter(|(_, origin)| !origin.is_deleted) {
        let own: Vec<String> = places.iter().map(|at| cell(&cells, *at)).collect();
        let time = time.map(|at| cell(&cells, at)).unwrap_or_default();
        let row = written(&cells);
        if own.iter().any(String::is_empty) {
            missing.push(named(&origin.source, origin.row));
        } else if *known.entry((own, time)).or_insert_with(|| row.clone()) != row {
            clashes.push(named(&origin.source, origin.row));
        }
    }
    let held = case.judged.quarantined.iter().filter(|held| key.contains(&held.column));
    missing.extend(held.map(|held| named(&held.source, held.row)));
    let rows = case.judged.kept.origins.len() + case.judged.quarantined.len();
    let bad = clashes.len() + missing.len();
    let share = Ratio::new(bad as i128, rows.max(1) as i128);
    if bad > 1 && share > case.stream.contract.bad_rows_max {
        let first = missing.first().or(clashes.first()).cloned().unwrap_or_default();
        return Failed(format!(
            "key {}: {} rows lack it, {} say something else under the same one and no time tells which stands; first {first}",
            key.join(", "),
            missing.len(),
            clashes.len()
        ));
    }
    Passed(format!("key {}: {rows} rows, {bad} in doubt", key.join(", ")))
}

/// Point 6: two readings of the same window bring the same rows.
pub(super) async fn steady(case: &Case<'_>) -> Verdict {
    let again = match case.bench.read(case.of(), &case.question).await {
        Ok(again) => again,
        Err(error) => return Failed(error.told()),
    };
    let sorted = |reading: &Reading| {
        let mut lines = lines(&reading.rows);
        lines.sort_unstable();
        lines
    };
    let (one, other) = (sorted(&case.reading), sorted(&again));
    if one == other {
        return Passed(format!("{}: twice the same {} rows", case.window(), one.len()));
    }
    let strange = again.set().difference(&case.reading.set()).count();
    let (one, other) = (one.len(), other.len());
    Failed(format!("{}: {one} rows, then {other}, of which {strange} are new", case.window()))
}

/// Point 8: another run brings what changed, and the year 2999 brings nothing.
pub(super) async fn later(case: &Case<'_>) -> anyhow::Result<Verdict> {
    if let Ask::Files(_) = case.stream.ask {
        return Ok(known(case).await);
    }
    if let Ask::Singer(_) = case.stream.ask {
        return Ok(NotAsked("a tap knows by its own state what changed".to_owned()));
    }
    let Some(cursor) = cursor(case.stream) else {
        return Ok(NotAsked("it has no cursor: every night asks for everything".to_owned()));
    };
    let until = case.bench.until;
    let question = Question { since: Some(until), until, ..parents_of(case) };
    let mut reading = match case.bench.read(case.of(), &question).await {
        Ok(reading) => reading,
        Err(error) => return Ok(Failed(error.told())),
    };
    let far: Timestamp = "2999-01-01T00:00:00Z".parse()?;
    let far =
        Question { since: Some(far), until: "2999-01-03T00:00:00Z".parse()?, ..parents_of(case) };
    let far = case.bench.read(case.of(), &far).await;
    let timeless = timeless(case, far.as_ref().ok());
    let mut lines = lines(&reading.rows).into_iter();
    reading.rows.rows.retain(|_| lines.next().is_some_and(|line| !timeless.contains(&line)));
    let from = jiff::tz::TimeZone::get(&case.bench.connector.zone)
        .and_then(|zone| until.to_zoned_datetime(zone).checked_sub(cursor.lookback))?;
    // A source may round to the day.
    let first = from.start_of_day()?.timestamp();
    let (rows, judged) = (reading.rows.rows.len(), case.judge(&reading)?);
    let old = older(case, &judged, first);
    if old > 0 {
        return Ok(Failed(format!(
            "{old} of {rows} rows that a second run brought are older than {} of lookback",
            cursor.lookback
        )));
    }
    Ok(match far {
        Ok(reading) if reading.rows.rows.is_empty() || !timeless.is_empty() => {
            let least = case.stream.contract.rows_min;
            let told = match least {
                0 => "not warned: `rows_min` is 0, so no night tells that nothing came".to_owned(),
                least => format!("a night warns: `rows_min` is {least}"),
            };
            let every = match reading.rows.rows.len() {
                0 => String::new(),
                rows => format!("; {rows} rows tell no time and come every night"),
            };
            Passed(format!("a second run brings {rows} rows, the year 2999 none{every}; {told}"))
        }
        Ok(reading) => {
            let rows = reading.rows.rows.len();
            Failed(format!(
                "the year 2999 brought {rows} rows: it does not heed the cursor, or they have no value there"
            ))
        }
        Err(error) => Failed(error.told()),
    })
}

/// The rows of a database that tell no time: those alone are in a window of the far future. Where they are most of what
/// there is, its cursor is worth nothing.
fn timeless(case: &Case<'_>, far: Option<&Reading>) -> BTreeSet<String> {
    let is_few = |far: &&Reading| far.rows.rows.len() * 2 <= case.reading.rows.rows.len();
    let far = far.filter(|_| matches!(case.stream.ask, Ask::Sql(_))).filter(is_few);
    far.map(Reading::set).unwrap_or_default()
}

fn parents_of(case: &Case<'_>) -> Question {
    Question { parents: case.question.parents.clone(), ..Question::default() }
}

/// How many rows changed before a moment, as far as they say so.
fn older(case: &Case<'_>, judged: &Judged, first: Timestamp) -> usize {
    let at = case.schema.fields.iter().position(|field| field.name == "updated_at");
    let is_old = |cells: &CellRow| {
        let cell = at.and_then(|at| cells.get(at)?.as_ref());
        cell.and_then(|cell| cell.written().parse::<Timestamp>().ok()).is_some_and(|at| at < first)
    };
    judged.kept.rows().filter(|(cells, origin)| !origin.is_deleted && is_old(cells)).count()
}

/// Files that were read bring nothing once more.
async fn known(case: &Case<'_>) -> Verdict {
    let files = &case.reading.delivery.files;
    let known = files.iter().map(|file: &DeliveredFile| KnownFile {
        name: file.name.clone(),
        sha256: file.sha256.clone(),
        is_read: true,
    });
    let known = KnownFiles { files: known.collect(), by_name: true };
    let question = Question { known, ..case.question.clone() };
    match case.bench.read(case.of(), &question).await {
        Ok(again) if again.rows.rows.is_empty() => {
            Passed(format!("{} files that were read bring nothing once more", files.len()))
        }
        Ok(again) => Failed(format!("{} rows came of files that were read", again.rows.rows.len())),
        Err(error) => Failed(error.told()),
    }
}

/// Point 11: one bad row is held back with its place and the reason, and the others stand.
pub(super) async fn bad_row(case: &Case<'_>) -> anyhow::Result<Verdict> {
    let Some(column) = spoilt(case) else {
        return Ok(NotAsked("no column of its key is read from a header".to_owned()));
    };
    let Some(first) = case.judged.kept.origins.iter().find(|origin| !origin.is_deleted) else {
        return Ok(NotAsked("no row came that could be spoilt".to_owned()));
    };
    let place = (first.source.to_string(), first.row);
    let headers = column.from.clone();
    let is_edited =
        |ask: &HttpStream| ask.export.is_none() && ask.each.is_none() && ask.layout == Layout::List;
    let after = if case.http().is_some_and(is_edited) {
        let reading = match spoil_answer(case, headers, &place).await {
            Ok(reading) => reading,
            Err(error) => return Ok(Failed(error.told())),
        };
        case.judge(&reading)?
    } else {
        let mut reading = Reading {
            rows: case.reading.rows.clone(),
            delivery: case.reading.delivery.clone(),
            largest: 0,
        };
        spoil(&mut reading.rows, &headers, &place);
        case.judge(&reading)?
    };
    Ok(held(case, column, &place, &after))
}

/// Whether a spoilt row, and it alone, is held back.
fn held(case: &Case<'_>, column: &Column, place: &(String, i64), after: &Judged) -> Verdict {
    let is_there = |source: &str, row: i64| source == place.0 && row == place.1;
    let others = |judged: &Judged| {
        let origins = judged.kept.origins.iter();
        origins.filter(|origin| !is_there(&origin.source, origin.row)).count()
    };
    let (name, row) = (&column.name, format!("{} row {}", place.0, place.1));
    let found = after.quarantined.iter().find(|held| is_there(&held.source, held.row));
    let Some(found) = found else {
        let left = after.filtered > case.judged.filtered;
        let became = if left { "was left out by `where`" } else { "stands" };
        return Failed(format!("{row}, without `{name}`, {became}, and nobody is told"));
    };
    let (before, after) = (others(&case.judged), others(after));
    if before != after {
        return Failed(format!("{row} was spoilt, and {after} of {before} others stand"));
    }
    Passed(format!("{row} is held back: {} {}; {after} others stand", found.column, found.reason))
}

/// The column of the key that is spoilt.
fn spoilt<'c>(case: &Case<'c>) -> Option<&'c Column> {
    let of = |name: &String| {
        let column = case.stream.columns.iter().find(|column| column.name == *name)?;
        let is_theirs = column.from.iter().all(|header| !header.starts_with('_'));
        (is_theirs && !column.from.is_empty() && column.constant.is_none() && column.sql.is_none())
            .then_some(column)
    };
    case.schema.primary_key.iter().find_map(of)
}

/// Takes a row's values away, behind whatever read it.
fn spoil(rows: &mut Batch, headers: &[String], (source, number): &(String, i64)) {
    let places: Vec<usize> = headers.iter().filter_map(|header| rows.column(header)).collect();
    for row in &mut rows.rows {
        if *row.source == **source && i64::from(row.row) == *number {
            for at in &places {
                row.cells.get_mut(*at).into_iter().for_each(|cell| *cell = None);
            }
        }
    }
}

/// Reads the window again, with a record on the way that lacks some values.
async fn spoil_answer(
    case: &Case<'_>,
    headers: Vec<String>,
    (source, row): &(String, i64),
) -> Result<Reading, ExtractError> {
    let page = source.strip_prefix("page ").and_then(|page| page.parse::<usize>().ok());
    let at = At::After(page.unwrap_or(1).saturating_sub(1));
    let records = case.http().map(|ask| ask.records.clone()).unwrap_or_default();
    let record = usize::try_from(*row - 1).unwrap_or_default();
    let edit = move |answer: &mut Value, _: &mut Value| {
        let record = found(answer, &records).and_then(|all| all.get_mut(record));
        let Some(record) = record else { return };
        for header in &headers {
            let at = if header.starts_with('/') { header.clone() } else { format!("/{header}") };
            put(record, &at, Value::Null);
        }
    };
    case.bench.plant(Some((at, Fault::Edited(Box::new(edit)))));
    case.bench.go_on(case.of(), &case.question, &case.bench.shelf()).await
}
