//! How does a decision come into the file? As one more line; not a byte above it changes, but for headers
//! that the file does not have yet.

use super::Alias;
use crate::base::text::clean;

/// The columns of a new file, in their order.
const COLUMNS: [&str; 8] =
    ["system", "alias", "unit", "valid_from", "valid_to", "note", "decision", "decided_at"];

/// A line to be written.
#[derive(Clone, Debug)]
pub struct Entry<'e> {
    /// The name, the unit and the days.
    pub alias: &'e Alias,
    /// `accept`, `reject` or `undo`.
    pub decision: &'e str,
    /// Who decided it and why.
    pub note: &'e str,
    /// The instant.
    pub decided_at: String,
}

impl Entry<'_> {
    fn cell(&self, column: &str) -> String {
        let day = |day: Option<jiff::civil::Date>| day.map_or(String::new(), |day| day.to_string());
        match column {
            "system" => self.alias.system.clone(),
            "alias" => self.alias.alias.clone(),
            "unit" => self.alias.unit.clone(),
            "valid_from" => day(self.alias.valid_from),
            "valid_to" => day(self.alias.valid_to),
            "note" => clean(self.note),
            "decision" => self.decision.to_owned(),
            "decided_at" => self.decided_at.clone(),
            _ => String::new(),
        }
    }
}

/// The text of the file with one more line: its byte order mark, line ends and other columns are kept.
pub fn appended(text: &str, entry: &Entry<'_>) -> String {
    let (mark, text) = text.strip_prefix('\u{feff}').map_or(("", text), |rest| ("\u{feff}", rest));
    let (head, rest) = text.split_once('\n').unwrap_or((text, ""));
    let end = if head.ends_with('\r') { "\r\n" } else { "\n" };
    let head = head.trim_end_matches('\r');
    let mut columns = cells(head);
    let mut whole = format!("{mark}{head}");
    for column in COLUMNS {
        if !columns.iter().any(|known| known == column) {
            whole.push_str(if columns.is_empty() { "" } else { "," });
            whole.push_str(column);
            columns.push(column.to_owned());
        }
    }
    whole.push_str(end);
    whole.push_str(rest);
    if !whole.ends_with('\n') {
        whole.push_str(end);
    }
    let line: Vec<String> = columns.iter().map(|column| quoted(&entry.cell(column))).collect();
    whole.push_str(&line.join(","));
    whole.push_str(end);
    whole
}

/// The headers of a line.
fn cells(head: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(head.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    headers.iter().map(|header| header.trim().to_owned()).collect()
}

/// A cell as CSV wants it.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Decision;
    use super::super::read_aliases;
    use super::*;

    fn entry(alias: &Alias) -> Entry<'_> {
        let decided_at = "2026-01-07T01:00:00Z".to_owned();
        Entry { alias, decision: "accept", note: "张三, 来函", decided_at }
    }

    #[test]
    fn a_line_is_added_and_nothing_else_is_changed() {
        let alias = Alias {
            system: String::new(),
            alias: "\"市场\",局".to_owned(),
            unit: "U1".to_owned(),
            valid_from: Some(jiff::civil::date(2025, 1, 1)),
            valid_to: None,
            decision: Decision::Accepted,
            line: 0,
        };
        let line = ",\"\"\"市场\"\",局\",U1,2025-01-01,,\"张三, 来函\",accept,2026-01-07T01:00:00Z";
        let head = COLUMNS.join(",");
        for (before, after) in [
            (String::new(), format!("{head}\n{line}\n")),
            (format!("{head}\n"), format!("{head}\n{line}\n")),
            (
                "system,alias,unit,valid_from,valid_to,note\n,a,U2,,,旧称".to_owned(),
                format!("{head}\n,a,U2,,,旧称\n{line}\n"),
            ),
            (
                "\u{feff}unit,alias,谁\r\nU2,a,b\r\n".to_owned(),
                "\u{feff}unit,alias,谁,system,valid_from,valid_to,note,decision,decided_at\r\n\
                     U2,a,b\r\nU1,\"\"\"市场\"\",局\",,,2025-01-01,,\"张三, 来函\",accept,2026-01-07T01:00:00Z\r\n"
.to_owned(),
            ),
        ] {
            let told = appended(&before, &entry(&alias));
            assert_eq!(told, after);
            let standing = read_aliases("aliases.csv", &told).unwrap();
            let last = standing.last().unwrap();
            assert_eq!(Alias { line: 0, ..last.clone() }, alias);
            let undo = Entry { decision: "undo", ..entry(last) };
            let left = read_aliases("aliases.csv", &appended(&told, &undo)).unwrap();
            assert_eq!(left.len(), standing.len() - 1, "what is written can be taken back");
        }
    }
}
