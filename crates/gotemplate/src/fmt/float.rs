//! Floats, as `strconv.FormatFloat` writes them.

/// Formats with a verb of `b e E f F g G x X` and a precision; no precision is the shortest form that
/// reads back as the same number.
pub fn format_float(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let text = match verb.to_ascii_lowercase() {
        'e' => exponential(value, precision),
        'f' => match precision {
            Some(p) => format!("{value:.p$}"),
            None => format!("{value}"),
        },
        'b' => binary(value),
        'x' => hexadecimal(value, precision),
        _ => general(value, precision),
    };
    if verb.is_ascii_uppercase() { text.to_uppercase() } else { text }
}

/// The 53 bits of the mantissa as an integer, and the power of two that they are multiplied by.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let mantissa = bits & ((1 << 52) - 1);
    let exponent = i32::try_from(bits >> 52 & 0x7FF).unwrap_or_default();
    match exponent {
        0 => (mantissa, -1074),
        _ => (mantissa | 1 << 52, exponent - 1075),
    }
}

/// `%b`: mantissa and exponent as they are stored.
fn binary(value: f64) -> String {
    let (mantissa, exponent) = parts(value);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    format!("{sign}{mantissa}p{exponent:+}")
}

/// `%x`: one digit before the point, which is 1 but for zero, then hexadecimal digits.
fn hexadecimal(value: f64, precision: Option<usize>) -> String {
    let (mut mantissa, mut exponent) = parts(value);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() - 11;
        mantissa <<= shift;
        exponent += 52 - i32::try_from(shift).unwrap_or_default();
    }
    if let Some(kept) = precision.filter(|p| *p < 13) {
        // Ties go to the even digit.
        let unit = 1_u64 << (52 - 4 * kept);
        let rest = mantissa & (unit - 1);
        mantissa -= rest;
        if rest * 2 > unit || (rest * 2 == unit && mantissa & unit != 0) {
            mantissa += unit;
        }
        if mantissa >> 53 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let lead = mantissa >> 52;
    let fraction = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let fraction = match precision {
        None => fraction.trim_end_matches('0').to_owned(),
        Some(p) if p <= 13 => fraction[..p].to_owned(),
        Some(p) => format!("{fraction:0<p$}"),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}0x{lead}{point}{fraction}p{direction}{:02}", exponent.unsigned_abs())
}

/// `%v` of a float: the shortest form, with an exponent from 1e+06 on and below 0.0001.
pub fn shortest(value: f64) -> String {
    format_float(value, 'g', None)
}

fn exponential(value: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(p) => format!("{value:.p$e}"),
        None => format!("{value:e}"),
    };
    // Rust writes 1e7, Go 1e+07.
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn general(value: f64, precision: Option<usize>) -> String {
    // A precision of 0 counts as 1; digits then are significant ones.
    let wanted = precision.map(|p| p.max(1));
    let scientific = match wanted {
        Some(p) => format!("{value:.prec$e}", prec = p - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    let digits = mantissa.chars().filter(char::is_ascii_digit).count();
    // The precision decides when the exponent shows; for the shortest form that is 6.
    let limit = match wanted {
        Some(p) if p > digits && i32::try_from(digits).is_ok_and(|d| d > exponent) => digits,
        Some(p) => p,
        None => 6,
    };
    if exponent < -4 || i32::try_from(limit).is_ok_and(|l| exponent >= l) {
        return exponential_from(mantissa, exponent);
    }
    let places = i32::try_from(digits).unwrap_or(0) - 1 - exponent;
    format!("{value:.prec$}", prec = usize::try_from(places).unwrap_or(0))
}

fn exponential_from(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// `%#g` and the like keep a decimal point, and `%#g` the zeros up to its precision.
pub(super) fn keep_point(text: &str, letter: char, precision: Option<usize>) -> String {
    let mark = if matches!(letter, 'x' | 'X') { ['p', 'P'] } else { ['e', 'E'] };
    let (mantissa, exponent) = text.find(mark).map_or((text, ""), |at| (&text[..at], &text[at..]));
    if !mantissa.ends_with(|c: char| c.is_ascii_hexdigit()) {
        return text.to_owned();
    }
    let mut mantissa = mantissa.to_owned();
    if !mantissa.contains('.') {
        mantissa.push('.');
    }
    if letter == 'x' {
        // Of the prefix the x counts as a digit, its zero does not.
        let digits = mantissa.trim_start_matches(['-', '+', '0']).replace('.', "").len();
        mantissa.extend(std::iter::repeat_n('0', precision.unwrap_or(6).saturating_sub(digits)));
    } else if letter.eq_ignore_ascii_case(&'g') {
        let wanted = precision.unwrap_or(6);
        let significant = mantissa
            .trim_start_matches(['-', '+', '0', '.'])
            .chars()
            .filter(char::is_ascii_digit)
            .count();
        let zeros = if significant == 0 {
            wanted.saturating_sub(1)
        } else {
            wanted.saturating_sub(significant)
        };
        mantissa.extend(std::iter::repeat_n('0', zeros));
    }
    format!("{mantissa}{exponent}")
}
