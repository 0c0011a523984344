//! What does the measure language mean? Its values against a reference that was made elsewhere and against
//! DuckDB, and its refusals against files of a home.

mod begun;
mod beyond;
mod dimensions;
mod followed;
mod periods;
mod random;
mod recount;
mod reference;
mod refused;
mod thing;
mod waiting;
