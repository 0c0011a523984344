//! Which organisations does the pretend city have, and which sections stand in them?

use jiff::civil::Date;

/// An organisation.
#[derive(Clone, Debug)]
pub struct Unit {
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
    pub level: &'static str,
    /// 行政区划代码.
    pub region: &'static str,
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
}
