//! How did a score, or one leaf of it, come about? Told to people or to a program.

use std::io;

use super::DONE;
use super::Explain;
use super::Face;
use super::USAGE;
use super::explained::print;
use crate::base::said::Say;
use crate::explain;
use crate::explain::Cells;
use crate::explain::Desk;
use crate::explain::Judged;
use crate::explain::Question;
use crate::explain::Scored;

/// Tells a score, or a leaf of it with what it rests on.
pub(super) fn told(desk: &Desk<'_>, asked: &Explain, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let unit = asked.unit.as_deref().unwrap_or_default();
    let scored = desk.scored(&asked.metric, unit, &asked.period)?;
    if asked.json {
        writeln!(face.out, "{:#}", explain::scored_json(&scored))?;
        return Ok(DONE);
    }
    let [judged] = scored.leaves.as_slice() else {
        whole(&scored, face)?;
        return Ok(DONE);
    };
    leaf(&scored, judged, face)?;
    let (Some(metric), Some(status)) = (judged.told.get("metric"), judged.told.get("status"))
    else {
        return Ok(DONE);
    };
    if status == "withheld" {
        return Ok(DONE);
    }
    writeln!(face.out)?;
    let (section, part, period) = (None, None, asked.period.as_str());
    let place = desk.unit(unit, &[desk.metric(metric)?])?;
    let explained = place.explain(&[Question { metric, section, part, period }])?;
    explained.first().map_or(Ok(USAGE), |explained| {
        print(explained, face)?;
        Ok(DONE)
    })
}

fn text(cells: &Cells, name: &str) -> String {
    cells.get(name).cloned().unwrap_or_else(|| "–".to_owned())
}

fn nouns<const N: usize>(
    cells: &Cells,
    names: [(&'static str, &str); N],
) -> Vec<(&'static str, String)> {
    let mut nouns: Vec<_> =
        names.into_iter().map(|(noun, column)| (noun, text(cells, column))).collect();
    nouns.push(("reason", cells.get("reason").cloned().unwrap_or_default()));
    nouns
}

fn whole(scored: &Scored<'_>, face: &mut Face<'_>) -> io::Result<()> {
    let of = &scored.whole;
    let (unit, period) = (text(of, "unit_id"), text(of, "period"));
    writeln!(face.out, "score   {} ({unit})   {period}", scored.unit)?;
    let nouns = nouns(
        of,
        [
            ("shown", "shown"),
            ("earned", "points_earned_shown"),
            ("available", "points_available"),
            ("low", "score_low"),
            ("high", "score_high"),
            ("state", "state"),
        ],
    );
    writeln!(face.out, "  {}", face.say(Say::ScoreWhole, &nouns).trim_end())?;
    for judged in &scored.leaves {
        writeln!(face.out, "\n{} {}", text(&judged.told, "leaf"), text(&judged.told, "title"))?;
        earned(judged, face)?;
    }
    let leaf = scored.leaves.first().map(|judged| text(&judged.told, "leaf")).unwrap_or_default();
    writeln!(face.out, "hint: {}", face.say(Say::ScoreHint, &[("leaf", leaf)]))
}

fn earned(judged: &Judged<'_>, face: &mut Face<'_>) -> io::Result<()> {
    let names = [
        ("earned", "earned_shown"),
        ("available", "available"),
        ("gives", "gives"),
        ("state", "state"),
    ];
    let line = face.say(Say::LeafEarned, &nouns(&judged.told, names));
    writeln!(face.out, "  {}", line.trim_end())?;
    if let Some(earns) = &judged.earns {
        writeln!(face.out, "    = {}", earns.working())?;
    }
    Ok(())
}

fn leaf(scored: &Scored<'_>, judged: &Judged<'_>, face: &mut Face<'_>) -> io::Result<()> {
    let of = &judged.told;
    let head = [text(of, "leaf"), text(of, "title"), scored.unit.clone()];
    let [leaf, title, unit] = head;
    let (id, period) = (text(of, "unit_id"), text(of, "period"));
    writeln!(face.out, "{leaf} {title}   {unit} ({id})   {period}")?;
    writeln!(face.out, "  {} › {} › {title}\n", text(of, "area"), text(of, "group"))?;
    earned(judged, face)?;
    if let Some(drawn) = judged.earns.as_ref().and_then(explain::Earns::drawn) {
        writeln!(face.out, "    {drawn}")?;
    }
    let moved = nouns(of, [("points", "points"), ("moved", "moved")]);
    let rule = nouns(of, [("rule", "rule")]);
    let names = [("metric", "metric"), ("value", "value"), ("status", "status"), ("base", "base")];
    for (say, nouns) in
        [(Say::LeafMoved, moved), (Say::LeafRule, rule), (Say::LeafRests, nouns(of, names))]
    {
        writeln!(face.out, "  {}", face.say(say, &nouns))?;
    }
    Ok(())
}
