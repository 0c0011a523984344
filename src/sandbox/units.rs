//! Which organisations does the pretend city have, and which sections stand in them?

use jiff::civil::Date;

/// An organisation.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What the city's own lists call it.
    pub key: String,
    /// The staffing office's code.
    pub unit_id: String,
    /// 机构全称.
    pub name: String,
    /// 其他全称 (加挂牌子), joined by `、`.
    pub other_names: String,
    /// 规范简称.
    pub short_name: String,
    /// 习惯简称.
    pub usual_name: String,
    /// 统一社会信用代码.
    pub uscc: String,
    /// What kind of organisation.
    pub category: Category,
    /// 市级, 县级 or 乡级.
    pub level: String,
    /// 行政区划代码.
    pub region: String,
    /// 主管部门编码.
    pub parent_id: Option<String>,
    /// 设立日期.
    pub from: Date,
    /// 撤销日期.
    pub to: Option<Date>,
    /// 承接机构编码.
    pub successor_id: Option<String>,
    /// Its people at scale 1.
    pub people: u32,
    /// Which kinds of posts it has.
    pub mix: Mix,
    /// The place of the unit that it was before a reform.
    pub was: Option<usize>,
}

/// Which kinds of posts a unit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mix {
    /// Party bodies.
    Party,
    /// Government bodies.
    Government,
    /// The police.
    Police,
    /// Justice, which has prison posts.
    Justice,
    /// Institutions after the civil servants' law.
    Reference,
    /// Institutions of public benefit, first class.
    PublicOne,
    /// Institutions of public benefit, second class.
    PublicTwo,
    /// Parks.
    Park,
    /// Townships.
    Township,
    /// Subdistricts.
    Subdistrict,
}

/// The categories of DOMAIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// 党委部门.
    PartyDepartment,
    /// 政府部门.
    GovernmentDepartment,
    /// 直属事业单位.
    Institution,
    /// 园区.
    Park,
    /// 乡镇.
    Township,
    /// 街道.
    Subdistrict,
}

/// A section inside a unit.
#[derive(Clone, Debug)]
pub struct Section {
    /// 内设机构编码.
    pub section_id: String,
    /// The place of its unit among the city's units.
    pub unit: usize,
    /// 名称.
    pub name: String,
    /// 业务 (true) or 综合.
    pub core: bool,
    /// 设立.
    pub from: Date,
    /// 撤销.
    pub to: Option<Date>,
    /// The place of the section that it was in another unit before a reform.
    pub was: Option<usize>,
}

impl Category {
    /// 机构类别.
    pub fn title(self) -> &'static str {
        match self {
            Self::PartyDepartment => "党委部门",
            Self::GovernmentDepartment => "政府部门",
            Self::Institution => "直属事业单位",
            Self::Park => "园区",
            Self::Township => "乡镇",
            Self::Subdistrict => "街道",
        }
    }
}

impl Unit {
    /// Whether it is there on a day.
    pub fn is_on(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }
}

impl Section {
    /// Whether it is there on a day.
    pub fn is_on(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }
}
