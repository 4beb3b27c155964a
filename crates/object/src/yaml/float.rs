//! Floats as go-yaml prints them: Go's `%g` with the fewest digits that read back the same, an
//! exponent below 1e-4 and from 1e6 on.

/// Prints a float as go-yaml does: `1.5`, `1e+06`, `.inf`.
pub fn format(value: f64) -> String {
    spell(value, &format!("{value:e}"))
}

/// As [`format()`], rounded to single precision first: how a float becomes a map's key.
pub(crate) fn format_single(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "single precision is what is asked for")]
    let single = value as f32;
    spell(f64::from(single), &format!("{single:e}"))
}

/// `scientific` is Rust's `{:e}`: the shortest digits and a bare exponent.
fn spell(value: f64, scientific: &str) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    plain(mantissa, exponent)
}

/// The digits of `mantissa` with the point moved by `exponent`, which lies in -4..6.
fn plain(mantissa: &str, exponent: i32) -> String {
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |m| ("-", m));
    let digits = mantissa.replace('.', "");
    let Ok(point) = usize::try_from(exponent + 1) else {
        let zeros = exponent.unsigned_abs() as usize - 1;
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    };
    if point == 0 {
        format!("{sign}0.{digits}")
    } else if digits.len() <= point {
        format!("{sign}{digits}{}", "0".repeat(point - digits.len()))
    } else {
        format!("{sign}{}.{}", &digits[..point], &digits[point..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_go_does() {
        for (value, text) in [
            (1.5, "1.5"),
            (1_000_000.0, "1e+06"),
            (1_234_567.5, "1.2345675e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e20, "1e+20"),
            (-2.5e-7, "-2.5e-07"),
            (f64::INFINITY, ".inf"),
        ] {
            assert_eq!(format(value), text);
        }
        assert_eq!(format_single(0.1), "0.1");
        assert_eq!(format_single(1e10), "1e+10");
        assert_eq!(format_single(16_777_217.0), "1.6777216e+07");
    }
}
