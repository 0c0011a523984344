//! What does the program say of itself, beside what it was asked? Logs, and where a panic was.

use std::io;
use std::io::Write as _;
use std::panic;
use std::panic::PanicHookInfo;

use crate::base::redact::Redacted;

/// Logs go to stderr when they are asked for: the report says what people need.
pub(super) fn watch(verbose: u8) {
    panic::set_hook(Box::new(say_panic));
    let level = match verbose {
        0 => return,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    let writer = || Redacted::new(io::stderr());
    tracing_subscriber::fmt().with_max_level(level).with_writer(writer).init();
}

/// Tells where a panic was; what it says is told, masked, as the bug that it is.
fn say_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    // Where nobody can be told any more, the exit code is all that is left.
    let _lost = writeln!(io::stderr(), "panic at {place}");
}
