//! Is a compound file, the form of XLS, as long as its own table of sectors says? It has no end that could be
//! missing.

/// How one begins.
pub(super) const BEGINS: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];
/// Where its header says how large a sector is, as a power of two; how many sectors are of the table; and
/// which the first 109 of them are.
const POWER: usize = 30;
const COUNT: usize = 44;
const TABLE: usize = 76;
const NAMED: usize = 109;
/// What the table says of a sector that is not used.
const FREE: u32 = u32::MAX;

/// Whether a sector that is used lies behind the last byte. Of a file beyond seven megabytes only the sectors that
/// its header reaches are looked at.
pub(super) fn is_cut(bytes: &[u8]) -> bool {
    // The first sector stands behind the header, which is as long as one.
    reach(bytes).is_none_or(|(last, size)| bytes.len() <= (last + 1) * size)
}

/// Whether it is a workbook behind a password: an XLSX that is locked is a part of a compound file.
pub(super) fn is_locked(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(name.len()).any(|window| window == name)
}

/// The last sector that is used, and the size of all; nothing where the table itself is cut off.
fn reach(bytes: &[u8]) -> Option<(usize, usize)> {
    let size = match bytes.get(POWER)? {
        9 => 512,
        12 => 4096,
        _ => return Some((0, 0)),
    };
    let tables = usize::try_from(number(bytes, COUNT)?).ok()?.min(NAMED);
    let mut last = 0;
    for table in 0..tables {
        let sector = usize::try_from(number(bytes, TABLE + 4 * table)?).ok()?;
        let begin = sector.checked_add(1)?.checked_mul(size)?;
        let entries = bytes.get(begin..begin.checked_add(size)?)?;
        let used = entries.chunks_exact(4).rposition(|entry| entry != FREE.to_le_bytes());
        last = used.map_or(last, |at| table * size / 4 + at);
    }
    Some((last, size))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
