//! The functions that Helm's templates call beyond Go's own: sprig v3.3.0's, and those of Helm's
//! that need no chart.
//!
//! Pure: the time and the source of randomness are given in an [`Environment`]. `include`, `tpl`,
//! `required`, `fail` and `lookup` belong to whoever renders charts. What a function does for odd
//! arguments is what the Go code does, its panics' words included: they are the error.

#![forbid(unsafe_code)]

mod cast;
mod copy;
mod crypto;
mod date;
mod defaults;
mod dict;
mod encode;
mod environment;
mod equal;
mod json;
mod list;
mod merge;
mod number;
mod path;
mod phrase;
mod random;
mod regex;
mod table;
mod text;
mod toml;
mod url;
mod values;
mod version;
mod yaml;

use windlass_gotemplate::Functions;

pub use environment::{Certificates, Environment, Renewal};
pub use regex::regexp;
pub use values::VALUES;
pub use yaml::{from_data, to_data, to_yaml};

/// The table of all functions, with Go's own.
pub fn functions(environment: &Environment) -> Functions {
    let mut t = table::Table(Functions::default());
    let random = random::Random::new(environment.seed);
    text::add(&mut t);
    phrase::add(&mut t);
    defaults::add(&mut t);
    list::add(&mut t);
    dict::add(&mut t);
    number::add(&mut t);
    date::add(&mut t, environment.now);
    regex::add(&mut t);
    version::add(&mut t);
    url::add(&mut t);
    path::add(&mut t);
    encode::add(&mut t);
    json::add(&mut t);
    yaml::add(&mut t);
    toml::add(&mut t);
    random::add(&mut t, &random);
    crypto::add(&mut t, &random, environment);
    // Names are looked up only where a user asks for it, and then not here.
    t.put(&["getHostByName"], &[windlass_gotemplate::Type::String], |_| table::string(""));
    t.0
}
