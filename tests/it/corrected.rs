//! What stands of a person whose identity number was corrected? All that was told under the number before.

use std::path::Path;

use tempfile::TempDir;

use crate::library::said;
use crate::library::shuping;
use crate::world::SETTINGS;
use crate::world::ask;
use crate::world::put;

const OFFICE: &str = r#"
format = 1
[system]
name  = "office"
title = "办公"
kind  = "files"
owner = "编办"
[files]
at = "drop"

[[stream]]
name  = "units"
into  = "unit"
file  = 'units\.csv'
write = "snapshot"
[stream.columns]
unit_id    = "unit_id"
valid_from = { constant = "2020-01-01" }
name       = "name"
category   = { constant = "government_department" }

[[stream]]
name   = "roster"
into   = "person_snapshot"
file   = 'roster_\d{2}\.csv'
write  = "snapshot"
within = ["as_of"]
[stream.columns]
as_of     = "as_of"
person_id = { from = "who", identity = "cn_id" }
unit_id   = { from = "unit", lookup = "unit" }
post_kind = { constant = "admin" }
status    = { constant = "active" }
hired_on  = "hired"
education = "education"

[[stream]]
name  = "grades"
into  = "appraisal"
file  = 'grades_\d{2}\.csv'
write = "upsert"
[stream.columns]
person_id = { from = "who", identity = "cn_id" }
period    = "period"
kind      = { constant = "quarter" }
ends_on   = "ends"
unit_id   = { from = "unit", lookup = "unit" }
grade     = "grade"
"#;

const COUNTS: &str = r#"
format = 1
title  = "考核和学历"

[[fact]]
name  = "grade"
table = "appraisal"
kind  = "event"
time  = "ends_on"
[fact.derive]
spell = { on = "ends_on" }

[[fact]]
name  = "person"
table = "person_spell"
kind  = "stock"
from  = "from"
to    = "to"

[[measure]]
name = "graded"
fact = "grade"
sql  = "COUNT(*) FILTER (WHERE spell.post_kind = 'admin')"
measured_in = "人"

[[measure]]
name = "bachelors"
fact = "person"
sql  = "COUNT(*) FILTER (WHERE education = 'bachelor')"
measured_in = "人"

[[metric]]
name        = "people_graded"
title       = "考核人数"
value       = "graded"
measured_in = "人"
grain       = ["unit"]
period      = ["quarter"]
basis       = "test"
means       = "有等次的人数。"

[[metric]]
name        = "people_bachelor"
title       = "本科人数"
value       = "bachelors"
measured_in = "人"
grain       = ["unit"]
period      = ["month"]
basis       = "test"
means       = "月末本科人数。"
"#;

/// The number of one person, with a day of birth that is corrected twice, and that of another.
const NUMBERS: [&str; 3] = ["519902198703051215", "519902198703061210", "519902198703071216"];
const OTHER: &str = "519902198804061228";

fn roster(day: &str, who: &str, education: &str) -> String {
    format!(
        "as_of,who,unit,hired,education\n{day},{who},甲局,2015-07-01,{education}\n\
        {day},{OTHER},甲局,2016-08-01,bachelor\n"
    )
}

fn night(home: &Path, night: &str) {
    let output = shuping(home, &["run", "--night", night, "--confirm", "已核"]);
    assert!(output.status.success(), "{}", said(&output));
}

/// A home of the first quarter: two people, both with a grade, of whom one becomes a bachelor in March.
fn first_quarter() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let grade = |who: &str| {
        format!("{who},2025Q4,2025-12-31,甲局,good\n{who},2026Q1,2026-03-31,甲局,good\n")
    };
    for (file, text) in [
        ("shuping.toml", SETTINGS.to_owned()),
        ("connectors/office.toml", OFFICE.to_owned()),
        ("pipelines/counts.toml", COUNTS.to_owned()),
        ("drop/units.csv", "unit_id,name\nU1,甲局\n".to_owned()),
        ("drop/roster_00.csv", roster("2025-12-31", NUMBERS[0], "college")),
        ("drop/roster_01.csv", roster("2026-01-31", NUMBERS[0], "college")),
        ("drop/roster_02.csv", roster("2026-02-28", NUMBERS[0], "college")),
        ("drop/roster_03.csv", roster("2026-03-31", NUMBERS[0], "bachelor")),
        (
            "drop/grades_03.csv",
            format!("who,period,ends,unit,grade\n{}{}", grade(NUMBERS[0]), grade(OTHER)),
        ),
    ] {
        put(home.path(), file, &text);
    }
    night(home.path(), "2026-05-01");
    home
}

/// The values that are told of a metric until March.
fn told(home: &Path, metric: &str) -> Vec<Vec<String>> {
    let question = format!(
        "select period, value, status from metric_value where metric = '{metric}' and unit_id = 'U1' \
        and (period < '2026-04' or period = '2026Q1') and value is not null order by period"
    );
    ask(&home.join("var/warehouse.db"), &question)
}

fn found(home: &Path, kind: &str) -> Vec<Vec<String>> {
    let question = format!(
        "select subject, \"rows\" from finding where kind = '{kind}' and night = '2026-07-01'"
    );
    ask(&home.join("var/warehouse.db"), &question)
}

#[test]
fn what_was_told_of_a_person_stands_whatever_number_the_person_has_by_now() {
    let home = first_quarter();
    let home = home.path();
    let all = || ["people_graded", "people_bachelor"].map(|metric| told(home, metric));
    let before = all();
    assert_eq!(before[0], [["2025Q4", "2", "ok"], ["2026Q1", "2", "ok"]]);
    assert_eq!(before[1].last().unwrap()[..2], ["2026-03", "2"]);
    assert!(before[1].contains(&["2026-02", "1", "ok"].map(str::to_owned).to_vec()), "{before:?}");
    // Another number in April and one more in May; the grade is told once more under the last.
    put(home, "drop/roster_04.csv", &roster("2026-04-30", NUMBERS[1], "bachelor"));
    put(home, "drop/roster_05.csv", &roster("2026-05-31", NUMBERS[2], "bachelor"));
    night(home, "2026-06-01");
    assert_eq!(all(), before);
    let again = format!("who,period,ends,unit,grade\n{},2026Q1,2026-03-31,甲局,good\n", NUMBERS[2]);
    put(home, "drop/grades_06.csv", &again);
    night(home, "2026-07-01");
    assert_eq!(all(), before);
    assert_eq!(found(home, "identity_corrected"), [["", "2"]]);
    assert_eq!(found(home, "not_unique"), [["person_id, period", "1"]]);
}
