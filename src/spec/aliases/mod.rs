//! What does each system call a unit? `connectors/aliases.csv`, decided by people.
//!
//! One decision a line, in the order in which they were taken; a line that stands is never changed.
//!
//! | column | |
//! |---|---|
//! | `system` | the system that writes the name; empty is every one |
//! | `alias` | the name as received; width, blanks, script and stamps do not matter |
//! | `unit` | the key of a unit, `ambiguous` (more than one) or `outside` (none of ours) |
//! | `valid_from`, `valid_to` | the first day it holds, and the first day it no longer does; empty is ever |
//! | `note` | who decided it and why, in words |
//! | `decision` | empty or `accept`: the name means the unit; `reject`: it is not suggested again; `undo`: takes back the last standing line above with the same system, alias, unit and days |
//! | `decided_at` | when `shuping aliases` wrote the line |
//!
//! A file without the last columns reads as one whose lines are all listed by hand.

mod append;

use jiff::civil::Date;

pub use self::append::Entry;
pub use self::append::appended;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::fold::fold;
use crate::base::messages::Code;

/// A line that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The system it holds for; empty is every one.
    pub system: String,
    /// The name as received.
    pub alias: String,
    /// The unit.
    pub unit: String,
    /// The first day it holds.
    pub valid_from: Option<Date>,
    /// The first day it no longer holds.
    pub valid_to: Option<Date>,
    /// What was decided.
    pub decision: Decision,
    /// Its line in the file; 0 before it is written.
    pub line: usize,
}

/// What a line says of a name and a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The name means the unit; written by hand.
    Listed,
    /// The name means the unit; decided by `shuping aliases accept`.
    Accepted,
    /// The name does not mean the unit.
    Rejected,
}

impl Alias {
    /// Whether the name means the unit, rather than not.
    pub fn holds(&self) -> bool {
        self.decision != Decision::Rejected
    }

    /// Whether the line is about a name, however that is written.
    pub fn is_about(&self, name: &str) -> bool {
        fold(&self.alias) == fold(name)
    }

    fn is_the_same(&self, other: &Alias) -> bool {
        self.system == other.system
            && self.unit == other.unit
            && (self.valid_from, self.valid_to) == (other.valid_from, other.valid_to)
            && self.is_about(&other.alias)
    }

    /// Whether both hold, for the same system on the same days, and mean different units.
    fn contradicts(&self, other: &Alias) -> bool {
        let begins = |one: &Alias, ended: &Alias| {
            one.valid_from.zip(ended.valid_to).is_none_or(|(from, to)| from < to)
        };
        self.holds()
            && other.holds()
            && self.system == other.system
            && self.unit != other.unit
            && begins(self, other)
            && begins(other, self)
            && self.is_about(&other.alias)
    }
}

/// Reads the alias table: the lines that stand, in the order of the file.
///
/// # Errors
/// Every line that does not read, and every line that contradicts one above.
pub fn read_aliases(file: &str, text: &str) -> Result<Vec<Alias>, Vec<Diagnostic>> {
    let text = text.trim_start_matches('\u{feff}');
    // Spreadsheets leave empty cells at the end of a line away.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let mut faults = Vec::new();
    let mut standing: Vec<Alias> = Vec::new();
    let fault = |line: usize, (code, nouns): Fault| Diagnostic {
        file: file.to_owned(),
        place: Place { line, column: 1 },
        key: String::new(),
        code,
        nouns,
    };
    for record in reader.records() {
        let position =
            record.as_ref().map_or_else(csv::Error::position, |record| record.position());
        let place = position.map_or(1, |position| line_at(text, position.byte()));
        let read = record.map_err(|problem| unread(problem.to_string()));
        match read.and_then(|record| alias(&headers, &record, place)) {
            Ok((alias, Doing::Stand)) => standing.push(alias),
            Ok((alias, Doing::Undo)) => {
                match standing.iter().rposition(|it| it.is_the_same(&alias)) {
                    Some(at) => _ = standing.remove(at),
                    None => faults.push(fault(place, (Code::AliasUndo, Vec::new()))),
                }
            }
            Err(problem) => faults.push(fault(place, problem)),
        }
    }
    for (at, alias) in standing.iter().enumerate() {
        let above = standing.iter().take(at).find(|above| above.contradicts(alias));
        faults.extend(above.map(|above| fault(alias.line, contradiction(above, alias))));
    }
    if faults.is_empty() { Ok(standing) } else { Err(faults) }
}

/// What a line does: it stands, or takes back one that does.
enum Doing {
    Stand,
    Undo,
}

/// What is wrong with a line.
type Fault = (Code, Vec<(&'static str, String)>);

fn unread(problem: String) -> Fault {
    (Code::Alias, vec![("problem", problem)])
}

fn contradiction(above: &Alias, alias: &Alias) -> Fault {
    let nouns = vec![
        ("alias", alias.alias.clone()),
        ("one", above.unit.clone()),
        ("other", alias.unit.clone()),
        ("line", above.line.to_string()),
    ];
    (Code::AliasClash, nouns)
}

/// The line on which a record begins that was looked for from a byte on, counted from 1.
fn line_at(text: &str, byte: u64) -> usize {
    let from = usize::try_from(byte).unwrap_or(usize::MAX);
    let bytes = text.as_bytes();
    let blank = bytes.iter().skip(from).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.iter().take(from + blank).filter(|byte| **byte == b'\n').count() + 1
}

fn alias(
    headers: &csv::StringRecord,
    record: &csv::StringRecord,
    line: usize,
) -> Result<(Alias, Doing), Fault> {
    if record.len() > headers.len() {
        let problem = format!("{} cells under {} headers", record.len(), headers.len());
        return Err(unread(problem));
    }
    let cell = |name: &str| {
        let at = headers.iter().position(|header| header.trim() == name);
        at.and_then(|at| record.get(at)).unwrap_or_default().trim()
    };
    let day = |name: &str| match cell(name) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| unread(format!("`{text}` is not a day"))),
    };
    if cell("alias").is_empty() || cell("unit").is_empty() {
        return Err(unread("alias and unit must be filled".to_owned()));
    }
    let (decision, doing) = match cell("decision") {
        "" => (Decision::Listed, Doing::Stand),
        "accept" => (Decision::Accepted, Doing::Stand),
        "reject" => (Decision::Rejected, Doing::Stand),
        "undo" => (Decision::Listed, Doing::Undo),
        found => {
            let choices = "accept, reject, undo".to_owned();
            return Err((
                Code::UnknownWord,
                vec![("found", found.to_owned()), ("choices", choices)],
            ));
        }
    };
    let (valid_from, valid_to): (Option<Date>, Option<Date>) =
        (day("valid_from")?, day("valid_to")?);
    if let Some((from, to)) = valid_from.zip(valid_to).filter(|(from, to)| from >= to) {
        return Err((Code::AliasDays, vec![("from", from.to_string()), ("to", to.to_string())]));
    }
    let [system, alias, unit] = ["system", "alias", "unit"].map(|name| cell(name).to_owned());
    Ok((Alias { system, alias, unit, valid_from, valid_to, decision, line }, doing))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "connectors/aliases.csv";
    const HEAD: &str = "system,alias,unit,valid_from,valid_to,note,decision,decided_at\n";

    /// The lines of what stands, or of each fault with its code.
    fn read(lines: &str) -> Result<Vec<usize>, Vec<(usize, &'static str)>> {
        let told = read_aliases(FILE, &format!("{HEAD}{lines}"));
        let standing = told.map(|standing| standing.iter().map(|alias| alias.line).collect());
        let of = |fault: &Diagnostic| (fault.place.line, fault.code.id());
        standing.map_err(|faults| faults.iter().map(of).collect())
    }

    #[test]
    fn lines_are_read_in_their_order_and_a_taken_back_one_is_gone() {
        let accept = ",市场局,U1,,,张三,accept,2026-01-07T01:00:00Z\n";
        let undo = ",市场局,U1,,,,undo,2026-01-07T02:00:00Z\n";
        assert_eq!(read(accept), Ok(vec![2]));
        assert_eq!(read(&format!("{accept}{undo}")), Ok(vec![]));
        assert_eq!(read(&format!("{accept}{undo}{accept}")), Ok(vec![4]));
        // What was decided the other way is no contradiction once the first is taken back.
        assert_eq!(read(&format!("{accept},市场局,U2\n{undo}")), Ok(vec![3]));
        assert_eq!(read(&format!("{undo}{accept}")), Err(vec![(2, "H053")]));
        let another = ",市场局,U1,2025-01-01,,,undo,\n";
        assert_eq!(read(&format!("{accept}{another}")), Err(vec![(3, "H053")]), "its days differ");
    }

    #[test]
    fn a_file_without_the_last_columns_is_listed_by_hand() {
        let old = "\u{feff}system,alias,unit,valid_from,valid_to\r\n\r\n,\"市\n场局\",U1,,\r\nhr,b,U2\r\n";
        let standing = read_aliases(FILE, old).unwrap();
        let told: Vec<_> = standing.iter().map(|it| (it.line, it.unit.as_str())).collect();
        assert_eq!(told, [(3, "U1"), (5, "U2")]);
        assert!(standing.iter().all(|alias| alias.decision == Decision::Listed));
    }

    #[test]
    fn every_line_that_cannot_be_is_told_with_its_place() {
        for (lines, faults) in [
            (",a,U1,2025-13-01,\n", vec![(2, "H050")]),
            (",a,U1,2025-02-29,\n,a,\n", vec![(2, "H050"), (3, "H050")]),
            (",a,U1,2025-02-01,2025-02-01\n", vec![(2, "H054")]),
            (",a,U1,2025-02-01,2024-02-01\n", vec![(2, "H054")]),
            (",a,U1,,,,maybe\n", vec![(2, "H005")]),
            (",a,U1,,,,accept,x,y\n", vec![(2, "H050")]),
            (",a,U1\n,b,U2\n, A ,U2\n", vec![(4, "H052")]),
            (
                ",市财政局,U1,2024-01-01,2025-01-01\n,市財政局（公章）,U2,2024-12-31,\n",
                vec![(3, "H052")],
            ),
            ("hr,a,U1\nhr,a,ambiguous\n", vec![(3, "H052")]),
        ] {
            assert_eq!(read(lines), Err(faults), "{lines}");
        }
        for lines in [
            // One after the other, of different systems, the same twice, or one of them rejected.
            ",a,U1,2024-01-01,2025-01-01\n,a,U2,2025-01-01,\n",
            ",a,U1\nhr,a,U2\n",
            ",a,U1\n,a,U1\n",
            ",a,U1\n,a,U2,,,,reject\n",
        ] {
            assert_eq!(read(lines), Ok(vec![2, 3]), "{lines}");
        }
    }
}
