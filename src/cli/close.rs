//! Which periods are closed, and who closed them? A line of the book a decision.

use std::collections::BTreeMap;
use std::path::Path;

use clap::builder::NonEmptyStringValueParser;

use super::DONE;
use super::Face;
use super::USAGE;
use super::home;
use super::latest::Refused;
use super::latest::latest;
use super::report::grouped;
use super::report::table;
use crate::base::access;
use crate::base::access::Access;
use crate::base::clock;
use crate::base::period::Period;
use crate::base::period::PeriodKind;
use crate::base::said::Say;
use crate::night;
use crate::publish;
use crate::publish::closed;
use crate::publish::closed::Act;
use crate::publish::closed::Decision;
use crate::publish::closed::Line;
use crate::publish::correction;
use crate::publish::moved::Said;

#[derive(Debug, clap::Args)]
pub(super) struct Close {
    /// The period: 2025, 2025Q3, 2025-07, ytd:2025-07 or ttm:2025-12; no other is closed with it
    #[arg(required_unless_present = "list")]
    period: Option<String>,
    /// Why, for the record
    #[arg(
        long,
        value_name = "TEXT",
        value_parser = NonEmptyStringValueParser::new(),
        required_unless_present = "list"
    )]
    reason: Option<String>,
    /// The quarters and months of it as well
    #[arg(long)]
    with_parts: bool,
    #[command(flatten)]
    again: Again,
    /// Print every decision, and how many numbers of what is closed are counted otherwise
    #[arg(long, conflicts_with_all = ["period", "reason", "with_parts", "accept", "reopen"])]
    list: bool,
}

/// What becomes of a period that is closed already.
#[derive(Debug, clap::Args)]
struct Again {
    /// Of a closed period: close it with what the night of the latest release counted
    #[arg(long, conflicts_with = "reopen")]
    accept: bool,
    /// Of a closed period: publish what is counted again, from the next night on
    #[arg(long)]
    reopen: bool,
}

impl Close {
    fn act(&self) -> Act {
        match (self.again.accept, self.again.reopen) {
            (true, _) => Act::Accept,
            (_, true) => Act::Reopen,
            _ => Act::Close,
        }
    }

    /// The period that is named, and those within it where they are asked for.
    fn periods(&self, named: Period) -> Vec<Period> {
        let kinds: &[PeriodKind] = match named.kind() {
            PeriodKind::Year => &[PeriodKind::Quarter, PeriodKind::Month],
            PeriodKind::Quarter => &[PeriodKind::Month],
            _ => &[],
        };
        let within = |kind: &PeriodKind| Period::all(*kind, named.first(), named.last());
        let parts = kinds.iter().filter(|_| self.with_parts).flat_map(within);
        std::iter::once(named).chain(parts).collect()
    }
}

/// Does what is asked.
pub(super) fn close(root: &Path, asked: &Close, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let var = home.root.join(&catalog.settings.var);
    let (Some(period), Some(reason)) = (&asked.period, &asked.reason) else {
        return list(&var, face);
    };
    let path = root.display().to_string();
    match decided(&var, (asked, period, reason), path)? {
        Ok(lines) => {
            for line in &lines {
                let nouns = [
                    ("period", line.period.clone()),
                    ("release", line.release.clone()),
                    ("values", grouped(line.counts.0)),
                    ("scores", grouped(line.counts.1)),
                ];
                let say =
                    if line.act == Act::Reopen { Say::PeriodReopened } else { Say::PeriodClosed };
                writeln!(face.out, "{}", face.say(say, &nouns))?;
            }
            if asked.act() != Act::Reopen {
                writeln!(face.out, "hint: {}", face.say(Say::PeriodClosedHint, &[]))?;
            }
            Ok(DONE)
        }
        Err(refused) => Ok(refused.told(face)?),
    }
}

/// Writes what was decided into the book, while no night runs.
fn decided(
    var: &Path,
    (asked, label, reason): (&Close, &str, &str),
    path: String,
) -> anyhow::Result<Result<Vec<Line>, Refused>> {
    let refuse = |say, hint, nouns| Ok(Err(Refused { say, hint, nouns, code: USAGE }));
    let Ok(named) = label.parse::<Period>() else {
        let nouns = vec![("found", label.to_owned())];
        return refuse(Say::NoPeriod, Say::NoPeriodHint, nouns);
    };
    // Where no night has been, there is nothing to hold.
    let _lock = var.is_dir().then(|| night::lock(var, "close")).transpose()?;
    let latest = match latest(var)? {
        Ok(latest) => latest,
        Err(refused) => return Ok(Err(refused)),
    };
    let act = asked.act();
    let said = match act {
        Act::Close => Some(Said::of_release(&latest.folder)?),
        Act::Accept => closed::counted(var, &latest.name)?,
        Act::Reopen => None,
    };
    let mut nouns = vec![
        ("period", named.to_string()),
        ("found", named.to_string()),
        ("release", latest.name.clone()),
        ("night", latest.night.to_string()),
        ("as_of", latest.as_of.to_string()),
        ("last", named.last().last().to_string()),
        ("path", path),
    ];
    let book = closed::book(var)?;
    let standing: BTreeMap<&str, &Line> = closed::standing(&book, None)
        .into_iter()
        .map(|line| (line.period.as_str(), line))
        .collect();
    let is_closed = |period: &String| standing.contains_key(period.as_str());
    let mut periods: Vec<String> = asked.periods(named).iter().map(ToString::to_string).collect();
    if act == Act::Close {
        if named.last().last() > latest.as_of {
            return refuse(Say::PeriodNotOver, Say::PeriodNotOverHint, nouns);
        }
        periods.retain(|period| !is_closed(period));
        if periods.is_empty() {
            let line = standing.get(named.to_string().as_str());
            nouns.retain(|(noun, _)| *noun != "release");
            nouns.push(("release", line.map(|line| line.release.clone()).unwrap_or_default()));
            return refuse(Say::PeriodIsClosed, Say::PeriodIsClosedHint, nouns);
        }
    } else {
        periods.retain(is_closed);
        if periods.is_empty() {
            return refuse(Say::PeriodNotClosed, Say::PeriodNotClosedHint, nouns);
        }
    }
    let told = match &said {
        Some(said) => said.periods()?,
        None if act == Act::Accept => return refuse(Say::PeriodNotCounted, Say::RunAgain, nouns),
        None => periods.iter().cloned().collect(),
    };
    // Parts that no metric is told of are no periods here.
    periods.retain(|period| told.contains(period));
    if periods.is_empty() {
        return refuse(Say::PeriodUntold, Say::NoPeriodHint, nouns);
    }
    let what = vec![("periods", periods.join(" ")), ("release", latest.name.clone())];
    let verb = format!("close {}", act.name());
    Access { verb: &verb, what, rows: None, purpose: Some(reason) }.note(var)?;
    let by = (clock::now(), access::user());
    let decision = Decision { act, periods, release: &latest.name, reason, by };
    Ok(Ok(closed::decide(var, &decision, said.as_ref())?))
}

/// Every decision, newest last.
fn list(var: &Path, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let book = closed::book(var)?;
    let standing = closed::standing(&book, None);
    let releases = var.join("release");
    let latest = publish::latest(&releases)?;
    let latest = latest.map(|name| releases.join(name));
    let counts = latest.map(|folder| correction::counts(&folder)).transpose()?.unwrap_or_default();
    let rows = book.iter().map(|line| {
        let stands = standing.contains(&line);
        let count = counts.get(&line.period).copied().unwrap_or(0);
        vec![
            line.period.clone(),
            line.act.name().to_owned(),
            line.release.clone(),
            line.time.clone(),
            line.user.clone(),
            line.reason.clone(),
            grouped(line.counts.0 + line.counts.1),
            if stands { grouped(count) } else { "–".to_owned() },
        ]
    });
    let head = [
        Say::Period,
        Say::How,
        Say::Release,
        Say::Since,
        Say::By,
        Say::Why,
        Say::Amount,
        Say::Corrections,
    ];
    let head: Vec<&str> = head.iter().map(|say| say.text(face.lang)).collect();
    let table = table(&head, 6, rows.collect());
    writeln!(face.out, "{}", table.trim_fmt())?;
    Ok(DONE)
}
