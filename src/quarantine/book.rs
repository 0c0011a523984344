//! Where may an export be written, and what does it look like? A workbook outside the home that only its
//! owner may read, its cells all text, so that Excel changes none.

use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rust_xlsxwriter::Color;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::XlsxError;

use super::export::Export;
use super::export::Sheet;
use crate::extract::correction::OURS;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Something stands there.
    #[error("`{0}` exists")]
    Exists(String),
    /// It lies in the home.
    #[error("`{0}` lies in the home")]
    Inside(String),
    /// The disk's.
    #[error("`{0}`")]
    Disk(String, #[source] io::Error),
    /// More than a workbook holds.
    #[error("the workbook")]
    Workbook(#[from] XlsxError),
}

/// Writes an export; it may lie in none of the folders `inside`.
///
/// # Errors
/// See [`Refused`].
pub fn write(target: &Path, export: &Export, inside: &[&Path]) -> Result<(), Refused> {
    let named = || target.display().to_string();
    let disk = |fault: io::Error| match fault.kind() {
        io::ErrorKind::AlreadyExists => Refused::Exists(named()),
        _ => Refused::Disk(named(), fault),
    };
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new(".")).canonicalize().map_err(disk)?;
    let within = |folder: &&Path| folder.canonicalize();
    if inside.iter().filter_map(|own| within(own).ok()).any(|own| folder.starts_with(own)) {
        return Err(Refused::Inside(named()));
    }
    let bytes = book(export)?;
    let mut file = OpenOptions::new();
    let mut file = file.write(true).create_new(true).mode(0o600).open(target).map_err(disk)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(disk)
}

fn book(export: &Export) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    for sheet in &export.sheets {
        fill(book.add_worksheet(), sheet)?;
    }
    book.save_to_buffer()
}

fn fill(page: &mut rust_xlsxwriter::Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let text = Format::new().set_num_format("@");
    let ours = Format::new().set_num_format("@").set_background_color(Color::RGB(0x00EE_EEEE));
    let bold = ours.clone().set_bold();
    page.set_name(&sheet.name)?;
    page.set_freeze_panes(1, 3)?;
    for (column, header) in (0_u16..).zip(&sheet.headers) {
        let format = if usize::from(column) < OURS.len() { &ours } else { &text };
        // An empty cell, and a row that is added, is text as well.
        page.set_column_format(column, format)?;
        page.set_column_width(column, if column < 2 { 36 } else { 16 })?;
        page.write_string_with_format(0, column, header, &bold)?;
        for (row, cells) in (1_u32..).zip(&sheet.rows) {
            if let Some(Some(cell)) = cells.get(usize::from(column)) {
                page.write_string_with_format(row, column, cell, format)?;
            }
        }
    }
    Ok(())
}
