//! When do nights run, and what happens to one that is stopped?

mod lines;
mod nights;
mod process;
