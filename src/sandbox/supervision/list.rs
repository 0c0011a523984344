//! How does the list of tasks of a night look? In GB18030, every field quoted, a title above and the
//! count below.

use encoding_rs::GB18030;
use jiff::civil::Date;

use super::tasks::Flaw;
use super::tasks::Kind;
use super::tasks::Task;
use crate::sandbox::City;
use crate::sandbox::days::Days;

const COLUMNS: [&str; 17] = [
    "任务编号",
    "任务名称",
    "任务来源",
    "任务类别",
    "责任单位",
    "责任类型",
    "责任科室",
    "对应职责",
    "是否主责主业",
    "权重",
    "得分",
    "交办时间",
    "办结时限",
    "实际办结时间",
    "任务状态",
    "亮灯",
    "更新时间",
];
const SOURCES: [&str; 4] = ["市委常委会", "政府工作报告", "领导批示", "上级督查"];
const TOPICS: [&str; 6] =
    ["年度重点任务推进", "问题整改落实", "专项行动", "改革举措落地", "项目建设", "调研报告"];
/// How many rows of units with several spellings are spelt otherwise than in full.
const SPELT: f64 = 0.17;
/// The night whose file somebody saved in UTF-8, and the night whose file is empty.
pub(super) const IN_UTF8: Date = Date::constant(2026, 1, 20);
pub(super) const EMPTY: Date = Date::constant(2026, 1, 27);

/// The rows that a night's list has: those of its year and the year before, given before it.
pub(super) fn rows(city: &City, night: Date) -> impl Iterator<Item = (&Task, u64)> {
    let (year, today) = (night.year(), Days::no(night));
    let known = move |task: &Task| (year - 1..=year).contains(&task.year) && task.assigned < today;
    city.supervision.iter().zip(0..).filter(move |(task, _)| known(task))
}

/// The bytes of a night's list.
pub(super) fn bytes(city: &City, night: Date) -> Vec<u8> {
    if night == EMPTY {
        return Vec::new();
    }
    let mut text = format!("\"目标绩效督查任务清单,导出时间:{night} 00:30:12\"\r\n");
    push(&mut text, &COLUMNS.map(str::to_owned), None);
    let mut count = 0;
    for (task, key) in rows(city, night) {
        let open = (task.flaw == Some(Flaw::Comma)).then_some(1);
        push(&mut text, &cells(city, task, key, Days::no(night)), open);
        count += 1;
    }
    text.extend(["\"共 ", &format!("{count}"), " 条\"\r\n"]);
    if night == IN_UTF8 {
        return text.into_bytes();
    }
    GB18030.encode(&text).0.into_owned()
}

/// One line, every field quoted but perhaps one.
fn push(text: &mut String, cells: &[String], open: Option<usize>) {
    for (cell, at) in cells.iter().zip(0..) {
        let mark = if open == Some(at) { "" } else { "\"" };
        text.extend([if at == 0 { "" } else { "," }, mark, cell, mark]);
    }
    text.push_str("\r\n");
}

fn cells(city: &City, task: &Task, key: u64, today: i32) -> [String; COLUMNS.len()] {
    let founded = &city.founded;
    let given = Days::date(task.assigned);
    let (unit, section) = founded.place_on(task.unit, Some(task.section), given);
    let written = city.spellings.written(founded, (unit, given), SPELT, key);
    let other = task.other.and_then(|other| founded.unit_at(founded.unit_on(other, given)));
    let unit = match other {
        Some(other) => format!("{}、{}", written.name, other.name),
        None => written.name.to_owned(),
    };
    let section = section.and_then(|section| founded.sections.get(section));
    let duty = task.duty.and_then(|duty| founded.duties.get(duty));
    let told = told(task, today);
    let (state, light) = state(task, told, today);
    let day = |day: i32| Days::date(day);
    let appealed = task.appealed.filter(|(on, _)| *on < today);
    let points = appealed.or(Some(task.scored).filter(|(on, _)| *on < today));
    let done = task.done.filter(|_| told.is_some() && task.flaw != Some(Flaw::Undated));
    let changed = points.map(|(on, _)| on).max(told).unwrap_or(task.assigned);
    let kind = match task.kind {
        Kind::Target => "年度目标",
        Kind::Supervision => "督查事项",
        Kind::Key => "重点工作",
    };
    [
        task.number(),
        name(task, section.map_or("", |section| section.name.as_str())),
        SOURCES.get(task.source).copied().unwrap_or_default().to_owned(),
        kind.to_owned(),
        unit,
        if task.rank == 1 { "牵头" } else { "配合" }.to_owned(),
        section.map_or_else(String::new, |section| section.name.clone()),
        duty.map_or_else(String::new, |duty| duty.id.clone()),
        if duty.is_some_and(|duty| duty.is_core) { "是" } else { "否" }.to_owned(),
        format!("{}.{}", task.weight / 10, task.weight % 10),
        points.map_or_else(|| "—".to_owned(), |(_, it)| format!("{}.{}", it / 10, it % 10)),
        format!("{}/{}/{}", given.year(), given.month(), given.day()),
        day(task.due).to_string(),
        done.map_or_else(String::new, |done| day(done).to_string()),
        state.to_owned(),
        light.to_owned(),
        format!("{} 17:30:00", day(changed)),
    ]
}

fn name(task: &Task, section: &str) -> String {
    let topic = section.trim_end_matches(['科', '室']);
    let what = TOPICS.get(task.topic).copied().unwrap_or_default();
    match task.flaw {
        Some(Flaw::Comma) => format!("{topic}{what},按月报送进展"),
        Some(Flaw::Rare) => format!("{topic}{what}(含𬭚材料项目)"),
        Some(Flaw::Early | Flaw::Undated) | None => format!("{topic}{what}"),
    }
}

/// Since when the list knows that a task is over: progress is reported on the 5th.
fn told(task: &Task, today: i32) -> Option<i32> {
    let over = if task.is_stopped { i32::midpoint(task.assigned, task.due) } else { task.done? };
    let date = Days::date(over.max(task.assigned));
    let months = i64::from(date.day() > 5);
    let fifth = date.first_of_month().checked_add(jiff::Span::new().months(months).days(4));
    fifth.ok().map(Days::no).filter(|fifth| *fifth < today)
}

/// 任务状态 and 亮灯.
fn state(task: &Task, told: Option<i32>, today: i32) -> (&'static str, &'static str) {
    match told {
        Some(_) if task.is_stopped => ("中止", "蓝"),
        Some(_) if task.done.is_some_and(|done| done > task.due) => ("超期办结", "蓝"),
        Some(_) => ("已办结", "蓝"),
        None if today > task.due => ("逾期", "红"),
        None if today - task.assigned <= 2 => ("待交办", "绿"),
        None if task.due - today <= 10 => ("推进中", "黄"),
        None => ("推进中", "绿"),
    }
}

impl Task {
    /// 任务编号.
    pub(super) fn number(&self) -> String {
        format!("MB{}-{:04}-{:02}", self.year, self.serial, self.rank)
    }

    /// The flaw in the name of its unit.
    pub(super) fn misspelt(&self, city: &City, key: u64) -> Option<&'static str> {
        let given = Days::date(self.assigned);
        let (unit, _) = city.founded.place_on(self.unit, Some(self.section), given);
        city.spellings.written(&city.founded, (unit, given), SPELT, key).flaw
    }
}
