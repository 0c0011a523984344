//! What does the night after cost, in which the rows of one day came? Beside the first night, which counts
//! everything, and beside the same night that is asked to count everything again.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use jiff::civil::Date;
use jiff::civil::date;
use shuping::night::Choice;
use tracing::Event;
use tracing::Level;
use tracing::Metadata;
use tracing::Subscriber;
use tracing::field::Field;
use tracing::field::Visit;
use tracing::span::Attributes;
use tracing::span::Id;
use tracing::span::Record;

use crate::heading;
use crate::line;
use crate::night::Town;
use crate::night::Watched;

const FIRST: Date = date(2026, 1, 6);

/// Runs both nights as a schedule runs them, each telling its own day.
pub(crate) fn tomorrow(scale: f64) {
    let seen = Seen::default();
    tracing::subscriber::set_global_default(seen.clone()).unwrap();
    let town = Town::of(scale, &[]);
    let next = FIRST.tomorrow().unwrap();
    let night = |what: &str, (night, is_full): (Date, bool)| {
        seen.forget();
        let choice = Choice { night, as_of: night, again: false, full: is_full };
        let watched = town.night(choice);
        heading(&format!("{what}: {} rows landed", watched.rows()));
        let took = watched.steps();
        let loaded = &watched.report.loaded;
        for (what, took) in &took {
            let said = match *what {
                "loaded" => format!(
                    "{} written, {} removed, {} left alone",
                    loaded.written, loaded.removed, loaded.unchanged
                ),
                _ => String::new(),
            };
            line(what, *took, &said);
        }
        let cube = seen.cube(&watched);
        line("the measures alone", cube, &counted(&watched));
        (took, cube)
    };
    let (first, _) = night("first night", (FIRST, false));
    let (second, cube) = night("the night after", (next, false));
    let (_, whole) = night("the night after, counting everything", (next, true));
    let (_, same) = night("the same again, nothing changed", (next, false));
    heading("the night after, as a share");
    for ((what, second), (_, first)) in second.iter().zip(&first) {
        line(what, *second, &format!("{} of the first night's", share(*second, *first)));
    }
    line("the measures alone", cube, &format!("{} of counting everything", share(cube, whole)));
    line("– nothing changed", same, &format!("{}; aims at 5 %", share(same, whole)));
}

fn share(part: Duration, whole: Duration) -> String {
    format!("{:.1} %", 100.0 * part.as_secs_f64() / whole.as_secs_f64())
}

/// How many months were counted.
fn counted(watched: &Watched) -> String {
    let recounts = &watched.report.recounts;
    let counted: usize = recounts.iter().map(|recount| recount.counted).sum();
    let months: usize = recounts.iter().map(|recount| recount.months).sum();
    format!("{counted} of {months} months counted")
}

/// What the program says of itself, and when.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(Instant, String)>>>);

impl Seen {
    fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    /// How long it took from the tables that stand to the measures that are counted, and each fact on the way.
    fn cube(&self, watched: &Watched) -> Duration {
        let seen = self.0.lock().unwrap();
        let mut before = watched.start;
        let mut all = Duration::ZERO;
        for (at, what) in seen.iter().filter(|(at, _)| *at > watched.start) {
            let took = at.duration_since(before);
            before = *at;
            if what.contains("fact was counted") {
                all += took;
                let fact = what.rsplit("fact ").next().unwrap_or_default();
                line("– of it", took, fact.trim());
            }
        }
        all
    }
}

impl Subscriber for Seen {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        let is_ours = of.target().starts_with("shuping::measure")
            || of.target().starts_with("shuping::night::compute");
        is_ours && *of.level() <= Level::DEBUG
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut said = Said(String::new());
        event.record(&mut said);
        self.0.lock().unwrap().push((Instant::now(), said.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event as text.
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{} {value:?} ", field.name()).unwrap();
    }
}
