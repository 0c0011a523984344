//! What became of the flaws of rosters, ledgers and names?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::civil::date;

use super::left::Left;
use super::left::Row;
use super::left::Seat;
use super::left::seat_of;
use crate::world::NIGHT;

const ROSTER: &str = "roster";

/// The row of each seat is in the lake under somebody's pseudonym, and so is that person elsewhere.
fn are_the_people_of_plain_numbers(left: &Left, seats: &BTreeSet<Seat>) {
    let mut days: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in left.roster.values() {
        days.entry(&row["person_id"]).or_default().insert(&row["as_of"]);
    }
    for seat in seats {
        let person = left.row(seat)["person_id"].as_str();
        assert!(left.numbers.contains_key(person), "{seat:?} is nobody's row");
        assert!(days[person].len() > 1, "{seat:?} is the only row of its person");
    }
}

/// F01
pub(super) fn a_wide_number_is_the_person_of_the_plain_one(left: &Left) {
    are_the_people_of_plain_numbers(left, &left.seats("F01"));
}

/// F02
pub(super) fn a_number_that_lost_its_tail_is_quarantined(left: &Left) {
    let rows = left.first.ask(
        "select source, row from quarantine where stream = 'roster' and night = '2026-01-06'
         and \"column\" = 'person_id' and reason = 'id_spreadsheet_number'",
    );
    let seat = |row: Vec<String>| (row[0].clone(), row[1].parse().unwrap());
    assert_eq!(rows.into_iter().map(seat).collect::<BTreeSet<Seat>>(), left.seats("F02"));
}

/// F03
pub(super) fn a_number_of_15_digits_is_the_person_of_the_18(left: &Left) {
    are_the_people_of_plain_numbers(left, &left.seats("F03"));
}

/// F04
pub(super) fn the_number_wins_over_another_birth_date(left: &Left) {
    let (lost, twice) = (left.seats("F02"), left.seats("F08"));
    let seats: BTreeSet<Seat> = left.seats("F04").difference(&lost).cloned().collect();
    for seat in &seats {
        let row = left.row(seat);
        let birth = row["birth_date"].replace('-', "");
        assert_eq!(Some(birth.as_str()), left.numbers[&row["person_id"]].get(6..14), "{seat:?}");
    }
    let doubled = seats.iter().filter(|(file, row)| twice.contains(&(file.clone(), row + 1)));
    let rows = seats.len() + doubled.count();
    assert_eq!(left.first.finding(ROSTER, "disagrees", "birth_date"), rows as u64);
}

/// The day of a text in one of the five spellings, and which of them it is.
fn read(text: &str) -> (usize, Date) {
    let first = date(1899, 12, 30);
    let whole = |text: &str| text.parse::<i32>().unwrap();
    let parts: Vec<&str> = text.split(['年', '月', '日', '.']).collect();
    match parts.as_slice() {
        [text] if text.contains('-') => (0, text.parse().unwrap()),
        [text] if text.len() == 5 => (4, first + jiff::Span::new().days(whole(text))),
        [text] => (3, Date::strptime("%Y%m%d", text).unwrap()),
        [_, _] => (1, format!("{}-01", text.replace('.', "-")).parse().unwrap()),
        [year, month, day, ""] => {
            let small = |text: &str| i8::try_from(whole(text)).unwrap();
            (2, date(i16::try_from(whole(year)).unwrap(), small(month), small(day)))
        }
        _ => panic!("no spelling of a day: {text}"),
    }
}

/// F05
pub(super) fn days_in_five_spellings_are_read(left: &Left) {
    let lost = left.seats("F02");
    let (mut spellings, mut of_month) = ([0_u64; 5], 0);
    for landed in left.landed("staffing", ROSTER) {
        let seat = seat_of(&landed);
        if landed.contains_key("_filtered") || lost.contains(&seat) {
            continue;
        }
        let columns =
            [("工作经历/进入本单位时间", "hired_on"), ("职务职级/任现职时间", "on_post_on")];
        for (theirs, ours) in columns {
            let (spelling, day) = read(&landed[theirs]);
            spellings[spelling] += 1;
            of_month += u64::from(ours == "on_post_on" && spelling == 1);
            // Of a row that is there twice, the second is kept.
            if let Some(row) = left.roster.get(&seat) {
                assert_eq!(row[ours], day.to_string(), "{seat:?} {ours}");
            }
        }
    }
    assert!(spellings.iter().all(|rows| *rows > 100), "{spellings:?}");
    assert_eq!(
        left.first.findings(ROSTER, "month_only"),
        [("on_post_on".to_owned(), of_month)].into()
    );
    assert_eq!(left.first.findings(ROSTER, "incomplete"), BTreeMap::new());
}

/// F06
pub(super) fn spellings_mean_their_units_and_five_stay_unknown(left: &Left) {
    let night = &left.first;
    let spellings = left.truth["spellings"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let spellings: BTreeMap<String, Option<String>> = spellings
        .map(|it| {
            (text(&it["spelling"]), it["known"].as_bool().unwrap().then(|| text(&it["unit"])))
        })
        .collect();
    let mut unknown = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for (table, key, stream) in [
        ("service_case", "case_id", "service.cases"),
        ("hotline_order", "order_id", "hotline.orders"),
    ] {
        let resolved = night.by_key(&format!("select {key}, coalesce(unit_id, '') from {table}"));
        let mut missed: BTreeMap<String, u64> = BTreeMap::new();
        for row in left.lake(table, NIGHT, stream) {
            let Some(unit) = spellings.get(&row["unit_id"]) else { continue };
            assert_eq!(resolved[&row[key]][0], unit.clone().unwrap_or_default(), "{row:?}");
            seen.insert(row["unit_id"].clone());
            if unit.is_none() {
                *missed.entry(row["unit_id"].clone()).or_default() += 1;
            }
        }
        assert_eq!(night.findings(table, "unknown_unit"), missed, "{table}");
        unknown.extend(missed.into_keys());
    }
    let mut missed: BTreeMap<String, u64> = BTreeMap::new();
    for row in left.roster.values().filter(|row| spellings.get(&row["unit_id"]) == Some(&None)) {
        *missed.entry(row["unit_id"].clone()).or_default() += 1;
    }
    assert_eq!(night.findings("person_snapshot", "unknown_unit"), missed);
    unknown.extend(missed.into_keys());
    let nobody_knows = spellings.iter().filter(|(_, unit)| unit.is_none());
    assert_eq!(unknown, nobody_knows.map(|(spelling, _)| spelling.clone()).collect());
    assert!(seen.len() > 40, "only {} spellings came", seen.len());
}

/// F07
pub(super) fn wide_blanks_and_line_feeds_hide_no_column(left: &Left) {
    assert!(left.count("F07", "staffing.roster") > 0);
    assert_eq!(left.first.state(ROSTER)[0], "done");
    // The headers of both are broken by line feeds; a rank stands on every row of the establishment.
    assert_eq!(left.first.findings(ROSTER, "unread"), BTreeMap::new());
    for (seat, row) in &left.roster {
        let has_rank = row.contains_key("rank") || row["post_kind"] == "external";
        assert!(row.contains_key("person_id") && has_rank, "{seat:?}");
    }
    // A name with a blank in it makes nobody another person.
    let people: BTreeSet<&String> = left.roster.values().map(|row| &row["person_id"]).collect();
    assert!(people.iter().all(|person| left.numbers.contains_key(*person)));
}

/// F08
pub(super) fn a_row_that_is_there_twice_is_counted_once(left: &Left) {
    let twice = left.seats("F08");
    assert_eq!(left.first.equation(ROSTER, "duplicate"), twice.len() as u64);
    let stands = |seat: &&Seat| left.roster.contains_key(&(seat.0.clone(), seat.1 - 1));
    assert_eq!(twice.iter().filter(stands).count(), 0);
}

/// The rows of each person on each day.
fn people(rows: &BTreeMap<Seat, Row>) -> BTreeMap<(&str, &str), Vec<&Row>> {
    let mut people: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows.values() {
        people.entry((&row["as_of"], &row["person_id"])).or_default().push(row);
    }
    people
}

/// The unit that a name of the last roster means: one in force, the successor of another, a known
/// spelling.
fn units_by_name(left: &Left) -> BTreeMap<String, String> {
    let names = "select name, coalesce(successor_id, unit_id) from unit";
    let names = left.first.by_key(names).into_iter().map(|(name, unit)| (name, unit[0].clone()));
    let spellings = left.truth["spellings"].as_array().unwrap().iter();
    let known = spellings.filter(|spelling| spelling["known"] == true);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    names.chain(known.map(|it| (text(&it["spelling"]), text(&it["unit"])))).collect()
}

/// F09: the host is believed before the home, and the city has the person once.
pub(super) fn somebody_lent_is_one_person_at_the_host(left: &Left) {
    let people = people(&left.roster);
    let mut guests = BTreeSet::new();
    let mut at_home = BTreeSet::new();
    for seat in left.seats("F09") {
        let row = left.row(&seat);
        assert_eq!(row["status"], "seconded_in", "{seat:?}");
        let rows = &people[&(row["as_of"].as_str(), row["person_id"].as_str())];
        assert_eq!(rows.len(), 2, "{seat:?}");
        guests.insert(row["person_id"].as_str());
        if rows.iter().any(|row| row["status"] == "active") {
            at_home.insert(row["person_id"].as_str());
        }
    }
    // Where the home does not know of it, somebody should look; a home may also have somebody back
    // before the host's next roster says so.
    let found = left.first.finding("person_spell", "home_says_active", "");
    let (least, most) = (at_home.len() as u64, guests.len() as u64);
    assert!(least > 0 && (least..=most).contains(&found), "{found} of {least} to {most}");
    // At the end of the year every unit has whom it has borrowed, and not whom it has lent.
    let names = units_by_name(left);
    let mut heads: BTreeMap<String, u64> = BTreeMap::new();
    for (_, rows) in people.iter().filter(|((day, _), _)| *day == "2025-12-31") {
        let is = |row: &&&Row, status: &str| {
            let is_gone = row.get("left_on").is_some_and(|day| day.as_str() <= "2025-12-31");
            row["status"] == status && row["post_kind"] != "external" && !is_gone
        };
        let host = rows.iter().find(|row| is(row, "seconded_in"));
        let place = host.or_else(|| rows.iter().find(|row| is(row, "active")));
        if let Some(unit) = place.and_then(|row| names.get(&row["unit_id"])) {
            *heads.entry(unit.clone()).or_default() += 1;
        }
    }
    let told = left.first.by_key(
        "select unit_id, value from metric_value
         where metric = 'headcount' and period = '2025' and value > 0 and dim is null",
    );
    let told = told.into_iter().map(|(unit, value)| (unit, value[0].parse().unwrap()));
    assert_eq!(told.collect::<BTreeMap<_, _>>(), heads);
}

/// F10
pub(super) fn subtotals_and_a_hidden_sheet_are_left_out(left: &Left) {
    assert_eq!(left.first.equation(ROSTER, "filtered"), left.seats("F10").len() as u64);
    let landed = left.landed("staffing", ROSTER);
    let sheets: BTreeSet<&str> =
        landed.iter().filter_map(|row| row["_source"].split(" sheet ").nth(1)).collect();
    assert_eq!(sheets.len(), 7, "{sheets:?}");
    assert!(!sheets.contains("Sheet1"));
}

/// F11
pub(super) fn merged_names_are_filled_down(left: &Left) {
    let (lost, twice) = (left.seats("F02"), left.seats("F08"));
    // The name stands in the first of its rows; of one that is there twice, the second is kept.
    for seat in left.seats("F11").difference(&lost).filter(|seat| !twice.contains(*seat)) {
        let above = (1..seat.1).rev().find_map(|row| left.roster.get(&(seat.0.clone(), row)));
        assert_eq!(above.unwrap()["unit_id"], left.row(seat)["unit_id"], "{seat:?}");
    }
}

/// F12
pub(super) fn a_roster_without_a_sheet_is_held_back(left: &Left) {
    let night = &left.february;
    let [state, note] = night.state(ROSTER);
    assert_eq!((state.as_str(), night.exit), ("failed", Some(1)));
    let sheet = &left.planted("F12", "staffing.roster")[0];
    let (file, sheet) = sheet.split_once(' ').unwrap();
    assert!(note.contains(file) && note.contains(sheet), "{note}");
    assert!(night.said.contains("staffing.roster failed"), "{}", night.said);
    // Nobody has left with the sheet: the last good roster still counts, and says that it is old.
    let told = "select sum(value), min(stale) from metric_value where metric = 'headcount' and period = '2026' and dim is null";
    let told = [&left.january, night].map(|night| night.ask(told).remove(0));
    assert_eq!((&told[0][0], &told[1][0]), (&told[1][0], &told[0][0]));
    assert_eq!((told[0][1].as_str(), told[1][1].as_str()), ("0", "1"));
}

/// F13
pub(super) fn units_over_their_posts_are_found(left: &Left) {
    let kinds = [
        ("行政编制", "admin"),
        ("政法专项编制", "police"),
        ("参公事业编制", "institution_ref"),
        ("公益一类", "institution_1"),
        ("公益二类", "institution_2"),
    ];
    // Nothing but this contradicts in the city: names and codes, leave and logs, counter and hotline agree.
    let mut found = left.first.findings("metric_value", "cross_check");
    for key in left.planted("F13", "staffing.quotas") {
        let parts: Vec<&str> = key.split(' ').collect();
        let rows = found.remove(&format!("posts_over {} 2025", parts[0])).expect(&key);
        let kind = kinds.iter().find(|(title, _)| *title == parts[1]).unwrap().1;
        let line = format!(
            "select count(*) from post_quota where unit_id = '{}' and post_kind = '{kind}'",
            parts[0]
        );
        match parts.as_slice() {
            [.., "over", "by", by] => assert_eq!(rows.to_string(), *by, "{key}"),
            _ => assert_eq!((left.first.count(&line), rows > 0), (0, true), "{key}"),
        }
    }
    assert_eq!(found, BTreeMap::new(), "found where nothing was planted");
}

/// F14
pub(super) fn the_name_of_an_abolished_unit_means_its_successor(left: &Left) {
    let ended = left.first.by_key(
        "select name, unit_id, valid_to, successor_id from unit where valid_to is not null",
    );
    let cases = left
        .first
        .by_key("select case_id, unit_id, date(accepted_at, '+8 hours') from service_case");
    let mut after = BTreeSet::new();
    for row in left.lake("service_case", NIGHT, "service.cases") {
        let Some([unit, to, successor]) = ended.get(&row["unit_id"]).map(Vec::as_slice) else {
            continue;
        };
        let [means, day] = cases[&row["case_id"]].as_slice() else { unreachable!() };
        let lives_on = day >= to;
        assert_eq!(means, if lives_on { successor } else { unit }, "{row:?}");
        if lives_on {
            after.insert(row["case_id"].clone());
        }
    }
    let planted = left.count("F14", "service.cases");
    assert!((1..=planted).contains(&(after.len() as u64)), "{after:?} of {planted}");
    let seats = left.seats("F14");
    let names: BTreeSet<&String> = seats.iter().map(|seat| &left.row(seat)["unit_id"]).collect();
    assert!(names.iter().all(|name| ended.contains_key(*name)), "{names:?}");
}

/// F15
pub(super) fn every_unit_has_an_office_of_its_own(left: &Left) {
    let offices = left.first.ask(
        "select count(*), count(distinct unit_id), count(distinct section_id) from section
         where name = '办公室' and valid_to is null",
    );
    assert_eq!(offices, [["178", "178", "178"]]);
    for table in ["service_case", "hotline_order", "task"] {
        let of_others = format!(
            "select count(*), count(distinct told.section_id) from {table} as told
             join section on section.section_id = told.section_id
             where section.unit_id <> told.unit_id"
        );
        assert_eq!(left.first.ask(&of_others), [["0", "0"]], "{table}");
    }
    let held = left.first.count(
        "select count(distinct section_id) from hotline_order join section using (section_id)
         where section.name = '办公室'",
    );
    assert!(held > 50, "orders are at {held} offices");
}

/// T02
pub(super) fn reforms_have_their_days(left: &Left) {
    let planted: BTreeSet<String> = left.planted("T02", "staffing.units").into_iter().collect();
    let ended = left.first.column(
        "select ended.unit_id || ' ' || ended.name from unit as ended
         join unit as successor on successor.unit_id = ended.successor_id
         where successor.valid_from <= ended.valid_to",
    );
    assert_eq!(ended, planted);
}
