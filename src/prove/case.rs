//! What is a stream proven by? A window of it that has ended, read once as it is.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::bench::Bench;
use super::bench::Question;
use super::bench::Reading;
use crate::extract;
use crate::model::judge::Judged;
use crate::night::proof;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::Cursor;
use crate::spec::connector::HttpStream;
use crate::spec::connector::Stream;
use crate::spec::connector::Turn;
use crate::spec::schema::Schema;

/// So many rows are enough to prove something by, and so many windows are looked into for them.
const ENOUGH: usize = 12;
const MOST_WINDOWS: usize = 60;

/// Of so many rows of its parent a stream is asked.
const PARENTS: usize = 20;

/// Into so many pages a window is cut.
const PAGES: u64 = 5;

/// A stream that is proven.
pub(super) struct Case<'c> {
    pub(super) bench: &'c Bench<'c>,
    pub(super) stream: &'c Stream,
    pub(super) schema: &'c Schema,
    /// The windows before the one that is read, the latest first.
    pub(super) earlier: Vec<(Timestamp, Timestamp)>,
    pub(super) question: Question,
    pub(super) reading: Reading,
    pub(super) judged: Judged,
    /// The same in small pages, or why not.
    pub(super) paged: Result<Paged, String>,
}

/// A stream that is asked for small pages.
pub(super) struct Paged {
    pub(super) connector: Connector,
    /// How many pages there are.
    pub(super) pages: usize,
    pub(super) rows: usize,
}

impl<'c> Case<'c> {
    /// Reads a stream; inside, why it can't be read.
    ///
    /// # Errors
    /// An expression that polars refuses.
    pub(super) async fn open(
        bench: &'c Bench<'c>,
        stream: &'c Stream,
        schema: &'c Schema,
    ) -> anyhow::Result<Result<Case<'c>, String>> {
        let parents = match parents(bench, stream).await {
            Ok(parents) => parents,
            Err(why) => return Ok(Err(why)),
        };
        let mut windows = windows(bench, stream);
        windows.reverse();
        let all = Question { until: bench.until, parents, ..Question::default() };
        let (question, reading, at) = match chosen(bench, stream, &windows, &all).await {
            Ok(chosen) => chosen,
            Err(why) => return Ok(Err(why)),
        };
        let earlier = windows.into_iter().skip(at + 1).collect();
        let judged =
            proof::judged(bench.ground, (&bench.connector, stream), bench.night, &reading.rows)?;
        let paged = paged(bench, stream, &question, &reading).await;
        Ok(Ok(Case { bench, stream, schema, earlier, question, reading, judged, paged }))
    }

    pub(super) fn of(&self) -> (&Connector, &Stream) {
        (&self.bench.connector, self.stream)
    }

    /// The stream as it is asked for small pages.
    pub(super) fn small<'p>(&self, paged: &'p Paged) -> (&'p Connector, &'p Stream)
    where
        'c: 'p,
    {
        let named = paged.connector.streams.iter().find(|stream| stream.name == self.stream.name);
        (&paged.connector, named.unwrap_or(self.stream))
    }

    pub(super) fn http(&self) -> Option<&HttpStream> {
        http(self.stream)
    }

    /// What the model makes of other rows of the stream.
    pub(super) fn judge(&self, reading: &Reading) -> anyhow::Result<Judged> {
        proof::judged(self.bench.ground, self.of(), self.bench.night, &reading.rows)
    }

    /// The promise that a delivery breaks.
    pub(super) fn broken(&self, reading: &Reading, judged: &Judged) -> Option<String> {
        proof::promise(self.stream, reading.delivery.clone(), &self.bench.key, judged)
    }

    /// The window in words.
    pub(super) fn window(&self) -> String {
        let zone = jiff::tz::TimeZone::get(&self.bench.connector.zone);
        let zone = zone.unwrap_or(jiff::tz::TimeZone::UTC);
        let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
        match self.question.past {
            Some((from, to)) => format!("{}..{}", day(from), day(to)),
            None => "all that there is".to_owned(),
        }
    }
}

pub(super) fn http(stream: &Stream) -> Option<&HttpStream> {
    match &stream.ask {
        Ask::Http(ask) => Some(ask),
        Ask::Files(_) | Ask::Sql(_) | Ask::Singer(_) => None,
    }
}

pub(super) fn cursor(stream: &Stream) -> Option<&Cursor> {
    match &stream.ask {
        Ask::Http(ask) => ask.cursor.as_ref(),
        Ask::Sql(ask) => ask.cursor.as_ref(),
        Ask::Files(_) | Ask::Singer(_) => None,
    }
}

/// The windows of a stream that have ended, the earliest first; none where it has no such windows.
fn windows(bench: &Bench<'_>, stream: &Stream) -> Vec<(Timestamp, Timestamp)> {
    let Some(cursor) = cursor(stream) else { return Vec::new() };
    let slices = extract::past(&bench.connector, stream, (cursor.start, bench.night));
    slices.unwrap_or_default().into_iter().map(|slice| (slice.from, slice.to)).collect()
}

/// The latest window with rows enough, or the one with most.
async fn chosen(
    bench: &Bench<'_>,
    stream: &Stream,
    windows: &[(Timestamp, Timestamp)],
    all: &Question,
) -> Result<(Question, Reading, usize), String> {
    let mut best: Option<(Question, Reading, usize)> = None;
    for (at, window) in windows.iter().take(MOST_WINDOWS).enumerate() {
        let question = Question { past: Some(*window), until: window.1, ..all.clone() };
        let reading = bench.read((&bench.connector, stream), &question).await;
        let reading = reading.map_err(|error| error.told())?;
        let rows = reading.rows.rows.len();
        if best.as_ref().is_none_or(|(_, best, _)| best.rows.rows.len() < rows) {
            best = Some((question, reading, at));
        }
        if rows >= ENOUGH {
            break;
        }
    }
    if let Some(best) = best {
        return Ok(best);
    }
    let reading = bench.read((&bench.connector, stream), all).await;
    Ok((all.clone(), reading.map_err(|error| error.told())?, 0))
}

/// Some rows of the parent of a stream, under their headers.
async fn parents(
    bench: &Bench<'_>,
    stream: &Stream,
) -> Result<Vec<BTreeMap<String, String>>, String> {
    let Some(each) = http(stream).and_then(|ask| ask.each.as_ref()) else { return Ok(Vec::new()) };
    let parent = bench.connector.streams.iter().find(|known| known.name == each.of.value);
    let parent = parent.ok_or("its parent is no stream")?;
    // A parent may be a child itself.
    let all = Question {
        until: bench.until,
        parents: Box::pin(parents(bench, parent)).await?,
        ..Question::default()
    };
    let mut windows = windows(bench, parent);
    windows.reverse();
    let (_, reading, _) = chosen(bench, parent, &windows, &all).await?;
    let named = |cells: &[Option<String>]| {
        let cells = reading.rows.headers.iter().zip(cells);
        cells.filter_map(|(name, cell)| Some((name.clone(), cell.clone()?))).collect()
    };
    Ok(reading.rows.rows.iter().take(PARENTS).map(|row| named(&row.cells)).collect())
}

/// The same stream with pages so small that there are some, or why there are none.
async fn paged(
    bench: &Bench<'_>,
    stream: &Stream,
    question: &Question,
    reading: &Reading,
) -> Result<Paged, String> {
    let Some(ask) = http(stream) else { return Err(whole(stream).to_owned()) };
    if ask.export.is_some() {
        return Err("its rows come in one file, by an export".to_owned());
    }
    if ask.each.is_some() {
        return Err("it has pages of its own for each row of its parent".to_owned());
    }
    if matches!(ask.page.turn, Turn::None) {
        return Err("all its rows come in one answer: it has no `page`".to_owned());
    }
    let rows = reading.rows.rows.len();
    let connector = sized(&bench.connector, stream, (rows as u64).div_ceil(PAGES));
    let small = connector.streams.iter().find(|known| known.name == stream.name);
    let small = small.ok_or("it is no stream")?;
    let read = bench.read((&connector, small), question).await;
    read.map_err(|error| format!("small pages can't be read: {}", error.told()))?;
    let pages = bench.proxy.as_ref().map_or(0, |proxy| proxy.seen().asked);
    if pages < 2 {
        return Err(format!("its {rows} rows come in one page"));
    }
    Ok(Paged { connector, pages, rows })
}

/// A connector that asks a stream for pages of at most so many rows.
pub(super) fn sized(connector: &Connector, stream: &Stream, rows: u64) -> Connector {
    let mut connector = connector.clone();
    let mut streams = connector.streams.iter_mut();
    if let Some(Ask::Http(ask)) =
        streams.find(|known| known.name == stream.name).map(|stream| &mut stream.ask)
        && let Some((_, size)) = &mut ask.page.size
    {
        *size = rows.clamp(1, (*size).max(1));
    }
    connector
}

/// Why rows of a kind do not come in pages.
fn whole(stream: &Stream) -> &'static str {
    match &stream.ask {
        Ask::Files(_) => "a file is read whole or not at all",
        Ask::Sql(_) => "a view is read in one piece",
        Ask::Singer(_) => "a tap is heard to its end",
        Ask::Http(_) => "it has no pages",
    }
}
