//! Retirement: 423 months of birth, stepped through one by one by somebody else.

use jiff::civil::date;
use shuping::base::period::Month;
use shuping::base::retirement::Kind;
use shuping::base::retirement::delay_months;
use shuping::base::retirement::retirement_month;
use shuping::measure::evaluate::Status;
use shuping::spec::formula::Exact;

use super::cases;
use super::figures::Model;
use super::figures::Row;
use super::figures::shipped;

#[test]
fn people_retire_in_the_month_of_the_table() {
    let Some(cases) = cases("retirement.csv") else { return };
    assert_eq!(cases.len(), 423);
    for case in &cases {
        let kind = Kind::named(case.cell("kind")).unwrap();
        let born: Month = case.read("birth_month").unwrap();
        for day in [born.first(), born.last()] {
            assert_eq!(Some(delay_months(day, kind)), case.read("delay_months"), "{born} {kind:?}");
            let due = retirement_month(day, kind);
            assert_eq!(Some(due), case.read("retirement_month"), "{born} {kind:?}");
        }
    }
}

#[test]
fn who_is_due_is_counted_ahead_and_who_was_due_is_found() {
    let catalog = shipped(&[], &[]);
    let person = |(at, born): (usize, &str)| -> Row<'_> {
        let cells = [
            ("person_id", format!("p{at}")),
            ("unit_id", "U1".to_owned()),
            ("from", "2020-01-01".to_owned()),
            ("post_kind", if at == 0 { "external" } else { "admin" }.to_owned()),
            ("status", "active".to_owned()),
            ("sex", "male".to_owned()),
            ("birth_date", born.to_owned()),
            ("work_share", "1".to_owned()),
            ("quota_share", if at == 0 { "0" } else { "1" }.to_owned()),
        ];
        cells.to_vec()
    };
    // Due in 2024-12, twice, the first on no post of the unit's; in 2025-12; in 2026-03; in 2043.
    let born = ["1964-12-01", "1964-12-31", "1965-09-15", "1965-12-31", "1980-01-01"];
    let people: Vec<Row<'_>> = born.into_iter().enumerate().map(person).collect();
    let model = Model::default().with(&catalog, "person_spell", &people);
    let told = model.told(&catalog, &["U1"], date(2025, 12, 31));
    let of = |metric| told.of(metric, ("U1", ""), "2025");
    assert_eq!(of("past_retirement"), (Status::Ok, Some(Exact::from(1))));
    assert_eq!(of("retire_1y"), (Status::Ok, Some(Exact::from(1))));
    assert_eq!(of("retire_3y"), (Status::Ok, Some(Exact::from(1))));
}
