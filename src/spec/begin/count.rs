//! What is a first number of a table? How many rows it has, by unit and month, with a worked example.

use super::Begin;
use super::Guess;
use super::text;
use crate::spec::schema::FieldKind;

/// The name of the metric that counts a table.
pub(super) fn metric(guess: &Guess<'_>) -> String {
    format!("{}_rows", guess.name)
}

/// The pipeline that counts every table.
pub(super) fn pipeline(begin: Begin<'_>, guesses: &[Guess<'_>]) -> String {
    let mut lines = format!("format = 1\ntitle  = {}\n", text(begin.title));
    for guess in guesses {
        let (name, metric, time) = (&guess.name, metric(guess), guess.time_name());
        let title = &guess.seen.title;
        lines.extend([format!(
            "\n[[fact]]\nname  = {name}\ntable = {name}\nkind  = \"event\"\ntime  = {time}\n\n\
             [[measure]]\nname        = {measure}\nfact        = {name}\nsql         = \"COUNT(*)\"\nmeasured_in = \"rows\"\n\n\
             [[metric]]\nname        = {metric}\ntitle       = {title}\nvalue       = {value}\nmeasured_in = \"rows\"\n\
             decimals    = 0\ndirection   = \"none\"\ngrain       = [\"unit\"]\nperiod      = [\"year\", \"month\"]\n\
             basis       = {basis}\nmeans       = {means}\n\n{test}",
            name = text(name),
            time = text(time),
            measure = text(&format!("{name}_count")),
            value = text(&format!("{name}_count")),
            metric = text(&metric),
            title = text(&format!("{title}: rows")),
            basis = text(&format!("shuping init, {}", begin.today)),
            means = text(&format!("Rows of `{title}` by `{time}`.")),
            test = test(guess),
        )]);
    }
    lines
}

/// Two rows of two days.
fn test(guess: &Guess<'_>) -> String {
    let (time, keys) = (guess.time_name(), guess.key_names());
    let kind_of = |name: &str| {
        let known = guess.own().find(|column| column.name == name);
        let known = known.filter(|column| column.personal.is_none());
        known.map_or(FieldKind::Text, |column| column.kind)
    };
    let value = |name: &str, row: u8| match kind_of(name) {
        FieldKind::Text | FieldKind::Whole | FieldKind::Decimal(_) => row.to_string(),
        FieldKind::Flag => (row == 1).to_string(),
        FieldKind::Day => format!("2026-01-0{row}"),
        FieldKind::Instant => format!("2026-01-0{row} 09:00"),
    };
    let when = |row: u8| match guess.time_kind() {
        FieldKind::Instant => format!("2026-01-0{row} 09:00"),
        _ => format!("2026-01-0{row}"),
    };
    let mut names: Vec<&str> = keys.iter().map(String::as_str).collect();
    names.retain(|name| *name != time && *name != "unit_id");
    let row = |row: u8| {
        let cells = std::iter::once(when(row)).chain(names.iter().map(|name| value(name, row)));
        cells.collect::<Vec<_>>().join(",")
    };
    let head = std::iter::once(time).chain(names.iter().copied()).collect::<Vec<_>>().join(",");
    let example = text(&format!("two of {}", guess.name));
    // Whose key is the unit alone has one row.
    let value = if names.is_empty() && !keys.iter().any(|key| key == time) { 1 } else { 2 };
    let rows: Vec<String> = (1..=value).map(row).collect();
    format!(
        "[[metric.test]]\nexample = {example}\nperiod  = \"2026-01\"\nvalue   = \"{value}\"\n\n\
         [[example]]\nname  = {example}\nas_of = \"2026-01-31\"\n\n[example.rows]\n{table} = \"\"\"\n{head}\n{rows}\n\"\"\"\n",
        table = guess.name,
        rows = rows.join("\n"),
    )
}
