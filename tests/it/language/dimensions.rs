//! Is a metric measured in what its formula gives?

use shuping::base::messages::Lang;
use shuping::handbook::Handbook;

use super::thing;

const FIELDS: &thing::Fields =
    &[("thing_id", "string"), ("unit_id", "string"), ("section_id", "string"), ("came_on", "date")];

/// What is said of metrics, each a formula and what it is measured in; the first one's formula stands on
/// line 29.
fn said(metrics: &[(&str, &str)]) -> String {
    faults(&pipeline(metrics))
}

fn faults(text: &str) -> String {
    let faults = thing::read(FIELDS, text).err().unwrap_or_default();
    faults.iter().map(|fault| fault.render(Lang::En)).collect::<Vec<_>>().join("\n")
}

fn pipeline(metrics: &[(&str, &str)]) -> String {
    let head = "format = 1\ntitle = \"Things\"\n[[fact]]\nname = \"f\"\ntable = \"thing\"\n\
                    kind = \"event\"\ntime = \"came_on\"\nsection = \"section_id\"\n"
        .to_owned();
    let measure = |(name, words): (&str, &str)| {
        format!(
            "[[measure]]\nname = \"{name}\"\nfact = \"f\"\nsql = \"COUNT(*)\"\nmeasured_in = \"{words}\"\n"
        )
    };
    let metric = |(at, (value, words)): (usize, &(&str, &str))| {
        format!(
            "[[metric]]\nname = \"x{at}\"\ntitle = \"x\"\n\nvalue = \"{value}\"\nmeasured_in = \"{words}\"\n\
             grain = [\"unit\"]\nperiod = [\"month\"]\nbasis = \"test\"\nmeans = \"test\"\n"
        )
    };
    let measures = [("cases", "件"), ("person_months", "人·月"), ("people", "人")];
    let measures: String = measures.into_iter().map(measure).collect();
    let metrics: String = metrics.iter().enumerate().map(metric).collect();
    head + &measures + "# metrics\n" + &metrics
}

#[test]
fn what_is_measured_in_what_its_formula_gives_is_no_fault() {
    for (value, words) in [
        ("cases / person_months", "件 / 人·月"),
        ("cases / person_months", "件/人月"),
        ("person_months / months_known", "人"),
        ("cases / (person_months / months_known)", "件/人"),
        ("cases / YOY(cases) - 1", "%"),
        ("GREATEST(cases - 0.4 * PREV(cases), 0)", "件"),
        ("SHARE_OF_UNIT(cases / people)", "倍"),
        ("HOOVER(cases / person_months OVER sections, 1)", "1"),
        ("TO_MOVE(cases / person_months OVER sections) / months_known", "人"),
        ("SUM(cases / people OVER sections)", "件/人"),
        ("people - COUNT_NONZERO(cases OVER sections)", "人"),
        ("COUNT_BELOW(cases / people OVER sections, 5)", "个"),
    ] {
        assert_eq!(said(&[(value, words)]), "", "{value} in {words}");
    }
}

#[test]
fn another_dimension_is_a_fault_that_shows_both_sides() {
    for (value, words, stated, found) in [
        ("cases / people", "件", "件", "件/人"),
        ("cases", "%", "%", "件"),
        ("cases * people", "件/人", "件/人", "人·件"),
        ("cases / cases", "件", "件", "1"),
        ("person_months", "人", "人", "人·月"),
        ("CV(cases OVER sections)", "件", "件", "1"),
    ] {
        let said = said(&[(value, words)]);
        let fault = format!(
            "pipelines/things.toml:29:9  metric.x0.value: it is measured in {stated}, and its formula gives {found} [H027]"
        );
        assert!(said.contains(&fault), "{fault}\n{said}");
    }
    for (value, one, other) in [
        ("cases + people", "件", "人"),
        ("cases - 1", "件", "1"),
        ("GREATEST(cases / people, cases)", "件/人", "件"),
        ("COUNT_BELOW(cases / people OVER sections, people)", "件/人", "人"),
    ] {
        let said = said(&[(value, "件")]);
        let fault = format!("things.toml:29:9  metric.x0.value: {one} and {other} cannot be added");
        assert!(said.contains(&fault), "{fault}\n{said}");
    }
}

#[test]
fn what_is_told_over_sections_is_of_a_fact_that_names_them() {
    for (value, is_over) in
        [("COUNT_NONZERO(cases OVER sections)", true), ("cases / people", false)]
    {
        let text = pipeline(&[(value, if is_over { "个" } else { "件/人" })]);
        let said = faults(&text.replace("section = \"section_id\"\n", ""));
        let fault = "measure `cases` is of a fact that has no `section` [H249]";
        assert_eq!(said.contains(fault), is_over, "{said}");
        assert_eq!(said.is_empty(), !is_over, "{said}");
    }
}

/// Each of the metrics on a circle is told with its line.
#[test]
fn metrics_that_rest_on_each_other_are_a_fault_with_their_line() {
    let said = said(&[("x1 / 2", "件"), ("PREV(x2)", "件"), ("x0 + cases", "件")]);
    for (line, path) in
        [(29, "x0 → x1 → x2 → x0"), (39, "x1 → x2 → x0 → x1"), (49, "x2 → x0 → x1 → x2")]
    {
        let name = path.split(' ').next().unwrap();
        let fault = format!(
            "pipelines/things.toml:{line}:9  metric.{name}.value: the formula of `{name}` rests on itself: {path} [H022]"
        );
        assert!(said.contains(&fault), "{fault}\n{said}");
    }
}

/// `x / (x + 1)` is how a share is written: sixty of them have 2^60 ways down, and a circle among them has no end of ways.
#[test]
fn a_metric_that_is_named_twice_is_followed_once() {
    let twice = |below: String| format!("{below} / ({below} + 1)");
    let mut formulas = vec!["cases / cases".to_owned()];
    formulas.extend((0..60).map(|at| twice(format!("x{at}"))));
    let text = |formulas: &[String]| {
        pipeline(&formulas.iter().map(|formula| (formula.as_str(), "1")).collect::<Vec<_>>())
    };
    let catalog = thing::read(FIELDS, &text(&formulas)).unwrap();
    assert_eq!(Handbook::of(&catalog).chapters[0].entries.len(), formulas.len());

    // Two that name each other, below one that is not on their circle and above those that are on none.
    formulas.extend(["x62".to_owned(), twice("x63".to_owned()), twice("x62".to_owned())]);
    let said = faults(&text(&formulas));
    let told: Vec<&str> = said.lines().filter(|line| line.contains("[H022]")).collect();
    let [one, other] = told[..] else { panic!("{said}") };
    assert!(one.contains("`x62` rests on itself: x62 → x63 → x62"), "{one}");
    assert!(other.contains("`x63` rests on itself: x63 → x62 → x63"), "{other}");
}

/// Definitions make a circle where they hold on the same day, and only there.
#[test]
fn a_circle_is_looked_for_among_the_definitions_of_a_day() {
    let dated = |text: &str, formula: &str, earlier: &str, now: &str| {
        let value = format!("\nvalue = \"{formula}\"\n");
        assert!(text.contains(&value), "{value}\n{text}");
        let dated = format!(
            "\nvalue = \"{now}\"\nversion = 2\nsince = \"2026-01\"\n\
             earlier = [{{ version = 1, value = \"{earlier}\" }}]\n"
        );
        text.replace(&value, &dated)
    };
    let text = dated(&pipeline(&[("cases", "件"), ("cases / 2", "件")]), "cases", "x1", "cases");
    // What each was before names the other.
    let old = faults(&dated(&text, "cases / 2", "x0 / 2", "cases / 2"));
    assert!(old.contains("`x0` rests on itself: x0 → x1 → x0 [H022]"), "{old}");
    // One names the other until the other names it.
    assert_eq!(faults(&dated(&text, "cases / 2", "cases / 2", "x0 / 2")), "");
}
