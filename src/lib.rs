//! shuping (数评): five government systems become metrics, every night.
//!
//! The night, top to bottom: [`extract`] asks each system for its rows and lands them as they came,
//! [`model`] types, checks and resolves them and quarantines what breaks its contract, [`measure`]
//! counts by unit, section and month and computes the metrics, [`score`] turns them into points,
//! [`warehouse`] loads the tables that analysts query, [`publish`] writes the files that scoring tools
//! read; [`handbook`] tells people what it all means. [`reconcile`] holds what units report of
//! themselves against what is counted, [`sandbox`] pretends to be the systems of a city, [`prove`]
//! tries a connector against what every one promises. [`night`] alone knows the order, [`explain`] goes
//! back from a number to its rows, [`why`] says why it is not what it was, [`quarantine`] gives rows
//! that were held back to those who sent them; imports only go down. [`schedule`] says when nights run.

// Floor 7
pub mod cli;
// Floor 6
pub mod prove;
pub mod schedule;
// Floor 5: neighbours
pub mod explain;
pub mod night;
pub mod quarantine;
// Floor 4
pub mod why;
// Floor 3: neighbours, none imports another
pub mod extract;
pub mod handbook;
pub mod measure;
pub mod model;
pub mod publish;
pub mod reconcile;
pub mod sandbox;
pub mod score;
pub mod warehouse;
// Floor 2
pub mod frame;
// Floor 1
pub mod spec;
// Floor 0
pub mod base;
