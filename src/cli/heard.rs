//! What if nobody reads on, as behind `| head`? Then nothing more is said, and the work goes on to its end and its code.

use std::io;
use std::io::Write;

/// A writer that falls silent when its reader has gone.
pub(super) struct Heard<W: Write>(pub(super) W);

fn silent<T>(told: io::Result<T>, said: T) -> io::Result<T> {
    match told {
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(said),
        told => told,
    }
}

impl<W: Write> Write for Heard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        silent(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        silent(self.0.flush(), ())
    }
}
