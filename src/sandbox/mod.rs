//! The pretend city 嘉宁市: who works there, what they handle and how its systems answer. It knows no
//! engine room, and one seed makes the same bytes on every machine.

mod dice;
pub mod units;
