//! Where does a number stand? At a unit or section, or at one part of it by a dimension.

/// A unit, or one of its sections.
pub type Place = (String, Option<String>);

/// A dimension and one of its values, such as one duty.
pub type Part = (String, String);

/// A place, or one part of it by a dimension.
pub type Spot = (Place, Option<Part>);
