//! Does anything that must not be said stand anywhere, however it is written? Secrets and people are
//! planted where things go wrong, and every byte that comes out is searched.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use encoding_rs::GB18030;
use rust_xlsxwriter::Workbook;
use shuping::base::pseudonym::hex;
use shuping::frame::parquet;
use shuping::frame::table;

use crate::world::NIGHT;
use crate::world::World;
use crate::world::bytes_below;

const NAME: &str = "欧阳慕云";
const NUMBER: &str = "519902198703051234";
const PHONE: &str = "13900519001";
const ADDRESS_PASSWORD: &str = "Pl4nted+address";
const DATABASE_PASSWORD: &str = "Pl4nted-database";
const KEY: &str = "Pl4nted/pseudonym=key";
const GATEWAY_KEY: &str = "Pl4nted gateway key";

const PLANTED: [&str; 7] =
    [NAME, NUMBER, PHONE, ADDRESS_PASSWORD, DATABASE_PASSWORD, KEY, GATEWAY_KEY];

/// How a text may stand somewhere.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let chinese = GB18030.encode(text).0.into_owned();
    let upper = hex(bytes).to_uppercase();
    let pairs: Vec<char> = upper.chars().collect();
    let address: String = pairs.chunks(2).flat_map(|pair| ['%', pair[0], pair[1]]).collect();
    let mut forms = vec![
        hex(bytes),
        upper,
        hex(&chinese),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        STANDARD.encode(&chinese),
        address,
        text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D").replace(' ', "%20"),
        text.to_owned(),
    ];
    forms.dedup();
    forms.into_iter().map(String::into_bytes).chain([chinese]).collect()
}

/// Where a planted text stands, and which.
fn found(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut found = Vec::new();
    for planted in PLANTED {
        for form in forms(planted) {
            let holds = |bytes: &[u8]| bytes.windows(form.len()).any(|part| part == form);
            let hits = files.iter().filter(|(_, bytes)| holds(bytes));
            found.extend(hits.map(|(path, _)| format!("{planted} in {path}")));
        }
    }
    found
}

/// A roster whose header is missing: people stand where it should be.
fn headless(path: &std::path::Path) {
    let mut book = Workbook::new();
    let kinds = [
        "行政编制",
        "政法专项编制",
        "参公事业编制",
        "公益一类",
        "公益二类",
        "工勤编制",
        "编外人员",
    ];
    for kind in kinds {
        let page = book.add_worksheet().set_name(kind).unwrap();
        page.write_string(0, 0, "统计截止日期:2026年1月6日").unwrap();
        let cells = (2..5).flat_map(|row| {
            [NAME, NUMBER, PHONE, NAME].into_iter().zip(0_u16..).map(move |cell| (row, cell))
        });
        for (row, (text, column)) in cells {
            page.write_string(row, column, text).unwrap();
        }
    }
    book.save(path).unwrap();
}

#[test]
fn what_is_planted_is_found_nowhere() {
    let world = World::of(1);
    world.forget_history();
    let home = World::lean_home();
    for system in ["service", "supervision"] {
        fs::remove_file(home.path().join(format!("connectors/{system}.toml"))).unwrap();
    }
    for system in ["appraisal", "hotline"] {
        let path = home.path().join(format!("connectors/{system}.toml"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("attempts = 6", "attempts = 2")).unwrap();
    }
    let drop = world.drop_folder().join("staffing");
    headless(&drop.join("实名制人员名册_20260106.xlsx"));
    fs::write(drop.join("机构编制台账_20260106.xlsx"), format!("{NAME},{NUMBER},{PHONE}")).unwrap();
    fs::write(drop.join(format!("{NAME}_{NUMBER}.xlsx")), NUMBER).unwrap();

    let mut night = world.night(home.path(), NIGHT);
    night.arg("-vv").env("RUST_BACKTRACE", "1");
    night.env("HOTLINE_URL", format!("http://reader:{ADDRESS_PASSWORD}@127.0.0.1:1/api"));
    night.env("APPRAISAL_URL", format!("postgres://reader:{DATABASE_PASSWORD}@127.0.0.1:1/city"));
    night.env("SHUPING_SECRET_PSEUDONYM_KEY", KEY).env("SHUPING_SECRET_HOTLINE_KEY", GATEWAY_KEY);
    let output = night.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for stream in ["hotline.orders", "appraisal.grades", "staffing.roster"] {
        assert!(said.contains(&format!("{stream} failed")), "{said}");
    }

    let mut files = bytes_below(&home.path().join("var"));
    for (path, _) in files.clone().iter().filter(|(path, _)| path.ends_with(".parquet")) {
        let rows = parquet::read(&home.path().join("var").join(path)).unwrap();
        let batch = table::to_batch(&rows);
        let cells = batch.rows.iter().flat_map(|row| row.cells.iter().flatten());
        let text = cells.chain(&batch.headers).fold(String::new(), |all, cell| all + cell + "\n");
        files.insert(format!("{path} as rows"), text.into_bytes());
    }
    assert!(files.len() > 30);
    files.insert("stdout".to_owned(), output.stdout);
    files.insert("stderr".to_owned(), output.stderr);
    assert_eq!(found(&files), Vec::<String>::new());
    // The search finds what is there.
    let there = GB18030.encode(NAME).0.into_owned();
    assert_eq!(found(&BTreeMap::from([("x".to_owned(), there)])), [format!("{NAME} in x")]);
}
