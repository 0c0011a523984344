//! What does the hotline say of an order at a moment?

use jiff::civil::Date;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::orders::CATEGORIES;
use super::orders::KINDS;
use super::orders::Order;
use crate::sandbox::City;
use crate::sandbox::days::Days;
use crate::sandbox::days::Moment;

/// From this night on two keys have other names.
const RENAMED: Date = Date::constant(2026, 2, 16);
const LEVELS: [&str; 6] = ["未评价", "非常不满意", "不满意", "基本满意", "满意", "非常满意"];
const RESOLVED: [&str; 3] = ["已解决", "部分解决", "未解决"];
const CHANNELS: [&str; 3] = ["电话", "微信", "网站"];
/// How many rows of units with several spellings are spelt otherwise than in full.
const SPELT: f64 = 0.19;

impl Order {
    /// When it last changed, as known at a moment; nothing while nobody has called.
    pub(in crate::sandbox) fn updated(&self, now: Moment) -> Option<Moment> {
        let changes = [
            Some(self.assigned),
            Some(self.closed.plus(120)),
            self.visited,
            self.exempt,
            self.moved.map(|(at, ..)| at),
        ];
        changes.into_iter().flatten().filter(|change| *change <= now).max()
    }

    pub(in crate::sandbox) fn shown(&self, city: &City, at: u32, now: Moment) -> Value {
        let day = Days::date(self.received.day());
        let (unit, section) = self.holder(city, now);
        let written = city.spellings.written(&city.founded, (unit, day), SPELT, u64::from(at));
        let section = city.founded.sections.get(section).map_or("", |it| it.name.as_str());
        let is_renamed = Days::date(now.day()) >= RENAMED;
        let (held_by, due_by) = if is_renamed {
            ("办理单位", "承诺完成时间")
        } else {
            ("承办单位", "办理截止时间")
        };
        let is_closed = self.closed.plus(120) <= now;
        let is_visited = self.visited.is_some_and(|visited| visited <= now);
        let time = |moment: Option<Moment>| time_told(city, at, moment);
        let mut row = Map::new();
        let mut put = |key: &str, value: Value| _ = row.insert(key.to_owned(), value);
        put("工单编号", json!(self.number(&city.days)));
        put("市级编号", json!(format!("SJ{:010}", at + 1)));
        put("诉求类型", json!(KINDS.get(usize::from(self.kind))));
        put("问题分类", json!(self.category(at)));
        put("受理渠道", json!(CHANNELS.get(usize::from(self.channel))));
        put("受理时间", time(Some(self.received)));
        put(held_by, json!(written.name));
        put("承办单位编码", json!(format!("CB{:03}", unit + 1)));
        put("二级承办单位", json!(section));
        put("派单时间", time(Some(self.assigned)));
        put("首次联系时间", time(Some(self.responded).filter(|it| *it <= now)));
        put(due_by, time(Some(Moment::at(self.due, 86_399))));
        put("延期后截止时间", time(self.extended.map(|due| Moment::at(due, 86_399))));
        put("办结时间", time(is_closed.then_some(self.closed)));
        put("退单次数", json!(self.returned));
        put("重办次数", json!(if is_closed { self.redone } else { 0 }));
        put("是否回访", json!(if is_visited { "是" } else { "否" }));
        let resolved = RESOLVED.get(usize::from(self.resolved)).filter(|_| is_visited);
        put("是否解决", json!(resolved));
        put("首次满意度", json!(level(self.first, is_visited)));
        put("最终满意度", json!(level(self.last, is_visited)));
        let is_exempt = self.exempt.is_some_and(|exempt| exempt <= now);
        put("不计考核", json!(if is_exempt { "是" } else { "否" }));
        put("工单状态", json!(self.state(is_closed, is_visited, now)));
        put("更新时间", time(self.updated(now)));
        Value::Object(row)
    }

    /// The unit and section that hold it at a moment.
    fn holder(&self, city: &City, now: Moment) -> (usize, usize) {
        let moved = self.moved.filter(|(at, ..)| *at <= now);
        let section = moved.map_or(self.section, |(_, _, section)| section);
        let unit = moved.map_or(self.unit, |(_, unit, _)| unit);
        let day = Days::date(self.received.day());
        (city.founded.unit_on(unit, day), city.founded.section_on(section, day))
    }

    /// The flaw in the name of its unit.
    pub(in crate::sandbox) fn misspelt(&self, city: &City, at: u32) -> Option<&'static str> {
        let day = Days::date(self.received.day());
        let unit = city.founded.unit_on(self.unit, day);
        city.spellings.written(&city.founded, (unit, day), SPELT, u64::from(at)).flaw
    }

    fn state(&self, is_closed: bool, is_visited: bool, now: Moment) -> &'static str {
        match (is_closed, is_visited) {
            _ if self.is_void => "已作废",
            (true, true) => "已归档",
            (true, false) => "已办结",
            (false, _) if self.responded <= now => "办理中",
            (false, _) => "待签收",
        }
    }

    fn category(&self, at: u32) -> &'static str {
        let name = CATEGORIES.get(usize::from(self.category)).map_or("", |(name, ..)| *name);
        match name.split_once('.') {
            Some((_, plain)) if Order::has_plain_category(at) => plain,
            Some(_) | None => name,
        }
    }
}

/// A time as an order tells it.
fn time_told(city: &City, at: u32, moment: Option<Moment>) -> Value {
    match moment {
        None if at % 1000 == 11 => json!("0000-00-00 00:00:00"),
        None if at % 1000 == 511 => json!("1970-01-01 08:00:00"),
        None => Value::Null,
        Some(moment) if at % 50 == 7 => json!(moment.epoch_ms()),
        Some(moment) => json!(city.days.told(moment)),
    }
}

fn level(level: u8, is_visited: bool) -> &'static str {
    let level = if is_visited { level } else { 0 };
    LEVELS.get(usize::from(level)).copied().unwrap_or_default()
}
