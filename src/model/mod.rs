//! Floor 3: rows become the promised tables: typed, checked, resolved; what breaks its contract is
//! quarantined with its reason and place.

pub mod names;
pub mod spells;
