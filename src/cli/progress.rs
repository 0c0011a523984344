//! How far has the night come? A bar on a terminal, plain lines otherwise.

use std::io::Write;

use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use unicode_width::UnicodeWidthStr as _;

use super::Face;
use crate::base::messages::Lang;
use crate::base::said::Say;
use crate::night::Step;

/// Who tells the steps of a night.
pub(super) struct Progress<'p> {
    lang: Lang,
    bar: Option<ProgressBar>,
    lines: &'p mut (dyn Write + Send),
}

impl<'p> Progress<'p> {
    /// For a night of so many streams.
    pub(super) fn new<'f: 'p>(face: &'p mut Face<'f>, streams: usize) -> Progress<'p> {
        let bar = face.is_terminal.then(|| {
            // Asked, modelled; then told, loaded, published.
            let bar = ProgressBar::new(2 * streams as u64 + 3);
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}");
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        Progress { lang: face.lang, bar, lines: face.err }
    }

    /// Tells a step. A line that can't be written stops no night.
    pub(super) fn tell(&mut self, step: &Step) {
        let (verb, what, is_asking) = words(step, self.lang);
        match &self.bar {
            Some(bar) => {
                bar.set_message(format!("{verb} {what}"));
                if !is_asking {
                    bar.inc(1);
                }
            }
            None if is_asking => {}
            None => {
                let pad = " ".repeat(12_usize.saturating_sub(verb.width()));
                let _written = writeln!(self.lines, "{pad}{verb} {what}");
            }
        }
    }

    /// The night has ended.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A step in words: the verb, what it was done to, and whether it has only begun.
fn words(step: &Step, lang: Lang) -> (&'static str, String, bool) {
    let counted = |name: &str, say: Say, rows: u64| {
        let counted = say.with(lang, &[("rows", super::report::grouped(rows))]);
        format!("{name} {counted}").trim().to_owned()
    };
    let (verb, what) = match step {
        Step::Asking(name) => (Say::Asking, name.clone()),
        Step::Landed(name, rows) => (Say::Landed, counted(name, Say::StepRows, *rows)),
        Step::Failed(name, why) => (Say::FailedStep, format!("{name}: {why}")),
        Step::Modelled(name, rows) => (Say::Modelled, counted(name, Say::StepVersions, *rows)),
        Step::MadeAgain(deltas) => (Say::MadeAgain, counted("", Say::StepDeltas, *deltas)),
        Step::Told(values) => (Say::Told, counted("", Say::StepValues, *values)),
        Step::Loaded => (Say::Loaded, "warehouse".to_owned()),
        Step::Published(folder) => (Say::Published, folder.clone()),
        Step::Held(folder) => (Say::Held, folder.clone()),
    };
    (verb.text(lang), what, matches!(step, Step::Asking(_)))
}
