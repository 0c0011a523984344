//! Which posts does each unit have, and how many of each kind are approved?

use jiff::civil::Date;

use crate::sandbox::founding::Founded;
use crate::sandbox::units::Mix;

/// A kind of post, and the sheet it stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sandbox) enum Kind {
    Admin,
    Police,
    Reference,
    PublicOne,
    PublicTwo,
    Worker,
    External,
}

impl Kind {
    pub(super) const ALL: [Kind; 7] = [
        Kind::Admin,
        Kind::Police,
        Kind::Reference,
        Kind::PublicOne,
        Kind::PublicTwo,
        Kind::Worker,
        Kind::External,
    ];

    /// 编制类别, and the name of the sheet.
    pub(super) fn title(self) -> &'static str {
        match self {
            Kind::Admin => "行政编制",
            Kind::Police => "政法专项编制",
            Kind::Reference => "参公事业编制",
            Kind::PublicOne => "公益一类",
            Kind::PublicTwo => "公益二类",
            Kind::Worker => "工勤编制",
            Kind::External => "编外人员",
        }
    }

    /// Whether its people are civil servants or treated as such.
    pub(in crate::sandbox) fn is_civil(self) -> bool {
        matches!(self, Kind::Admin | Kind::Police | Kind::Reference)
    }

    /// Whether its people may lead.
    pub(super) fn may_lead(self) -> bool {
        !matches!(self, Kind::Worker | Kind::External)
    }
}

/// What somebody is in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sandbox) enum Role {
    Lead,
    DeputyLead,
    Head,
    DeputyHead,
    Staff,
}

impl Role {
    /// Whether it is of the unit and of no section.
    pub(super) fn leads(self) -> bool {
        matches!(self, Role::Lead | Role::DeputyLead)
    }
}

/// A post that somebody can hold.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Seat {
    /// The place of its unit.
    pub(in crate::sandbox) unit: usize,
    /// The place of its section; of a leader, the first one.
    pub(in crate::sandbox) section: usize,
    pub(in crate::sandbox) kind: Kind,
    pub(in crate::sandbox) role: Role,
}

/// How many posts of each kind the units of a mix have together at scale 1.
fn shares(mix: Mix) -> [u64; 7] {
    match mix {
        Mix::Party => [370, 0, 50, 0, 0, 20, 40],
        Mix::Government => [1037, 0, 240, 350, 0, 80, 125],
        Mix::Police => [0, 235, 0, 0, 0, 10, 15],
        Mix::Justice => [13, 35, 0, 0, 0, 0, 0],
        Mix::Reference => [0, 0, 300, 0, 0, 8, 22],
        Mix::PublicOne => [0, 0, 0, 400, 0, 10, 30],
        Mix::PublicTwo => [0, 0, 0, 0, 320, 7, 23],
        Mix::Park => [50, 0, 50, 20, 0, 5, 25],
        Mix::Township => [740, 0, 0, 560, 0, 36, 230],
        Mix::Subdistrict => [210, 0, 0, 180, 0, 14, 140],
    }
}

/// How many people a unit has at a scale; nobody works in a unit that a reform ended.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred people")]
pub(super) fn people_at(people: u32, scale: f64) -> usize {
    if people == 0 { 0 } else { (f64::from(people) * scale).round().max(1.0) as usize }
}

/// Every post, unit by unit.
pub(super) fn seats(founded: &Founded, scale: f64) -> Vec<Seat> {
    let mut given: std::collections::BTreeMap<Mix, [u64; 7]> = std::collections::BTreeMap::new();
    let mut seats = Vec::new();
    for (unit, (known, inside)) in founded.units.iter().zip(&founded.inside).enumerate() {
        let inside: Vec<usize> = inside
            .iter()
            .copied()
            .filter(|at| founded.sections.get(*at).is_some_and(|section| section.to.is_none()))
            .collect();
        let people = people_at(known.people, scale);
        let taken = given.entry(known.mix).or_default();
        let mut kinds: Vec<Kind> = (0..people).map(|_| next_kind(known.mix, taken)).collect();
        kinds.sort();
        let leads = 1 + (people / 8).min(4);
        let mut heads = vec![0_usize; inside.len().max(1)];
        for (at, kind) in kinds.into_iter().enumerate() {
            let place = at.saturating_sub(leads) % heads.len();
            let section = inside.get(place).copied().unwrap_or_default();
            let role = match heads.get_mut(place) {
                Some(_) if at < leads && kind.may_lead() => lead(at),
                Some(before) if kind.may_lead() => head(before, people),
                Some(_) | None => Role::Staff,
            };
            seats.push(Seat { unit, section, kind, role });
        }
    }
    seats
}

fn lead(at: usize) -> Role {
    if at == 0 { Role::Lead } else { Role::DeputyLead }
}

/// The first of a section is its head; large units have deputies.
fn head(before: &mut usize, people: usize) -> Role {
    *before += 1;
    match *before {
        1 => Role::Head,
        2 if people > 40 => Role::DeputyHead,
        _ => Role::Staff,
    }
}

/// The kind that is furthest behind its share of a mix.
fn next_kind(mix: Mix, given: &mut [u64; 7]) -> Kind {
    let shares = shares(mix);
    let all: u64 = shares.iter().sum();
    let so_far = given.iter().sum::<u64>() + 1;
    // Behind by share × so_far − given × all, all in whole numbers.
    let behind = |at: usize| {
        let due = shares.get(at).copied().unwrap_or_default() * so_far;
        let has = given.get(at).copied().unwrap_or_default() * all;
        i64::try_from(due).unwrap_or_default() - i64::try_from(has).unwrap_or_default()
    };
    let mut best = 0;
    for at in 1..shares.len() {
        if behind(at) > behind(best) {
            best = at;
        }
    }
    if let Some(given) = given.get_mut(best) {
        *given += 1;
    }
    Kind::ALL.get(best).copied().unwrap_or(Kind::Admin)
}

/// A line of 编制核定.
#[derive(Clone, Debug)]
pub(super) struct Quota {
    pub(super) unit: usize,
    pub(super) kind: Kind,
    pub(super) approved: u64,
    pub(super) leaders: u64,
    pub(super) from: Date,
    pub(super) to: Option<Date>,
}

/// What the posts of a city are, and where they were planted wrong.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    pub(super) lines: Vec<Quota>,
    /// Units with more people than posts, and by how many.
    pub(super) over: Vec<(usize, Kind, u64)>,
    /// Units without a line for a kind they have.
    pub(super) missing: Vec<(usize, Kind)>,
}

/// Units with more people than posts, 11 in all; and units without a line.
const OVER: [(&str, u64); 5] =
    [("ziran", 3), ("gongan", 2), ("jikong", 2), ("shijian", 2), ("guangdian", 2)];
const MISSING: [&str; 2] = ["fangzhi", "dujia"];
const SINCE: Date = Date::constant(2019, 3, 1);
const RAISED: Date = Date::constant(2024, 7, 1);

/// The approved posts: 0.935 of them are filled.
pub(super) fn quotas(founded: &Founded, seats: &[Seat]) -> Quotas {
    let mut counts: std::collections::BTreeMap<(usize, Kind), u64> =
        std::collections::BTreeMap::new();
    for seat in seats.iter().filter(|seat| seat.kind != Kind::External) {
        *counts.entry((seat.unit, seat.kind)).or_default() += 1;
    }
    let (mut quotas, mut filled, mut approved) = (Quotas::default(), 0_u64, 0_u64);
    // The first kind of a unit is its main one.
    let mut last = None;
    for ((unit, kind), count) in counts {
        filled += count;
        // 5,350 people on 5,720 posts.
        let mut posts = filled * 5720 / 5350 - approved;
        approved += posts;
        let known = founded.unit_at(unit);
        let key = known.map_or("", |unit| unit.key.as_str());
        let main = last != Some(unit);
        last = Some(unit);
        if main && MISSING.contains(&key) {
            quotas.missing.push((unit, kind));
            continue;
        }
        let over = OVER.iter().find(|(over, _)| *over == key && main).map(|(_, by)| *by);
        if let Some(by) = over.filter(|by| count > *by) {
            posts = count - by;
            quotas.over.push((unit, kind, by));
        }
        let leaders = if main { (count / 8).min(4) + 1 } else { 0 };
        let from = known.map_or(SINCE, |unit| unit.from.max(SINCE));
        let line = Quota { unit, kind, approved: posts, leaders, from, to: None };
        // Every ninth line was raised by a post in 2024.
        if unit % 9 == 4 && main && posts > 1 && from < RAISED {
            let before = Quota { approved: posts - 1, to: Some(RAISED), ..line.clone() };
            quotas.lines.push(before);
            quotas.lines.push(Quota { from: RAISED, ..line });
        } else {
            quotas.lines.push(line);
        }
    }
    quotas
}
