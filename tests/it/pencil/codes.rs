//! Identity numbers, credit codes and the code tables.

use std::collections::BTreeMap;

use jiff::civil::date;
use shuping::base::credit;
use shuping::base::identity;

use super::cases;
use super::figures::shipped;

#[test]
fn identity_numbers_are_judged_as_by_hand() {
    let Some(cases) = cases("cn_id.csv") else { return };
    assert_eq!(cases.len(), 57);
    for case in &cases {
        let text = case.cell("text");
        let judged = match identity::judge(text, date(2026, 11, 24)) {
            Ok(identity) => {
                let digits = text.chars().filter(|letter| letter.is_alphanumeric()).count();
                let reason = if digits == 15 { "ok_legacy15" } else { "ok" };
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

/// A code without a group, such as a heading or a rank that no city has, is in no table: it is listed.
#[test]
fn the_code_tables_know_the_codes_of_the_standards() {
    let Some(cases) = cases("codes.csv") else { return };
    let tables = &shipped(&[], &[]).codes;
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for case in &cases {
        let (standard, code, group) =
            (case.cell("standard"), case.cell("code"), case.filled("group"));
        let of = |table: &str, text: &str| tables[table].value(text, None).map(str::to_owned);
        let (by_code, by_name) = match standard {
            "GB/T 4658-2006" => (of("education", code), None),
            "GB/T 12407-2008" => (of("rank", code), of("rank", case.cell("name"))),
            // The numbers of the 职级 are a vendor's.
            "职级(综合管理类) 2019" => (None, of("rank", case.cell("name"))),
            "GB/T 2261.1-2003" => {
                let sex = match code {
                    "1" => "male",
                    "2" => "female",
                    _ => "unknown",
                };
                assert_eq!(of("sex", code).as_deref(), Some(sex));
                continue;
            }
            _ => continue,
        };
        if standard != "职级(综合管理类) 2019" {
            assert_eq!(by_code.as_deref(), group, "{standard} {code}");
        }
        if standard != "GB/T 4658-2006" {
            assert_eq!(by_name.as_deref(), group, "{standard} {code}");
        }
        *seen.entry(standard).or_default() += 1;
    }
    let seen: Vec<u32> = seen.into_values().collect();
    assert_eq!(seen, [22, 40, 12]);
}
