//! Are the numbers of people told that stand where none is looked for: in the place of a unit, and in names of files?

use std::fs;

use super::Small;
use super::number;
use super::sheets;
use crate::world::bytes_below;

const NAME: &str = "甄宓钰";
const PHONE: &str = "13800134005";

#[test]
fn a_number_in_the_place_of_a_unit_or_in_the_name_of_a_file_is_told_nowhere() {
    let small = Small::new();
    let connector = small.home().join("connectors/staffing.toml");
    let text = fs::read_to_string(&connector).unwrap();
    let looked_up = "unit_id     = { from = \"单位\", lookup = \"unit\" }\naccepted_at";
    let text = text.replace("unit_id     = \"单位\"\naccepted_at", looked_up);
    assert!(text.contains(looked_up));
    fs::write(&connector, text.replace(r"'办件_", r"'.*办件_")).unwrap();
    let (one, other) = (number("19850312", 301), number("19850312", 302));
    // Two lists whose names differ in a number alone, each with a row that is held back.
    for (at, person) in (1..).zip([&one, &other]) {
        let row = |case: &str, unit: &str, accepted: &str| {
            format!("{case}{at},{unit},{accepted},办理中,17,孙八方\r\n")
        };
        let rows = [
            row("A", person, "2026-01-02 09:00:00"),
            row("B", &format!("市教育局{PHONE}"), "2026-01-02 09:00:00"),
            row("C", "市民政局", "2026-13-02 09:00:00"),
        ];
        let list = format!("编号,单位,受理时间,状态,经办人,申请人\r\n{}", rows.concat());
        fs::write(small.drop().join(format!("{person}办件_20260105.csv")), list).unwrap();
    }
    let night = ["--night", "2026-01-06", "--as-of", "2026-01-05"];
    let mut told = small.well(&[&["-vv", "run"][..], &night].concat());
    assert!(told.contains("…办件_20260105.csv"), "{told}");
    let unknown = "select subject, rows from finding where kind = 'unknown_unit' order by 1";
    assert_eq!(small.ask(unknown), [["…", "2"], ["市教育局…", "2"]]);
    let sources = ["…办件_20260105.csv", "…办件_20260105.csv (2)"].map(|source| [source]);
    assert_eq!(small.ask("select source from quarantine order by 1"), sources);
    for words in
        [&["quarantine"][..], &["quarantine", "--json"], &["aliases"], &["aliases", "--json"]]
    {
        told += &small.well(words);
    }

    // Its sender calls a correction as he likes, and this one is of no row that waits.
    let mut sheet = sheets(&small.export("staffing.cases", "out.xlsx")).remove("1 cases").unwrap();
    sheet[1][4] = "0".repeat(64);
    small.give_back(&format!("{NAME}更正{one}.xlsx"), &[sheet]);
    told += &small.night("2026-01-07");
    let stray = small.ask("select subject, rows from finding where kind = 'stray_correction'");
    assert!(stray[0][0].starts_with("corrections/ SHA-256 ") && stray[0][1] == "1", "{stray:?}");

    let mut files = bytes_below(&small.home().join("var"));
    files.retain(|path, _| !path.starts_with("lake/"));
    files.insert("told".to_owned(), told.into_bytes());
    assert!(files.len() > 5, "{:?}", files.keys());
    for (path, bytes) in files {
        let text = String::from_utf8_lossy(&bytes);
        for secret in [NAME, PHONE, &one, &other] {
            assert!(!text.contains(secret), "{secret} stands in {path}");
        }
    }

    // A decision is about the name as it is written.
    let name = format!("市教育局{PHONE}");
    small.well(&["aliases", "accept", &name, "outside"]);
    let aliases = small.well(&["aliases", "--json"]);
    assert!(!aliases.contains("市教育局"), "{aliases}");
}
