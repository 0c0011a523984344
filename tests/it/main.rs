//! The one integration-test binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where"
)]

mod city;
mod extract;
mod homes;
mod pencil;
mod score;
mod shared;
