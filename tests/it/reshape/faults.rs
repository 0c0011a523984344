//! What is wrong with a manifest that takes rows apart, follows deletions or reads a database?

use std::fs;
use std::path::Path;

use shuping::spec::home::Home;

fn faults(is: &str, becomes: &str) -> Vec<String> {
    let manifest = fs::read_to_string("connectors/appraisal.toml").unwrap();
    assert!(manifest.contains(is), "{is}");
    let home = Home::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut home = home;
    let text = manifest.replacen(is, becomes, 1);
    home.files.insert("connectors/appraisal.toml".into(), text);
    let faults = home.catalog().err().unwrap_or_default();
    faults.iter().map(|fault| format!("{} {}", fault.code.id(), fault.key)).collect()
}

/// Rows that only ever come, none of them late.
const LATE: &str = "lookback = \"0d\" }\nwrite = \"append\"";

/// How the logs are written, which have a cursor.
const LOGS: &str = "write   = \"upsert\"\ndeleted = \"ZT";

#[test]
fn every_fault_of_the_manifest_is_told_with_its_key() {
    let of = "stream.grades";
    for (is, becomes, expected) in [
        ("\nview    = ", "\nveiw    = ", vec![format!("H003 {of}"), format!("H002 {of}.veiw")]),
        ("\nview    = ", "\nquery = 'select 1'\nview    = ", vec![format!("H007 {of}.view")]),
        ("key     = [\"SFZH\", \"KHND\", \"KHZQ\"]", "", vec![format!("H003 {of}")]),
        ("column = \"GXSJ\", ", "", vec![format!("H003 {of}.cursor")]),
        ("start = \"2023-01-01\"", "start = \"2023\"", vec![format!("H007 {of}.cursor.start")]),
        ("\"monthly\"", "\"weekly\"", vec![format!("H005 {of}.full")]),
        ("write   = \"upsert\"", "write   = \"append\"", vec![format!("H018 {of}.full")]),
        (
            "lookback = \"10d\", lag = \"5m\" }\nwrite   = \"upsert\"",
            "format = \"%Y\" }\nwrite = \"append\"",
            vec!["H217 stream.logs.cursor".into()],
        ),
        ("lookback = \"10d\", lag = \"5m\" }\nwrite   = \"upsert\"", LATE, vec![]),
        (
            "lookback = \"10d\", lag = \"5m\" }\nwrite   = \"upsert\"",
            "format = \"%Y\" }\nwrite = \"upsert\"",
            vec!["H217 stream.logs.cursor".into()],
        ),
        (LOGS, "write = \"snapshot\"\ndeleted = \"ZT", vec!["H248 stream.logs.cursor".into()]),
        (LOGS, "write = \"snapshot\"\nwithin = [\"worked_on\"]\ndeleted = \"ZT", vec![]),
        ("SCBZ = '1'", "SCBZ =", vec![format!("H030 {of}.deleted")]),
        ("SCBZ = '1'", "SCBZ = 1", vec![format!("H039 {of}.deleted")]),
        (
            "write   =",
            "explode = { column = \"DWDM\" }\nwrite   =",
            vec![format!("H003 {of}.explode")],
        ),
        (
            "write   =",
            "explode = { column = \"DWDM\", by = \"、\", rank = \"rank\" }\nwrite   =",
            vec![format!("H007 {of}.explode.rank")],
        ),
        (
            "write   =",
            "explode = { column = \"SFZH\", by = \"、\" }\nwrite   =",
            vec![format!("H017 {of}.explode.column")],
        ),
        (
            "write   =",
            "unpivot = { columns = [\"JD1\"], name = \"n\" }\nwrite   =",
            vec![format!("H007 {of}.unpivot.name"), format!("H003 {of}.unpivot")],
        ),
        (
            "write   =",
            "unpivot = { columns = '(', name = \"_n\", value = \"_v\" }\nwrite   =",
            vec![format!("H008 {of}.unpivot.columns")],
        ),
        (
            "write   =",
            "unpivot = { columns = 'SF.*', name = \"_n\", value = \"_v\" }\nwrite   =",
            vec![format!("H017 {of}.unpivot.columns")],
        ),
        ("url     =", "uri     =", vec!["H003 sql".into(), "H002 sql.uri".into()]),
        ("timeout = \"10m\"", "timeout = \"long\"", vec!["H007 sql.timeout".into()]),
        ("[sql]", "[database]", vec!["H003 ".into(), "H002 database".into()]),
    ] {
        let mut told = faults(is, becomes);
        let mut expected = expected;
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "{becomes}");
    }
}
