//! What can somebody learn of one person from what shuping leaves behind?

mod attack;
mod groups;
mod lake;
mod redaction;
mod spreads;
mod town;
