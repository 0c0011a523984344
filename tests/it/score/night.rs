//! Does a night leave its scores in the warehouse and in the release?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::civil::date;
use shuping::night;
use shuping::night::Choice;
use shuping::night::Ground;
use shuping::night::report::NightReport;
use shuping::spec::home::Home;
use shuping::spec::secret::HomeSecrets;
use sqlx::Connection as _;
use sqlx::Row as _;
use tempfile::TempDir;

use crate::library::said;
use crate::library::shuping;
use crate::world::SETTINGS;
use crate::world::put;

const STAFFING: &str = r#"
format = 1
[system]
name  = "staffing"
title = "实名制"
kind  = "files"
owner = "编办"
[files]
at = "drop"

[[stream]]
name  = "units"
title = "机构"
into  = "unit"
file  = 'units\.csv'
write = "snapshot"
[stream.columns]
unit_id    = "unit_id"
valid_from = "valid_from"
valid_to   = "valid_to"
name       = "name"
category   = "category"

[[stream]]
name  = "quotas"
title = "编制"
into  = "post_quota"
file  = 'quotas\.csv'
write = "snapshot"
[stream.columns]
unit_id          = "unit_id"
post_kind        = "post_kind"
valid_from       = "valid_from"
approved         = "approved"
leaders_approved = "leaders_approved"
"#;

const POSTS: &str = r#"
format = 1
title  = "编制"

[[fact]]
name  = "quota"
table = "post_quota"
kind  = "stock"
from  = "valid_from"
to    = "valid_to"

[[measure]]
name = "posts"
fact = "quota"
sql  = "SUM(approved)"
measured_in = "名"

[[measure]]
name = "leader_posts"
fact = "quota"
sql  = "SUM(leaders_approved)"
measured_in = "名"

[[metric]]
name        = "posts_approved"
title       = "核定编制数"
value       = "posts"
measured_in = "名"
grain       = ["unit"]
period      = ["year"]
basis       = "test"
means       = "编制之和。"

[[metric]]
name        = "leader_share"
title       = "领导职数占比"
value       = "leader_posts / posts"
measured_in = "%"
grain       = ["unit"]
period      = ["year"]
basis       = "test"
means       = "领导职数除以编制数。"
"#;

const TREE: &str = r#"
format   = 1
category = "township"
title    = "乡镇"

[[area]]
id     = "T.A"
title  = "编制"
points = 100

[[area.group]]
id     = "T.A1"
title  = "配备"
points = 100

[[area.group.leaf]]
id     = "T.A1.1"
title  = "编制数"
points = 40
by     = ["data"]
metric = "posts_approved"
method = { type = "goalposts", worst = 0, best = 30 }

[[area.group.leaf]]
id      = "T.A1.2"
title   = "领导占比"
points  = 20
by      = ["data", "self"]
metric  = "leader_share"
missing = "withhold"
method  = { type = "deduct", target = 0.2, per = 0.01, points = 1, partial = "prorate", direction = "above", floor = 0 }

[[area.group.leaf]]
id     = "T.A1.3"
title  = "空转事项"
points = 10
by     = ["data"]
metric = "items_idle_share"
method = { type = "goalposts", worst = 0.6, best = 0.1 }

[[area.group.leaf]]
id     = "T.A1.4"
title  = "集体决策"
points = 30
by     = ["self"]
"#;

/// A township of 22 posts with 7 leaders; one without posts; one that is gone; and a
/// department, which has no tree here.
const UNITS: &str = "unit_id,valid_from,valid_to,name,category\n\
    U1,2020-01-01,,嘉宁市云泉县青石镇,township\n\
    U2,2020-01-01,,嘉宁市云泉县白沙镇,township\n\
    U3,2020-01-01,2025-07-01,嘉宁市云泉县旧镇,township\n\
    U4,2020-01-01,,嘉宁市财政局,government_department\n";

const QUOTAS: &str = "unit_id,post_kind,valid_from,approved,leaders_approved\n\
    U1,admin,2020-01-01,22,7\n\
    U4,admin,2020-01-01,50,4\n";

async fn night(root: &Path) -> NightReport {
    let home = Home::open(root).unwrap();
    let catalog = home.catalog().unwrap();
    let key = ("SHUPING_SECRET_PSEUDONYM_KEY".to_owned(), "test-secret".to_owned());
    let secrets = HomeSecrets::of(root).with(BTreeMap::from([key]));
    let var = root.join("var");
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    let day = date(2025, 12, 31);
    let choice = Choice { night: day, as_of: day, again: false, full: false };
    night::run(&ground, (choice, None), &mut |_| {}).await.unwrap()
}

/// Some columns of a CSV file of the release, one line a row.
fn columns(file: &Path, names: &[&str]) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut lines = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = lines.headers().unwrap().clone();
    let places = names.iter().map(|name| header.iter().position(|known| known == *name).unwrap());
    let places: Vec<usize> = places.collect();
    let row = |line: csv::StringRecord| {
        places.iter().map(|at| line[*at].to_owned()).collect::<Vec<_>>().join("|")
    };
    lines.records().map(|line| row(line.unwrap())).collect()
}

/// A home of two scored townships, whose lists are dropped as files.
pub(crate) fn townships() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("shuping.toml", SETTINGS),
        ("connectors/staffing.toml", STAFFING),
        ("pipelines/posts.toml", POSTS),
        ("pipelines/scoring/township.toml", TREE),
        ("drop/units.csv", UNITS),
        ("drop/quotas.csv", QUOTAS),
    ] {
        put(home.path(), path, text);
    }
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_leaves_the_scores_of_its_year() {
    let home = townships();
    let report = night(home.path()).await;
    assert_eq!(report.scores, BTreeMap::from([("乡镇".to_owned(), (2, 1))]));
    let again = night(home.path()).await.release;
    assert_eq!(again.folder, report.release.folder, "the same bytes are one release");

    // 10 points of the third leaf go to the first two as 40 to 20; 22 of 30 posts, 7 of 22 leaders.
    // The rule sees the value as it is printed.
    let lines = [
        "unit_id",
        "leaf",
        "value",
        "state",
        "available",
        "moved",
        "earned",
        "earned_shown",
        "gives",
    ];
    assert_eq!(
        columns(&report.release.folder.join("score_lines.csv"), &lines),
        [
            "U1|T.A1.1|22|scored|46.67|6.67|34.224666666667|34.23|48.89",
            "U1|T.A1.2|0.318181818182|scored|23.33|3.33|9.54409090907|9.54|13.64",
            "U1|T.A1.3||not_built|0|-10|0|0.00|0.00",
            "U2|T.A1.1|0|scored|70|30|0|0.00|",
            "U2|T.A1.2||missing|0|-20|0|0.00|",
            "U2|T.A1.3||not_built|0|-10|0|0.00|",
        ]
    );
    let unit = [
        "unit_id",
        "period",
        "state",
        "shown",
        "points_earned_shown",
        "points_available",
        "points_scored",
        "points_due",
        "points_kept",
        "reason",
    ];
    assert_eq!(
        columns(&report.release.folder.join("score.csv"), &unit),
        [
            "U1|2025|scored|62.53|43.77|70|60|60|60|",
            "U2|2025|withheld||0.00|70|40|60|40|缺领导占比"
        ]
    );

    let path = format!("sqlite://{}", report.warehouse);
    let mut warehouse = sqlx::SqliteConnection::connect(&path).await.unwrap();
    let query = "select score.unit_id, round(sum(score_line.earned_shown), 2) as earned, points_earned_shown \
         from score join score_line using (unit_id, period) group by score.unit_id order by 1";
    let rows = sqlx::query(query).fetch_all(&mut warehouse).await.unwrap();
    let sums: Vec<(String, f64, String)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(
        sums,
        [("U1".to_owned(), 43.77, "43.77".to_owned()), ("U2".to_owned(), 0.0, "0.00".to_owned())]
    );
}

/// A draft without the leaf that may not be missing: both townships move.
#[test]
fn scores_that_move_are_those_of_the_unit_that_is_asked_for() {
    let home = townships();
    let home = home.path();
    let night = shuping(home, &["run", "--night", "2025-12-31"]);
    assert_eq!(night.status.code(), Some(0), "{}", said(&night));
    let drafts = tempfile::tempdir().unwrap();
    let draft = drafts.path().join("pipelines/scoring/township.toml");
    fs::create_dir_all(draft.parent().unwrap()).unwrap();
    let softer = TREE.replace("\"withhold\"", "\"zero\"").replace("best = 30", "best = 44");
    fs::write(&draft, softer).unwrap();
    let told = |more: &[&str]| {
        let words = [&["try", drafts.path().to_str().unwrap()], more].concat();
        let tried = shuping(home, &words);
        assert_eq!(tried.status.code(), Some(0), "{}", said(&tried));
        let told = String::from_utf8(tried.stdout).unwrap();
        ["U1", "U2"].map(|unit| told.contains(&format!("  {unit}  ")))
    };
    assert_eq!(told(&[]), [true, true]);
    assert_eq!(told(&["--unit", "U1"]), [true, false]);
    assert_eq!(told(&["--metric", "score"]), [true, true]);
    assert_eq!(told(&["--metric", "score", "--unit", "U2"]), [false, true]);
    assert_eq!(told(&["--metric", "posts_approved"]), [false, false]);
    let words = ["try", drafts.path().to_str().unwrap(), "--metric", "score", "--csv"];
    let tried = String::from_utf8(shuping(home, &words).stdout).unwrap();
    let lines: Vec<&str> = tried.lines().collect();
    assert_eq!(
        lines[0], "unit_id,period,state_before,score_before,state_after,score_after",
        "{tried}"
    );
    assert!(lines[1].starts_with("U1,2025,scored,62.526796536767,scored,"), "{tried}");
    assert!(lines[2].starts_with("U2,2025,withheld,,scored,"), "{tried}");
    assert_eq!(lines.len(), 3, "{tried}");
}

/// The tree of a closed year is changed: its points are told as they were given, not worked out by what came later.
#[test]
fn the_points_of_a_closed_year_do_not_come_about_by_the_tree_of_today() {
    let home = townships();
    let home = home.path();
    let done = |words: &[&str]| {
        let output = shuping(home, words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let explain = || done(&["explain", "T.A1.1", "--unit", "U1", "--period", "2025"]);
    done(&["run", "--night", "2025-12-31"]);
    let then = explain();
    assert!(then.contains("(30 - 0)") && then.contains("30 得 40 分"), "{then}");
    done(&["close", "2025", "--reason", "定稿"]);
    fs::write(home.join("pipelines/scoring/township.toml"), TREE.replace("best = 30", "best = 44"))
        .unwrap();
    done(&["run", "--night", "2026-01-02"]);
    let now = explain();
    assert!(now.contains("30 得 40 分"), "{now}");
    assert!(!now.contains("(44 - 0)") && !now.contains("(30 - 0)"), "{now}");
}

/// Of a metric that begins later nobody owes a value: for all units alike it is not there yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_whose_metric_has_not_begun_is_not_built() {
    let home = townships();
    let begins = POSTS.replacen("title       =", "since       = \"2026-01\"\ntitle       =", 1);
    fs::write(home.path().join("pipelines/posts.toml"), begins).unwrap();
    let report = night(home.path()).await;
    let states = ["unit_id", "leaf", "state"];
    assert_eq!(
        columns(&report.release.folder.join("score_lines.csv"), &states)[..3],
        ["U1|T.A1.1|not_built", "U1|T.A1.2|scored", "U1|T.A1.3|not_built"]
    );
}
