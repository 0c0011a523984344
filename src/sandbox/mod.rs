//! The pretend city 嘉宁市: who works there, what they handle and how its systems answer. It knows no
//! engine room, and one seed makes the same bytes on every machine.

mod days;
mod dice;
mod founding;
mod spelling;
mod staffing;
mod truth;
pub mod units;

use std::io;
use std::path::Path;

use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use self::days::Days;
use self::founding::Founded;
use self::spelling::Spellings;
use self::staffing::Staff;
use self::truth::Gathered;
use self::units::Section;
use self::units::Unit;

/// The last night of the city.
const LAST_NIGHT: Date = Date::constant(2026, 3, 31);

/// The whole city: its units, its people and what they handle.
pub struct City {
    seed: u64,
    days: Days,
    founded: Founded,
    spellings: Spellings,
    staff: Staff,
}

impl City {
    /// The city of a seed; `scale` 1 has 6,000 people, 300,000 cases and 60,000 orders.
    pub fn new(seed: u64, scale: f64) -> City {
        let founded = Founded::new();
        City {
            seed,
            days: Days::new(),
            spellings: Spellings::new(seed, &founded),
            staff: Staff::grow(seed, scale, &founded),
            founded,
        }
    }

    /// Its units: those in force, then those that reforms ended.
    pub fn units(&self) -> &[Unit] {
        &self.founded.units
    }

    /// Its sections, those that reforms ended included.
    pub fn sections(&self) -> &[Section] {
        &self.founded.sections
    }

    /// Writes the workbooks that the staffing office has put into its drop folder by a night's cutoff.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn write_drop(&self, folder: &Path, night: Date) -> io::Result<()> {
        staffing::write_drop(self, folder, night)
    }

    /// `connectors/aliases.csv` as the staffing office would have decided it.
    pub fn alias_lines(&self) -> String {
        self.spellings.alias_lines(&self.founded)
    }

    /// What was planted, and whom nobody may ever see: names, numbers and phones in clear.
    pub fn truth(&self) -> Value {
        let mut gathered = Gathered::default();
        staffing::planted(self, LAST_NIGHT, &mut gathered);
        let people: Vec<Value> = self
            .staff
            .people
            .iter()
            .map(|person| json!({ "name": person.name, "id": person.id, "phone": person.phone }))
            .collect();
        json!({ "seed": self.seed, "flaws": gathered.told(), "people": people })
    }
}
