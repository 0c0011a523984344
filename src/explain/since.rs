//! What moved since the night before, and why?

use std::collections::BTreeMap;

use super::published::Release;
use crate::base::cause::Cause;
use crate::measure::worked::Worked;
use crate::spec::version::Defined;
use crate::why::Answer;
use crate::why::Place;
use crate::why::Told;
use crate::why::Why;

/// What moved since the release of the night before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// That release.
    pub release: String,
    /// The status and the exact value that it tells; none where it does not tell the number.
    pub told: Option<(String, Option<String>)>,
    /// Why the number is not what it was; none where it is.
    pub cause: Option<Cause>,
    /// By fact, how many rows behind the number each thing has happened to since.
    pub rows: BTreeMap<String, BTreeMap<Cause, u64>>,
}

impl Since {
    /// `why` says what happened to the rows.
    pub(super) fn of(
        (before, own): (&Release, &Release),
        now: &Worked<'_>,
        why: &Why<'_>,
    ) -> anyhow::Result<Since> {
        let (was, is) = (before.told(&now.told), own.told(&now.told));
        let metric = &now.told.metric.name;
        // Another version tells other periods.
        let version = now.told.metric.version;
        let tells = |it: &&Defined| it.metric == *metric && it.version == version;
        let is_redefined = {
            let [was, is] = [before, own].map(|release| release.definitions.iter().find(tells));
            was.map(|it| &it.meaning) != is.map(|it| &it.meaning)
        };
        let part = now.told.part.as_ref();
        let place = Place {
            unit: Some(now.told.place.0.as_str()).filter(|_| !now.told.level.is_above()),
            section: now.told.place.1.as_deref(),
            part: part.map(|(by, value)| (by.as_str(), value.as_str())),
        };
        if was == is {
            let (release, told) = (before.name.clone(), was.cloned());
            return Ok(Since { release, told, cause: None, rows: BTreeMap::new() });
        }
        let Answer { cause, rows } = why.answer(metric, &place, now.told.period)?;
        let cause = match (was, is) {
            _ if is_redefined => Cause::Definition,
            (Some(_), Some(_)) => cause,
            _ if before.tells(metric) && own.tells(metric) => Cause::Time,
            _ => Cause::Units,
        };
        Ok(Since { release: before.name.clone(), told: was.cloned(), cause: Some(cause), rows })
    }
}

impl Release {
    /// The night, and what the home said on it.
    pub(super) fn night(&self) -> Option<Told> {
        let night = self.name.split('.').next()?.parse().ok()?;
        let (home, as_of) = self.home.clone().unzip();
        Some(Told { night, as_of, home })
    }
}
