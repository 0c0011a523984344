//! What stands in the cells of one person's row?

use jiff::civil::Date;

use super::people::Person;
use super::posts::Kind;
use super::posts::Role;
use super::terms::Absence;
use super::terms::Away;
use super::terms::Term;
use crate::sandbox::City;
use crate::sandbox::days::Days;
use crate::sandbox::dice::Lot;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    Word(&'static str),
    Number(f64),
}

/// The columns of a roster, in their groups.
pub(super) const COLUMNS: [(&str, &str); 30] = [
    ("", "序号"),
    ("", "单位名称"),
    ("", "统一社会信用代码"),
    ("", "所在机构"),
    ("基本信息", "姓名"),
    ("基本信息", "性别"),
    ("基本信息", "公民身份\n号码"),
    ("基本信息", "出生日期"),
    ("基本信息", "民族"),
    ("基本信息", "政治面貌"),
    ("学历学位", "最高学历"),
    ("学历学位", "最高学位"),
    ("学历学位", "毕业院校"),
    ("学历学位", "所学专业"),
    ("编制信息", "编制类别"),
    ("编制信息", "人员状态"),
    ("编制信息", "状态变动时间"),
    ("编制信息", "进入形式"),
    ("编制信息", "入编时间"),
    ("编制信息", "离开时间"),
    ("职务职级", "职务"),
    ("职务职级", "人员分类"),
    ("职务职级", "职级\n(岗位等级)"),
    ("职务职级", "任现职时间"),
    ("工作经历", "参加工作时间"),
    ("工作经历", "进入本单位时间"),
    ("借调情况", "借调单位"),
    ("借调情况", "起止时间"),
    ("", "联系电话"),
    ("", "备注"),
];

/// Where the unit's name and the number of the row stand.
pub(super) const NUMBER: usize = 0;
pub(super) const UNIT: usize = 1;

/// One row, before it has its number.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) unit: usize,
    pub(super) cells: Vec<Cell>,
    pub(super) flaws: Vec<&'static str>,
}

/// Where somebody stands on a roster.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing<'a> {
    pub(super) place: usize,
    pub(super) person: &'a Person,
    pub(super) term: &'a Term,
    pub(super) kind: Kind,
    pub(super) role: Role,
    pub(super) unit: usize,
    pub(super) section: usize,
    /// Whether this is the row at the host of somebody lent.
    pub(super) is_guest: bool,
    pub(super) day: i32,
}

/// The chances of a roster's flaws.
#[derive(Clone, Copy)]
pub(super) struct Chances {
    person: Lot,
    row: Lot,
}

impl Chances {
    pub(super) fn of(seed: u64) -> Chances {
        Chances { person: Lot::of(seed, "roster people"), row: Lot::of(seed, "roster rows") }
    }

    /// Whether a row is there twice.
    pub(super) fn is_twice(self, standing: &Standing<'_>) -> bool {
        self.row.falls(0.002, key(standing), 8)
    }

    /// Whether somebody who left stays on one more roster.
    pub(super) fn stays(self, place: usize) -> bool {
        self.person.falls(0.5, place as u64, 9)
    }
}

fn key(standing: &Standing<'_>) -> u64 {
    (standing.place as u64) << 20 | u64::try_from(standing.day).unwrap_or_default()
}

/// A person's row.
pub(super) fn line(city: &City, chances: Chances, standing: &Standing<'_>) -> Line {
    let mut flaws = Vec::new();
    let Standing { person, term, kind, role, unit, section, is_guest, day, .. } = *standing;
    let key = key(standing);
    let name = if kind == Kind::PublicTwo {
        city.founded.unit_at(unit).map_or("", |unit| unit.name.as_str())
    } else {
        let on = (unit, Days::date(day));
        let written = city.spellings.written(&city.founded, on, 0.56, key);
        flaws.extend(written.flaw);
        written.name
    };
    let known = city.founded.unit_at(unit);
    let is_leader = !is_guest && matches!(role, Role::Lead | Role::DeputyLead);
    let section = city.founded.sections.get(section).filter(|_| !is_leader);
    let absence = term.absence.filter(|absence| absence.from <= day);
    let away = absence.filter(|absence| day < absence.to);
    let dated = |at: Date, column: u64| written_day(chances, standing.place, at, column);
    let told = |day: Option<i32>, column: u64| {
        day.map_or(Cell::Empty, |day| dated(Days::date(day), column))
    };
    let left = term.to.filter(|to| *to <= day);
    let post = if is_guest { absence.map_or(term.from, |absence| absence.from) } else { term.from };
    let change = term.change.filter(|(on, _)| *on <= day && !is_guest);
    let since = change.map_or(post, |(on, _)| on.max(post));
    let is_staffed = kind != Kind::External;
    let loan = away.filter(|away| away.away == Away::Lent && (is_guest || away.is_told));
    if is_guest {
        flaws.push("F09");
    }
    let cells = vec![
        Cell::Empty,
        Cell::Text(name.to_owned()),
        Cell::Text(known.map_or_else(String::new, |unit| unit.uscc.clone())),
        Cell::Text(section.map_or(name, |section| section.name.as_str()).to_owned()),
        Cell::Text(wide_name(chances, standing, &mut flaws)),
        Cell::Word(if person.is_male { "男" } else { "女" }),
        number(chances, standing, &mut flaws),
        dated(birth(chances, standing, &mut flaws), 7),
        Cell::Word(person.nation),
        Cell::Word(person.politics),
        Cell::Word(person.education),
        Cell::Word(person.degree),
        Cell::Word(person.school),
        Cell::Word(person.major),
        Cell::Word(kind.title()),
        Cell::Word(status(is_guest, away)),
        told(changed(is_guest, absence, day), 16),
        Cell::Word(person.entry),
        if is_staffed { dated(person.works_since, 18) } else { Cell::Empty },
        told(left, 19),
        Cell::Word(post_name(role)),
        Cell::Word(role_name(role)),
        Cell::Word(rank(kind, role, person, day)),
        told(Some(since), 23),
        dated(person.works_since, 24),
        told(Some(post), 25),
        loan.map_or(Cell::Empty, |loan| Cell::Text(other_unit(city, standing, &loan))),
        loan.map_or(Cell::Empty, |loan| Cell::Text(span(&loan))),
        Cell::Text(person.phone.clone()),
        Cell::Empty,
    ];
    flaws.push("F05");
    Line { unit, cells, flaws }
}

/// A day as one person's file has it in one column, always the same way.
fn written_day(chances: Chances, place: usize, day: Date, column: u64) -> Cell {
    // A month alone stands only where the person's days in a unit do not hang on it.
    let is_exact = matches!(column, 16 | 19 | 25) || day.year() >= 2023;
    let drawn = chances.person.number(place as u64, column) % 100;
    match drawn {
        60..75 if !is_exact => Cell::Text(day.strftime("%Y.%m").to_string()),
        75..85 => Cell::Text(format!("{}年{}月{}日", day.year(), day.month(), day.day())),
        85..95 => Cell::Text(day.strftime("%Y%m%d").to_string()),
        95.. => {
            let first = Date::constant(1899, 12, 30);
            let days = i32::try_from(day.duration_since(first).as_hours() / 24);
            Cell::Number(f64::from(days.unwrap_or_default()))
        }
        _ => Cell::Text(day.to_string()),
    }
}

fn wide_name(chances: Chances, standing: &Standing<'_>, flaws: &mut Vec<&'static str>) -> String {
    let name = &standing.person.name;
    if !chances.person.falls(0.02, standing.place as u64, 7) {
        return name.clone();
    }
    flaws.push("F07");
    name.chars().map(String::from).collect::<Vec<_>>().join("\u{3000}")
}

fn number(chances: Chances, standing: &Standing<'_>, flaws: &mut Vec<&'static str>) -> Cell {
    let (key, id) = (key(standing), &standing.person.id);
    if chances.row.falls(0.001, key, 1) {
        flaws.push("F01");
        let wide = |letter: char| match letter {
            'X' => 'ｘ',
            digit => char::from_u32(u32::from(digit) + 0xfee0).unwrap_or(digit),
        };
        return Cell::Text(id.chars().map(wide).collect());
    }
    if let Some(number) = id.parse().ok().filter(|_| chances.row.falls(0.0005, key, 2)) {
        flaws.push("F02");
        return Cell::Number(number);
    }
    if standing.person.born.year() < 2000 && chances.row.falls(0.001, key, 3) {
        flaws.push("F03");
        let places = id.chars().enumerate();
        let short = places.filter(|(at, _)| !(6..8).contains(at) && *at < 17);
        return Cell::Text(short.map(|(_, letter)| letter).collect());
    }
    Cell::Text(id.clone())
}

fn birth(chances: Chances, standing: &Standing<'_>, flaws: &mut Vec<&'static str>) -> Date {
    let born = standing.person.born;
    if !chances.person.falls(0.004, standing.place as u64, 4) {
        return born;
    }
    flaws.push("F04");
    born.checked_sub(jiff::Span::new().years(1).days(3)).unwrap_or(born)
}

fn status(is_guest: bool, away: Option<Absence>) -> &'static str {
    match away {
        _ if is_guest => "借入",
        Some(Absence { away: Away::Lent, is_told: true, .. }) => "借出",
        Some(Absence { away: Away::Ill, .. }) => "长期病休",
        Some(Absence { away: Away::Suspended, .. }) => "停职",
        Some(Absence { away: Away::Lent, is_told: false, .. }) | None => "在岗",
    }
}

fn changed(is_guest: bool, absence: Option<Absence>, day: i32) -> Option<i32> {
    let absence = absence.filter(|absence| is_guest || absence.is_told)?;
    Some(if day < absence.to { absence.from } else { absence.to })
}

fn other_unit(city: &City, standing: &Standing<'_>, lent: &Absence) -> String {
    let home = city.staff.seats.get(standing.term.seat).map(|seat| seat.unit);
    let place = if standing.is_guest { home } else { lent.host.map(|(unit, _)| unit) };
    let day = Days::date(standing.day);
    let unit = place.and_then(|place| city.founded.unit_at(city.founded.unit_on(place, day)));
    unit.map_or_else(|| "省级机关".to_owned(), |unit| unit.short_name.clone())
}

fn span(lent: &Absence) -> String {
    let shown = |day: i32| Days::date(day).strftime("%Y.%m").to_string();
    format!("{}-{}", shown(lent.from), shown(lent.to))
}

fn post_name(role: Role) -> &'static str {
    match role {
        Role::Lead => "主要负责人",
        Role::DeputyLead => "副职负责人",
        Role::Head => "科长",
        Role::DeputyHead => "副科长",
        Role::Staff => "—",
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Lead => "部门正职领导",
        Role::DeputyLead => "部门副职领导",
        Role::Head => "内设机构正职领导",
        Role::DeputyHead => "内设机构副职领导",
        Role::Staff => "非领导",
    }
}

fn rank(kind: Kind, role: Role, person: &Person, day: i32) -> &'static str {
    let years = (day - Days::no(person.works_since)) / 365;
    match (kind, role) {
        (Kind::External, _) => "—",
        (Kind::Worker, _) => "技术工三级",
        (Kind::Admin | Kind::Reference, Role::Lead) => "一级调研员",
        (Kind::Admin | Kind::Reference, Role::DeputyLead) => "三级调研员",
        (Kind::Police, Role::Lead | Role::DeputyLead) => "二级高级警长",
        (Kind::PublicOne | Kind::PublicTwo, Role::Lead | Role::DeputyLead) => "管理六级",
        (Kind::Admin | Kind::Reference, _) if years > 12 => "一级主任科员",
        (Kind::Admin | Kind::Reference, _) if years > 5 => "三级主任科员",
        (Kind::Admin | Kind::Reference, _) => "一级科员",
        (Kind::Police, _) if years > 10 => "一级警长",
        (Kind::Police, _) => "二级警员",
        (Kind::PublicOne | Kind::PublicTwo, Role::Head | Role::DeputyHead) => "管理七级",
        (Kind::PublicOne | Kind::PublicTwo, _) if years > 12 => "专技十级",
        (Kind::PublicOne | Kind::PublicTwo, _) => "专技十二级",
    }
}
