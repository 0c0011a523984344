//! Who called for what, who was sent, and how did it end?

use jiff::civil::Date;

use crate::sandbox::days::Days;
use crate::sandbox::days::Moment;
use crate::sandbox::dice::Dice;
use crate::sandbox::founding::Founded;
use crate::sandbox::service::cases::daily;
use crate::sandbox::units::Category;

/// A work order, with all that will ever happen to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Order {
    pub(super) serial: u32,
    pub(super) unit: usize,
    pub(super) section: usize,
    pub(super) kind: u8,
    pub(super) category: u8,
    pub(super) channel: u8,
    pub(super) received: Moment,
    pub(super) assigned: Moment,
    pub(super) responded: Moment,
    pub(super) due: i32,
    pub(super) extended: Option<i32>,
    pub(super) closed: Moment,
    /// When the caller was called back, if so.
    pub(super) visited: Option<Moment>,
    pub(super) resolved: u8,
    /// 0 is no opinion.
    pub(super) first: u8,
    pub(super) last: u8,
    pub(super) redone: u8,
    pub(super) returned: u8,
    /// When it was taken out of the assessment.
    pub(super) exempt: Option<Moment>,
    /// When it was given to another unit after closing, and to which.
    pub(super) moved: Option<(Moment, usize, usize)>,
    pub(super) is_void: bool,
}

pub(super) const KINDS: [&str; 5] = ["咨询", "求助", "投诉", "举报", "意见建议"];
pub(super) const UNRESOLVED: u8 = 2;
const MONTHS: [f64; 12] = [0.78, 0.46, 0.73, 0.80, 1.11, 1.22, 1.04, 1.20, 1.24, 1.23, 1.22, 0.97];
const WEEK: [f64; 7] = [1.1, 1.05, 1.03, 1.0, 1.0, 0.9, 0.85];
/// The week after the storm has 9 % of its year.
const STORM: Date = Date::constant(2025, 7, 14);
/// Categories with their share and who is sent; `field` is a township or a subdistrict.
pub(super) const CATEGORIES: [(&str, f64, &str); 20] = [
    ("001.市容环境", 13.0, "chengguan"),
    ("012.占道经营", 14.0, "field"),
    ("013.噪声扰民", 9.0, "chengguan"),
    ("014.乱停乱放", 7.0, "gongan"),
    ("015.垃圾清运", 6.0, "field"),
    ("021.社会保险", 5.0, "renshe"),
    ("022.社会救助", 4.0, "minzheng"),
    ("023.劳动纠纷", 5.0, "renshe"),
    ("031.房产交易", 5.0, "zhujian"),
    ("032.不动产登记", 3.0, "ziran"),
    ("033.物业管理", 3.0, "zhujian"),
    ("041.工程质量", 3.0, "zhujian"),
    ("042.施工管理", 3.0, "yqzhifa"),
    ("051.公交出行", 2.0, "jiaotong"),
    ("052.道路养护", 2.0, "jiaotong"),
    ("061.供水供气", 4.0, "field"),
    ("071.消费维权", 4.0, "shijian"),
    ("081.医疗服务", 3.0, "weijian"),
    ("082.教育收费", 2.0, "jiaoyu"),
    ("091.农村事务", 3.0, "nongye"),
];

impl Order {
    /// 工单编号.
    pub(in crate::sandbox) fn number(&self, days: &Days) -> String {
        format!("JN{}{:06}", days.shown(self.received.day()).replace('-', ""), self.serial)
    }

    /// 2 % tell their times as milliseconds, 0.1 % say nothing as a date that is none.
    pub(super) fn has_odd_times(at: u32) -> bool {
        at % 50 == 7 || at % 500 == 11
    }

    /// 40 % of the categories come without their number.
    pub(super) fn has_plain_category(at: u32) -> bool {
        at * 7 % 5 < 2
    }
}

/// Every order in the order of its number.
pub(in crate::sandbox) fn orders(
    (seed, scale): (u64, f64),
    founded: &Founded,
    days: &Days,
) -> Vec<Order> {
    let mut dice = Dice::of(seed, "orders");
    let storm = Days::no(STORM);
    let more = |day: i32| if (storm..storm + 7).contains(&day) { 5.1 } else { 1.0 };
    let field: Vec<usize> = (0..founded.units.len())
        .filter(|at| {
            let category = founded.unit_at(*at).map(|unit| unit.category);
            matches!(category, Some(Category::Township | Category::Subdistrict))
        })
        .collect();
    let shares = CATEGORIES.map(|(_, share, _)| share);
    let mut orders = Vec::new();
    for (day, count) in daily(60_000.0 * scale, days, &MONTHS, &WEEK, more) {
        for serial in 1..=count {
            let category = dice.weighted(&shares);
            let sent = CATEGORIES.get(category).map_or("field", |(_, _, key)| key);
            let unit = match sent {
                "field" => dice.pick(&field).copied().unwrap_or_default(),
                key => founded.place(key),
            };
            let section = section(&mut dice, founded, unit);
            let category = u8::try_from(category).unwrap_or_default();
            let order = order(&mut dice, days, (day, serial), (unit, section, category));
            let other = dice.pick(&field).copied().unwrap_or_default();
            let moved = dice.chance(0.01).then(|| {
                let at = order.closed.plus(dice.between(1, 30) * 86_400);
                (at, other, section_of(founded, other))
            });
            orders.push(Order { moved, ..order });
        }
    }
    orders
}

fn section(dice: &mut Dice, founded: &Founded, unit: usize) -> usize {
    let inside = founded.inside.get(unit).map_or(&[][..], Vec::as_slice);
    dice.pick(inside).copied().unwrap_or_default()
}

fn section_of(founded: &Founded, unit: usize) -> usize {
    founded.inside.get(unit).and_then(|inside| inside.last()).copied().unwrap_or_default()
}

fn order(
    dice: &mut Dice,
    days: &Days,
    (day, serial): (i32, u32),
    (unit, section, category): (usize, usize, u8),
) -> Order {
    let kind = dice.weighted(&[34.0, 31.0, 24.0, 5.0, 6.0]);
    let is_new = Days::date(day).year() >= 2026;
    let limit = match (kind, is_new) {
        (0, true) => 3,
        (0, false) => 5,
        (1 | 4, true) => 7,
        (1 | 4, false) => 10,
        _ => 15,
    };
    let received = Moment::at(day, dice.between(7 * 3600, 22 * 3600));
    let assigned = received.plus(dice.between(300, 14_400));
    let due = days.after(day, limit);
    let is_late = dice.chance(0.03);
    let extended = (!is_late && dice.chance(0.04)).then(|| days.after(due, 5));
    let workdays = if is_late {
        limit + i32::try_from(dice.between(1, 6)).unwrap_or(1)
    } else {
        i32::try_from(dice.between(0, i64::from(limit) * 8 / 10)).unwrap_or_default()
    };
    let closed = Moment::at(days.after(assigned.day(), workdays), dice.between(32_400, 64_800));
    let closed = closed.max(assigned.plus(1800));
    let longest = if dice.chance(0.08) { 160_000 } else { 80_000 };
    let waited = dice.between(600, longest);
    let visited = dice.chance(0.71).then(|| closed.plus(dice.between(1, 7) * 86_400));
    let resolved = [0, 1, UNRESOLVED];
    let resolved = resolved.get(dice.weighted(&[88.0, 6.0, 6.0])).copied().unwrap_or_default();
    let last = match (resolved, dice.weighted(&[62.0, 29.0, 4.0, 3.0, 2.0])) {
        (UNRESOLVED, place) => {
            if dice.chance(0.12) {
                5
            } else {
                [4, 3, 3, 2, 1][place.min(4)]
            }
        }
        (_, place) => [5, 4, 3, 2, 1][place.min(4)],
    };
    let last = if dice.chance(0.06) { 0 } else { last };
    let first = if last > 1 && dice.chance(0.05) { last - 1 } else { last };
    let exempt = dice.fraction();
    let exempt = (exempt < 0.06).then(|| {
        let wait = if exempt < 0.025 { dice.between(3, 50) } else { 0 };
        closed.plus(wait * 86_400 + 3600)
    });
    Order {
        serial,
        unit,
        section,
        kind: u8::try_from(kind).unwrap_or_default(),
        category,
        channel: u8::try_from(dice.below(3)).unwrap_or_default(),
        received,
        assigned,
        responded: assigned.plus(waited).min(closed),
        due,
        extended,
        closed,
        visited,
        resolved,
        first,
        last,
        redone: u8::from(dice.chance(0.055)),
        returned: u8::from(dice.chance(0.06)),
        exempt,
        moved: None,
        is_void: dice.chance(0.003),
    }
}
