//! Who stands on the roster of a day, sheet by sheet and in which order?

use jiff::civil::Date;

use super::SHEET_MISSING;
use super::posts::Kind;
use super::row;
use super::row::Cell;
use super::row::Chances;
use super::row::Line;
use super::row::NUMBER;
use super::row::Standing;
use super::row::UNIT;
use crate::sandbox::City;
use crate::sandbox::days::Days;

/// One sheet.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) kind: Kind,
    /// As they follow each other below the header, subtotals included.
    pub(super) lines: Vec<Line>,
    /// How many of them are people.
    pub(super) people: u32,
}

/// The sheets of a day's roster; `before` is the day of the one before it.
pub(super) fn sheets(city: &City, day: Date, before: Option<Date>) -> Vec<Sheet> {
    let chances = Chances::of(city.seed);
    let mut standings = standings(city, chances, Days::no(day), before.map(Days::no));
    standings.sort_by_key(|it| (it.kind, it.unit, it.is_guest));
    let mut sheets: Vec<Sheet> =
        Kind::ALL.iter().map(|kind| Sheet { kind: *kind, lines: Vec::new(), people: 0 }).collect();
    for standing in &standings {
        let Some(sheet) = sheets.iter_mut().find(|sheet| sheet.kind == standing.kind) else {
            continue;
        };
        let mut line = row::line(city, chances, standing);
        if standing.kind == Kind::Worker {
            close_unit(sheet, Some(standing.unit));
        }
        let is_twice = chances.is_twice(standing);
        sheet.add(line.clone());
        if is_twice {
            line.flaws = vec!["F08"];
            sheet.add(line);
        }
    }
    for sheet in &mut sheets {
        match sheet.kind {
            Kind::Worker => close_unit(sheet, None),
            Kind::PublicTwo => leave_merged(sheet),
            Kind::Admin | Kind::Police | Kind::Reference | Kind::PublicOne | Kind::External => {}
        }
    }
    if day == SHEET_MISSING {
        sheets.retain(|sheet| sheet.kind != Kind::External);
    }
    sheets
}

impl Sheet {
    fn add(&mut self, mut line: Line) {
        self.people += 1;
        if let Some(cell) = line.cells.get_mut(NUMBER) {
            *cell = Cell::Number(f64::from(self.people));
        }
        self.lines.push(line);
    }
}

/// Everybody who stands on the roster, homes and hosts.
fn standings(city: &City, chances: Chances, day: i32, before: Option<i32>) -> Vec<Standing<'_>> {
    let date = Days::date(day);
    let mut standings = Vec::with_capacity(city.staff.seats.len());
    for term in &city.staff.terms {
        let left = term.to.filter(|to| *to <= day);
        let stays = left.is_some_and(|to| {
            !term.is_move && before.is_some_and(|before| to > before) && chances.stays(term.person)
        });
        if term.from > day || (left.is_some() && !stays) {
            continue;
        }
        let (Some(person), Some(seat)) =
            (city.staff.people.get(term.person), city.staff.seats.get(term.seat))
        else {
            continue;
        };
        let moved = term.change.and_then(|(on, other)| if on <= day { other } else { None });
        let section = city.founded.section_on(moved.unwrap_or(seat.section), date);
        let own = city.founded.sections.get(section).map_or(seat.unit, |section| section.unit);
        let home = Standing {
            place: term.person,
            person,
            term,
            kind: seat.kind,
            role: seat.role,
            unit: if seat.role.leads() { city.founded.unit_on(seat.unit, date) } else { own },
            section,
            is_guest: false,
            day,
        };
        standings.push(home);
        let host = term.absence.filter(|it| it.from <= day && day < it.to && left.is_none());
        if let Some((_, section)) = host.and_then(|absence| absence.host) {
            let section = city.founded.section_on(section, date);
            let unit = city.founded.sections.get(section).map_or(0, |section| section.unit);
            standings.push(Standing { unit, section, is_guest: true, ..home });
        }
    }
    standings
}

/// A subtotal under the unit above, if the next row is of another one.
fn close_unit(sheet: &mut Sheet, next: Option<usize>) {
    let Some(last) = sheet.lines.last() else { return };
    if Some(last.unit) == next {
        return;
    }
    let unit = last.unit;
    let people = sheet.lines.iter().filter(|line| line.unit == unit).count();
    let mut cells = vec![Cell::Empty; UNIT];
    cells.extend([Cell::Word("小计"), Cell::Text(format!("{people} 人"))]);
    sheet.lines.push(Line { unit, cells, flaws: vec!["F10"] });
}

/// The unit's name stands only in the first of its rows, merged over them all.
fn leave_merged(sheet: &mut Sheet) {
    let mut above = None;
    for line in &mut sheet.lines {
        if above == Some(line.unit)
            && let Some(cell) = line.cells.get_mut(UNIT)
        {
            *cell = Cell::Empty;
            line.flaws.push("F11");
        }
        above = Some(line.unit);
    }
}
