//! Arithmetic: on integers, and on decimals for the functions whose names end in `f`.

use bigdecimal::{BigDecimal, FromPrimitive, RoundingMode, ToPrimitive, Zero};
use windlass_gotemplate::{CallError, Element, List, Type, Value, fmt};

use crate::cast::{to_float, to_int};
use crate::table::{Answer, MAX_LIST, Table, int, string, text};

use Type::{Any, Float64, Int, String as Str};

pub(crate) fn add(t: &mut Table) {
    t.put(&["atoi"], &[Str], |a| {
        // Plain decimal, out of range is the nearest.
        let text = text(&a[0]);
        let plain = text.strip_prefix(['+', '-']).unwrap_or(&text);
        let digits = !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit());
        let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
        Ok(Value::Int(if digits { text.parse().unwrap_or(limit) } else { 0 }))
    });
    t.put(&["int64"], &[Any], |a| Ok(Value::Int64(to_int(&a[0]))));
    t.put(&["int"], &[Any], |a| Ok(Value::Int(to_int(&a[0]))));
    t.put(&["float64"], &[Any], |a| Ok(Value::Float64(to_float(&a[0]))));
    t.put(&["toDecimal"], &[Any], |a| {
        let text = fmt::print_one(&a[0]);
        let plain = text.strip_prefix(['+', '-']).unwrap_or(&text);
        let digits = plain.bytes().all(|b| b.is_ascii_digit());
        Ok(Value::Int64(i64::from_str_radix(&text, 8).ok().filter(|_| digits).unwrap_or(0)))
    });
    t.put(&["add1"], &[Any], |a| Ok(Value::Int64(to_int(&a[0]).wrapping_add(1))));
    t.variadic(&["add"], &[Any], |a| {
        Ok(Value::Int64(a.iter().map(to_int).fold(0, i64::wrapping_add)))
    });
    t.put(&["sub"], &[Any, Any], |a| Ok(Value::Int64(to_int(&a[0]).wrapping_sub(to_int(&a[1])))));
    t.put(&["div"], &[Any, Any], |a| divided(&a[0], &a[1], i64::wrapping_div));
    t.put(&["mod"], &[Any, Any], |a| divided(&a[0], &a[1], i64::wrapping_rem));
    t.variadic(&["mul"], &[Any, Any], |a| {
        Ok(Value::Int64(a.iter().map(to_int).fold(1, i64::wrapping_mul)))
    });
    t.variadic(&["max", "biggest"], &[Any, Any], |a| {
        Ok(Value::Int64(a.iter().map(to_int).max().unwrap_or(0)))
    });
    t.variadic(&["min"], &[Any, Any], |a| {
        Ok(Value::Int64(a.iter().map(to_int).min().unwrap_or(0)))
    });
    t.variadic(&["maxf"], &[Any, Any], |a| Ok(Value::Float64(extreme(a, f64::max))));
    t.variadic(&["minf"], &[Any, Any], |a| Ok(Value::Float64(extreme(a, f64::min))));
    t.put(&["ceil"], &[Any], |a| Ok(Value::Float64(to_float(&a[0]).ceil())));
    t.put(&["floor"], &[Any], |a| Ok(Value::Float64(to_float(&a[0]).floor())));
    t.variadic(&["round"], &[Any, Int, Float64], |a| {
        let on = match a.get(2) {
            Some(Value::Float64(on)) => *on,
            _ => 0.5,
        };
        Ok(Value::Float64(rounded(to_float(&a[0]), int(&a[1]), on)))
    });
    t.put(&["add1f"], &[Any], |a| decimals(&[a[0].clone(), Value::Int(1)], |a, b| Ok(a + b)));
    t.variadic(&["addf"], &[Any], |a| {
        let mut all = vec![Value::Int(0)];
        all.extend_from_slice(a);
        decimals(&all, |a, b| Ok(a + b))
    });
    t.variadic(&["subf"], &[Any, Any], |a| decimals(a, |a, b| Ok(a - b)));
    t.variadic(&["mulf"], &[Any, Any], |a| decimals(a, |a, b| Ok(a * b)));
    t.variadic(&["divf"], &[Any, Any], |a| decimals(a, |a, b| quotient(&a, &b)));
    t.put(&["until"], &[Int], |a| {
        let end = int(&a[0]);
        numbers(&steps(0, end, if end < 0 { -1 } else { 1 })?)
    });
    t.put(&["untilStep"], &[Int, Int, Int], |a| {
        numbers(&steps(int(&a[0]), int(&a[1]), int(&a[2]))?)
    });
    t.variadic(&["seq"], &[Int], |a| string(sequence(&a.iter().map(int).collect::<Vec<_>>())?));
}

fn divided(a: &Value, b: &Value, by: impl Fn(i64, i64) -> i64) -> Answer {
    let divisor = to_int(b);
    if divisor == 0 {
        return Err("runtime error: integer divide by zero".into());
    }
    Ok(Value::Int64(by(to_int(a), divisor)))
}

/// Unlike Rust's, Go's extremes of NaN are NaN.
fn extreme(a: &[Value], choose: impl Fn(f64, f64) -> f64) -> f64 {
    let pick = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { choose(a, b) };
    a.iter().map(to_float).reduce(pick).unwrap_or(0.0)
}

fn rounded(value: f64, places: i64, on: f64) -> f64 {
    let power = 10_f64.powi(i32::try_from(places.clamp(-400, 400)).unwrap_or(0));
    let digits = power * value;
    let whole = if digits.fract() >= on { digits.ceil() } else { digits.floor() };
    whole / power
}

/// `decimal.NewFromFloat`: the shortest decimal that is the float.
fn decimal(value: &Value) -> Result<BigDecimal, CallError> {
    let float = to_float(value);
    let shortest = format!("{float:e}").parse().ok().or_else(|| BigDecimal::from_f64(float));
    shortest.ok_or_else(|| format!("Cannot create a Decimal from {}", fmt::shortest(float)).into())
}

fn decimals(
    a: &[Value],
    operation: impl Fn(BigDecimal, BigDecimal) -> Result<BigDecimal, CallError>,
) -> Answer {
    let mut all = a.iter().map(decimal);
    let mut result = all.next().unwrap_or_else(|| Ok(BigDecimal::zero()))?;
    for next in all {
        result = operation(result, next?)?;
        // The exponents of floats are bounded, those of long products are not.
        if result.digits() > 100_000 {
            return Err("the number has too many digits".into());
        }
    }
    Ok(Value::Float64(result.to_f64().unwrap_or(0.0)))
}

/// Division to sixteen places, rounded half away from zero.
fn quotient(a: &BigDecimal, b: &BigDecimal) -> Result<BigDecimal, CallError> {
    if b.is_zero() {
        return Err("decimal division by 0".into());
    }
    // With two places more than needed, halves are still seen; a remainder beyond is too small.
    let exact = a / b;
    Ok(exact.with_scale_round(16, RoundingMode::HalfUp))
}

fn steps(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, CallError> {
    let mut all = Vec::new();
    if step == 0 || (stop < start) == (step > 0) {
        return Ok(all);
    }
    let mut at = start;
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        if all.len() >= MAX_LIST {
            return Err(format!("the list would have more than {MAX_LIST} elements").into());
        }
        all.push(at);
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(all)
}

fn numbers(all: &[i64]) -> Answer {
    let items = all.iter().map(|n| Value::Int(*n)).collect();
    Ok(Value::List(List::new(Element::Int, items).into()))
}

fn sequence(a: &[i64]) -> Result<String, CallError> {
    let toward = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let all = match *a {
        [end] => steps(1, end.saturating_add(toward(1, end)), toward(1, end))?,
        [start, end] => steps(start, end.saturating_add(toward(start, end)), toward(start, end))?,
        [start, step, end] if end < start && step > 0 => Vec::new(),
        [start, step, end] => steps(start, end.saturating_add(toward(start, end)), step)?,
        _ => Vec::new(),
    };
    Ok(all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}
