//! What can somebody learn of one person from what shuping leaves behind?

mod attack;
mod lake;
mod redaction;
mod town;
