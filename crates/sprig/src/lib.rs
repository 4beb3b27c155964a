//! The functions that Helm's templates call beyond Go's own: sprig v3.3.0's, and those of Helm's
//! that need no chart.
//!
//! Pure: the time and the source of randomness are given in an [`Environment`]. `include`, `tpl`,
//! `required`, `fail` and `lookup` belong to whoever renders charts.

#![forbid(unsafe_code)]

use windlass_gotemplate::Functions;

mod environment;

pub use environment::Environment;

/// The table of all functions, with Go's own.
pub fn functions(environment: &Environment) -> Functions {
    let _ = environment;
    Functions::default()
}
