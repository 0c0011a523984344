//! How are rows handed on? Shielded, in batches that fit in memory, and counted.

use std::sync::Arc;

use jiff::civil::Date;

use super::Delivery;
use super::ExtractError;
use super::Request;
use super::glance::Glance;
use super::shelf::Page;
use super::shield::Seen;
use super::shield::Shield;
use crate::base::batch::Batch;
use crate::base::sheet::Land;
use crate::base::sheet::Sheet;
use crate::base::text::quoted;

/// The most rows of one batch.
const MOST_ROWS: usize = 10_000;

/// Where batches go, and what was counted on the way.
pub(super) struct Landing<'a> {
    shield: Shield<'a>,
    land: &'a mut (dyn Land + Send),
    /// Who looks at the first rows and wants no more.
    glance: Option<&'a mut Glance>,
    /// What has been delivered so far; `unread` and `headers` are with the shield.
    pub(super) so_far: Delivery,
}

/// What was counted before rows came that may be taken back.
pub(super) struct Mark {
    seen: Seen,
    received: u64,
}

impl<'a> Landing<'a> {
    /// Nothing yet.
    pub(super) fn new(
        request: &Request<'a>,
        as_of: Date,
        land: &'a mut (dyn Land + Send),
    ) -> Landing<'a> {
        let shield = Shield::new(request.stream, request.key, as_of);
        Landing { shield, land, glance: None, so_far: Delivery::default() }
    }

    /// The same, for somebody who looks at the first rows before they are shielded.
    pub(super) fn seen_by(self, glance: &'a mut Glance) -> Landing<'a> {
        Landing { glance: Some(glance), ..self }
    }

    /// The headers that the stream's columns name; some are JSON pointers.
    pub(super) fn needed(&self) -> Vec<String> {
        self.shield.needed().map(str::to_owned).collect()
    }

    /// Whether a table with rows has every header that is needed; its header should stand in this row. Whoever
    /// looks at the first rows is shown what stands elsewhere.
    ///
    /// # Errors
    /// What is missing first.
    pub(super) fn check(&self, batch: &Batch, row: u32) -> Result<(), String> {
        let absent = match self.shield.is_lost(&batch.headers) {
            _ if batch.rows.is_empty() => None,
            true if self.glance.is_some() => None,
            true => Some(format!(
                "no header in row {row} is one that a column names; does it stand in another row (`grid.header`)?"
            )),
            false => self.shield.absent(&batch.headers),
        };
        absent.map_or(Ok(()), Err)
    }

    /// Hands on a page that has passed a shield of its own.
    pub(super) fn take_page(&mut self, page: Page, place: &str) -> Result<(), ExtractError> {
        let Page { mut sheet, unread, all, .. } = page;
        named_once(&sheet.headers, place)?;
        sheet.come_from(&Arc::from(place));
        self.shield.saw((unread, all));
        self.so_far.received += sheet.height() as u64;
        for sheet in sheet.pieces(MOST_ROWS).into_iter().filter(|sheet| sheet.height() > 0) {
            self.land.land(sheet).map_err(ExtractError::Landing)?;
        }
        Ok(())
    }

    /// Whether rows are taken without a wait.
    pub(super) fn has_room(&self) -> bool {
        self.land.has_room()
    }

    /// From here on rows may be taken back, if whoever gets them can do that.
    pub(super) fn mark(&mut self) -> Option<Mark> {
        let mark = || Mark { seen: self.shield.seen(), received: self.so_far.received };
        self.land.mark().then(mark)
    }

    /// Takes back what was handed on since.
    pub(super) fn take_back(&mut self, mark: Mark) -> Result<(), ExtractError> {
        self.shield.forget(mark.seen);
        self.so_far.received = mark.received;
        self.land.take_back().map_err(ExtractError::Landing)
    }

    /// The day on which a day of birth must have come.
    pub(super) fn as_of(&self) -> Date {
        self.shield.as_of()
    }

    /// Hands rows on; tells how many.
    pub(super) fn take(&mut self, mut batch: Batch) -> Result<u64, ExtractError> {
        let mut has_enough = false;
        if let Some(glance) = &mut self.glance {
            has_enough = glance.see(&mut batch, &self.shield);
        }
        let rows = batch.rows.len() as u64;
        while batch.rows.len() > MOST_ROWS {
            let rest = batch.rows.split_off(MOST_ROWS);
            let headers = batch.headers.clone();
            self.hand_on(&std::mem::replace(&mut batch, Batch { headers, rows: rest }))?;
        }
        self.hand_on(&batch)?;
        self.so_far.received += rows;
        if has_enough { Err(ExtractError::Enough) } else { Ok(rows) }
    }

    fn hand_on(&mut self, batch: &Batch) -> Result<(), ExtractError> {
        named_once(&batch.headers, batch.rows.first().map_or("", |row| &row.source))?;
        let sheet = self.shield.pass(Sheet::from(batch));
        if sheet.height() == 0 {
            return Ok(());
        }
        self.land.land(sheet).map_err(ExtractError::Landing)
    }

    /// Notes a column that is there, so many rows long, and was not asked for.
    pub(super) fn passed_by(&mut self, header: &str, rows: u64) {
        self.shield.passed_by(header, rows);
    }

    /// Notes a file that another night will find whole.
    pub(super) fn not_whole(&mut self, file: &str, why: &str) {
        self.so_far.not_whole.insert(file.to_owned(), why.to_owned());
    }

    /// Notes rows below the end of a table, from the place of the first on.
    pub(super) fn below(&mut self, place: String, rows: u64) {
        self.so_far.below.insert(place, rows);
    }

    /// Notes how many sheets of a workbook nobody reads.
    pub(super) fn unread_sheets(&mut self, file: &str, sheets: u64) {
        if sheets > 0 {
            self.so_far.unread_sheets.insert(file.to_owned(), sheets);
        }
    }

    /// Notes the source's own total of one slice.
    pub(super) fn told(&mut self, total: Option<u64>) {
        if let Some(total) = total {
            *self.so_far.told.get_or_insert(0) += total;
        }
    }

    /// Everything, when the pull is done.
    pub(super) fn delivery(mut self) -> Delivery {
        let (unread, headers) = self.shield.take_seen();
        Delivery { unread, headers, ..self.so_far }
    }
}

/// A name that stands twice names nothing: what one of them says would be said of the other.
fn named_once(headers: &[String], place: &str) -> Result<(), ExtractError> {
    let twice = headers
        .iter()
        .zip(0..)
        .find(|(header, at)| headers.iter().take(*at).any(|it| it == *header));
    let Some((header, _)) = twice else { return Ok(()) };
    let why = format!("two columns are named `{}`", quoted(header));
    Err(ExtractError::Unreadable { what: place.to_owned(), why })
}
