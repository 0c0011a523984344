//! A unit beside the peers that were frozen for the year.

use std::fmt::Write as _;

use jiff::civil::date;
use shuping::measure::evaluate::Status;
use shuping::spec::formula::Exact;
use shuping::spec::reference::read_reference;

use super::figures::CATEGORY;
use super::figures::Model;
use super::figures::Row;
use super::figures::shipped;

const BANDS: [&str; 7] = ["le30", "31_35", "36_40", "41_45", "46_50", "51_55", "ge56"];

/// The age ladder of people of these ages at the end of 2025, where the reference of a year has the
/// category's shares of the bands.
fn age_ladder(ages: &[u32], year: i16, category: &str, shares: &[&str]) -> (Status, Option<Exact>) {
    let mut catalog = shipped(&["min_base"], &[]);
    let mut lines = "category,metric,statistic,value\n".to_owned();
    for (band, share) in BANDS.iter().zip(shares) {
        writeln!(lines, "{category},age_share_{band},mean,{share}").unwrap();
    }
    catalog.references.insert(year, read_reference("r.csv", &lines).unwrap());
    let person = |(at, age): (usize, &u32)| -> Row<'_> {
        let cells = [
            ("person_id", format!("p{at}")),
            ("unit_id", "U1".to_owned()),
            ("from", "2024-12-01".to_owned()),
            ("post_kind", "admin".to_owned()),
            ("status", "active".to_owned()),
            ("birth_date", format!("{}-07-01", 2025 - age)),
            ("work_share", "1".to_owned()),
            ("quota_share", "1".to_owned()),
        ];
        cells.to_vec()
    };
    let people: Vec<Row<'_>> = ages.iter().enumerate().map(person).collect();
    let model = Model::default().with(&catalog, "person_spell", &people);
    model.told(&catalog, &["U1"], date(2025, 12, 31)).of("age_ladder", ("U1", ""), "2025")
}

/// Of ten people two are in each of the bands 1, 2 and 5.
const AGES: [u32; 10] = [25, 30, 31, 35, 40, 41, 46, 50, 55, 56];
const SHARES: [&str; 7] = ["0.1", "0.2", "0.2", "0.1", "0.2", "0.1", "0.1"];

#[test]
fn the_age_ladder_is_how_much_of_the_peers_shares_a_unit_has() {
    let told = |ages: &[u32], shares: &[&str]| age_ladder(ages, 2025, CATEGORY, shares);
    // A tenth too many in the first band and too few in the third: half of 0.2 would have to move.
    assert_eq!(told(&AGES, &SHARES), (Status::Ok, Some(Exact::new(9, 10))));
    let own = ["0.2", "0.2", "0.1", "0.1", "0.2", "0.1", "0.1"];
    assert_eq!(told(&AGES, &own), (Status::Ok, Some(Exact::from(1))));
    // All in one band, where the peers have a tenth.
    assert_eq!(told(&[57, 58, 59], &SHARES), (Status::Ok, Some(Exact::new(1, 10))));
    assert_eq!(told(&[57, 58], &SHARES), (Status::Withheld, None));
}

#[test]
fn without_its_peers_of_the_year_a_unit_is_not_compared() {
    let not_applicable = (Status::NotApplicable, None);
    assert_eq!(age_ladder(&AGES, 2024, CATEGORY, &SHARES), not_applicable);
    assert_eq!(age_ladder(&AGES, 2025, "institution", &SHARES), not_applicable);
    assert_eq!(age_ladder(&AGES, 2025, CATEGORY, &SHARES[..6]), not_applicable);
}
