//! Does a connector keep what is promised of every connector? Proven point by point, and nothing of it kept.

use std::path::Path;

use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use super::DONE;
use super::FAILED;
use super::Face;
use super::USAGE;
use super::home;
use super::preview::asked_for;
use super::report::table;
use crate::base::clock;
use crate::base::said::Say;
use crate::night::Ground;
use crate::prove;
use crate::prove::Asked;
use crate::prove::Finding;
use crate::prove::Verdict;
use crate::spec::secret::HomeSecrets;

#[derive(Debug, clap::Args)]
pub(super) struct Prove {
    /// The system
    system: String,
    /// One stream of it [default: every one]
    stream: Option<String>,
    /// The night on which it is proven: what has changed before it [default: tonight]
    #[arg(long, value_name = "DATE")]
    night: Option<Date>,
    /// Write the rows that come as those that are expected, into `fixtures/` of the home
    #[arg(long)]
    write_fixtures: bool,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Proves a connector and shows what was found.
pub(super) async fn prove(root: &Path, asked: &Prove, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let streams = asked_for(&catalog, (&asked.system, asked.stream.as_deref()), face)?;
    let Some((connector, _)) = streams.first().copied() else { return Ok(USAGE) };
    let secrets = HomeSecrets::of(root);
    let var = home.root.join(&catalog.settings.var);
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    let night = asked.night.unwrap_or_else(|| catalog.settings.night_at(clock::now()));
    let (stream, writes) = (asked.stream.as_deref(), asked.write_fixtures);
    let found = prove::prove(&ground, Asked { connector, stream, night, writes }).await?;
    if asked.json {
        writeln!(face.out, "{:#}", json(&found, face))?;
    } else {
        show(&found, face)?;
    }
    let is_failed = |finding: &Finding| matches!(finding.verdict, Verdict::Failed(_));
    Ok(if found.iter().any(is_failed) { FAILED } else { DONE })
}

fn hint(finding: &Finding, face: &Face<'_>) -> Option<&'static str> {
    let is_failed = matches!(finding.verdict, Verdict::Failed(_));
    is_failed.then(|| finding.point.2.text(face.lang))
}

fn json(found: &[Finding], face: &Face<'_>) -> Value {
    let told = found.iter().map(|finding| {
        let (number, name, _) = finding.point;
        let state = match finding.verdict {
            Verdict::Passed(_) => "passed",
            Verdict::Failed(_) => "failed",
            Verdict::NotAsked(_) => "not_asked",
        };
        let (_, text) = finding.verdict.told();
        json!({ "point": number, "name": name, "stream": finding.stream, "verdict": state, "found": text, "hint": hint(finding, face) })
    });
    Value::Array(told.collect())
}

fn show(found: &[Finding], face: &mut Face<'_>) -> anyhow::Result<()> {
    let lang = face.lang;
    let head = [Say::ProvePoint, Say::Stream, Say::ProveVerdict, Say::Found];
    let head = head.map(|say| say.text(lang));
    let rows = found.iter().map(|finding| {
        let (number, name, _) = finding.point;
        let (verdict, text) = finding.verdict.told();
        let hint = hint(finding, face).map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        let stream = finding.stream.clone().unwrap_or_default();
        let verdict = verdict.text(lang).to_owned();
        vec![format!("{number:>2} {name}"), stream, verdict, format!("{text}{hint}")]
    });
    let rows = table(&head, head.len(), rows.collect());
    let count = |of: fn(&Verdict) -> bool| found.iter().filter(|it| of(&it.verdict)).count();
    let nouns = [
        ("passed", count(|verdict| matches!(verdict, Verdict::Passed(_))).to_string()),
        ("failed", count(|verdict| matches!(verdict, Verdict::Failed(_))).to_string()),
        ("others", count(|verdict| matches!(verdict, Verdict::NotAsked(_))).to_string()),
    ];
    let line = face.say(Say::ProveLine, &nouns);
    writeln!(face.out, "{}\n{line}", rows.trim_fmt())?;
    Ok(())
}
