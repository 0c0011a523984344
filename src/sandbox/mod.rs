//! The pretend city 嘉宁市: who works there, what they handle and how its systems answer. It knows no
//! engine room, and one seed makes the same bytes on every machine.

mod appraisal;
mod days;
mod dice;
mod duties;
mod founding;
mod gateway;
mod hotline;
mod service;
mod spelling;
mod staffing;
mod supervision;
mod truth;
pub mod units;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use self::appraisal::Appraisal;
use self::days::Days;
use self::days::Moment;
use self::founding::Founded;
pub use self::gateway::Gateways;
use self::hotline::orders::Order;
use self::service::Service;
use self::spelling::Spellings;
use self::staffing::Staff;
use self::supervision::Task;
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
    service: Service,
    orders: Vec<Order>,
    appraisal: Appraisal,
    supervision: Vec<Task>,
}

/// What the systems of the city know each other's clients by.
#[derive(Clone)]
pub struct Secrets {
    /// The client that the platform knows.
    pub service_client: String,
    /// The platform's key.
    pub service_key: String,
    /// The application that the hotline knows.
    pub hotline_app: String,
    /// The hotline's key.
    pub hotline_key: String,
    /// The key of pseudonyms.
    pub pseudonym_key: String,
}

impl City {
    /// The city of a seed; `scale` 1 has 6,000 people, 300,000 cases and 60,000 orders.
    pub fn new(seed: u64, scale: f64) -> City {
        let (founded, days) = (Founded::new(), Days::new());
        let staff = Staff::grow(seed, scale, &founded);
        City {
            seed,
            spellings: Spellings::new(seed, &founded),
            appraisal: Appraisal::new(seed, &founded, &staff, &days),
            supervision: supervision::tasks((seed, scale), &founded, &days),
            staff,
            service: Service::new(seed, scale, &founded, &days),
            orders: hotline::orders::orders((seed, scale), &founded, &days),
            founded,
            days,
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

    /// Writes what the staffing office and the supervision system have put into their drop folders,
    /// `staffing` and `supervision` below this one, by a night's cutoff.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn write_drop(&self, folder: &Path, night: Date) -> io::Result<()> {
        staffing::write_drop(self, &folder.join("staffing"), night)?;
        supervision::write_drop(self, &folder.join("supervision"), night)
    }

    /// Everything that the platform and the hotline know at a night's cutoff, a list a stream: what somebody
    /// would export who has no gateway.
    pub fn lists(&self, night: Date) -> BTreeMap<&'static str, Vec<Value>> {
        gateway::lists(self, night)
    }

    /// Writes the appraisal system's database as it is at a night's cutoff, `appraisal.db` below the
    /// same folder.
    ///
    /// # Errors
    /// A disk that fails.
    pub async fn write_appraisal(&self, folder: &Path, night: Date) -> io::Result<()> {
        appraisal::write(self, &folder.join("appraisal.db"), Moment::cutoff(night)).await
    }

    /// `connectors/aliases.csv` as the staffing office would have decided it.
    pub fn alias_lines(&self) -> String {
        self.spellings.alias_lines(&self.founded)
    }

    /// Which ratings a machine made without a mark, as case and number of the service: far too many for the
    /// list of what was planted.
    pub fn machine_ratings(&self) -> BTreeSet<(String, u8)> {
        self.service.made_by_machine(&self.days)
    }

    /// What was planted, and whom nobody may ever see: names, numbers and phones in clear.
    pub fn truth(&self) -> Value {
        let mut gathered = Gathered::default();
        staffing::planted(self, LAST_NIGHT, &mut gathered);
        self.service.planted(&self.days, &mut gathered);
        self.appraisal.planted(&self.founded, &mut gathered);
        supervision::planted(self, LAST_NIGHT, &mut gathered);
        hotline::planted(&self.orders, &self.days, &mut gathered);
        for stream in ["service", "hotline"] {
            // A share of all pages, drawn from what is asked.
            gathered.count("F35", stream, 1);
        }
        let cases = self.service.cases.iter().zip(0..);
        for flaw in cases.filter_map(|(case, at)| case.misspelt(self, at)) {
            gathered.count(flaw, "service.cases", 1);
        }
        let orders = self.orders.iter().zip(0..);
        for flaw in orders.filter_map(|(order, at)| order.misspelt(self, at)) {
            gathered.count(flaw, "hotline.orders", 1);
        }
        let people: Vec<Value> = self
            .staff
            .people
            .iter()
            .map(|person| json!({ "name": person.name, "id": person.id, "phone": person.phone }))
            .collect();
        let spellings = self.spellings.all.iter().filter_map(|spelling| {
            let unit = self.founded.unit_at(spelling.unit)?;
            let is_known = spelling.why != spelling::Why::Unknown;
            Some(json!({ "spelling": spelling.text, "unit": unit.unit_id, "known": is_known }))
        });
        let truths = truth::OF_UNITS.iter().filter_map(|(key, truth, shows)| {
            let unit = self.founded.unit_at(self.founded.place(key))?;
            Some(json!({ "unit": unit.unit_id, "name": unit.name, "truth": truth, "shows": shows }))
        });
        json!({
            "seed": self.seed,
            "flaws": gathered.told(),
            "spellings": spellings.collect::<Vec<_>>(),
            "truths": truths.collect::<Vec<_>>(),
            "people": people,
        })
    }
}

impl Secrets {
    /// Secrets of a seed's city, good for loopback only.
    pub fn of(seed: u64) -> Secrets {
        let made = |part: &str| crate::base::pseudonym::sha256(format!("{part} {seed}").as_bytes());
        Secrets {
            service_client: "gov-app-01".to_owned(),
            service_key: made("service"),
            hotline_app: "jn-app-01".to_owned(),
            hotline_key: made("hotline"),
            pseudonym_key: made("pseudonym"),
        }
    }
}

/// The variables and secrets that the connectors name, for a running city and the folder of its
/// files.
pub fn environment(
    gateways: &Gateways,
    drop: &Path,
    secrets: &Secrets,
) -> BTreeMap<String, String> {
    let pairs = [
        ("SERVICE_URL", gateways.service_url.clone()),
        ("SERVICE_CLIENT_ID", secrets.service_client.clone()),
        ("HOTLINE_URL", gateways.hotline_url.clone()),
        ("HOTLINE_APP_KEY", secrets.hotline_app.clone()),
        ("STAFFING_DROP", drop.join("staffing").display().to_string()),
        ("SUPERVISION_DROP", drop.join("supervision").display().to_string()),
        ("APPRAISAL_URL", format!("sqlite://{}", drop.join("appraisal.db").display())),
        ("SHUPING_SECRET_SERVICE_KEY", secrets.service_key.clone()),
        ("SHUPING_SECRET_HOTLINE_KEY", secrets.hotline_key.clone()),
        ("SHUPING_SECRET_PSEUDONYM_KEY", secrets.pseudonym_key.clone()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_lists_what_the_staffing_office_decided() {
        let city = City::new(1, 0.001);
        assert_eq!(city.alias_lines(), include_str!("../../connectors/aliases.csv"));
    }

    #[test]
    fn the_home_asks_for_disciplines_of_the_units_that_are_there() {
        let city = City::new(1, 0.001);
        let lines = include_str!("../../pipelines/reference/disciplines.csv").lines();
        let lines: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
        assert!(lines.len() > 60);
        for line in lines.iter().filter(|line| line[1].starts_with("JN")) {
            let unit = city.units().iter().find(|unit| unit.unit_id == line[1]);
            assert_eq!(unit.map(|unit| unit.short_name.as_str()), Some(line[3]));
        }
    }

    #[test]
    fn every_flaw_of_the_list_is_planted_at_a_tenth() {
        let truth = City::new(1, 0.1).truth();
        let flaws = truth["flaws"].as_array().unwrap();
        let named: Vec<&str> = flaws.iter().filter_map(|flaw| flaw["flaw"].as_str()).collect();
        let listed: Vec<String> = (1..=43).map(|number| format!("F{number:02}")).collect();
        assert_eq!(named, [listed.as_slice(), &["T02".to_owned()]].concat());
        for flaw in flaws {
            let (rows, name) = (flaw["rows"].as_object().unwrap(), &flaw["flaw"]);
            assert!(rows.values().all(|rows| rows.as_u64() > Some(0)), "{name}");
        }
    }
}
