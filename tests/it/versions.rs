//! Does a definition change without being seen? Two releases, a draft and a home are held against each other,
//! on the library of the docs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::library::PIPELINE;
use crate::library::february;
use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::world::ask;
use crate::world::bytes_below;

const FORMULA: &str = "value       = \"loans_back_on_time / loans_back\"";

/// What a verb prints, having done what it was asked.
fn done(home: &Path, words: &[&str]) -> String {
    let output = shuping(home, words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn edit(home: &Path, old: &str, new: &str) {
    let path = home.join(PIPELINE);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{PIPELINE} has no `{old}`");
    fs::write(path, text.replace(old, new)).unwrap();
}

fn night(home: &Path, night: &str) -> String {
    done(home, &["run", "--night", night])
}

/// What is printed of a night whose release is held back.
fn held(home: &Path, night: &str) -> String {
    let output = shuping(home, &["run", "--night", night]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    said(&output)
}

/// Branch, period, version and value of a metric.
fn told(home: &Path, metric: &str) -> Vec<Vec<String>> {
    let query = format!(
        "select unit_id, period, version, coalesce(shown, status) from metric_value
         where metric = '{metric}' and unit_id is not null order by 1, 2"
    );
    ask(&home.join("var/warehouse.db"), &query)
}

#[test]
fn two_releases_differ_in_what_moved_and_each_cause_is_told() {
    let home = library();
    let home = home.path();
    night(home, "2026-01-31");
    assert!(done(home, &["diff", "2026-01-31", "2026-01-31.1"]).contains("nothing moved"));
    february(home);
    night(home, "2026-02-03");
    let all = done(home, &["diff", "2026-01-31", "2026-02-03", "--csv"]);
    let lines: Vec<&str> = all.lines().skip(1).filter(|line| line.contains(" Branch,")).collect();
    // By hand: of North Branch L09 was on time after all, 6 of 7; both branches have a February now.
    assert_eq!(
        lines,
        [
            "returned_on_time,North Branch,,,,month,2026-01,ok,0.714285714286,5.000000000000,7.000000000000,ok,0.857142857143,6.000000000000,7.000000000000,rows",
            "returned_on_time,North Branch,,,,month,2026-02,,,,,few,1.000000000000,1.000000000000,1.000000000000,time",
            "returned_on_time,River Branch,,,,month,2026-02,,,,,few,1.000000000000,1.000000000000,1.000000000000,time",
        ]
    );
    let of_unit = done(home, &["diff", "2026-01-31", "2026-02-03", "--unit", "North Branch"]);
    assert!(of_unit.contains("0.714 → 0.857"), "{of_unit}");
    assert!(of_unit.contains("5 / 7 → 6 / 7"), "{of_unit}");
    let of_nobody = done(home, &["diff", "2026-01-31", "2026-02-03", "--unit", "South Branch"]);
    assert!(of_nobody.contains("nothing moved") && !of_nobody.contains("cause"), "{of_nobody}");
    let misspelt =
        shuping(home, &["diff", "2026-01-31", "2026-02-03", "--metric", "returned_in_time"]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(said(&misspelt).contains("known here: returned_on_time"), "{}", said(&misspelt));
    let missing = shuping(home, &["diff", "2026-01-31", "2026-02-01"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(said(&missing).contains("there is no release `2026-02-01`"), "{}", said(&missing));
}

#[test]
fn a_draft_shows_what_it_would_move_and_leaves_everything_as_it_is() {
    let home = library();
    let home = home.path();
    let drafts = tempfile::tempdir().unwrap();
    let draft = drafts.path().join(PIPELINE);
    fs::create_dir_all(draft.parent().unwrap()).unwrap();
    let nothing_yet = |text: &str| {
        fs::write(&draft, text).unwrap();
        shuping(home, &["try", drafts.path().to_str().unwrap()])
    };
    let text = fs::read_to_string(home.join(PIPELINE)).unwrap();
    let stricter =
        text.replace("is_back AND on_time", "is_back AND on_time AND channel = 'window'");
    assert_ne!(text, stricter);
    let early = nothing_yet(&stricter);
    assert_eq!(early.status.code(), Some(2), "{}", said(&early));
    assert!(said(&early).contains("no night has been told"), "{}", said(&early));
    night(home, "2026-01-31");
    let before = bytes_below(home);
    let told = said(&nothing_yet(&stricter));
    // By hand: over the counter, of North Branch L01 and L05, of River Branch L11, L12, L13 and L17.
    assert!(told.contains("against 2026-01-31.1"), "{told}");
    assert!(told.contains("definition"), "{told}");
    let lines = done(home, &["try", drafts.path().to_str().unwrap(), "--unit", "North Branch"]);
    assert!(lines.contains("5 / 7 → 2 / 7"), "{lines}");
    let lines = done(home, &["try", drafts.path().to_str().unwrap(), "--unit", "River Branch"]);
    assert!(lines.contains("5 / 6 → 4 / 6"), "{lines}");
    assert_eq!(nothing_yet(&text).status.code(), Some(2));
    let broken = nothing_yet(&text.replace("/ loans_back\"", "/ loans_bock\""));
    assert_eq!(broken.status.code(), Some(78), "{}", said(&broken));
    assert!(said(&broken).contains("loans_bock"), "{}", said(&broken));
    assert_eq!(bytes_below(home), before, "a draft wrote something");
}

#[test]
fn another_meaning_under_the_same_version_is_a_fault_and_a_finding() {
    let home = library();
    let home = home.path();
    night(home, "2026-01-31");
    assert_eq!(shuping(home, &["check"]).status.code(), Some(0));
    // A title is no meaning; a filter of a measure below is.
    edit(home, "Returned on time\"", "Back in time\"");
    assert_eq!(shuping(home, &["check"]).status.code(), Some(0));
    edit(home, "ON_TIME(closed_at, due_at)", "NOT ON_TIME(closed_at, due_at)");
    let checked = shuping(home, &["check"]);
    assert_eq!(checked.status.code(), Some(78), "{}", said(&checked));
    let text = fs::read_to_string(home.join(PIPELINE)).unwrap();
    let line = text.lines().position(|line| line == "[[metric]]").unwrap() + 1;
    let place = format!("{PIPELINE}:{line}:1  metric.returned_on_time: ");
    assert!(said(&checked).contains(&place), "{}", said(&checked));
    assert!(said(&checked).contains("[H122]"), "{}", said(&checked));
    // Run again, the same is told: it is held against the night before, not against itself.
    for _ in 0..2 {
        let report = held(home, "2026-02-01");
        assert!(report.contains("a metric that means something else"), "{report}");
        assert!(report.contains("release 2026-02-01.1 breaks what 2026-01-31.1 says"), "{report}");
        assert!(report.contains("hint: `shuping check` says where"), "{report}");
    }
    // Nor does what is held back become what is said, on the next night or for `check`.
    assert!(held(home, "2026-02-02").contains("latest.json still names 2026-01-31.1"));
    assert_eq!(shuping(home, &["check"]).status.code(), Some(78));
    // Somebody may say why it is to be so.
    let why = ["run", "--night", "2026-02-02", "--confirm", "the rule was misread"];
    done(home, &why);
    assert_eq!(shuping(home, &["check"]).status.code(), Some(0));
    edit(home, "NOT ON_TIME(closed_at, due_at)", "ON_TIME(closed_at, due_at)");
    edit(home, FORMULA, &format!("{FORMULA}\nversion = 2"));
    assert_eq!(shuping(home, &["check"]).status.code(), Some(0));
    assert!(!night(home, "2026-02-03").contains("a metric that means something else"));
}

/// Groups of units are told by the definition of the period as well: 11 of 13 came back on time in January.
fn groups_keep_theirs(home: &Path) {
    let city = "select metric || ' ' || period || ' ' || version || ' ' || shown from metric_value
        where level = 'city' order by 1";
    let city = ask(&home.join("var/warehouse.db"), city).concat();
    let due = [
        "returned_on_time 2026-01 1 0.846",
        "returned_on_time 2026-02 2 0.000",
        "twice 2026-01 1 1.692",
        "twice 2026-02 1 0.000",
    ];
    assert_eq!(city, due);
    let formulas = ["loans_back_on_time / loans_back", "(loans_back - loans_back_on_time)"];
    for (period, formula) in ["2026-01", "2026-02"].into_iter().zip(formulas) {
        let words = ["explain", "returned_on_time", "--level", "city", "--period", period];
        let told = done(home, &words);
        assert!(told.contains(formula) && told.contains("says the same"), "{told}");
    }
}

#[test]
fn old_periods_keep_their_definition() {
    let home = library();
    let home = home.path();
    february(home);
    edit(
        home,
        "min_base    = { base = \"loans_back\", at_least = 7 }",
        "version     = 2
since       = \"2026-02\"",
    );
    edit(home, FORMULA, "value       = \"(loans_back - loans_back_on_time) / loans_back\"");
    let file = home.join(PIPELINE);
    let text = fs::read_to_string(&file).unwrap();
    let earlier = "\n[[metric.earlier]]\nversion = 1\nvalue = \"loans_back_on_time / loans_back\"\n\
        min_base = { base = \"loans_back\", at_least = 7 }\n";
    // A metric that names the other has its eras too.
    let other = "\n[[metric]]\nname = \"twice\"\ntitle = \"Twice\"\nvalue = \"2 * returned_on_time\"\n\
        measured_in = \"%\"\ndecimals = 3\ngrain = [\"unit\"]\nperiod = [\"month\"]\nbasis = \"rules\"\nmeans = \"Twice.\"\n\
         [[metric.test]]\nexample = \"three loans\"\nperiod = \"2026-01\"\nvalue = \"1.000\"\n";
    let at = text.find("\n[[metric.test]]").unwrap_or(text.len());
    let (metric, tests) = text.split_at(at);
    fs::write(&file, format!("{metric}{earlier}{tests}{other}")).unwrap();
    night(home, "2026-02-03");
    let row = |unit: &str, period: &str, version: &str, value: &str| {
        [unit, period, version, value].map(str::to_owned).to_vec()
    };
    assert_eq!(
        told(home, "returned_on_time"),
        [
            row("North Branch", "2026-01", "1", "0.857"),
            row("North Branch", "2026-02", "2", "0.000"),
            row("River Branch", "2026-01", "1", "0.833"),
            row("River Branch", "2026-02", "2", "0.000"),
        ]
    );
    assert_eq!(
        told(home, "twice"),
        [
            row("North Branch", "2026-01", "1", "1.714"),
            row("North Branch", "2026-02", "1", "0.000"),
            row("River Branch", "2026-01", "1", "1.667"),
            row("River Branch", "2026-02", "1", "0.000"),
        ]
    );
    groups_keep_theirs(home);
    let versions = "select version, coalesce(since, '') from metric_definition
        where metric = 'returned_on_time' order by 1";
    let versions = ask(&home.join("var/warehouse.db"), versions);
    assert_eq!(versions, [["1", ""], ["2", "2026-02"]].map(|row| row.map(str::to_owned).to_vec()));
    // What is explained is what was published, by the definition of its period.
    let explained = |period: &str| {
        let words = ["explain", "returned_on_time", "--unit", "North Branch", "--period", period];
        done(home, &words)
    };
    assert!(explained("2026-01").contains("loans_back_on_time / loans_back"));
    assert!(explained("2026-02").contains("loans_back - loans_back_on_time"));
    assert_eq!(shuping(home, &["check"]).status.code(), Some(0));
}

/// Text of the pipeline with a second version of its metric, and perhaps the first one.
fn second(text: &str, earlier: &str) -> String {
    let text = text.replace("min_base ", "version = 2\nsince = \"2026-02\"\nmin_base ");
    text.replacen("\n[[metric.test]]", &format!("{earlier}\n[[metric.test]]"), 1)
}

const FIRST: &str =
    "\n[[metric.earlier]]\nversion = 1\nvalue = \"1 - loans_back_on_time / loans_back\"\n";

/// Whom a metric is told of: a unit, or a group by its level; and the periods.
fn told_of(home: &Path) -> Vec<Vec<String>> {
    let query =
        "select distinct coalesce(unit_id, level), period, version from metric_value order by 1, 2";
    ask(&home.join("var/warehouse.db"), query)
}

#[test]
fn an_individual_metric_was_that_of_its_units_before_as_well() {
    let home = library();
    let home = home.path();
    february(home);
    let file = home.join(PIPELINE);
    let text = second(&fs::read_to_string(&file).unwrap(), FIRST);
    fs::write(&file, format!("units = [\"North Branch\"]\n{text}")).unwrap();
    night(home, "2026-02-03");
    let own = [["2026-01", "1"], ["2026-02", "2"]];
    assert_eq!(told_of(home), own.map(|[period, version]| ["North Branch", period, version]));
}

#[test]
fn a_first_definition_tells_no_period_before_it_begins() {
    let home = library();
    let home = home.path();
    february(home);
    let file = home.join(PIPELINE);
    let text = fs::read_to_string(&file).unwrap();
    let told = |text: String| {
        fs::write(&file, text).unwrap();
        night(home, "2026-02-03");
        let periods = told_of(home).into_iter().map(|row| (row[1].clone(), row[2].clone()));
        let periods: BTreeSet<(String, String)> = periods.collect();
        periods.into_iter().collect::<Vec<_>>()
    };
    let row = |period: &str, version: &str| (period.to_owned(), version.to_owned());
    assert_eq!(told(second(&text, "")), [row("2026-02", "2")]);
    let begun = format!("{FIRST}since = \"2025-12\"\n");
    assert_eq!(told(second(&text, &begun)), [row("2026-01", "1"), row("2026-02", "2")]);
    let both = text.replace("min_base ", "version = 3\nsince = \"2026-03\"\nmin_base ");
    let late = FIRST.replace("version = 1", "version = 2\nsince = \"2026-02\"");
    let both = both.replacen("\n[[metric.test]]", &format!("{late}\n[[metric.test]]"), 1);
    assert_eq!(told(both), [row("2026-02", "2")]);
}

/// Both of its definitions are gone, and both would mean something else: each is told once, and the night is loaded.
#[test]
fn a_metric_of_two_definitions_goes_and_changes_as_one() {
    let home = library();
    let home = home.path();
    let file = home.join(PIPELINE);
    let whole = fs::read_to_string(&file).unwrap();
    let gone = whole.split("[[metric]]").next().unwrap().to_owned();
    let two = second(&whole, FIRST);
    let ended = two.replace("\nversion = 2", "\nversion = 2\ndeprecated = \"2024-01\"");
    let shared = two.replace("is_back AND on_time", "is_back AND NOT on_time");
    let later = two.replace("since = \"2026-02\"", "since = \"2026-03\"");
    let alone = second(&whole, "");
    assert!(later != two && alone != two);
    let told = |night: &str| {
        let query = format!(
            "select kind, subject from finding
             where night = '{night}' and kind in ('metric_gone', 'other_meaning')"
        );
        ask(&home.join("var/warehouse.db"), &query).concat()
    };
    for (first, second, (before, after), (code, count), kind) in [
        ("2026-03-01", "2026-03-02", (&two, &gone), ("[H123]", 1), Some("metric_gone")),
        ("2026-03-03", "2026-03-04", (&two, &shared), ("[H122]", 2), Some("other_meaning")),
        ("2026-03-05", "2026-03-06", (&ended, &gone), ("[H123]", 0), None),
        ("2026-03-07", "2026-03-08", (&two, &later), ("[H242]", 1), Some("other_meaning")),
        ("2026-03-09", "2026-03-10", (&two, &alone), ("[H243]", 1), Some("other_meaning")),
    ] {
        fs::write(&file, before).unwrap();
        night(home, first);
        fs::write(&file, after).unwrap();
        let checked = said(&shuping(home, &["check"]));
        assert_eq!(checked.matches(code).count(), count, "{checked}");
        if kind.is_some() {
            held(home, second);
        } else {
            night(home, second);
        }
        let found = kind.map(|kind| vec![kind.to_owned(), "returned_on_time".to_owned()]);
        assert_eq!(told(second), found.unwrap_or_default());
    }
}

/// A row that is corrected in a period which keeps its definition moved it, and not the definition of later periods.
#[test]
fn what_moves_in_a_period_that_keeps_its_definition_is_not_the_new_one() {
    let home = library();
    let home = home.path();
    night(home, "2026-01-31");
    february(home);
    let earlier = "\n[[metric.earlier]]\nversion = 1\nvalue = \"loans_back_on_time / loans_back\"\n\
        min_base = { base = \"loans_back\", at_least = 7 }\n\n[[metric.test]]";
    edit(home, "\n[[metric.test]]", earlier);
    edit(
        home,
        FORMULA,
        "value       = \"1 - loans_back_on_time / loans_back\"\nversion     = 2\nsince       = \"2026-02\"",
    );
    assert_eq!(shuping(home, &["check"]).status.code(), Some(0));
    night(home, "2026-02-03");
    let changes = fs::read_to_string(home.join("var/release/2026-02-03.1/changes.csv")).unwrap();
    let line = |of: &str| changes.lines().find(|line| line.contains(of)).unwrap_or_default();
    for (of, cause) in [
        (",North Branch,,,,month,2026-01,", "changed,rows,"),
        (",city,library,month,2026-01,", "changed,rows,"),
        (",North Branch,,,,month,2026-02,", "added,definition,"),
    ] {
        assert!(line(of).starts_with(cause), "{of}: {changes}");
    }
    let words = ["explain", "returned_on_time", "--unit", "North Branch", "--period", "2026-01"];
    let told = done(home, &words);
    let since = told.lines().find(|line| line.contains("since release 2026-01-31.1"));
    assert!(since.is_some_and(|it| it.contains("rows") && !it.contains("definition")), "{told}");
}

#[test]
fn a_metric_goes_a_year_after_its_end_was_announced() {
    let home = library();
    let home = home.path();
    let file = home.join(PIPELINE);
    let whole = fs::read_to_string(&file).unwrap();
    let without = whole.split("[[metric]]").next().unwrap().to_owned();
    let announced = |month: &str| {
        let line = format!("version     = 1\ndeprecated  = \"{month}\"\nmeans       =");
        whole.replace("means       =", &line)
    };
    for (night_run, text, code) in [
        ("2026-01-30", whole.clone(), 78),
        ("2026-01-31", announced("2199-01"), 78),
        ("2026-02-01", announced("2024-01"), 0),
    ] {
        fs::write(&file, text).unwrap();
        night(home, night_run);
        fs::write(&file, &without).unwrap();
        let checked = shuping(home, &["check"]);
        assert_eq!(checked.status.code(), Some(code), "{night_run}: {}", said(&checked));
        assert_eq!(said(&checked).contains("[H123]"), code == 78, "{}", said(&checked));
    }
}

#[test]
fn versions_stand_in_order_and_what_replaces_a_metric_is_one() {
    let home = library();
    let home = home.path();
    let faults = |more: &str| {
        let file = home.join(PIPELINE);
        let text = fs::read_to_string(&file).unwrap();
        let at = text.find("\n[[metric.test]]").unwrap_or(text.len());
        let (metric, tests) = text.split_at(at);
        fs::write(&file, format!("{metric}{more}{tests}")).unwrap();
        let checked = shuping(home, &["check"]);
        fs::write(&file, text).unwrap();
        assert_eq!(checked.status.code(), Some(78), "{more}: {}", said(&checked));
        said(&checked)
    };
    let earlier = "\n[[metric.earlier]]\nversion = 1\nvalue = \"loans_back\"\n";
    let unsaid = faults(&format!("\nversion = 2\n{earlier}"));
    assert!(unsaid.contains("since it holds") || unsaid.contains("[H121]"), "{unsaid}");
    let disorder = faults(&format!("\nversion = 1\nsince = \"2026-01\"\n{earlier}"));
    assert!(disorder.contains("[H120]"), "{disorder}");
    let later =
        faults(&format!("\nversion = 2\nsince = \"2026-01\"\n{earlier}since = \"2026-02\"\n"));
    assert!(later.contains("`2026-02` is not before `2026-01`"), "{later}");
    let alone = faults("\nreplaced_by = \"returned_on_time\"\n");
    assert!(alone.contains("[H021]") && alone.contains("[H003]"), "{alone}");
    let month = faults("\nsince = \"January\"\n");
    assert!(month.contains("a month, as in"), "{month}");
}

/// What an explanation says of a branch: its counts since the period before, and what moved since the night before.
fn explained(home: &Path, place: &[&str], period: &str) -> (Value, Value) {
    let asked = ["explain", "returned_on_time", "--period", period, "--json"];
    let told: Value = serde_json::from_str(&done(home, &[&asked[..], place].concat())).unwrap();
    (told["steps_since"].clone(), told["moved"].clone())
}

#[test]
fn an_explanation_says_what_moved_since_the_period_and_the_night_before() {
    let home = library();
    let home = home.path();
    night(home, "2026-01-31");
    let north = ["--unit", "North Branch"];
    assert_eq!(explained(home, &north, "2026-01"), (json!([]), Value::Null));
    february(home);
    night(home, "2026-02-03");

    // L09 was late, and was not: one row changed, and it counts in the branch and in the city.
    for (place, was) in [(&north[..], "0.714285714286"), (&["--level", "city"], "0.769230769231")] {
        let (_, moved) = explained(home, place, "2026-01");
        let told = [&moved["release"], &moved["value"], &moved["cause"]];
        assert_eq!(told, ["2026-01-31.1", was, "changed_rows"], "{moved}");
        assert_eq!(moved["facts"], json!([{ "fact": "loan", "rows": { "changed_rows": 1 } }]));
    }
    // L20 was not there at all, nor was its month.
    let (steps, moved) = explained(home, &["--unit", "River Branch"], "2026-02");
    assert_eq!((&moved["status"], &moved["cause"]), (&Value::Null, &"time".into()));
    assert_eq!(moved["facts"], json!([{ "fact": "loan", "rows": { "new_rows": 1 } }]));
    let steps = steps.as_array().unwrap().iter();
    let steps: Vec<_> = steps.map(|it| [&it["measure"], &it["was"], &it["is"]]).collect();
    assert_eq!(steps, [["loans_back_on_time", "5", "1"], ["loans_back", "6", "1"]]);

    // The same rows under another definition.
    edit(home, FORMULA, "value       = \"loans_back / loans_back\"\nversion     = 2");
    night(home, "2026-02-04");
    let (_, moved) = explained(home, &north, "2026-01");
    assert_eq!([&moved["release"], &moved["cause"]], ["2026-02-03.1", "definition"], "{moved}");
    assert_eq!(moved["facts"], json!([]));
}
