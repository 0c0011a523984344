//! People in time: rosters and reforms become spells.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::civil::date;
use num_rational::Ratio;
use proptest::prelude::*;
use shuping::base::period::Month;
use shuping::model::spells::FindingKind;
use shuping::model::spells::MONTH_PARTS;
use shuping::model::spells::PersonTime;
use shuping::model::spells::RosterRow;
use shuping::model::spells::Rosters;
use shuping::model::spells::SectionLine;
use shuping::model::spells::Spell;
use shuping::model::spells::Status;
use shuping::model::spells::UnitLine;
use shuping::model::spells::month_parts;
use shuping::model::spells::reckon;

use super::Case;
use super::cases;

/// Unit, section, kind of post, month.
type Place = (String, String, String, String);
/// Days at work and on the quota, each times the share.
type Days = (Ratio<i64>, Ratio<i64>);

fn name(case: &Case, column: &str) -> Option<Arc<str>> {
    case.filled(column).map(Arc::from)
}

/// A decimal as it is written: `0.7` is 7/10.
fn decimal(text: &str) -> Ratio<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let below = 10_i64.pow(u32::try_from(rest.len()).unwrap());
    Ratio::new(format!("{whole}{rest}").parse().unwrap(), below)
}

fn roster_row(case: &Case) -> RosterRow {
    RosterRow {
        as_of: case.read("as_of").unwrap(),
        person: name(case, "person").unwrap(),
        unit: name(case, "unit"),
        section: name(case, "section"),
        post_kind: name(case, "post_kind").unwrap(),
        status: Status::named(case.cell("status")).unwrap(),
        share: case.filled("share").map(decimal),
        hired_on: case.read("hired_on"),
        on_post_on: case.read("on_post_on"),
        left_on: case.read("left_on"),
        status_since: case.read("status_since"),
    }
}

/// The rosters and reforms of one case.
fn rosters(case: &Case, rows: &[Case], reforms: &[Case]) -> Rosters {
    let is_of = |other: &&Case| other.cell("case") == case.cell("case");
    let lines = |kind| reforms.iter().filter(is_of).filter(move |line| line.cell("kind") == kind);
    let section = |line: &Case| SectionLine {
        section: name(line, "id").unwrap(),
        unit: name(line, "unit").unwrap(),
        valid_from: line.read("valid_from").unwrap(),
        valid_to: line.read("valid_to"),
    };
    let unit = |line: &Case| UnitLine {
        unit: name(line, "id").unwrap(),
        valid_from: line.read("valid_from").unwrap(),
        valid_to: line.read("valid_to"),
        successor: name(line, "successor"),
    };
    Rosters {
        delivered: case.cell("delivered").split(' ').map(|day| day.parse().unwrap()).collect(),
        rows: rows.iter().filter(is_of).map(roster_row).collect(),
        sections: lines("section").map(section).collect(),
        units: lines("unit").map(unit).collect(),
        as_of: case.read("evaluated_night").unwrap(),
        by_unit: false,
    }
}

fn months(spell: &Spell) -> impl Iterator<Item = Month> {
    Month::of(spell.from).through(Month::of(spell.to.yesterday().unwrap()))
}

fn days_by_place(spells: &[Spell]) -> BTreeMap<Place, Days> {
    let mut places: BTreeMap<Place, Days> = BTreeMap::new();
    for spell in spells {
        let text = |name: &Option<Arc<str>>| name.as_deref().unwrap_or_default().to_owned();
        for month in months(spell) {
            let (unit, section) = (text(&spell.unit), text(&spell.section));
            let place = (unit, section, spell.post_kind.to_string(), month.to_string());
            let days = places.entry(place).or_default();
            days.0 += spell.work * spell.days_in(month);
            days.1 += spell.quota * spell.days_in(month);
        }
    }
    places
}

fn expected(case: &Case, lines: &[Case]) -> BTreeMap<Place, Days> {
    let of_case = lines.iter().filter(|line| line.cell("case") == case.cell("case"));
    let place = |line: &Case| {
        let text = |column| line.cell(column).to_owned();
        let month: Month = line.read("month").unwrap();
        assert_eq!(Some(month.days()), line.read("days_of_month"));
        let months: Ratio<i64> = line.read("person_months").unwrap();
        let days = Ratio::from_integer(line.read("days_active").unwrap());
        assert_eq!(months * month.days(), days, "the fraction is the days of the month");
        let quota = Ratio::from_integer(line.read("days_on_quota").unwrap());
        ((text("unit"), text("section"), text("post_kind"), text("month")), (days, quota))
    };
    of_case.map(place).collect()
}

/// What each case must tell somebody to look at.
fn findings(case: &str) -> &'static [FindingKind] {
    match case {
        "P10" => &[FindingKind::HomeSaysActive],
        "P17" => &[FindingKind::Flicker],
        "P19" => &[FindingKind::SharesUntold],
        "P24" => &[FindingKind::IdentityCorrected],
        "P27" => &[FindingKind::LateJoiner],
        "P31" => &[FindingKind::Duplicate],
        _ => &[],
    }
}

#[test]
fn people_are_where_they_were_counted_by_hand() {
    let Some(asked) = cases("person_time_asof.csv") else { return };
    let rows = cases("person_time_snapshots.csv").unwrap();
    let reforms = cases("person_time_reform.csv").unwrap();
    let lines = cases("person_time_expected.csv").unwrap();
    assert_eq!(asked.len(), 37);
    for case in &asked {
        let id = case.cell("case");
        let told = reckon(&rosters(case, &rows, &reforms));
        let mut places = days_by_place(&told.spells);
        let expected = expected(case, &lines);
        // No row is 0.
        places.retain(|place, days| *days != Days::default() || expected.contains_key(place));
        assert_eq!(places, expected, "{id}: {told:#?}");
        let kinds: Vec<FindingKind> = told.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, findings(id), "{id}");
    }
}

fn row(as_of: Date, person: &str, unit: &str, hired_on: Option<Date>) -> RosterRow {
    RosterRow {
        as_of,
        person: Arc::from(person),
        unit: Some(Arc::from(unit)),
        section: None,
        post_kind: Arc::from("admin"),
        status: Status::Active,
        share: None,
        hired_on,
        on_post_on: None,
        left_on: None,
        status_since: None,
    }
}

fn told(rows: Vec<RosterRow>, as_of: Date) -> PersonTime {
    let delivered = Vec::new();
    reckon(&Rosters {
        delivered,
        rows,
        sections: Vec::new(),
        units: Vec::new(),
        as_of,
        by_unit: false,
    })
}

#[test]
fn an_open_spell_ends_after_the_last_day_to_count() {
    let told = told(vec![row(date(2025, 3, 3), "a", "U1", None)], date(2025, 3, 9));
    let spell = &told.spells[0];
    assert_eq!((spell.from, spell.to, spell.open), (date(2025, 3, 3), date(2025, 3, 10), true));
    assert_eq!(spell.days_in("2025-03".parse().unwrap()), 7);
    assert_eq!(spell.days_in("2025-04".parse().unwrap()), 0);
}

#[test]
fn a_person_of_a_full_month_is_all_its_parts() {
    for month in ["2023-02", "2024-02", "2024-04", "2024-05"] {
        let month: Month = month.parse().unwrap();
        let mut told = told(vec![row(month.first(), "a", "U1", None)], month.last());
        assert_eq!(month_parts(&told.spells[0], month).work, MONTH_PARTS);
        told.spells[0].work = Ratio::new(1, 7);
        assert_eq!(month_parts(&told.spells[0], month).work, 53_940);
        told.spells[0].quota = Ratio::new(1, 8);
        assert_eq!(month_parts(&told.spells[0], month).quota, 47_198, "47197.5 rounds up");
    }
}

#[test]
fn who_joined_before_the_first_roster_is_not_counted_before_it() {
    let rows = vec![
        row(date(2025, 3, 10), "z", "U1", None),
        row(date(2025, 3, 12), "z", "U1", None),
        row(date(2025, 3, 12), "a", "U1", Some(date(2025, 3, 1))),
    ];
    let told = told(rows, date(2025, 3, 31));
    assert_eq!(told.spells[0].from, date(2025, 3, 10));
}

#[test]
fn who_is_away_from_one_unit_before_the_other_tells_it_moved_on_the_told_day() {
    let mut rows: Vec<RosterRow> =
        [3, 10, 17].into_iter().map(|day| row(date(2025, 3, day), "z", "U1", None)).collect();
    rows.push(row(date(2025, 3, 3), "a", "U1", Some(date(2015, 1, 1))));
    rows.push(row(date(2025, 3, 17), "a", "U2", Some(date(2025, 3, 8))));
    let told = told(rows, date(2025, 3, 31));
    let days = |spell: &Spell| (spell.unit.as_deref() == Some("U2"), spell.from, spell.to);
    let moved = date(2025, 3, 8);
    assert_eq!(days(&told.spells[0]), (false, date(2025, 3, 3), moved));
    assert_eq!(days(&told.spells[1]), (true, moved, date(2025, 4, 1)));
}

/// Home and host tell of one secondment; the day that one of them tells is the day for both.
#[test]
fn a_secondment_begins_and_ends_on_the_day_that_either_roster_tells() {
    let (hired, lent, back) = (Some(date(2015, 1, 1)), date(2025, 3, 6), date(2025, 3, 13));
    let at = |day, unit, status, since| RosterRow {
        status,
        status_since: since,
        ..row(day, "a", unit, hired.filter(|_| unit == "U1"))
    };
    let days = [3, 10, 17].map(|day| date(2025, 3, day));
    let rows = |[home_lent, host_lent, home_back]: [Option<Date>; 3], left_on| {
        let host = RosterRow { left_on, ..at(days[1], "U2", Status::SecondedIn, host_lent) };
        vec![
            at(days[0], "U1", Status::Active, None),
            at(days[1], "U1", Status::SecondedOut, home_lent),
            host,
            at(days[2], "U1", Status::Active, home_back),
        ]
    };
    let (lent_on, back_on) = (Some(lent), Some(back));
    let told_by = |rows: Vec<RosterRow>| {
        let told = told(rows, date(2025, 3, 31));
        let at_work = told.spells.into_iter().filter(|spell| spell.work > Ratio::ZERO);
        at_work
            .map(|spell| (spell.unit.unwrap().to_string(), spell.from, spell.to))
            .collect::<Vec<_>>()
    };
    let spells = |lent, back| {
        let (home, host) = ("U1".to_owned(), "U2".to_owned());
        vec![(home.clone(), days[0], lent), (host, lent, back), (home, back, date(2025, 4, 1))]
    };
    assert_eq!(told_by(rows([lent_on, None, back_on], None)), spells(lent, back), "home tells");
    assert_eq!(told_by(rows([None, lent_on, None], back_on)), spells(lent, back), "host tells");
    assert_eq!(told_by(rows([None; 3], None)), spells(days[1], days[2]), "nobody tells");
    // A day that does not lie between the rosters is not believed.
    let before = Some(date(2025, 3, 2));
    assert_eq!(told_by(rows([before, None, before], None)), spells(days[1], days[2]));
}

#[test]
fn a_section_tells_the_unit_that_a_roster_does_not_and_a_strange_one_is_found() {
    let day = date(2025, 3, 1);
    let section = Some(Arc::from("s1"));
    let unknown = RosterRow { unit: None, section: section.clone(), ..row(day, "a", "", None) };
    let strange = RosterRow { section, ..row(day, "b", "U2", None) };
    let own = SectionLine {
        section: Arc::from("s1"),
        unit: Arc::from("U1"),
        valid_from: date(2019, 1, 1),
        valid_to: None,
    };
    let (delivered, rows) = (vec![day], vec![unknown, strange]);
    let (sections, units) = (vec![own], Vec::new());
    let told = reckon(&Rosters { delivered, rows, sections, units, as_of: day, by_unit: false });
    assert_eq!(told.spells[0].unit.as_deref(), Some("U1"));
    assert_eq!(told.spells[1].unit.as_deref(), Some("U2"));
    assert_eq!(told.findings[0].kind, FindingKind::SectionElsewhere);
    assert_eq!(told.findings.len(), 1);
}

/// A random row of a person of a few places on one of a few days.
fn any_row() -> impl Strategy<Value = RosterRow> {
    let day = |days: i32| date(2025, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
    let any_day = move || prop::option::weighted(0.4, (-70..70).prop_map(day));
    let place = (0..3_u8, prop::option::of(0..2_u8), 0..2_u8, 0..5_usize);
    let share = prop::option::of((1..5_i64, 4..6_i64));
    let dates = (any_day(), any_day(), any_day(), any_day());
    (0..8_i32, 0..3_u8, place, share, dates).prop_map(
        move |(night, person, place, share, dates)| {
            let (unit, section, post_kind, status) = place;
            RosterRow {
                as_of: day(night * 7),
                person: Arc::from(format!("p{person}")),
                unit: (unit > 0).then(|| Arc::from(format!("U{unit}"))),
                section: section.map(|section| Arc::from(format!("s{section}"))),
                post_kind: Arc::from(["admin", "external"][usize::from(post_kind)]),
                status: Status::ALL[status],
                share: share.map(|(above, below)| Ratio::new(above, below)),
                hired_on: dates.0,
                on_post_on: dates.1,
                left_on: dates.2,
                status_since: dates.3,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_person_is_never_more_than_one_nor_twice_in_one_place(
        rows in prop::collection::vec(any_row(), 1..24),
    ) {
        let delivered = (0..8).map(|week| date(2025, 1, 1).saturating_add(jiff::Span::new().weeks(week)));
        let (section, unit) = (Arc::from("s1"), Arc::from("U2"));
        let moved = SectionLine { section, unit, valid_from: date(2025, 1, 20), valid_to: None };
        let ended = UnitLine {
            unit: Arc::from("U1"),
            valid_from: date(2019, 1, 1),
            valid_to: Some(date(2025, 2, 1)),
            successor: Some(Arc::from("U2")),
        };
        let (sections, units) = (vec![moved], vec![ended]);
        let as_of = date(2025, 2, 28);
        let rosters = Rosters { delivered: delivered.collect(), rows, sections, units, as_of, by_unit: false };
        let told = reckon(&rosters);
        let mut work: BTreeMap<(Arc<str>, Date), Days> = BTreeMap::new();
        let mut places = std::collections::HashSet::new();
        for spell in &told.spells {
            prop_assert!(date(2025, 1, 1) <= spell.from && spell.from < spell.to);
            prop_assert!(spell.to <= date(2025, 3, 1));
            for day in spell.from.series(jiff::Span::new().days(1)).take_while(|day| *day < spell.to) {
                let days = work.entry((Arc::clone(&spell.person), day)).or_default();
                *days = (days.0 + spell.work, days.1 + spell.quota);
                prop_assert!(days.0 <= Ratio::from_integer(1) && days.1 <= Ratio::from_integer(1));
                let place = (&spell.person, &spell.unit, &spell.section, &spell.post_kind, day);
                prop_assert!(places.insert(place), "{:?} twice", place);
            }
        }
        prop_assert_eq!(reckon(&rosters), told, "the same rosters tell the same");
    }
}

/// Unit `U2` ended on 11 June, and `U1` followed it. What the roster of July tells of its people is told of what they
/// were in May, whichever of both units it names.
fn after_a_merger(rows: Vec<RosterRow>) -> Vec<(String, Status, Date, Date)> {
    let ended = date(2025, 6, 11);
    let line = |unit: &str, to: Option<Date>| UnitLine {
        unit: Arc::from(unit),
        valid_from: date(2019, 1, 1),
        valid_to: to,
        successor: to.map(|_| Arc::from("U1")),
    };
    let units = vec![line("U1", None), line("U2", Some(ended))];
    let as_of = date(2025, 8, 31);
    let (delivered, sections) = (Vec::new(), Vec::new());
    let told = reckon(&Rosters { delivered, rows, sections, units, as_of, by_unit: false });
    let spell =
        |spell: Spell| (spell.unit.unwrap().to_string(), spell.status, spell.from, spell.to);
    told.spells.into_iter().filter(|spell| &*spell.person == "p").map(spell).collect()
}

#[test]
fn days_that_rows_tell_hold_across_a_merger() {
    let (may, july, end) = (date(2025, 5, 30), date(2025, 7, 15), date(2025, 9, 1));
    let merger = date(2025, 6, 11);
    let hired = Some(date(2015, 7, 1));
    let now = |change: &dyn Fn(&mut RosterRow)| {
        let mut later = row(july, "p", "U1", hired);
        change(&mut later);
        after_a_merger(vec![row(may, "p", "U2", hired), later])
    };
    let at = |unit: &str, status, from, to| (unit.to_owned(), status, from, to);
    let before = at("U2", Status::Active, may, merger);
    assert_eq!(now(&|_| {}), [before.clone(), at("U1", Status::Active, merger, end)]);
    for (left, expected) in [
        (date(2025, 6, 5), vec![at("U2", Status::Active, may, date(2025, 6, 5))]),
        (
            date(2025, 6, 20),
            vec![before.clone(), at("U1", Status::Active, merger, date(2025, 6, 20))],
        ),
    ] {
        assert_eq!(now(&|row| row.left_on = Some(left)), expected);
    }
    let on_leave = |since: Date| {
        now(&|row| {
            row.status = Status::Leave;
            row.status_since = Some(since);
        })
    };
    let late = date(2025, 6, 20);
    let expected =
        [before, at("U1", Status::Active, merger, late), at("U1", Status::Leave, late, end)];
    assert_eq!(on_leave(late), expected);
    let early = date(2025, 6, 5);
    let expected = [
        at("U2", Status::Active, may, early),
        at("U2", Status::Leave, early, merger),
        at("U1", Status::Leave, merger, end),
    ];
    assert_eq!(on_leave(early), expected);
}

#[test]
fn who_is_missing_on_one_roster_between_a_merger_is_no_leaver() {
    let hired = Some(date(2015, 7, 1));
    let (may, june, july) = (date(2025, 5, 30), date(2025, 6, 30), date(2025, 7, 15));
    // Somebody else is on all three, so that each is a roster.
    let other = |day, unit| row(day, "other", unit, hired);
    let rows = vec![
        other(may, "U2"),
        other(june, "U1"),
        other(july, "U1"),
        row(may, "p", "U2", hired),
        row(july, "p", "U1", hired),
    ];
    let spells = after_a_merger(rows);
    let days: Vec<(Date, Date)> = spells.iter().map(|spell| (spell.2, spell.3)).collect();
    assert_eq!(days, [(may, date(2025, 6, 11)), (date(2025, 6, 11), date(2025, 9, 1))]);
}

#[test]
fn rosters_that_each_unit_delivers_on_its_own_day_say_nothing_of_others() {
    let hired = Some(date(2015, 7, 1));
    let days = |month: i8| [date(2025, month, 5), date(2025, month, 6)];
    let mut rows = Vec::new();
    for month in 1..=4 {
        let [first, second] = days(month);
        rows.push(row(first, "a", "U1", hired));
        rows.push(row(second, "b", "U2", hired));
        rows.extend((month < 3).then(|| row(second, "c", "U2", hired)));
        rows.extend((month > 2).then(|| row(first, "d", "U1", Some(date(2025, 2, 20)))));
    }
    let (delivered, sections, units) = (Vec::new(), Vec::new(), Vec::new());
    let as_of = date(2025, 4, 30);
    let told = reckon(&Rosters { delivered, rows, sections, units, as_of, by_unit: true });
    let spells: Vec<(&str, Date, Date)> =
        told.spells.iter().map(|spell| (&*spell.person, spell.from, spell.to)).collect();
    let end = date(2025, 5, 1);
    assert_eq!(
        spells,
        [
            ("a", date(2025, 1, 5), end),
            ("b", date(2025, 1, 6), end),
            ("c", date(2025, 1, 6), date(2025, 3, 6)),
            ("d", date(2025, 2, 20), end),
        ]
    );
    assert!(told.findings.is_empty(), "{:?}", told.findings);
}
