//! Arithmetic.

use super::Arguments;
use crate::machine::{Machine, Result, finite};
use crate::value::Value;

/// A function of numbers, if it is one.
pub(super) fn call(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Option<Value>> {
    let one: Option<fn(f64) -> f64> = match args.name {
        "abs" => Some(f64::abs),
        "floor" => Some(f64::floor),
        "ceil" => Some(f64::ceil),
        "round" => Some(|x| (x + 0.5).floor()),
        "sqrt" => Some(f64::sqrt),
        "exp" => Some(f64::exp),
        "log" => Some(f64::ln),
        "log2" => Some(|x| x.ln() / std::f64::consts::LN_2),
        "log10" => Some(|x| x.ln() / std::f64::consts::LN_10),
        "sin" => Some(f64::sin),
        "cos" => Some(f64::cos),
        "tan" => Some(f64::tan),
        "asin" => Some(f64::asin),
        "acos" => Some(f64::acos),
        "atan" => Some(f64::atan),
        "exponent" => Some(|x| parts(x).1),
        "mantissa" => Some(|x| parts(x).0),
        _ => None,
    };
    if let Some(one) = one {
        return finite(one(args.number(machine, 0)?)).map(Some);
    }
    let two: fn(f64, f64) -> f64 = match args.name {
        "pow" => f64::powf,
        "atan2" => f64::atan2,
        _ => return Ok(None),
    };
    finite(two(args.number(machine, 0)?, args.number(machine, 1)?)).map(Some)
}

/// A number as `m * 2^e` with `m` from a half to one.
fn parts(number: f64) -> (f64, f64) {
    if number == 0.0 {
        return (0.0, 0.0);
    }
    let mut exponent = number.abs().log2().floor() + 1.0;
    let mut mantissa = number / exponent.exp2();
    if mantissa.abs() >= 1.0 {
        mantissa /= 2.0;
        exponent += 1.0;
    }
    (mantissa, exponent)
}
