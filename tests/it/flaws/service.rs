//! What became of the flaws of cases and ratings?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::left::Left;
use super::left::Night;
use super::left::among;

/// The ratings, each with whether a machine made it: 20 or more of one kind in one minute.
const RATED: &str = "
    with rated as (
        select
            *,
            not automatic and detail is not null and count(*) over (
                partition by automatic, detail, channel, substr(rated_at, 1, 16)
            ) >= 20 as alike
        from service_rating
    )";

/// The planted cases whose number is of a day up to the first night.
fn planted(left: &Left, flaw: &str) -> BTreeSet<String> {
    let keys = left.planted(flaw, "service.cases").into_iter();
    keys.filter(|key| key.as_str() < "990026010600000").collect()
}

/// Those of some cases that a night's warehouse holds.
fn held(night: &Night, keys: &BTreeSet<String>) -> BTreeSet<String> {
    night.column(&format!("select case_id from service_case where case_id in {}", among(keys)))
}

/// F25
pub(super) fn closed_before_accepted_is_quarantined(left: &Left) {
    let planted = planted(left, "F25");
    assert_eq!(held(&left.first, &planted), BTreeSet::new());
    let rows = left.first.quarantined("cases", "closed_before_accepted");
    assert_eq!(rows, planted.len() as u64);
    assert_eq!(left.first.equation("cases", "quarantined"), rows);
}

/// F26
pub(super) fn what_is_told_at_closing_only_is_accepted_when_applied_for(left: &Left) {
    let marked = left.first.ask(
        "select
            count(*),
            count(*) filter (where status = 'closed' and accepted_at < closed_at),
            count(*) filter (where strftime('%Y%m%d', accepted_at, '+8 hours') = '20' || substr(case_id, 5, 6)),
            count(distinct item.unit_id)
         from service_case join service_item as item using (item_id) where not accepted_told",
    );
    let [rows, closed, of_the_day, units] = marked[0].as_slice() else { unreachable!() };
    // 3 units, all of them reported at closing, on the day of their number.
    assert_eq!((closed, of_the_day, units.as_str()), (rows, rows, "3"));
    let found = left.first.finding("cases", "check", "accepted_when_applied");
    assert_eq!(found.to_string(), *rows);
    assert!((1..=left.count("F26", "service.cases")).contains(&found));
}

/// F27: what had ended before the first night and was told after it.
pub(super) fn ends_that_are_told_late_arrive(left: &Left) {
    let planted = planted(left, "F27");
    let open = format!(
        "select case_id from service_case where closed_at is null and case_id in {}",
        among(&planted)
    );
    let (open, known) = (left.first.column(&open), held(&left.first, &planted));
    let ended = format!(
        "select case_id from service_case
         where status = 'closed' and closed_at < '2026-01-05T18:00:00Z' and case_id in {}",
        among(&planted)
    );
    let late: BTreeSet<String> = left
        .february
        .column(&ended)
        .into_iter()
        .filter(|case| open.contains(case) || !known.contains(case))
        .collect();
    assert!(late.iter().any(|case| open.contains(case)), "{late:?}");
    assert!(late.iter().any(|case| !known.contains(case)), "{late:?}");
    // None is left behind: 20 days are over.
    assert_eq!(held(&left.february, &planted), planted);
}

/// F28: the time of change has stayed, so that no ordinary pull asks for it.
pub(super) fn corrections_under_an_old_time_come_with_the_full_load(left: &Left) {
    let told = "select case_id, coalesce(result, ''), updated_at from service_case";
    let (before, after) = (left.january.by_key(told), left.february.by_key(told));
    let is_corrected = |(case, row): &(&String, &Vec<String>)| {
        after.get(*case).is_some_and(|now| now[1] == row[1] && now[0] != row[0])
    };
    let corrected = before.iter().filter(is_corrected).map(|(case, _)| case.clone());
    let corrected: BTreeSet<String> = corrected.collect();
    assert!(!corrected.is_empty() && corrected.is_subset(&planted(left, "F28")), "{corrected:?}");
}

/// F29
pub(super) fn deleted_cases_go_with_the_full_load(left: &Left) {
    let told = "select case_id from service_case";
    let (before, after) = (left.january.column(told), left.february.column(told));
    let gone: BTreeSet<String> = before.difference(&after).cloned().collect();
    let planted: BTreeSet<String> = left.planted("F29", "service.cases").into_iter().collect();
    assert!(!gone.is_empty() && gone.is_subset(&planted), "{gone:?}");
    assert_eq!(left.february.equation("cases", "deleted"), gone.len() as u64);
}

/// What a metric of 2025 says above and below its line, over all units.
fn over_all(night: &Night, metric: &str) -> (u64, u64) {
    let sums = night.ask(&format!(
        "select sum(numerator), sum(denominator) from metric_value
         where metric = '{metric}' and period = '2025' and dim is null"
    ));
    (sums[0][0].parse().unwrap(), sums[0][1].parse().unwrap())
}

/// F30
pub(super) fn marked_defaults_are_not_genuine(left: &Left) {
    let night = &left.first;
    let defaults = night.ask(
        "select
            count(*) filter (where automatic),
            count(*) filter (where automatic and level <>
                case when date(closed_at, '+8 hours') < '2024-01-01' then 3 else 5 end)
         from service_rating join service_case using (case_id)",
    );
    let rows: u64 = defaults[0][0].parse().unwrap();
    assert!((1..=left.count("F30", "service.evaluations")).contains(&rows));
    assert_eq!(defaults[0][1], "0", "the default moved from 3 to 5");
    let counted = format!(
        "{RATED}
         select count(*) from (
            select case_id, service_no, min(rated_at) as first from rated
            where not automatic and not alike group by case_id, service_no
         ) join service_case using (case_id)
         where unit_id is not null and strftime('%Y', first, '+8 hours') = '2025'"
    );
    assert_eq!(over_all(night, "satisfied_rate").1, night.count(&counted));
}

/// F31
pub(super) fn ratings_of_machines_are_found_and_not_genuine(left: &Left) {
    let night = &left.first;
    let otherwise = "select count(*) from rated where machine <> alike or machine is null";
    assert_eq!(night.count(&format!("{RATED} {otherwise}")), 0);
    let of_2025 = "alike and strftime('%Y', rated_at, '+8 hours') = '2025'";
    let jobs = night.column(&format!(
        "{RATED} select distinct unit.name from rated join service_case using (case_id)
         join service_item using (item_id) join unit on unit.unit_id = service_item.unit_id
         where {of_2025}"
    ));
    let names = ["嘉宁市公安局", "嘉宁市自然资源和规划局"].map(str::to_owned);
    assert_eq!(jobs, BTreeSet::from(names));
    // 4,100 at a tenth, in one minute of one evening.
    let spike = night.count(&format!(
        "{RATED} select max(rows) from (select count(*) as rows from rated
         where alike and date(rated_at, '+8 hours') = '2025-12-30'
         group by substr(rated_at, 1, 16))"
    ));
    assert_eq!(spike, 410);
    let found = night.findings("metric_value", "beyond").into_iter();
    let found = found.filter_map(|(about, rows)| {
        Some((about.strip_prefix("rating_machine_share ")?.strip_suffix(" 2025")?.to_owned(), rows))
    });
    let found: BTreeMap<String, u64> = found.collect();
    // By the unit that the case is written to: some terminals gave theirs to the data bureau.
    let by_unit = night.by_key(&format!(
        "{RATED} select unit_id, count(*) from rated join service_case using (case_id)
         where {of_2025} and unit_id is not null group by unit_id"
    ));
    for (unit, rows) in &found {
        assert_eq!(by_unit[unit], [rows.to_string()], "{unit}");
    }
    let own = night.column(&format!("select unit_id from unit where name in {}", among(&jobs)));
    assert!(own.iter().all(|unit| found.contains_key(unit)), "{found:?}");
    assert!(found.values().sum::<u64>() >= spike);
}

/// F32
pub(super) fn coverage_counts_cases_not_ratings(left: &Left) {
    let genuine = left.first.ask(&format!(
        "{RATED}
         select count(*), count(distinct case_id) from rated join service_case using (case_id)
         where not automatic and not alike and status = 'closed' and unit_id is not null
           and strftime('%Y', closed_at, '+8 hours') = '2025' and rated_at < '2025-12-31T16:00:00Z'"
    ));
    let (ratings, cases): (u64, u64) =
        (genuine[0][0].parse().unwrap(), genuine[0][1].parse().unwrap());
    let (rated, closed) = over_all(&left.first, "rating_coverage");
    assert!(ratings * 10 > cases * 11, "{ratings} ratings of {cases} cases");
    assert!(rated < closed && rated >= cases, "{rated} of {closed}, {cases} by SQL");
}

/// F33
pub(super) fn cases_of_the_data_bureau_are_listed_by_item(left: &Left) {
    let night = &left.first;
    let bureau = night.column("select unit_id from unit where name = '嘉宁市数据局'");
    let bureau = bureau.first().unwrap();
    let by_item = night.by_key(&format!(
        "select item_id, count(*) from service_case join service_item as item using (item_id)
         where case_id in {} and service_case.unit_id = '{bureau}' and item.unit_id <> '{bureau}'
           and strftime('%Y', accepted_at, '+8 hours') = '2025'
         group by item_id",
        among(&planted(left, "F33"))
    ));
    let expected = by_item.into_iter().map(|(item, rows)| {
        (format!("cases_of_others {bureau} {item} 2025"), rows[0].parse().unwrap())
    });
    let expected: BTreeMap<String, u64> = expected.collect();
    assert!(expected.len() > 10, "{expected:?}");
    let found = night.findings("metric_value", "beyond").into_iter();
    let found = found.filter(|(about, _)| about.starts_with("cases_of_others "));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
}

/// F34
pub(super) fn ratings_lose_the_prefix_of_the_province(left: &Left) {
    let night = &left.first;
    let numbers = "select count(*), count(*) filter (where case_id like '9900___________')
         from service_rating";
    let numbers = night.ask(numbers).remove(0);
    assert_eq!(numbers[0], numbers[1]);
    assert!(numbers[0].parse::<u64>().unwrap() <= left.count("F34", "service.evaluations"));
    // Every rating finds its case, if that was not quarantined or deleted.
    let lost = night.column(
        "select case_id from service_rating where case_id not in (select case_id from service_case)",
    );
    let gone: BTreeSet<String> =
        ["F25", "F29"].iter().flat_map(|flaw| planted(left, flaw)).collect();
    assert!(lost.is_subset(&gone), "{lost:?}");
}

/// F35
pub(super) fn pages_add_up_whatever_happened_to_them(left: &Left) {
    for system in ["service", "hotline"] {
        assert!(left.count("F35", system) > 0);
        let again = format!("select sum(asked_again) from stream_night where system = '{system}'");
        assert!(left.february.count(&again) > 0, "{system} was never asked again");
    }
    let open = "select night, stream from stream_night
         where system in ('service', 'hotline') and (state = 'failed' or told is null
            or told <> received or received + coalesce(exploded, 0) <> added + changed + unchanged
                + duplicate + filtered + quarantined)";
    assert_eq!(left.february.ask(open), Vec::<Vec<String>>::new());
}

/// F36
pub(super) fn a_promise_that_ends_on_a_holiday_is_counted(left: &Left) {
    let held = held(&left.first, &planted(left, "F36"));
    let found = left.first.finding("cases", "check", "due_on_a_holiday");
    assert_eq!((found > 0, found), (true, held.len() as u64));
}
