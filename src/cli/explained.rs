//! How is an explanation told to people? Its formula with its numbers, what was counted, where the rows came from.

use std::io;

use super::Face;
use super::report::grouped;
use crate::base::cause::Cause;
use crate::base::cell::decimal_text;
use crate::base::cell::without_noughts;
use crate::base::period::Period;
use crate::base::said::Say;
use crate::explain::Counted;
use crate::explain::Explanation;
use crate::explain::PLACES;
use crate::explain::Published;
use crate::measure::cube::Spot;
use crate::measure::evaluate::Told;
use crate::measure::evaluate::rounded;
use crate::measure::worked::Rule;
use crate::measure::worked::Step;
use crate::measure::worked::exact_text;
use crate::spec::formula::Exact;
use crate::spec::pipeline::Metric;

/// Prints an explanation.
pub(super) fn print(explained: &Explanation<'_>, face: &mut Face<'_>) -> io::Result<()> {
    head(explained, face)?;
    steps(&explained.worked.steps, explained.worked.told.period, face)?;
    parts(explained, face)?;
    if !explained.measures.is_empty() {
        writeln!(face.out, "\n{}", Say::Measures.text(face.lang))?;
    }
    for counted in &explained.measures {
        measure(counted, &explained.worked.told, face)?;
    }
    sources(explained, face)?;
    foot(explained, face)
}

fn head(explained: &Explanation<'_>, face: &mut Face<'_>) -> io::Result<()> {
    let told = &explained.worked.told;
    let metric = told.metric;
    let place = place(&(told.place.clone(), told.part.clone()));
    let key = Some(&told.place.0).filter(|key| !key.is_empty()).map(|key| format!(" ({key})"));
    let unit = format!("{}{}", explained.unit, key.unwrap_or_default());
    let spot = [unit, place].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    writeln!(face.out, "{} {}   {}   {}", metric.name, metric.title, spot.join(" "), told.period)?;
    let nouns = [
        ("version", metric.version.to_string()),
        ("file", metric.file.clone()),
        ("line", metric.place.line.to_string()),
        ("basis", metric.basis.clone()),
    ];
    let definition = face.say(Say::Definition, &nouns);
    writeln!(face.out, "  {definition}\n  {}", metric.means)?;
    let value = amount_of(metric, told.value).unwrap_or_else(|| "–".to_owned());
    let unrounded = told.value.map(|value| format!("  ({})", exact_text(value)));
    let unrounded = unrounded.unwrap_or_default();
    writeln!(face.out, "\n  {value} {}{unrounded}", metric.measured_in)?;
    writeln!(face.out, "    = {}", metric.text.value)?;
    if !explained.worked.numbers.is_empty() {
        writeln!(face.out, "    = {}", explained.worked.numbers)?;
    }
    let nouns = [("status", told.status.name().to_owned()), ("why", why(explained, face))];
    let status = face.say(Say::StatusLine, &nouns);
    writeln!(face.out, "  {status}")
}

/// A value with the decimals of its metric. A share is kept as what it is of one, and read as what it is of
/// a hundred.
fn amount_of(metric: &Metric, value: Option<Exact>) -> Option<String> {
    let (times, places) = match metric.measured_in.as_str() {
        "%" => (Exact::from(100), metric.decimals.saturating_sub(2)),
        _ => (Exact::from(1), metric.decimals),
    };
    value.map(|value| decimal_text(rounded(value * times, places), places))
}

fn why(explained: &Explanation<'_>, face: &Face<'_>) -> String {
    match &explained.worked.rule {
        Rule::None => face.say(Say::WhyPlain, &[]),
        Rule::NotFed => face.say(Say::WhyNotFed, &[]),
        Rule::NotKnown(first) => {
            let first = first.map_or_else(|| "–".to_owned(), |first| first.to_string());
            face.say(Say::WhyNotKnown, &[("first", first)])
        }
        Rule::NoCalendar(year) => face.say(Say::WhyNoCalendar, &[("year", year.to_string())]),
        Rule::NoValue => face.say(Say::WhyNoValue, &[]),
        Rule::ZeroDenominator => face.say(Say::WhyZero, &[]),
        Rule::NotWhole(period) => face.say(Say::WhyNotWhole, &[("period", period.to_string())]),
        Rule::Beside => face.say(Say::WhyBeside, &[]),
        Rule::Base(base, found, least) => {
            let nouns =
                [("base", base.clone()), ("found", amount(*found)), ("least", exact_text(*least))];
            let say = if explained.is_told() { Say::WhyBase } else { Say::WhyWithheld };
            face.say(say, &nouns)
        }
    }
}

fn amount(value: Option<Exact>) -> String {
    value.map_or_else(|| "–".to_owned(), exact_text)
}

/// A section or part, in words.
fn place(((_, section), part): &Spot) -> String {
    let part = part.as_ref().map(|(by, value)| format!("{by} {value}"));
    [section.clone(), part].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn steps(steps: &[Step], told: Period, face: &mut Face<'_>) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(face.out, "\n{}", Say::Steps.text(face.lang))?;
    for step in steps {
        let made = step.formula.iter().chain(&step.numbers).map(|text| format!(" = {text}"));
        let made: String = made.collect();
        let name = [step.name.clone(), other(step.period, told)].join(" ");
        writeln!(face.out, "  {}  {}{made}", name.trim_end(), amount(step.value))?;
    }
    Ok(())
}

fn parts(explained: &Explanation<'_>, face: &mut Face<'_>) -> io::Result<()> {
    for over in &explained.worked.overs {
        let heading = Say::PartsOf.text(face.lang);
        writeln!(face.out, "\n{heading}: {} = {}", over.formula, amount(over.value))?;
        for part in &over.parts {
            let mark = if part.counts { "" } else { Say::Excluded.text(face.lang) };
            let below = part.below.map(|below| format!(" / {}", amount(Some(below))));
            let line = format!("{}{}  {mark}", amount(part.above), below.unwrap_or_default());
            let unit = place(&part.spot);
            let unit = if unit.is_empty() { part.spot.0.0.clone() } else { unit };
            writeln!(face.out, "  {unit}  {}", line.trim_end())?;
        }
    }
    Ok(())
}

/// A period that is not the one that is told.
fn other(period: Period, told: Period) -> String {
    if period == told { String::new() } else { period.to_string() }
}

fn measure(counted: &Counted<'_>, told: &Told<'_>, face: &mut Face<'_>) -> io::Result<()> {
    // Of a group that is summed, each unit has its own.
    let unit = Some(&counted.spot.0.0).filter(|unit| told.level.is_above() && !unit.contains(':'));
    let place = [unit.cloned().unwrap_or_default(), place(&counted.spot)];
    let [unit, place] = place;
    let name = [counted.measure.name.clone(), unit, place, other(counted.period, told.period)];
    let name = name.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let rows = format!("{}: {}", Say::RowsCounted.text(face.lang), grouped(counted.rows));
    let line = format!("{} {}", amount(counted.amount), counted.measure.measured_in);
    writeln!(face.out, "  {}  {line}  {rows}", name.trim_end())?;
    writeln!(face.out, "    {}", counted.measure.sql.value)?;
    for line in counted.sql.lines() {
        writeln!(face.out, "      {line}")?;
    }
    if counted.measure.per != 1 {
        writeln!(face.out, "      -- / {}", counted.measure.per)?;
    }
    if !counted.is_runnable {
        writeln!(face.out, "      -- {}", Say::NotRunnable.text(face.lang))?;
    }
    Ok(())
}

fn sources(explained: &Explanation<'_>, face: &mut Face<'_>) -> io::Result<()> {
    if explained.facts.is_empty() || !explained.is_told() {
        return Ok(());
    }
    writeln!(face.out, "\n{}", Say::CameFrom.text(face.lang))?;
    for rows in &explained.facts {
        let nouns = [
            ("fact", rows.fact.name.clone()),
            ("table", rows.fact.table.value.clone()),
            ("rows", grouped(rows.rows)),
        ];
        let line = face.say(Say::FactLine, &nouns);
        writeln!(face.out, "  {line}")?;
        if let Some((keep, _)) = &rows.fact.keep {
            writeln!(face.out, "    where {}", keep.value)?;
        }
        for (name, text) in &rows.derived {
            writeln!(face.out, "    {}: {name} = {text}", Say::Derived.text(face.lang))?;
        }
        for source in &rows.sources {
            let nouns = [
                ("rows", grouped(source.rows)),
                ("stream", source.stream.clone()),
                ("first", source.nights.0.to_string()),
                ("last", source.nights.1.to_string()),
            ];
            let line = face.say(Say::SourceLine, &nouns);
            writeln!(face.out, "    {line}")?;
            for (place, rows) in source.places.iter().take(PLACES) {
                let nouns = [("source", place.clone()), ("rows", grouped(*rows))];
                let line = face.say(Say::PlaceLine, &nouns);
                writeln!(face.out, "      {line}")?;
            }
            let more = source.places.len().saturating_sub(PLACES);
            if more > 0 {
                let line = face.say(Say::AndMore, &[("count", grouped(more as u64))]);
                writeln!(face.out, "      {line}")?;
            }
        }
    }
    Ok(())
}

/// What moved since the night before, and why.
fn since(explained: &Explanation<'_>, face: &mut Face<'_>) -> io::Result<()> {
    let Some(since) = &explained.moved else { return Ok(()) };
    let told = since.told.as_ref();
    let was = told.map_or("–", |(status, value)| value.as_deref().unwrap_or(status));
    let cause = since.cause.map_or(Say::NothingMoved, said).text(face.lang);
    let nouns = [
        ("release", since.release.clone()),
        ("was", without_noughts(was).to_owned()),
        ("cause", cause.to_owned()),
    ];
    let line = face.say(Say::SinceRelease, &nouns);
    writeln!(face.out, "  {line}")?;
    if !explained.is_told() {
        return Ok(());
    }
    for (fact, rows) in &since.rows {
        for (cause, count) in rows {
            let what = said(*cause).text(face.lang).to_owned();
            let nouns = [("fact", fact.clone()), ("rows", grouped(*count)), ("what", what)];
            let line = face.say(Say::FreshRows, &nouns);
            writeln!(face.out, "    {line}")?;
        }
    }
    Ok(())
}

/// Why a number moved, in a word.
fn said(cause: Cause) -> Say {
    match cause {
        Cause::Definition => Say::CauseDefinition,
        Cause::Units => Say::CauseUnits,
        Cause::Time => Say::CauseTime,
        Cause::Alias => Say::CauseAlias,
        Cause::DeletedRows => Say::CauseDeleted,
        Cause::ChangedRows => Say::CauseChanged,
        Cause::NewRows => Say::CauseNew,
        Cause::PersonRows => Say::CausePersons,
    }
}

fn foot(explained: &Explanation<'_>, face: &mut Face<'_>) -> io::Result<()> {
    writeln!(face.out)?;
    if !explained.stale.is_empty() {
        let line = face.say(Say::StaleStreams, &[("streams", explained.stale.join(", "))]);
        writeln!(face.out, "  {line}")?;
    }
    if let Some(before) = &explained.before {
        let now = explained.worked.told.value;
        let metric = before.told.metric;
        let moved = now.zip(before.told.value).map(|(now, before)| {
            let sign = if now > before { "+" } else { "" };
            format!("{sign}{}", amount_of(metric, Some(now - before)).unwrap_or_default())
        });
        let was = amount_of(metric, before.told.value);
        let nouns = [
            ("period", before.told.period.to_string()),
            ("shown", was.unwrap_or_else(|| before.told.status.name().to_owned())),
            ("difference", moved.unwrap_or_else(|| "–".to_owned())),
        ];
        let line = face.say(Say::Before, &nouns);
        writeln!(face.out, "  {line}")?;
        for (measure, spot, was, is) in explained.steps_since() {
            let name = [measure, place(&spot)].join(" ");
            writeln!(face.out, "    {}: {} → {}", name.trim_end(), amount(was), amount(is))?;
        }
    }
    since(explained, face)?;
    let (night, as_of) = explained.days();
    let mut nouns = vec![
        ("night", night.to_string()),
        ("as_of", as_of.to_string()),
        ("home", explained.ledger.home.chars().take(12).collect()),
    ];
    let say = match &explained.published {
        Published::Same(release) => {
            nouns.push(("release", release.clone()));
            Say::PublishedSame
        }
        Published::Closed([release, status, value, from]) => {
            let value = without_noughts(value).to_owned();
            nouns.extend([("release", release.clone()), ("status", status.clone())]);
            nouns.extend([("value", value), ("from", from.clone())]);
            Say::PublishedClosed
        }
        Published::Nothing | Published::Other(..) => Say::PublishedNone,
    };
    if !matches!(explained.published, Published::Other(..)) {
        let line = face.say(say, &nouns);
        writeln!(face.out, "  {line}")?;
    }
    let hint = face.say(Say::ShowRows, &[]);
    writeln!(face.out, "hint: {hint}")
}
