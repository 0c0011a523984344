//! What stands in the appraisal system's database in a night? Two tables, and the views that are open
//! to others.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;
use serde_json::json;
use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqliteConnection;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::sqlite::SqliteSynchronous;

use super::grades::Grade;
use super::grades::ends_on;
use super::logs::Log;
use crate::base::durable::beside;
use crate::base::durable::rename_durably;
use crate::sandbox::City;
use crate::sandbox::days::Days;
use crate::sandbox::days::Moment;

/// The tables with their names of pinyin, and the views.
const TABLES: &str = "
    create table T_JG (
        SFZH varchar(18) not null,
        DWDM varchar(20) not null,
        KHND char(4) not null,
        KHZQ char(2) not null,
        KHDC varchar(10),
        KHDF decimal(5, 2),
        KHSJ varchar(10) not null,
        SCBZ char(1) not null,
        GXSJ varchar(19) not null,
        primary key (SFZH, KHND, KHZQ)
    ) without rowid;
    create table T_GZJS (
        LSH varchar(20) not null,
        SFZH varchar(18) not null,
        DWDM varchar(20) not null,
        KSDM varchar(20),
        ZZDM varchar(20),
        GZRQ varchar(10) not null,
        GS decimal(4, 1) not null,
        SL integer not null,
        LSJB char(1) not null,
        ZT char(1) not null,
        GXSJ varchar(19) not null
    );
    create view V_PSKH_JG as
        select SFZH, DWDM, KHND, KHZQ, KHDC, KHDF, KHSJ, SCBZ, GXSJ from T_JG;
    create view V_PSKH_HZ as
        select
            SFZH,
            KHND,
            max(KHDC) filter (where KHZQ = 'Q1') as JD1,
            max(KHDC) filter (where KHZQ = 'Q2') as JD2,
            max(KHDC) filter (where KHZQ = 'Q3') as JD3,
            max(KHDC) filter (where KHZQ = 'Q4') as JD4,
            max(KHDC) filter (where KHZQ = 'ND') as NDDC
        from T_JG
        where SCBZ = '0'
        group by SFZH, KHND;
    create view V_GZJS as
        select LSH, SFZH, DWDM, KSDM, ZZDM, GZRQ, GS, SL, LSJB, ZT, GXSJ from T_GZJS;";
const ADD_GRADES: &str = "
    insert into T_JG
    select
        value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
        value ->> 5, value ->> 6, value ->> 7, value ->> 8
    from json_each(?)";
const ADD_LOGS: &str = "
    insert into T_GZJS
    select
        value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
        value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10
    from json_each(?)";
/// How many rows go into a statement.
const ROWS: usize = 10_000;
const PERIODS: [&str; 5] = ["Q1", "Q2", "Q3", "Q4", "ND"];

/// Writes the database as it is at a moment, whole or not at all.
pub(super) async fn write(city: &City, file: &Path, now: Moment) -> io::Result<()> {
    let beside = beside(file)?;
    match fs::remove_file(&beside) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        Ok(()) | Err(_) => {}
    }
    fill(city, &beside, now).await.map_err(io::Error::other)?;
    rename_durably(&beside, file)
}

async fn fill(city: &City, file: &Path, now: Moment) -> Result<(), sqlx::Error> {
    // Nothing is lost with a file that did not come to its name.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .disable_statement_logging();
    let mut open = options.connect().await?;
    sqlx::raw_sql(TABLES).execute(&mut open).await?;
    let mut begun = open.begin().await?;
    let grades = city.appraisal.grades.iter().filter(|grade| grade.told <= now);
    let grades = grades.filter_map(|grade| shown_grade(city, grade, now));
    add(&mut begun, ADD_GRADES, grades).await?;
    let logs = city.appraisal.logs.iter().zip(1..).filter(|(log, _)| log.submitted <= now);
    let logs = logs.filter_map(|(log, number)| shown_log(city, log, number, now));
    add(&mut begun, ADD_LOGS, logs).await?;
    begun.commit().await?;
    open.close().await
}

async fn add(
    open: &mut SqliteConnection,
    statement: &'static str,
    mut rows: impl Iterator<Item = Value>,
) -> Result<(), sqlx::Error> {
    loop {
        let some: Vec<Value> = rows.by_ref().take(ROWS).collect();
        if some.is_empty() {
            return Ok(());
        }
        sqlx::query(statement).bind(Value::Array(some).to_string()).execute(&mut *open).await?;
    }
}

fn shown_grade(city: &City, grade: &Grade, now: Moment) -> Option<Value> {
    let person = city.staff.people.get(grade.person)?;
    let day = ends_on(grade.year, grade.period);
    let (unit, _) = city.founded.place_on(grade.unit, grade.section, day);
    let unit = city.founded.unit_at(unit)?;
    let deleted = grade.deleted.filter(|deleted| *deleted <= now);
    let code = grade.code_at(now);
    let word = match code {
        Some('A') if grade.flaw == Some("F16") => "好".to_owned(),
        code => code.map(String::from).unwrap_or_default(),
    };
    let period = usize::try_from(grade.period - 1).ok()?;
    Some(json!([
        person.id,
        unit.unit_id,
        grade.year.to_string(),
        PERIODS.get(period)?,
        code.map(|_| word),
        code.map(|_| format!("{}.{:02}", grade.points / 100, grade.points % 100)),
        city.days.shown(grade.appraised),
        if deleted.is_some() { "1" } else { "0" },
        city.days.told(deleted.unwrap_or(grade.told)),
    ]))
}

fn shown_log(city: &City, log: &Log, number: u32, now: Moment) -> Option<Value> {
    let founded = &city.founded;
    let (unit, section) = founded.place_on(log.unit, log.section, Days::date(log.day));
    let section = section.and_then(|section| founded.sections.get(section));
    let settled = Some(log.settled).filter(|settled| *settled <= now);
    let state = match settled {
        None => "1",
        Some(_) if log.is_withdrawn => "9",
        Some(_) => "2",
    };
    let sign = if log.tenths < 0 { "-" } else { "" };
    Some(json!([
        format!("GZ{number:08}"),
        city.staff.people.get(log.person)?.id,
        founded.unit_at(unit)?.unit_id,
        section.map(|section| &section.section_id),
        log.duty.and_then(|duty| founded.duties.get(duty)).map(|duty| &duty.id),
        city.days.shown(log.written_day),
        format!("{sign}{}.{}", log.tenths.abs() / 10, log.tenths.abs() % 10),
        log.pieces,
        if log.is_temporary { "1" } else { "0" },
        state,
        city.days.told(settled.unwrap_or(log.submitted)),
    ]))
}
