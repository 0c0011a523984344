//! What can't be exported is said, file by file, and an export is written where no export must not be.

use std::fs;
use std::process::Output;

use super::CASES;
use super::DAY;
use super::ROSTER;
use super::Small;
use super::right;
use super::said;
use super::sheets;

fn export(small: &Small, which: &str, to: &str) -> (Option<i32>, String) {
    let output: Output = small.shuping(&["quarantine", "export", which, "--to", to]);
    (output.status.code(), said(&output))
}

#[test]
fn an_export_overwrites_nothing_and_stands_outside_the_home() {
    let small = Small::begun();
    let out = small.out("out.xlsx");
    fs::write(&out, "mine").unwrap();
    let (code, told) = export(&small, "staffing", out.to_str().unwrap());
    assert_eq!(code, Some(2));
    assert!(told.contains("exists and is not overwritten"), "{told}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    for inside in ["out.xlsx", "var/out.xlsx", "connectors/../var/lake/out.xlsx"] {
        let path = small.home().join(inside);
        let (code, told) = export(&small, "staffing", path.to_str().unwrap());
        assert_eq!((code, path.exists()), (Some(2), false), "{told}");
        assert!(told.contains("lies in the home"), "{told}");
    }
    let (code, told) = export(&small, "staffing.rooster", "/nowhere/out.xlsx");
    assert_eq!(code, Some(2));
    assert!(told.contains("hint: known here: staffing.roster, staffing.cases"), "{told}");
}

#[test]
fn a_file_that_is_gone_or_changed_is_said_and_the_others_are_exported() {
    let small = Small::begun();
    fs::remove_file(small.drop().join(CASES)).unwrap();
    // Under another name it is still the same file.
    fs::rename(small.drop().join(ROSTER), small.drop().join("renamed.xlsx")).unwrap();
    let out = small.out("out.xlsx");
    let (code, told) = export(&small, "staffing", out.to_str().unwrap());
    assert_eq!(code, Some(1), "{told}");
    let gone = format!("`{CASES}`: no file in the drop folder has its content any more, 1 rows");
    assert!(told.contains(&gone) && told.contains("wrote 2 rows"), "{told}");
    assert_eq!(sheets(&out)["1 roster"].len(), 3);

    fs::remove_file(small.drop().join("renamed.xlsx")).unwrap();
    small.roster(ROSTER, DAY, &right());
    let none = small.out("none.xlsx");
    let (code, told) = export(&small, "staffing", none.to_str().unwrap());
    assert_eq!((code, none.exists()), (Some(74), false), "{told}");
    assert!(told.contains("the file of that name has other content now, 2 rows"), "{told}");
    assert!(told.contains("nothing could be exported"), "{told}");
}

const ORDERS: &str = r#"
format = 1
[system]
name  = "orders"
title = "工单"
kind  = "sql"
[sql]
url = "${env:ORDERS_DB}"

[[stream]]
name  = "orders"
into  = "hotline_order"
view  = "orders"
key   = ["ID"]
write = "upsert"
[stream.columns]
order_id    = "ID"
unit_id     = "UNIT"
received_at = "AT"
[stream.contract]
bad_rows_max = "50%"
"#;

#[test]
fn what_is_no_file_is_listed_by_its_key_and_closes_when_the_system_sends_it_well() {
    let small = Small::new();
    fs::remove_file(small.home().join("connectors/staffing.toml")).unwrap();
    fs::write(small.home().join("connectors/orders.toml"), ORDERS).unwrap();
    small.orders("create table orders (ID text, UNIT text, AT text, STATE text)");
    small.orders("insert into orders values ('G1', '市民政局', '2026-01-02 09:00:00', 'open'), ('G2', '市民政局', 'soon', 'open')");
    small.night("2026-01-06");
    assert_eq!(small.open(), ["orders 2 not_a_time 2026-01-06"]);
    let out = small.out("out.xlsx");
    let (code, told) = export(&small, "orders", out.to_str().unwrap());
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("1 rows of orders.orders are listed only: no payload was kept"),
        "{told}"
    );
    let sheet = &sheets(&out)["1 orders"];
    assert_eq!(sheet[0], ["原因", "来源", "行", "数据流", "数据夜", "ID"]);
    assert_eq!(sheet[1][2..], ["2", "orders.orders", "2026-01-06", "G2"]);
    // It is held back every night until it comes well; the newest note stands for it.
    small.night("2026-01-07");
    assert_eq!(small.open(), ["orders 2 not_a_time 2026-01-07"]);
    small.orders("update orders set AT = '2026-01-03 09:00:00' where ID = 'G2'");
    small.night("2026-01-08");
    assert_eq!(small.open(), Vec::<String>::new());
    assert_eq!(
        small.notes("orders"),
        ["2026-01-06 2 not_a_time 2026-01-07 resent", "2026-01-07 2 not_a_time 2026-01-08 resent",]
    );
}
