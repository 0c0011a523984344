//! What does the platform say of an item, a case or a rating at a moment?

use serde_json::Value;
use serde_json::json;

use super::cases::Case;
use super::cases::End;
use super::items::Item;
use super::ratings::Made;
use super::ratings::Rating;
use crate::sandbox::City;
use crate::sandbox::days::Days;
use crate::sandbox::days::Moment;
use crate::sandbox::units::Category;

/// How many rows of units with several spellings are spelt otherwise than in full.
const SPELT: f64 = 0.17;

impl Item {
    /// When it last changed, as known at a moment; a reform changes the items of its units.
    pub(in crate::sandbox) fn updated(&self, city: &City, at: u32, now: Moment) -> Option<Moment> {
        let since = jiff::civil::Date::constant(2022, 6, 1);
        let first = Moment::at(Days::no(since), 36_000 + i64::from(at) * 60);
        let unit = city.founded.unit_at(self.unit)?;
        let reform = Moment::at(Days::no(unit.from), 90_000 + i64::from(at));
        Some(if first < reform && reform <= now { reform } else { first })
    }

    pub(in crate::sandbox) fn shown(&self, city: &City, at: u32, now: Moment) -> Value {
        let unit = city.founded.unit_on(self.unit, Days::date(now.day()));
        let unit = city.founded.unit_at(unit);
        let (name, code) = unit.map_or(("", ""), |unit| (&unit.name, &unit.uscc));
        // What those next to the people do was once done above them.
        let is_devolved = unit.is_some_and(|unit| match unit.category {
            Category::Park | Category::Township | Category::Subdistrict => true,
            Category::PartyDepartment | Category::GovernmentDepartment | Category::Institution => {
                false
            }
        });
        let updated = self.updated(city, at, now).unwrap_or(now);
        json!({
            "taskHandleItem": self.code,
            "taskCode": format!("511Z{:08}", at + 1),
            "taskName": self.name,
            "taskType": self.kind.to_string(),
            "deptCode": code,
            "deptName": name,
            "anticipateDay": self.legal,
            "anticipateType": "1",
            "promiseDay": self.promised,
            "promiseType": "1",
            "projectType": if self.promised == 0 { "1" } else { "2" },
            "limitSceneNum": i32::from(self.promised > 0),
            "standardHours": format!("{}.{:02}", self.hours / 100, self.hours % 100),
            "complexity": self.complexity,
            "powerSource": if is_devolved { "2" } else { "1" },
            "taskState": self.state.to_string(),
            "updateTime": city.days.told(updated),
        })
    }
}

impl Case {
    fn opened(&self) -> Option<Moment> {
        (self.ended.day() > self.accepted.day()).then(|| self.accepted.plus(90))
    }

    /// When it last changed, as known at a moment; nothing while it is not there.
    pub(in crate::sandbox) fn updated(&self, now: Moment) -> Option<Moment> {
        let is_gone =
            self.flaw == Some("F29") && self.touched.is_some_and(|touched| touched <= now);
        if is_gone {
            return None;
        }
        let special = self.special.map(|(from, _)| from.plus(60));
        let changes = [Some(self.told), special, self.opened()];
        changes.into_iter().flatten().filter(|change| *change <= now).max()
    }

    pub(in crate::sandbox) fn shown(&self, city: &City, at: u32, now: Moment) -> Value {
        let days = &city.days;
        let is_over = self.told <= now;
        let special = self.special.filter(|(from, _)| from.plus(60) <= now);
        let status = match (is_over, special) {
            (true, _) => self.end as u8,
            (false, Some(_)) => 2,
            (false, None) => 1,
        };
        let is_corrected = self.flaw == Some("F28") && self.touched.is_some_and(|it| it <= now);
        let is_granted = self.is_granted != is_corrected;
        let result = if is_granted { "40" } else { "50" };
        let (org, code, section) = self.org(city, at);
        let item = city.service.items.get(self.item as usize);
        let accepted = (self.flaw != Some("F26")).then(|| days.told(self.accepted));
        json!({
            "projectNo": self.number(days),
            "taskHandleItem": item.map(|item| item.code.as_str()),
            "orgCode": code,
            "orgName": org,
            "handleDept": section,
            "handleUserCode": format!("U{:04}{:02}", self.item % 9973, self.handler),
            "applyType": self.channel.to_string(),
            "applyDate": days.told(self.applied),
            "acceptDate": accepted,
            "promiseDate": days.told(Moment::at(self.due, 86_399)),
            "resultDate": is_over.then(|| days.told(self.ended)),
            "specialDays": special.filter(|_| is_over).map(|(_, stopped)| stopped.to_string()),
            "projectStatus": status.to_string(),
            "resultType": (is_over && self.end == End::Closed).then_some(result),
            "updateTime": self.updated(now).map(|updated| days.told(updated)),
        })
    }

    /// Unit, code and section as the terminal filled them in.
    fn org<'c>(&self, city: &'c City, at: u32) -> (&'c str, &'c str, &'c str) {
        let founded = &city.founded;
        let day = Days::date(self.accepted.day());
        let Some(item) = city.service.items.get(self.item as usize) else { return ("", "", "") };
        let section = founded.section_on(item.section, day);
        let section = founded.sections.get(section).map_or("", |it| it.name.as_str());
        if self.flaw == Some("F33") {
            let bureau = founded.unit_at(founded.unit_on(founded.place("shuju"), day));
            return bureau.map_or(("", "", ""), |unit| (&unit.name, &unit.uscc, section));
        }
        let unit = founded.unit_on(item.unit, day);
        let written = city.spellings.written(founded, (unit, day), SPELT, u64::from(at));
        let code = founded.unit_at(unit).map_or("", |unit| unit.uscc.as_str());
        (written.name, code, section)
    }

    /// The flaw in the name of its unit.
    pub(in crate::sandbox) fn misspelt(&self, city: &City, at: u32) -> Option<&'static str> {
        let item = city.service.items.get(self.item as usize)?;
        let day = Days::date(self.accepted.day());
        let unit = city.founded.unit_on(item.unit, day);
        city.spellings.written(&city.founded, (unit, day), SPELT, u64::from(at)).flaw
    }
}

impl Rating {
    /// When it last changed, as known at a moment.
    pub(in crate::sandbox) fn updated(&self, now: Moment) -> Option<Moment> {
        let changes = [Some(self.told), self.mended];
        changes.into_iter().flatten().filter(|change| *change <= now).max()
    }

    pub(in crate::sandbox) fn shown(&self, city: &City, now: Moment) -> Value {
        let days = &city.days;
        let case = city.service.cases.get(self.case as usize);
        let number = case.map_or_else(String::new, |case| case.number(days));
        let mended = self.mended.filter(|mended| *mended <= now);
        let detail = match self.made {
            Made::Machine => Some("510,517".to_owned()),
            Made::Person => Some(self.detail.to_string()),
            Made::Default => None,
        };
        json!({
            "projectNo": format!("51{number}"),
            "serviceNumber": self.number,
            "satisfaction": self.level.to_string(),
            "isdefault": if self.made == Made::Default { "1" } else { "0" },
            "pf": self.channel.to_string(),
            "evalDetail": detail,
            "assessTime": days.told(self.at),
            "answerTime": mended.map(|mended| days.told(mended)),
            "writingEvaluation": (self.made == Made::Person && self.level <= 2).then_some("等待时间太长"),
            "updateTime": self.updated(now).map(|updated| days.told(updated)),
        })
    }
}
