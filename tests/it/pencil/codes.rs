//! Identity numbers and credit codes.

use jiff::civil::date;
use shuping::base::credit;
use shuping::base::identity;

use super::cases;

#[test]
fn identity_numbers_are_judged_as_by_hand() {
    let Some(cases) = cases("cn_id.csv") else { return };
    assert_eq!(cases.len(), 57);
    for case in &cases {
        let judged = match identity::judge(case.cell("text"), date(2026, 11, 24)) {
            Ok(identity) => {
                let reason = if identity.is_widened { "ok_legacy15" } else { "ok" };
                let born = identity.birth_date.to_string();
                ("valid", identity.number, born, identity.sex.name(), reason)
            }
            Err(fault) => ("invalid", String::new(), String::new(), "", fault.name()),
        };
        let expected = (
            case.cell("verdict"),
            case.cell("normalised").to_owned(),
            case.cell("birth_date").to_owned(),
            case.cell("sex"),
            case.cell("reason"),
        );
        assert_eq!(judged, expected, "{}", case.cell("case"));
    }
}

#[test]
fn credit_codes_are_judged_as_by_hand() {
    let Some(cases) = cases("uscc.csv") else { return };
    assert_eq!(cases.len(), 51);
    for case in &cases {
        let judged = match credit::judge(case.cell("text")) {
            Ok(credit) => ("valid", credit.code, credit.region, credit.body.name(), "ok"),
            Err(fault) => ("invalid", String::new(), String::new(), "", fault.name()),
        };
        let expected = (
            case.cell("verdict"),
            case.cell("normalised").to_owned(),
            case.cell("region").to_owned(),
            case.cell("body_kind"),
            case.cell("reason"),
        );
        assert_eq!(judged, expected, "{}", case.cell("case"));
    }
}
