//! Are the planted truths found by who asks the warehouse? Told of a city of a tenth of the size, in
//! which a unit of 92 people has 9: every tolerance says what it rests on.

use std::collections::BTreeMap;

use super::left::Left;
use super::left::Night;
use super::left::Row;
use crate::world::NIGHT;

/// The unit of a truth.
fn unit_of(left: &Left, truth: &str) -> String {
    let truths = left.truth["truths"].as_array().unwrap();
    let found = truths.iter().find(|known| known["truth"] == truth).unwrap();
    found["unit"].as_str().unwrap().to_owned()
}

/// A metric of a unit in a year.
fn metric(night: &Night, name: &str, unit: &str, year: &str) -> f64 {
    night.number(&format!(
        "select value from metric_value where metric = '{name}' and unit_id = '{unit}'
         and period = '{year}' and section_id is null"
    ))
}

/// What part of a sum over all units is a unit's, in 2025.
fn part(night: &Night, name: &str, unit: &str) -> f64 {
    night.number(&format!(
        "select 1.0 * sum(value) filter (where unit_id = '{unit}') / sum(value) from metric_value
         where metric = '{name}' and period = '2025' and section_id is null and dim is null"
    ))
}

/// How many times the median of all units with a value a unit has in 2025.
fn times_the_median(night: &Night, name: &str, unit: &str) -> f64 {
    night.number(&format!(
        "with told as (
            select unit_id, value, row_number() over (order by value) as place, count(*) over () as all_of
            from metric_value where metric = '{name}' and period = '2025' and section_id is null and dim is null
              and status = 'ok' and value > 0
         )
         select 1.0 * max(value) filter (where unit_id = '{unit}')
            / max(value) filter (where place = (all_of + 1) / 2) from told"
    ))
}

#[track_caller]
fn is_near(value: f64, due: f64, by: f64) {
    assert!((value - due).abs() <= by, "{value} is not {due} ± {by}");
}

/// Three standard errors of a share over so many draws.
fn three_errors(share: f64, draws: f64) -> f64 {
    3.0 * (share * (1.0 - share) / draws).sqrt()
}

/// 市人力资源和社会保障局
pub(super) fn one_department_is_overloaded(left: &Left) {
    let (night, unit) = (&left.first, unit_of(left, "overloaded"));
    // 10,000 cases a year: three standard errors are 1.3 points.
    is_near(part(night, "cases_closed", &unit), 0.24, 0.013);
    // 96 of 6,000 people are 10 of 600, one more or less.
    is_near(part(night, "person_years", &unit), 0.016, 1.0 / 600.0);
    // 9 people in the place of 9.6, and a median of units that have one or two people.
    is_near(times_the_median(night, "cases_standard_per_person", &unit), 3.1, 0.5);
    // Hours of 9 people and 12 months, each within 8 % of what was meant, absences not told in full.
    is_near(metric(night, "work_saturation", &unit, "2025"), 1.19, 0.03);
    // 80 and 200 open cases: a standard error is a tenth of them.
    is_near(metric(night, "backlog_months", &unit, "2024"), 0.4, 0.1);
    is_near(metric(night, "backlog_months", &unit, "2025"), 1.1, 0.2);
    let closed = metric(night, "cases_closed", &unit, "2025");
    is_near(metric(night, "on_time_rate", &unit, "2025"), 0.97, three_errors(0.97, closed));
    // Satisfied with genuine ratings, those of one case alike, so that cases are what is drawn.
    let quarter = |months: &str| {
        let told = night.ask(&format!(
            "select avg(level >= 4), count(distinct case_id) from service_rating
             join service_case using (case_id)
             where unit_id = '{unit}' and not automatic
               and strftime('%Y-%m', rated_at, '+8 hours') in ({months})"
        ));
        (told[0][0].parse::<f64>().unwrap(), told[0][1].parse::<f64>().unwrap())
    };
    let (before, cases) = quarter("'2025-01', '2025-02', '2025-03'");
    is_near(before, 0.97, three_errors(0.97, cases));
    let (after, cases) = quarter("'2025-10', '2025-11', '2025-12'");
    is_near(after, 0.93, three_errors(0.93, cases));
    assert!(after < before, "{before} did not fall: {after}");
}

/// 市经济信息研究中心
pub(super) fn one_centre_is_idle(left: &Left) {
    let (night, unit) = (&left.first, unit_of(left, "idle"));
    let told = |name: &str| metric(night, name, &unit, "2025");
    // Hours of 4 people and 12 months, each within 8 % of what was meant.
    is_near(told("work_saturation"), 0.54, 0.02);
    // 200 entries of one to three pieces; the median unit has one or two people.
    is_near(times_the_median(night, "items_per_person_month", &unit), 0.35, 0.07);
    is_near(told("core_duties"), 11.0, 0.0);
    is_near(told("duty_idle"), 4.0, 0.0);
    // A fifth of a task a person: of 36 people 7 tasks, of 3.6 people one, which is 0.7 rounded.
    let people = told("person_years");
    is_near(told("tasks_per_person_year") * people, 0.2 * people, 0.5);
    is_near(told("cases_closed"), 8.0, 0.0);
    // Two fifths 好 exactly. The warehouse tells it of civil servants only, and holds no person: the
    // centre's grades stand in the lake.
    let grades = left.lake("appraisal", NIGHT, "appraisal.grades").into_iter();
    let of_unit = grades.filter(|row| row["unit_id"] == unit && row["kind"] == "quarter");
    let of_year = of_unit.filter(|row| row["period"].starts_with("2025"));
    let given: Vec<String> = of_year.filter_map(|row| row.get("grade").cloned()).collect();
    let good = given.iter().filter(|grade| *grade == "good").count();
    assert_eq!((good > 0, good * 5), (true, given.len() * 2));
}

/// 市住房和城乡建设局
pub(super) fn one_department_is_unbalanced(left: &Left) {
    let (night, unit) = (&left.first, unit_of(left, "unbalanced"));
    is_near(metric(night, "section_spread_hoover", &unit, "2025"), 0.39, 0.02);
    // The two busiest of its nine sections, by their part of the hours and of the people in sections. What
    // one or two people work is told to nobody, so the hours come from the lake.
    let mut hours: BTreeMap<String, f64> = BTreeMap::new();
    for row in left.fact("log").iter().filter(|row| row["unit_id"] == unit) {
        if let Some(section) =
            row.get("section_id").filter(|_| row["worked_on"].starts_with("2025"))
        {
            *hours.entry(section.clone()).or_default() += row["hours"].parse::<f64>().unwrap();
        }
    }
    let told = night.ask(&format!(
        "select section_id, name, value from metric_value join section using (section_id)
         where metric = 'person_years' and metric_value.unit_id = '{unit}' and period = '2025'
         and value > 0"
    ));
    let mut sections: Vec<(f64, f64, &str)> =
        told.iter().map(|row| (hours[&row[0]], row[2].parse().unwrap(), row[1].as_str())).collect();
    sections.sort_by(|one, other| (other.0 / other.1).total_cmp(&(one.0 / one.1)));
    let all = sections.iter().fold((0.0, 0.0), |all, (h, p, _)| (all.0 + h, all.1 + p));
    let two = sections.iter().take(2).fold((0.0, 0.0), |all, (h, p, _)| (all.0 + h, all.1 + p));
    let mut names: Vec<&str> = sections.iter().take(2).map(|(.., name)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, ["建筑业管理科", "房地产市场科"]);
    let (hours, people) = (two.0 / all.0, two.1 / all.1);
    // 61 % of the hours with 22 % of the people. Of 7 people in sections 2 are more than 22 %: what is
    // planted is how far the hours are above the people.
    is_near(hours - people, 0.61 - 0.22, 0.02);
    is_near(people, 0.22, 1.0 / 7.0);
    // 36 of 92 to move are the same 39 % of the people in sections.
    let of_sections = night.number(&format!(
        "select sum(value) from metric_value where metric = 'person_years' and period = '2025'
         and unit_id = '{unit}' and section_id is not null"
    ));
    let to_move = metric(night, "section_persons_to_move", &unit, "2025");
    is_near(to_move / of_sections, 36.0 / 92.0, 0.02);
    // Its own mean is ordinary: inside the range that the metric states.
    is_near(metric(night, "work_saturation", &unit, "2025"), 0.88, 0.03);
}

/// 市档案馆
pub(super) fn three_ratings_are_few(left: &Left) {
    let (night, unit) = (&left.first, unit_of(left, "few ratings"));
    // Planted one by one, at any scale.
    let bad = night.ask(&format!(
        "select numerator, denominator, status from metric_value
         where metric = 'dissatisfied_rate' and unit_id = '{unit}' and period = '2025'"
    ));
    assert_eq!(bad, [["2", "3", "few"]]);
    let defaults = night.count(&format!(
        "select count(*) from service_rating join service_case using (case_id)
         where unit_id = '{unit}' and automatic and level = 5"
    ));
    assert_eq!(defaults, 41);
    // The worst of all by its number, and yet not last among those that can be ranked.
    let worse = "select count(*) from metric_value
         where metric = 'dissatisfied_rate' and period = '2025' and value >= 2.0 / 3 and ";
    assert_eq!(night.count(&format!("{worse} status = 'ok'")), 0);
    assert_eq!(night.count(&format!("{worse} unit_id = '{unit}' and status = 'few'")), 1);
}

/// 云泉县综合行政执法局
pub(super) fn one_bureau_closes_late(left: &Left) {
    let (night, unit) = (&left.first, unit_of(left, "closes late"));
    let told = |name: &str| metric(night, name, &unit, "2025");
    let closed = told("cases_closed");
    // 70 cases: three standard errors of a share of 0.69 are 16 points.
    is_near(told("on_time_rate"), 0.69, three_errors(0.69, closed));
    // Others, where something is promised at all: what is settled at once is never late. Suspensions
    // move the due day and are left aside here.
    let others = night.ask(&format!(
        "select avg(date(closed_at, '+8 hours') <= date(due_at, '+8 hours')), count(*)
         from service_case join service_item using (item_id)
         where status = 'closed' and promised_workdays > 0 and suspended_workdays is null
           and service_case.unit_id not in ('{unit}', '{}')",
        unit_of(left, "overloaded")
    ));
    let [share, cases] = [0, 1].map(|at: usize| others[0][at].parse::<f64>().unwrap());
    is_near(share, 0.985, three_errors(0.985, cases));
    // Its promise is ten days. The ninth tenth of 70 cases is the 7th from the end, and delays reach
    // from 1.1 to 2.8 promises.
    let promised = night.count(&format!(
        "select max(promised_workdays) from service_item where unit_id = '{unit}'
         group by unit_id having min(promised_workdays) = max(promised_workdays)"
    ));
    assert_eq!(promised, 10);
    is_near(told("handling_p90") / 10.0, 2.3, 0.4);
    // Late closings of all years on the last days of a quarter: 5 of 91 days have 5.5 % of others'.
    let heaped = |of: &str| {
        night.number(&format!(
            "select avg(strftime('%m', closed_at, '+8 hours') % 3 = 0
                and strftime('%d', closed_at, '+8 hours') >= '27')
             from service_case where status = 'closed' and suspended_workdays is null
               and date(closed_at, '+8 hours') > date(due_at, '+8 hours') and unit_id {of} '{unit}'"
        ))
    };
    let (own, others) = (heaped("="), heaped("<>"));
    assert!(own > 2.0 * 5.0 / 91.0 && own > 2.0 * others, "{own} and others {others}");
    let report = night.number(&format!(
        "select value from self_report where unit_id = '{unit}' and metric = 'on_time_rate'"
    ));
    is_near(report, 1.0, 0.0);
    // Beside ours it differs, with both numbers.
    let beside = night.ask(&format!(
        "select verdict, reported, value, sentence from reconciliation
         where unit_id = '{unit}' and metric = 'on_time_rate' and period = '2025'"
    ));
    assert_eq!((beside[0][0].as_str(), beside[0][1].as_str()), ("differs", "1"));
    is_near(beside[0][2].parse().unwrap(), told("on_time_rate"), 0.0);
    let sentence = &beside[0][3];
    assert!(sentence.starts_with("按时办结率自报100%,系统计"), "{sentence}");
    assert!(sentence.ends_with("个百分点;口径或数据待核"), "{sentence}");
    assert!(night.said.contains("--unit"), "{}", night.said);
}

/// Nobody plants it, but majors are drawn one as likely as the other: five of fourteen are of management.
pub(super) fn majors_are_as_drawn(left: &Left) {
    let night = &left.first;
    assert_eq!(night.findings("roster", "unmapped"), BTreeMap::new());
    let told = |what: &str, of: &str| {
        night.number(&format!(
            "select {what} from metric_value join unit using (unit_id)
             where {of} and period = '2025' and status = 'ok'"
        ))
    };
    // Small shares are told to nobody, so that those that are told are the larger ones: ask the lake.
    let people = left.fact("person").into_iter();
    let works = |row: &Row| {
        row["_month"] == "202512" && row.get("works").is_some_and(|works| works == "true")
    };
    let known: Vec<String> =
        people.filter(works).filter_map(|row| row.get("discipline").cloned()).collect();
    let of_management = known.iter().filter(|of| *of == "management").count();
    assert!(known.len() > 300 && of_management > 100, "{of_management} of {}", known.len());
    let [part, all] =
        [of_management, known.len()].map(|count| u32::try_from(count).unwrap().into());
    is_near(part / all, 5.0 / 14.0, three_errors(5.0 / 14.0, all));
    // The departments of the party ask for disciplines that eight of fourteen majors belong to, and some
    // of them for fewer.
    let matching = "metric = 'major_match_rate' and category = 'party_department'";
    let rate = told("1.0 * sum(numerator) / sum(denominator)", matching);
    let drawn = 8.0 / 14.0;
    is_near(rate, drawn, three_errors(drawn, told("sum(denominator)", matching)));
    // No tree asks it of a township, and so does no list.
    let told = night.ask(
        "select distinct status, reason from metric_value join unit using (unit_id)
         where metric = 'major_match_rate' and category = 'township'",
    );
    assert_eq!(told, [["not_applicable", "not_listed"]]);
}
