//! The one integration-test binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where"
)]

mod aliases;
mod boston;
mod city;
mod contracts;
mod corrected;
mod cut;
mod docs;
mod examples;
mod explain;
mod extract;
mod first_day;
mod flaws;
mod floors;
mod handbook;
mod heard;
mod homes;
mod hostile;
mod known;
mod language;
mod levels;
mod library;
mod machine;
mod mariadb;
mod merged;
mod nights;
mod pencil;
mod postgres;
mod privacy;
mod prove;
mod python;
mod quarantine;
mod receipt;
mod release;
mod rerun;
mod reshape;
mod schedule;
mod schemas;
mod score;
mod shared;
mod singer;
mod tools;
mod versions;
mod walk;
mod warehouse;
mod world;
