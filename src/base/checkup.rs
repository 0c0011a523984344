//! How does a part of the way stand? One line of a checkup: what was looked at, what it says, and what to do.

use super::messages::Lang;
use super::said::Say;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should.
    Well,
    /// Somebody should look at it.
    Doubt,
    /// A night will not get through here.
    Broken,
}

impl State {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            State::Well => "ok",
            State::Doubt => "doubt",
            State::Broken => "broken",
        }
    }

    /// Its name, for people.
    pub fn say(self) -> Say {
        match self {
            State::Well => Say::StandsWell,
            State::Doubt => Say::StandsInDoubt,
            State::Broken => Say::StandsBroken,
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Check {
    /// What.
    pub what: String,
    /// How it stands.
    pub state: State,
    /// What was found.
    pub says: String,
    hint: Option<(Say, Vec<(&'static str, String)>)>,
}

impl Check {
    /// Something that stands as it should.
    pub fn well(what: impl Into<String>, says: impl Into<String>) -> Check {
        Check { what: what.into(), state: State::Well, says: says.into(), hint: None }
    }

    /// The same, in another state and with what to do.
    #[must_use]
    pub fn but(self, state: State, hint: Say, nouns: &[(&'static str, String)]) -> Check {
        Check { state, hint: Some((hint, nouns.to_vec())), ..self }
    }

    /// Whether a night gets through.
    pub fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// What to do, where something is wrong.
    pub fn hint(&self, lang: Lang) -> Option<String> {
        self.hint.as_ref().map(|(say, nouns)| say.with(lang, nouns))
    }
}
