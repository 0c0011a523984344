//! Are the metrics worth what their worked examples say? And is a wrong example told?

use std::fs;
use std::path::Path;

use shuping::spec::home::Home;
use shuping::spec::home::write_default;

use crate::library::changed;
use crate::library::said;
use crate::library::shuping;

#[test]
fn every_shipped_metric_is_worth_what_was_worked_out_by_hand() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for home in ["", "examples/boston", "examples/library", "examples/receipt"] {
        let home = root.join(home);
        let catalog = Home::open(&home).unwrap().catalog().unwrap();
        for metric in catalog.metrics() {
            assert!(!metric.tests.is_empty(), "{} has no worked example", metric.name);
        }
        let tests: usize = catalog.metrics().map(|metric| metric.tests.len()).sum();
        let told = shuping(&home, &["test"]);
        assert_eq!(told.status.code(), Some(0), "{}", said(&told));
        assert!(said(&told).ends_with(&format!("\n{tests} passed; 0 failed\n")), "{}", said(&told));
    }
}

#[test]
fn the_indicators_of_single_units_are_worth_what_was_worked_out_by_hand() {
    let home = tempfile::tempdir().unwrap();
    write_default(home.path()).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/individual");
    let mut files = 0;
    for entry in fs::read_dir(shipped).unwrap() {
        let path = entry.unwrap().path();
        let to = home.path().join("pipelines/local").join(path.file_name().unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&path, to).unwrap();
        files += 1;
    }
    assert_eq!(files, 13);
    let checked = shuping(home.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    let names = ["scjg_open", "ga_hz", "rs_sb", "zj_sg", "zj_sg_suspended", "jt_xj", "wj_ret"];
    let more = ["zf_o", "yj_yh", "yb_day", "xz_bm", "jd_first", "yq_ent_cases", "dw_dc"];
    let words: Vec<&str> = ["test"].into_iter().chain(names).chain(more).collect();
    let told = shuping(home.path(), &words);
    assert_eq!(told.status.code(), Some(0), "{}", said(&told));
    assert!(said(&told).ends_with("\n14 passed; 0 failed\n"), "{}", said(&told));
}

#[test]
fn a_span_begins_and_ends_by_columns_of_its_table_and_not_by_what_is_made_of_its_rows() {
    let event = "kind  = \"event\"\ntime  = \"closed_at\"\n\n[fact.derive]\n";
    for (keys, is_there) in [
        ("kind = \"span\"\nfrom = \"accepted_at\"\nto = \"ends\"", false),
        ("kind = \"span\"\nfrom = \"accepted_at\"\nto = \"closed_at\"", true),
        ("kind = \"stock\"\nfrom = \"accepted_at\"\nto = \"ends\"", false),
        ("kind = \"event\"\ntime = \"ends\"", true),
    ] {
        let ends = "ends = \"COALESCE(closed_at, due_at)\"\n";
        let home = changed(event, &format!("{keys}\n[fact.derive]\n{ends}"));
        let told = said(&shuping(home.path(), &["check"]));
        assert_eq!(told.contains("`ends` is not a column here"), !is_there, "{keys}: {told}");
    }
}

/// The line of a text in the pipeline of a home.
fn line(home: &Path, what: &str) -> usize {
    let text = fs::read_to_string(home.join("pipelines/loans.toml")).unwrap();
    text.lines().position(|line| line.contains(what)).unwrap() + 1
}

#[test]
fn what_differs_is_told_with_both_numbers_and_the_formula() {
    let home = changed("value   = \"0.500\"", "value   = \"0.667\"");
    let told = shuping(home.path(), &["test"]);
    assert_eq!(told.status.code(), Some(1), "{}", said(&told));
    let place = format!("pipelines/loans.toml:{}", line(home.path(), "example = \"three loans\""));
    for text in [
        "test returned_on_time three loans U1 2026-01 … FAILED\n",
        "  expected  0.667 few\n",
        "  found     0.500 few (1 / 2)\n",
        "  formula   loans_back_on_time / loans_back\n",
        &place,
        "\n0 passed; 1 failed\n",
    ] {
        assert!(said(&told).contains(text), "{text}: {}", said(&told));
    }
    for (old, new, found) in [
        // A changed definition is seen by its example.
        ("ON_TIME(closed_at, due_at)", "closed_at IS NOT NULL", "1.000 few (2 / 2)"),
        ("status  = \"few\"", "status  = \"ok\"", "0.500 few (1 / 2)"),
        ("period  = \"2026-01\"", "period  = \"2025-12\"", "nothing is told there"),
    ] {
        let home = changed(old, new);
        let told = shuping(home.path(), &["test", "returned_on_time"]);
        assert_eq!(told.status.code(), Some(1), "{new}: {}", said(&told));
        assert!(said(&told).contains(&format!("  found     {found}\n")), "{}", said(&told));
    }
    let home = changed("three loans", "three loans");
    let unknown = shuping(home.path(), &["test", "returned_on_tim"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("returned_on_time"), "{}", said(&unknown));
}

#[test]
fn an_example_that_is_none_is_a_fault_with_its_line() {
    for (old, new, at, fault) in [
        ("case_id,status", "case_id,state", "case_id,state", "`state`"),
        ("2026-01-19 17:30", "soon", "closed,2026-01-05", "`soon` is not a value of `closed_at`"),
        ("service_case = \"\"\"", "service_cash = \"\"\"", "service_cash", "service_case"),
        ("3,open,", "3,open,,,,,,,", "3,open", "cells below 5 headers"),
        (
            "example = \"three loans\"",
            "example = \"two loans\"",
            "two loans",
            "`two loans` is no example",
        ),
        ("period  = \"2026-01\"", "period  = \"January\"", "January", "`January` is not a period"),
        ("as_of = \"2026-01-31\"", "as_of = \"2026-02-30\"", "2026-02-30", "is not a day"),
        ("[[metric.test]]", "[[metric.best]]", "[[metric.best]]", "`best`"),
    ] {
        let home = changed(old, new);
        let checked = shuping(home.path(), &["check"]);
        assert_eq!(checked.status.code(), Some(78), "{new}: {}", said(&checked));
        let place = format!("pipelines/loans.toml:{}:", line(home.path(), at));
        let told = said(&checked);
        let line = told.lines().find(|line| line.starts_with(&place));
        assert!(told.contains(fault) && line.is_some(), "{new}: {place}: {told}");
    }
    let home = changed(
        "[[metric.test]]\nexample = \"three loans\"\nperiod  = \"2026-01\"\nvalue   = \"0.500\"\nstatus  = \"few\"\n",
        "",
    );
    let checked = shuping(home.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(78));
    assert!(said(&checked).contains("`returned_on_time` has no worked example [H125]"));
}
