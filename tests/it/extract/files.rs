//! A drop folder with text files: encodings, disorder, and files that are known already.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use encoding_rs::GB18030;
use shuping::base::pseudonym::sha256;
use shuping::extract::Delivery;
use tempfile::TempDir;

use super::Start;
use super::known_of;
use super::pulled;
use super::rows;
use super::told;

const TASKS: &str = r#"
format = 1
[system]
name = "supervision"
title = "督查督办"
kind = "files"
[files]
at = "drop"
[[stream]]
name = "tasks"
into = "task"
file = 'mbdc_任务清单_(?<as_of>\d{8})\.csv'
note = '导出时间:(?<exported>\S+)'
grid = { header = 2, end = ["共 "] }
write = "snapshot"
[stream.columns]
task_id = "任务编号"
name = "任务名称"
unit_id = "责任单位"
as_of = "_as_of"
"#;

const LIST: &str = "目标绩效督查任务清单,导出时间:2026-01-05 00:30:12\r\n\
    \"任务编号\",\"任务名称\",\"责任单位\",\"亮灯\"\r\n\
    \"MB2025-0137-02\",\"修路\",\"市住房和城乡建设局\",\"绿\"\r\n\
    \"MB2025-0138-01\",\"共 建\",𬭚镇,\"\"\r\n\
    \"\",\"\",\"\",\"\"\r\n\
    MB2025-0139-01,修桥,补路,市交通局,红\r\n\
    \"共 3 条\"\r\n\
    \"MB2025-0140-01\",\"在合计之后\",\"\",\"\"\r\n";

fn home(files: &[(&str, &[u8])]) -> TempDir {
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join("drop")).unwrap();
    for (name, bytes) in files {
        fs::write(home.path().join("drop").join(name), bytes).unwrap();
    }
    home
}

#[tokio::test]
async fn a_list_is_read_in_whatever_encoding_it_comes() {
    let (gb18030, _, _) = GB18030.encode(LIST);
    let marked = format!("\u{feff}{LIST}");
    let little: Vec<u8> = LIST.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = LIST.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let (little_marked, big_marked) =
        ([&[0xff, 0xfe], &*little].concat(), [&[0xfe, 0xff], &*big].concat());
    let name = "mbdc_任务清单_20260105.csv";
    for (bytes, stated) in [
        (&*gb18030, ""),
        (LIST.as_bytes(), ""),
        (marked.as_bytes(), ""),
        (&little_marked, ""),
        (&big_marked, ""),
        (&gb18030, "gb18030"),
        (LIST.as_bytes(), "utf-8"),
        (&little, "utf-16le"),
        (&big, "utf-16be"),
        // A mark is believed before the connector.
        (marked.as_bytes(), "gb18030"),
    ] {
        let home = home(&[(name, bytes), ("notes.txt", b"not ours"), ("x_mbdc_1.csv", b"")]);
        let stated = format!("encoding = \"{stated}\"\n[stream.columns]");
        let stated = if stated.contains("\"\"") { "[stream.columns]" } else { &stated };
        let tasks = TASKS.replace("[stream.columns]", stated);
        let (delivery, batches) = pulled(&tasks, &Start::home(home.path())).await;
        let delivery = delivery.unwrap();
        let fixed = "_as_of=20260105 _exported=2026-01-05";
        assert_eq!(
            rows(&batches),
            [
                format!(
                    "{name} row 3: 任务编号=MB2025-0137-02 任务名称=修路 责任单位=市住房和城乡建设局 {fixed}"
                ),
                format!(
                    "{name} row 4: 任务编号=MB2025-0138-01 任务名称=共 建 责任单位=𬭚镇 {fixed}"
                ),
                format!("{name} row 6: {fixed} _malformed=5 fields under a header of 4"),
            ]
        );
        assert_eq!((delivery.received, delivery.unread["亮灯"]), (3, 1));
        assert_eq!(delivery.files.len(), 1);
        assert_eq!(delivery.files[0].sha256, sha256(bytes));
        assert_eq!((delivery.files[0].name.as_str(), delivery.files[0].rows), (name, 3));
    }
}

#[tokio::test]
async fn a_file_that_is_no_table_is_named() {
    let name = "mbdc_任务清单_20260105.csv";
    let open = LIST.replace("\"绿\"", "\"绿");
    for (bytes, why) in [
        ("", "it is empty"),
        ("a\0b\n", "neither a workbook nor a text"),
        ("<html><table><tr><td>任务编号\n", "a web page under another name"),
        (&LIST.replace("导出时间", "时间"), "no cell above the header matches `note`"),
        ("导出时间:2026\r\n", "there is no header in row 2"),
        (&LIST.replace("亮灯", "任务 编号"), "columns 1 and 4 are both named `任务编号`"),
        (&open, "the quote on line 3 ends within a field of a line below"),
    ] {
        let home = home(&[(name, bytes.as_bytes())]);
        let (delivery, batches) = pulled(TASKS, &Start::home(home.path())).await;
        let error = told(&delivery.unwrap_err());
        assert!(error.contains(name) && error.contains(why), "{why:?}: {error}");
        assert!(batches.is_empty());
    }
}

/// One file of two without a header is not a column without values: the other must not vouch for it.
#[tokio::test]
async fn a_header_is_needed_in_every_file() {
    let lacking = LIST.replace("任务名称", "名称");
    let names = ["mbdc_任务清单_20260105.csv", "mbdc_任务清单_20260106.csv"];
    let home = home(&[(names[0], LIST.as_bytes()), (names[1], lacking.as_bytes())]);
    let (delivery, _) = pulled(TASKS, &Start::home(home.path())).await;
    let error = told(&delivery.unwrap_err());
    let due = format!("file `{}` cannot be read: column `name` finds none of `任务名称`", names[1]);
    assert!(error.contains(&due), "{error}");
    let told = TASKS.replace("name = \"任务名称\"", "name = [\"任务名称\", \"名称\"]");
    let told = told.replace("name = [", "name = { from = [").replace("\"名称\"]", "\"名称\"] }");
    let optional =
        TASKS.replace("name = \"任务名称\"", "name = { from = \"任务名称\", optional = true }");
    for text in [told, optional] {
        let (delivery, _) = pulled(&text, &Start::home(home.path())).await;
        assert_eq!(delivery.unwrap().received, 6);
    }
}

/// What an expression reads and no file sends would count as empty; so would all that `where` asks for.
#[tokio::test]
async fn a_header_that_only_an_expression_names_is_needed_as_well() {
    let lacking = LIST.replace("亮灯", "灯");
    let names = ["mbdc_任务清单_20260105.csv", "mbdc_任务清单_20260106.csv"];
    let home = home(&[(names[0], LIST.as_bytes()), (names[1], lacking.as_bytes())]);
    let with = |line: &str| TASKS.replace("as_of = \"_as_of\"", line);
    let made = r#"status = { sql = "CASE WHEN \"亮灯\" = '绿' THEN 'done' ELSE 'open' END" }"#;
    let asked = TASKS.replace("write = ", "where = \"\\\"亮灯\\\" <> '红'\"\nwrite = ");
    for (text, due) in [
        (with(made), "column `status` finds none of `亮灯`"),
        (asked, "`stream.tasks.where` finds no `亮灯`"),
    ] {
        let (delivery, _) = pulled(&text, &Start::home(home.path())).await;
        let error = told(&delivery.unwrap_err());
        let due = format!("file `{}` cannot be read: {due}", names[1]);
        assert!(error.contains(&due), "{error}");
    }
    let optional = made.replace(" }", ", optional = true }");
    let beside = format!("{made}\nnote = {{ from = \"亮灯\", optional = true }}");
    let others = format!("{made}\nnote = [\"亮灯\", \"灯\"]");
    for line in [optional.as_str(), &beside, &others] {
        let (delivery, _) = pulled(&with(line), &Start::home(home.path())).await;
        assert_eq!(delivery.unwrap().received, 6, "{line}");
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_named() {
    let home = TempDir::new().unwrap();
    let (delivery, _) = pulled(TASKS, &Start::home(home.path())).await;
    let error = delivery.unwrap_err();
    assert!(told(&error).contains("drop` cannot be opened") && !error.is_transient());
    let drop = home.path().join("drop");
    fs::create_dir(&drop).unwrap();
    std::os::unix::fs::symlink("/nowhere", drop.join("mbdc_任务清单_20260105.csv")).unwrap();
    let (delivery, _) = pulled(TASKS, &Start::home(home.path())).await;
    assert!(told(&delivery.unwrap_err()).contains("mbdc_任务清单_20260105.csv` cannot be opened"));
}

#[tokio::test]
async fn a_row_in_disorder_does_not_show_a_person_in_the_wrong_column() {
    let hidden = TASKS
        .replace("name = \"任务名称\"", "name = { from = \"任务名称\", identity = \"cn_id\" }");
    let ignored = TASKS
        .replace("name = \"任务名称\"\n", "")
        .replace("[stream.columns]", "ignore = [\"任务名称\"]\n[stream.columns]");
    let row = "MB2025-0139-01,修桥,补路,市交通局,红";
    let skipped = TASKS.replace("end = [", "skip = [\"MB2025-0139\"], end = [");
    let filtered = "_filtered=MB2025-0139";
    let (more, fewer) = ("5 fields under a header of 4", "3 fields under a header of 4");
    for (text, disorder, why) in [
        (&*hidden, "MB2025-0139-01,修桥,519902198703051231,市交通局,红", more),
        (&ignored, "MB2025-0139-01,修桥,519902198703051231,市交通局,红", more),
        (&ignored, "MB2025-0139-01,修桥,市交通局,红,519902198703051231", more),
        (&ignored, "MB2025-0139-01,修桥,519902198703051231", fewer),
        // What nobody reads is hidden without a word of it.
        (TASKS, "MB2025-0139-01,修桥,519902198703051231", fewer),
        (&skipped, "MB2025-0139-01,修桥,519902198703051231", filtered),
    ] {
        let list = LIST.replace(row, disorder);
        let home = home(&[("mbdc_任务清单_20260105.csv", list.as_bytes())]);
        let (delivery, batches) = pulled(text, &Start::home(home.path())).await;
        assert_eq!(delivery.unwrap().received, 3);
        let rows = rows(&batches);
        assert!(rows[2].ends_with(why), "{rows:?}");
        assert!(!format!("{batches:?}").contains("519902198703051231"), "{disorder}");
    }
}

#[tokio::test]
async fn text_in_another_encoding_than_is_stated_has_no_header_that_is_asked_for() {
    let (gb18030, _, _) = GB18030.encode(LIST);
    let home = home(&[("mbdc_任务清单_20260105.csv", &gb18030)]);
    let tasks = TASKS.replace("note = '导出时间:(?<exported>\\S+)'", "encoding = \"utf-8\"");
    let (delivery, _) = pulled(&tasks, &Start::home(home.path())).await;
    let error = told(&delivery.unwrap_err());
    assert!(error.contains("no header in row 2 is one that a column names"), "{error}");
}

/// The rows of one file of many would stand as rows of nothing.
#[tokio::test]
async fn a_file_whose_header_stands_elsewhere_fails_the_stream_also_where_nothing_is_needed() {
    let title = LIST.replacen("\"任务编号\"", "市级\r\n\"任务编号\"", 1);
    let names = ["mbdc_任务清单_20260105.csv", "mbdc_任务清单_20260106.csv"];
    let home = home(&[(names[0], LIST.as_bytes()), (names[1], title.as_bytes())]);
    let columns = TASKS.split_once("[stream.columns]").unwrap().0.replace("grid =", "#");
    let text = columns.clone()
        + r#"
grid = { header = 2, skip = ["小计"] }
[stream.columns]
task_id = { from = "任务编号", optional = true }
as_of = "_as_of"
"#;
    let (delivery, _) = pulled(&text, &Start::home(home.path())).await;
    let error = told(&delivery.unwrap_err());
    let due = format!("file `{}` cannot be read: no header in row 2 is one", names[1]);
    assert!(error.contains(&due) && error.contains("`grid.header`"), "{error}");
    // A stream that names no header has none to miss, nor has one that knows those which it does not read.
    for (old, new) in [
        ("task_id = { from = \"任务编号\", optional = true }", "task_id = { constant = \"T\" }"),
        ("[stream.columns]", "ignore = [\"市级\"]\n[stream.columns]"),
    ] {
        let text = text.replace(old, new);
        assert!(pulled(&text, &Start::home(home.path())).await.0.unwrap().received > 3, "{new}");
    }
}

/// The pattern of the list, with a revision at the end of the name.
fn revised() -> String {
    TASKS.replace(r"(?<as_of>\d{8})\.csv", r"(?<as_of>\d{8})(?<rev>_.*)?\.csv")
}

#[tokio::test]
async fn of_files_that_differ_in_their_revision_the_last_is_read() {
    let of = |word: &str| LIST.replace("修路", word);
    let (first, second, tenth) = (of("修路"), of("铺路"), of("养路"));
    let (next, name) = (of("次日"), |rev: &str| format!("mbdc_任务清单_20260105{rev}.csv"));
    let files =
        [name(""), name("_更正2"), name("_更正10"), "mbdc_任务清单_20260106.csv".to_owned()];
    let texts = [&first, &second, &tenth, &next];
    let both: Vec<(&str, &[u8])> =
        files.iter().map(String::as_str).zip(texts.map(String::as_bytes)).collect();
    let home = home(&both);
    let start = Start::home(home.path());
    let (delivery, batches) = pulled(&revised(), &start).await;
    let told = rows(&batches);
    let of_day = |day: &str| told.iter().filter(|row| row.contains(day)).count();
    assert_eq!((of_day("_as_of=20260105"), of_day("_as_of=20260106")), (3, 3), "{told:#?}");
    assert!(
        told[0].starts_with("mbdc_任务清单_20260105_更正10.csv row 3") && told[0].contains("养路")
    );
    let delivery = delivery.unwrap();
    assert_eq!((delivery.files.len(), delivery.outdone.len()), (2, 2));
    // All are known now: also where the last revision is gone, the first does not come back.
    fs::remove_file(home.path().join("drop").join(name("_更正10"))).unwrap();
    let later =
        pulled(&revised(), &Start { known: known_of([&delivery]), ..start }).await.0.unwrap();
    assert_eq!((later.received, later.files.len()), (0, 0));
    // The first ones come late and alone: they are outdone by what is there, and known from then on.
    let read = Delivery { outdone: Vec::new(), ..delivery };
    fs::write(home.path().join("drop").join(name("_更正10")), &tenth).unwrap();
    let start = Start { known: known_of([&read]), ..Start::home(home.path()) };
    let late = pulled(&revised(), &start).await.0.unwrap();
    assert_eq!((late.received, late.files.len(), late.outdone.len()), (0, 0, 2));
    // Without a revision in the pattern both halves of a month are read.
    let halves = TASKS.replace(r"(?<as_of>\d{8})\.csv", r"(?<as_of>\d{8}).*\.csv");
    let start = Start::home(home.path());
    assert_eq!(pulled(&halves, &start).await.0.unwrap().received, 12);
}

/// Night after night, as the landing remembers it.
#[test]
fn an_earlier_revision_that_comes_late_and_alone_never_takes_the_place_of_a_later_one() {
    let home = crate::library::library();
    let home = home.path();
    let connector = home.join("connectors/loans.toml");
    let text = fs::read_to_string(&connector).unwrap();
    let revised = text.replace(r"loans_\d{4}-\d{2}\.csv", r"loans_\d{4}-\d{2}(?<rev>_v\d+)?\.csv");
    assert_ne!(text, revised);
    fs::write(connector, revised).unwrap();
    let [first, second] = ["", "_v2"].map(|rev| home.join(format!("drop/loans_2026-01{rev}.csv")));
    fs::rename(&first, &second).unwrap();
    let night = |night: &str| {
        let output = crate::library::shuping(home, &["run", "--night", night]);
        assert_eq!(output.status.code(), Some(0), "{}", crate::library::said(&output));
        let asked = "select coalesce(closed_at, '') from service_case where case_id = 'L01'";
        crate::world::ask(&home.join("var/warehouse.db"), asked).concat()
    };
    let stood = night("2026-02-01");
    let earlier = fs::read_to_string(&second).unwrap();
    let changed = earlier.replacen("2026-01-12 16:00,Counter", "2026-01-15 09:00,Counter", 1);
    assert_ne!(earlier, changed);
    fs::write(&first, changed).unwrap();
    assert_eq!(night("2026-02-02"), stood);
    fs::remove_file(second).unwrap();
    assert_eq!(night("2026-02-03"), stood);
}

#[tokio::test]
async fn a_name_in_the_code_page_of_windows_is_read_and_a_pipe_is_not_waited_for() {
    let home = home(&[]);
    let drop = home.path().join("drop");
    let (name, _, _) = GB18030.encode("mbdc_任务清单_20260105.csv");
    fs::write(drop.join(OsStr::from_bytes(&name)), LIST).unwrap();
    let pipe = drop.join("mbdc_任务清单_20260104.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (delivery, _) = pulled(TASKS, &Start::home(home.path())).await;
    let delivery = delivery.unwrap();
    let names: Vec<&str> = delivery.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["mbdc_任务清单_20260105.csv"]);
    assert_eq!(delivery.received, 3);
}

#[tokio::test]
async fn a_file_that_is_longer_than_memory_bears_is_refused_unread() {
    let home = home(&[]);
    let path = home.path().join("drop/mbdc_任务清单_20260105.csv");
    // Nothing of it is on the disk.
    File::create(&path).unwrap().set_len((4 << 30) + 1).unwrap();
    let (delivery, _) = pulled(TASKS, &Start::home(home.path())).await;
    let why = told(&delivery.unwrap_err());
    assert!(why.contains("it has 4294967297 bytes, and at most 4294967296 are read"), "{why}");
    assert!(why.ends_with("ask for it in parts"), "{why}");
}

#[tokio::test]
async fn a_long_list_is_read_a_piece_at_a_time_and_says_the_same() {
    let text = TASKS.replace(", end = [\"共 \"]", ", skip = [\"小计\"]");
    let line = |at: usize| match at {
        20_005 => "小计,,,\r\n".to_owned(),
        20_006 => "任务编号,任务名称,责任单位,亮灯\r\n".to_owned(),
        20_007 => "M20007,a,b,c,d\r\n".to_owned(),
        at => format!("M{at},\"修\n路\",市交通局,绿\r\n"),
    };
    let head =
        "目标绩效督查任务清单,导出时间:2026-01-05 00:30:12\r\n任务编号,任务名称,责任单位,亮灯\r\n";
    let list = head.to_owned() + &(0..45_000).map(line).collect::<String>();
    let all = home(&[("mbdc_任务清单_20260105.csv", list.as_bytes())]);
    let (delivery, batches) = pulled(&text, &Start::home(all.path())).await;
    assert_eq!(delivery.unwrap().received, 45_000);
    // A list in which a row may say what the one above it says is read as a whole.
    let list = list.replace("M44999,\"修\n路\",市交通局", "M44999,\"修\n路\",同上");
    let whole = home(&[("mbdc_任务清单_20260105.csv", list.as_bytes())]);
    let (_, other) = pulled(&text, &Start::home(whole.path())).await;
    let sorted = |batches| {
        let mut rows: Vec<String> = rows(batches);
        rows.sort();
        rows
    };
    let (one, two) = (sorted(&batches), sorted(&other));
    assert!(one == two, "{:?}", one.iter().zip(&two).find(|(one, two)| one != two));
    assert_eq!(one.iter().filter(|row| row.contains("_filtered=")).count(), 2);
    assert_eq!(one.iter().filter(|row| row.contains("_malformed=")).count(), 1);
}
