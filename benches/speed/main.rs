//! How fast is a night? Times what grows with a city: `cargo bench` for all, `cargo bench -- night` for one,
//! `cargo bench -- measures 100000000` for one with other rows.
//! Speed stands here and in no test, for a machine that is busy proves nothing.

#![expect(clippy::unwrap_used, reason = "a bench that can go no further stops")]

mod load;
mod measures;
mod night;
mod pages;
mod release;
mod tomorrow;

use std::env;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let asked: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let Some(("pull", words)) = asked.split_first().map(|(verb, words)| (verb.as_str(), words)) {
        return pages::pull(words);
    }
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    if is_asked("extraction") {
        night::extraction(1.0);
    }
    if is_asked("pages") {
        pages::beside();
    }
    if is_asked("night") {
        night::night(1.0);
    }
    if is_asked("tomorrow") {
        tomorrow::tomorrow(1.0);
    }
    if is_asked("load") {
        load::load(1_000_000);
    }
    if is_asked("release") {
        release::release();
    }
    if is_asked("measures") {
        let rows = asked.iter().find_map(|word| word.parse().ok());
        measures::measures(rows.unwrap_or(10_000_000));
    }
}

/// One line of a result.
#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
fn line(what: &str, took: Duration, more: &str) {
    println!("  {what:<36} {:>8.2} s  {more}", took.as_secs_f64());
}

/// The heading of a bench.
#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
fn heading(what: &str) {
    println!("\n{what}");
}
