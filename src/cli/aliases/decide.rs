//! What do people decide about a name? One more line of the file; or it is refused, and why.

use std::path::Path;

use super::FILE;
use super::Pair;
use crate::base::access::Access;
use crate::base::clock;
use crate::base::diagnostic::nearest;
use crate::base::durable::rewrite;
use crate::base::said::Say;
use crate::base::text::clean;
use crate::cli::Face;
use crate::cli::report::grouped;
use crate::model::names::Resolved;
use crate::night::aliases::Effect;
use crate::night::aliases::NoUnit;
use crate::night::aliases::Register;
use crate::spec::aliases::Alias;
use crate::spec::aliases::Decision;
use crate::spec::aliases::Entry;
use crate::spec::aliases::appended;
use crate::spec::aliases::read_aliases;

/// What is wrong with a decision, and what to do about it.
pub(super) struct Refused(pub(super) String, pub(super) Option<String>);

/// Where a decision is taken.
pub(super) struct Bench<'b, 'f, 'c> {
    pub(super) root: &'b Path,
    pub(super) var: &'b Path,
    pub(super) text: &'b str,
    pub(super) register: &'b Register<'c>,
    pub(super) face: &'b mut Face<'f>,
}

/// A decision: written, or refused.
pub(super) type Decided = anyhow::Result<Result<(), Refused>>;

impl Bench<'_, '_, '_> {
    pub(super) fn accept(&mut self, pair: &Pair, systems: &[&str]) -> Decided {
        let alias = match self.alias(pair, systems, Decision::Accepted) {
            Ok(alias) => alias,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Some(line) = self.register.rejected(&alias) {
            return Ok(Err(self.stands(Say::StandsRejected, &alias, line)));
        }
        let (text, standing) = match self.with(&alias, "accept", &pair.note) {
            Ok(written) => written,
            Err(refused) => return Ok(Err(refused)),
        };
        let effect = self.register.effect(&alias, standing);
        if !effect.is_felt {
            return Ok(Err(self.unfelt(&alias, &effect)));
        }
        self.write(&text, &alias, ("accept", &effect)).map(Ok)
    }

    pub(super) fn reject(&mut self, pair: &Pair, systems: &[&str]) -> Decided {
        let alias = match self.alias(pair, systems, Decision::Rejected) {
            Ok(alias) => alias,
            Err(refused) => return Ok(Err(refused)),
        };
        if ["ambiguous", "outside"].contains(&alias.unit.as_str()) {
            let text = self.face.say(Say::RejectsNothing, &[("unit", alias.unit)]);
            return Ok(Err(Refused(text, None)));
        }
        if let Some(line) = self.register.rejected(&alias) {
            return Ok(Err(self.stands(Say::StandsRejected, &alias, line)));
        }
        if let Some(line) = self.register.held(&alias) {
            return Ok(Err(self.stands(Say::StandsHeld, &alias, line)));
        }
        let (text, standing) = match self.with(&alias, "reject", &pair.note) {
            Ok(written) => written,
            Err(refused) => return Ok(Err(refused)),
        };
        let effect = self.register.effect(&alias, standing);
        self.write(&text, &alias, ("reject", &effect)).map(Ok)
    }

    pub(super) fn undo(&mut self, name: Option<&str>, note: &str, standing: &[Alias]) -> Decided {
        let is_it = |line: &&Alias| {
            line.decision != Decision::Listed && name.is_none_or(|name| line.is_about(name))
        };
        let Some(alias) = standing.iter().rev().find(is_it) else {
            let text = self.face.say(Say::NoUndo, &[]);
            return Ok(Err(Refused(text, Some(self.undo_hint(name.unwrap_or_default())))));
        };
        let (text, standing) = match self.with(alias, "undo", note) {
            Ok(written) => written,
            Err(refused) => return Ok(Err(refused)),
        };
        let effect = self.register.effect(alias, standing);
        self.write(&text, alias, ("undo", &effect)).map(Ok)
    }

    /// What is asked, as a line.
    fn alias(&self, pair: &Pair, systems: &[&str], decision: Decision) -> Result<Alias, Refused> {
        let alias = clean(&pair.name);
        if alias.is_empty() {
            return Err(Refused(self.face.say(Say::NameEmpty, &[]), None));
        }
        if !pair.system.is_empty() && !systems.contains(&pair.system.as_str()) {
            let text = self.face.say(Say::UnknownSystem, &[("found", pair.system.clone())]);
            let names = systems.join(", ");
            return Err(Refused(text, Some(self.face.say(Say::Nearest, &[("names", names)]))));
        }
        let is_word = ["ambiguous", "outside"].contains(&pair.unit.as_str());
        let unit = if is_word { Ok(pair.unit.clone()) } else { self.register.unit(&pair.unit) };
        let unit = unit.map_err(|why| self.no_unit(&pair.unit, why))?;
        let (system, valid_from, valid_to) = (pair.system.clone(), pair.from, pair.to);
        Ok(Alias { system, alias, unit, valid_from, valid_to, decision, line: 0 })
    }

    fn no_unit(&self, found: &str, why: NoUnit) -> Refused {
        let found = [("found", found.to_owned())];
        match why {
            NoUnit::Unknown(near) => {
                let words = ["ambiguous", "outside"].into_iter();
                let guess = near.or_else(|| nearest(&found[0].1, words).map(str::to_owned));
                let hint = guess.map(|guess| self.face.say(Say::Guess, &[("guess", guess)]));
                Refused(self.face.say(Say::UnknownUnit, &found), hint)
            }
            NoUnit::Several(units) => {
                let hint = self.face.say(Say::Nearest, &[("names", units.join(", "))]);
                Refused(self.face.say(Say::SeveralUnits, &found), Some(hint))
            }
        }
    }

    /// The file with one more line, and what stands in it then.
    fn with(
        &self,
        alias: &Alias,
        decision: &str,
        note: &str,
    ) -> Result<(String, Vec<Alias>), Refused> {
        let now = clock::now();
        let decided_at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let text = appended(self.text, &Entry { alias, decision, note, decided_at });
        match read_aliases(FILE, &text) {
            Ok(standing) => Ok((text, standing)),
            Err(faults) => {
                let lang = self.face.lang;
                let told: Vec<String> = faults.iter().map(|it| it.message(lang)).collect();
                Err(Refused(told.join("\n"), Some(self.undo_hint(&alias.alias))))
            }
        }
    }

    fn stands(&self, say: Say, alias: &Alias, line: usize) -> Refused {
        let nouns = [
            ("line", line.to_string()),
            ("name", alias.alias.clone()),
            ("unit", self.unit_text(&alias.unit)),
        ];
        Refused(self.face.say(say, &nouns), Some(self.undo_hint(&alias.alias)))
    }

    fn undo_hint(&self, name: &str) -> String {
        let nouns = [("path", self.root.display().to_string()), ("name", name.to_owned())];
        self.face.say(Say::UndoHint, &nouns)
    }

    /// Why a line would be of no use.
    fn unfelt(&self, alias: &Alias, effect: &Effect) -> Refused {
        let name = ("name", alias.alias.clone());
        let rules = Some(self.face.say(Say::RulesFirst, &[]));
        let nothing = |say: Say| {
            let nouns = [name.clone(), ("why", self.face.say(say, &[]))];
            self.face.say(Say::NothingFelt, &nouns)
        };
        let means = |unit: String| self.face.say(Say::NameMeans, &[name.clone(), ("unit", unit)]);
        match &effect.meant {
            Resolved::Unit { unit, .. } => Refused(means(self.unit_text(unit)), rules),
            Resolved::Outside => Refused(means("outside".to_owned()), rules),
            Resolved::Ambiguous => Refused(nothing(Say::WhyAmbiguous), rules),
            Resolved::OutOfTime(_) => Refused(nothing(Say::WhyOutOfTime), None),
            Resolved::Unknown => Refused(nothing(Say::WhyOtherDays), None),
        }
    }

    fn unit_text(&self, unit: &str) -> String {
        let name = self.register.name_of(unit);
        format!("{unit} {name}").trim_end().to_owned()
    }

    /// Writes the file, and says what it says now and what to do.
    fn write(
        &mut self,
        text: &str,
        alias: &Alias,
        (decision, effect): (&'static str, &Effect),
    ) -> anyhow::Result<()> {
        let verb = format!("aliases {decision}");
        let what = vec![("name", alias.alias.clone()), ("unit", alias.unit.clone())];
        let rows = Some(effect.gained + effect.lost);
        Access { verb: &verb, what, rows, purpose: None }.note(self.var)?;
        rewrite(&self.root.join(FILE), text.as_bytes())?;
        let ledger = &self.register.ledger;
        let night = ("night", ledger.night.to_string());
        let nouns = [
            ("line", text.lines().count().to_string()),
            ("decision", decision.to_owned()),
            ("name", alias.alias.clone()),
            ("unit", self.unit_text(&alias.unit)),
        ];
        let line = self.face.say(Say::WroteLine, &nouns);
        writeln!(self.face.out, "{line}")?;
        for (say, rows) in [(Say::Gained, effect.gained), (Say::Lost, effect.lost)] {
            if rows > 0 || (decision == "accept" && say == Say::Gained) {
                let nouns = [("rows", grouped(rows)), ("all", grouped(effect.rows)), night.clone()];
                let line = self.face.say(say, &nouns);
                writeln!(self.face.out, "{line}")?;
            }
        }
        if effect.gained + effect.lost > 0 {
            let path = ("path", self.root.display().to_string());
            let nouns = [path, night, ("as_of", ledger.as_of.to_string())];
            let hint = self.face.say(Say::RunAgain, &nouns);
            writeln!(self.face.out, "hint: {hint}")?;
        }
        Ok(())
    }
}
