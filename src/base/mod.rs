//! Floor 0: values that every room speaks in, and the few doors to the outside (clock, disk).

pub mod access;
pub mod batch;
pub mod calendar;
pub mod cause;
pub mod cell;
pub mod checkup;
pub mod civil;
pub mod clock;
pub mod credit;
pub mod day;
pub mod diagnostic;
pub mod durable;
pub mod finding;
pub mod fold;
pub mod identity;
pub mod messages;
pub mod moment;
pub mod period;
pub mod pseudonym;
pub mod redact;
pub mod retirement;
pub mod said;
pub mod sheet;
pub mod text;
pub mod throwaway;
