//! What happened tonight? The report that the operator reads at seven in the morning.

use std::collections::BTreeMap;
use std::io;

use comfy_table::Cell;
use comfy_table::CellAlignment;
use comfy_table::Table;
use comfy_table::presets;
use num_traits::Signed as _;

use super::Face;
use crate::base::finding::kind;
use crate::base::said::Say;
use crate::measure::evaluate::Status;
use crate::measure::recount::Recount;
use crate::measure::recount::Why;
use crate::model::held::Closed;
use crate::night::reconcile::Figure;
use crate::night::report::NightReport;
use crate::night::stream::State;
use crate::night::stream::StreamNight;
use crate::publish::Beyond;
use crate::publish::moved::Cause;
use crate::reconcile::Verdict;
use crate::warehouse::Place;

/// How many findings are shown before the rest is left to the warehouse.
const SHOWN: usize = 12;

/// Prints a night's report.
pub(super) fn print(report: &NightReport, city: &str, face: &mut Face<'_>) -> io::Result<()> {
    let nouns = [
        ("city", city.to_owned()),
        ("night", report.night.to_string()),
        ("as_of", report.as_of.to_string()),
    ];
    let title = face.say(Say::Title, &nouns);
    writeln!(face.out, "{title}")?;
    streams(report, face)?;
    quarantine(report, face)?;
    findings(report, face)?;
    reconciled(report, face)?;
    recounts(report, face)?;
    metrics(report, face)?;
    scores(report, face)?;
    corrections(report, face)?;
    results(report, face)?;
    failures(report, face)?;
    release(report, face)?;
    if let Some(later) = report.later {
        let nouns = [("night", report.night.to_string()), ("later", later.to_string())];
        writeln!(face.out, "hint: {}", face.say(Say::LaterHint, &nouns))?;
    }
    Ok(())
}

/// A table without lines, its first columns of text to the left and the rest to the right.
pub(super) fn table(head: &[&str], texts: usize, rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(head.iter().map(Cell::new));
    table.add_rows(rows);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if at == 0 { 2 } else { 0 }, 2));
        if at >= texts {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A table under its heading; nothing where it has no rows.
fn section(
    face: &mut Face<'_>,
    heading: Say,
    head: &[Say],
    texts: usize,
    rows: Vec<Vec<String>>,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let head: Vec<&str> = head.iter().map(|say| say.text(face.lang)).collect();
    let table = table(&head, texts, rows);
    writeln!(face.out, "\n{}\n{}", heading.text(face.lang), table.trim_fmt())
}

fn streams(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    let head = [
        Say::Stream,
        Say::Received,
        Say::Added,
        Say::Changed,
        Say::Unchanged,
        Say::Duplicate,
        Say::Filtered,
        Say::Quarantined,
        Say::Deleted,
        Say::Ended,
    ];
    let rows = report.streams.iter().map(|stream| {
        let e = stream.equation;
        let received = match e.exploded {
            0 => grouped(stream.received),
            more => format!("{} + {}", grouped(stream.received), grouped(more)),
        };
        let counts =
            [e.added, e.changed, e.unchanged, e.duplicate, e.filtered, e.quarantined, e.deleted];
        let counts = counts.into_iter().map(grouped);
        let ended = state(stream.state).text(face.lang).to_owned();
        [stream.name(), received].into_iter().chain(counts).chain([ended]).collect()
    });
    let rows = rows.collect();
    section(face, Say::Streams, &head, 1, rows)?;
    let open: Vec<String> =
        report.streams.iter().filter(|s| !s.closes()).map(StreamNight::name).collect();
    let line = if open.is_empty() {
        face.say(Say::Equation, &[])
    } else {
        face.say(Say::Open, &[("streams", open.join(", "))])
    };
    writeln!(face.out, "  {line}")
}

/// How a row that was held back stands, in words.
pub(super) fn standing(closed: Option<Closed>) -> Say {
    match closed {
        None => Say::StateOpen,
        Some(Closed::Corrected) => Say::StateCorrected,
        Some(Closed::Resent) => Say::StateResent,
        Some(Closed::Again) => Say::StateAgain,
        Some(Closed::Refused) => Say::StateRefused,
    }
}

fn state(state: State) -> Say {
    match state {
        State::Done => Say::Done,
        State::Nothing => Say::Nothing,
        State::Failed => Say::Failed,
    }
}

fn quarantine(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    let head = [Say::Stream, Say::Reason, Say::Rows, Say::First];
    let reasons = report.reasons().into_iter();
    let rows = reasons
        .map(|((stream, why), (rows, place))| vec![stream, why, grouped(rows), place])
        .collect();
    section(face, Say::Quarantine, &head, 2, rows)?;
    let head = [Say::Stream, Say::How, Say::Rows];
    let lang = face.lang;
    let closed = report.closed().into_iter().filter(|((_, why), _)| *why != Closed::Again);
    let rows = closed
        .map(|((stream, why), rows)| {
            vec![stream, standing(Some(why)).text(lang).to_owned(), grouped(rows)]
        })
        .collect();
    section(face, Say::ClosedRows, &head, 2, rows)
}

fn findings(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    let head = [Say::Kind, Say::Subject, Say::Where, Say::Rows];
    let mut noticed: Vec<_> = report.noticed.iter().collect();
    // What is said of no rows is said of a whole: a file that waits, a definition. The many would hide it.
    noticed.sort_by_key(|seen| (seen.rows > 0, std::cmp::Reverse(seen.rows)));
    let rows = noticed.iter().take(SHOWN).map(|seen| {
        let about = if seen.subject.is_empty() { &seen.kind } else { &seen.subject };
        let place = format!("{}.{}", seen.system, seen.stream);
        let words = kind(&seen.kind).text(face.lang).to_owned();
        let place = place.trim_start_matches('.').to_owned();
        vec![words, about.clone(), place, grouped(seen.rows)]
    });
    let rows = rows.collect();
    section(face, Say::Findings, &head, 3, rows)?;
    let rest = noticed.len().saturating_sub(SHOWN);
    if rest > 0 {
        let line = face.say(Say::More, &[("count", rest.to_string())]);
        writeln!(face.out, "  {line}")?;
    }
    Ok(())
}

/// Figures of units that are not ours: those furthest from ours first, then those in another unit of
/// measurement.
fn reconciled(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    if report.figures.is_empty() {
        return Ok(());
    }
    let verdict = |figure: &Figure| match figure.compared.verdict {
        Verdict::Differs => Some(Say::Differs),
        Verdict::UnitOfMeasure => Some(Say::UnitOfMeasure),
        _ => None,
    };
    let shown = report.figures.iter();
    let mut shown: Vec<_> = shown.filter_map(|figure| Some((figure, verdict(figure)?))).collect();
    shown.sort_by_key(|(figure, _)| {
        let relative = figure.compared.relative.map(|relative| relative.abs());
        (figure.compared.verdict, std::cmp::Reverse(relative))
    });
    let head = [Say::Verdict, Say::Unit, Say::Metric, Say::Reported, Say::Ours, Say::Apart];
    let rows = shown.iter().take(SHOWN).map(|(figure, say)| {
        let words = [say.text(face.lang), &figure.unit_id, &figure.metric];
        let numbers = [&figure.written, &figure.counted, &figure.apart];
        words.into_iter().chain(numbers.map(String::as_str)).map(str::to_owned).collect()
    });
    let rows = rows.collect();
    section(face, Say::Reconciled, &head, 3, rows)?;
    if let Some(rest) = shown.len().checked_sub(SHOWN).filter(|rest| *rest > 0) {
        let line = face.say(Say::MoreReconciled, &[("count", rest.to_string())]);
        writeln!(face.out, "  {line}")?;
    }
    let count = |verdict: &[Verdict]| {
        let of = |figure: &&Figure| verdict.contains(&figure.compared.verdict);
        grouped(report.figures.iter().filter(of).count() as u64)
    };
    let nouns = [
        ("all", grouped(report.figures.len() as u64)),
        ("agree", count(&[Verdict::Agrees])),
        ("differ", count(&[Verdict::Differs])),
        ("unit", count(&[Verdict::UnitOfMeasure])),
        ("none", count(&[Verdict::NoValueOfOurs, Verdict::UnknownMetric])),
    ];
    let line = face.say(Say::ReconciledLine, &nouns);
    writeln!(face.out, "  {line}")?;
    if let Some((figure, _)) = shown.first() {
        let nouns = [
            ("metric", figure.metric.clone()),
            ("unit", figure.unit_id.clone()),
            ("period", figure.period.clone()),
        ];
        writeln!(face.out, "  {}", face.say(Say::TryRows, &nouns))?;
    }
    Ok(())
}

/// How many months of each fact were counted again, where any were.
fn recounts(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    // Where nothing was kept before, all is counted and nothing is to be told.
    if report.recounts.iter().all(|recount| recount.why == Why::First) {
        return Ok(());
    }
    let why = |why: Why| match why {
        Why::First => Say::WhyFirst,
        Why::Asked => Say::WhyAsked,
        Why::Meaning => Say::WhyMeaning,
        Why::Rows => Say::WhyRows,
        Why::Around => Say::WhyAround,
    };
    let lang = face.lang;
    let counted = report.recounts.iter().filter(|recount| recount.counted > 0);
    let rows = counted.map(|of| {
        let counts = [of.counted, of.months].map(|count| grouped(count as u64));
        let texts = [of.fact.clone(), why(of.why).text(lang).to_owned()];
        texts.into_iter().chain(counts).collect()
    });
    let head = [Say::RecountFact, Say::RecountWhy, Say::RecountCounted, Say::RecountMonths];
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        writeln!(face.out, "\n{}", Say::Recounts.text(lang))?;
    }
    section(face, Say::Recounts, &head, 2, rows)?;
    let sum =
        |of: fn(&Recount) -> usize| grouped(report.recounts.iter().map(of).sum::<usize>() as u64);
    let nouns = [
        ("counted", sum(|of| of.counted)),
        ("months", sum(|of| of.months)),
        ("facts", grouped(report.recounts.len() as u64)),
    ];
    writeln!(face.out, "  {}", face.say(Say::RecountLine, &nouns))
}

fn metrics(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    let rows: Vec<Vec<String>> = report
        .metrics
        .iter()
        .map(|(name, (title, counts, is_stale))| {
            let mark = if *is_stale { Say::StaleMark.text(face.lang) } else { "" };
            let counts = counts.iter().map(|count| grouped(*count));
            let texts = [name.clone(), title.clone()].into_iter();
            texts.chain(counts).chain([mark.to_owned()]).collect()
        })
        .collect();
    let mut head = vec![Say::Metric.text(face.lang), ""];
    head.extend(Status::ALL.iter().map(|status| status.name()));
    head.push("");
    let table = table(&head, 2, rows);
    writeln!(face.out, "\n{}\n{}", Say::Metrics.text(face.lang), table.trim_fmt())
}

fn scores(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    let head = [Say::Category, Say::Units, Say::Scored];
    let rows = report
        .scores
        .iter()
        .map(|(title, (units, scored))| vec![title.clone(), grouped(*units), grouped(*scored)])
        .collect();
    section(face, Say::Scores, &head, 1, rows)
}

/// How many numbers of each closed period are counted otherwise by now.
fn corrections(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    let rows = report.closed.iter().map(|(period, count)| vec![period.clone(), grouped(*count)]);
    section(face, Say::Corrections, &[Say::Period, Say::Corrections], 1, rows.collect())
}

/// What is to be said about releases that are damaged, withdrawn or held back.
fn release(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    for name in &report.release.damaged {
        let nouns = [("release", name.clone())];
        let (text, hint) =
            (face.say(Say::ReleaseDamaged, &nouns), face.say(Say::ReleaseDiffersHint, &nouns));
        face.complain(&text, Some(&hint))?;
    }
    let name = report.release.folder.file_name().unwrap_or_default().to_string_lossy();
    if let Some(reason) = &report.release.withdrawn {
        let nouns = [("release", name.to_string()), ("reason", reason.clone())];
        let hint = face.say(Say::StaysWithdrawnHint, &[]);
        face.complain(&face.say(Say::StaysWithdrawn, &nouns), Some(&hint))?;
    }
    if report.release.held.is_empty() {
        return Ok(());
    }
    let is_broken = |held: &&Beyond| matches!(held, Beyond::Broken { .. });
    let (broken, moved): (Vec<&Beyond>, _) = report.release.held.iter().partition(is_broken);
    for (held, text, hint) in [
        (broken, Say::ReleaseBroken, Say::ReleaseBrokenHint),
        (moved, Say::ReleaseHeld, Say::ReleaseHeldHint),
    ] {
        let what: Vec<String> = held.into_iter().map(|it| beyond(it, face)).collect();
        let nouns = [
            ("release", name.to_string()),
            ("latest", report.release.latest.clone().unwrap_or_default()),
            ("what", what.join("; ")),
        ];
        if !what.is_empty() {
            face.complain(&face.say(text, &nouns), Some(&face.say(hint, &nouns)))?;
        }
    }
    Ok(())
}

/// What moved too far, and why.
fn beyond(beyond: &Beyond, face: &Face<'_>) -> String {
    let causes = |causes: &BTreeMap<Cause, u64>| {
        let told = causes.iter();
        let told = told
            .map(|(cause, count)| format!("{} {}", said(*cause).text(face.lang), grouped(*count)));
        told.collect::<Vec<_>>().join(", ")
    };
    match beyond {
        Beyond::Most { causes: of, .. } => format!("{beyond} ({})", causes(of)),
        Beyond::Furthest { cause, .. } => format!("{beyond} ({})", said(*cause).text(face.lang)),
        Beyond::Broken { kind: of, metric } => format!("{metric} ({})", kind(of).text(face.lang)),
    }
}

fn results(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    if !report.forgotten.is_empty() {
        let counts = report.forgotten.iter();
        let counts = counts.map(|(name, count)| format!("{name} {}", grouped(*count)));
        let nouns = [("what", counts.collect::<Vec<_>>().join(", "))];
        let line = face.say(Say::Forgotten, &nouns);
        writeln!(face.out, "\n{line}")?;
    }
    let lang = face.lang;
    let warehouse = report.warehouse.to_string();
    let loaded = Say::LoadedRows.with(
        lang,
        &[
            ("written", grouped(report.loaded.written)),
            ("removed", grouped(report.loaded.removed)),
            ("unchanged", grouped(report.loaded.unchanged)),
        ],
    );
    let release = report.release.folder.display().to_string();
    let rows = vec![
        vec![Say::Warehouse.text(lang).to_owned(), warehouse.clone(), loaded],
        vec![Say::Release.text(lang).to_owned(), release, String::new()],
    ];
    let mut lines = Table::new();
    lines.load_style(presets::NOTHING);
    lines.add_rows(rows);
    for column in lines.column_iter_mut() {
        column.set_padding((2, 0));
    }
    writeln!(face.out, "\n{}\n{}", Say::Results.text(lang), lines.trim_fmt())?;
    let ask = match &report.warehouse {
        Place::File(_) => Say::TryQuery,
        Place::Server(_) => Say::TryServer,
    };
    let query = face.say(ask, &[("path", warehouse)]);
    writeln!(face.out, "hint: {query}")?;
    let unknown = report.noticed.iter().filter(|seen| seen.kind == "unknown_unit");
    let rows: u64 = unknown.map(|seen| seen.rows).sum();
    if rows > 0 {
        let hint = face.say(Say::TryAliases, &[("rows", grouped(rows))]);
        writeln!(face.out, "hint: {hint}")?;
    }
    for missing in report.noticed.iter().filter(|seen| seen.kind == "no_calendar") {
        let nouns = [("file", missing.subject.clone()), ("rows", grouped(missing.rows))];
        writeln!(face.out, "hint: {}", face.say(Say::TryCalendar, &nouns))?;
    }
    Ok(())
}

fn failures(report: &NightReport, face: &mut Face<'_>) -> io::Result<()> {
    for stream in report.streams.iter().filter(|stream| stream.state == State::Failed) {
        let nouns = [("stream", stream.name()), ("why", stream.note.clone())];
        let text = face.say(Say::FailedStream, &nouns);
        let nouns = [("owner", stream.owner.clone()), ("system", stream.system_title.clone())];
        let has_owner = !stream.owner.is_empty();
        let hint = face.say(if has_owner { Say::OwnerHint } else { Say::MendedHint }, &nouns);
        face.complain(&text, Some(&hint))?;
    }
    Ok(())
}

/// A count with its thousands apart.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Why a number moved, in a word.
pub(super) fn said(cause: Cause) -> Say {
    match cause {
        Cause::Definition => Say::CauseDefinition,
        Cause::Units => Say::CauseUnits,
        Cause::Time => Say::CauseTime,
        Cause::Rows => Say::CauseRows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
