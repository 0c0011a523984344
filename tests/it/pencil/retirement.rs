//! Retirement: 423 months of birth, stepped through one by one by somebody else.

use shuping::base::period::Month;
use shuping::base::retirement::Kind;
use shuping::base::retirement::delay_months;
use shuping::base::retirement::retirement_month;

use super::cases;

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
