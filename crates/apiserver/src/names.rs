//! What names, keys and labels must look like, and what is said of those that do not.
//!
//! Every function returns the faults in the words of apimachinery's validation, and nothing for a good value.

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const LABEL_KEY: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const ENVIRONMENT: &str = "a valid environment variable name must consist only of printable ASCII characters other than '='";

/// An RFC 1123 label, such as a container's name.
pub(crate) fn label(text: &str) -> Vec<String> {
    let mut faults = at_most(text, 63);
    if !is_label(text) {
        let subdomain = is_subdomain(text);
        faults.push(if subdomain { "must not contain dots" } else { LABEL }.to_owned());
    }
    faults
}

/// An RFC 1123 subdomain, such as most objects' names.
pub(crate) fn subdomain(text: &str) -> Vec<String> {
    let mut faults = at_most(text, 253);
    if !is_subdomain(text) {
        faults.push(SUBDOMAIN.to_owned());
    }
    faults
}

/// A label that starts with a letter, such as a service's name.
pub(crate) fn label_1035(text: &str) -> Vec<String> {
    let mut faults = at_most(text, 63);
    if !is_label(text) || text.starts_with(|c: char| c.is_ascii_digit()) {
        faults.push(LABEL_1035.to_owned());
    }
    faults
}

/// The name of a container's port.
pub(crate) fn port_name(text: &str) -> Vec<String> {
    let mut faults = at_most(text, 15);
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || !text.chars().all(inner) {
        faults
            .push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !text.contains(|c: char| c.is_ascii_lowercase()) {
        faults.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        faults.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        faults.push("must not begin or end with a hyphen".to_owned());
    }
    faults
}

/// A port number.
pub(crate) fn port(number: i64) -> Vec<String> {
    between(number, 1, 65535)
}

/// A number in a range.
pub(crate) fn between(number: i64, low: i64, high: i64) -> Vec<String> {
    if (low..=high).contains(&number) {
        return Vec::new();
    }
    vec![format!("must be between {low} and {high}, inclusive")]
}

/// A key of a ConfigMap or Secret.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let mut faults = at_most(text, 253);
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || !text.chars().all(inner) {
        faults.push(CONFIG_KEY.to_owned());
    }
    match text {
        "." => faults.push("must not be '.'".to_owned()),
        ".." => faults.push("must not be '..'".to_owned()),
        _ if text.starts_with("..") => faults.push("must not start with '..'".to_owned()),
        _ => {}
    }
    faults
}

/// The name of an environment variable.
pub(crate) fn environment(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec!["environment variable name must be non-empty".to_owned()];
    }
    let good = text.chars().all(|c| (' '..='~').contains(&c) && c != '=');
    if good { Vec::new() } else { vec![ENVIRONMENT.to_owned()] }
}

/// A label's or annotation's key.
pub(crate) fn label_key(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                faults.push("prefix part must be non-empty".to_owned());
            } else {
                faults.extend(subdomain(prefix).iter().map(|fault| format!("prefix part {fault}")));
            }
            *name
        }
        _ => {
            return vec![format!(
                "a valid label key {LABEL_KEY} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    }
    faults.extend(at_most(name, 63).iter().map(|fault| format!("name part {fault}")));
    if !is_label_text(name) {
        faults.push(format!("name part {LABEL_KEY}"));
    }
    faults
}

/// A label's value.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    let mut faults = at_most(text, 63);
    if !text.is_empty() && !is_label_text(text) {
        faults.push(LABEL_VALUE.to_owned());
    }
    faults
}

fn at_most(text: &str, max: usize) -> Vec<String> {
    if text.len() > max { vec![format!("must be no more than {max} bytes")] } else { Vec::new() }
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_label_text(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    edge(text.chars().next()) && edge(text.chars().last()) && text.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told() {
        let check = |faults: Vec<String>, expected: &[&str]| {
            let starts = faults.len() == expected.len()
                && faults.iter().zip(expected).all(|(fault, start)| fault.starts_with(start));
            assert!(starts, "{faults:?}");
        };
        check(label("web-1"), &[]);
        check(label("a.b"), &["must not contain dots"]);
        check(label("Web"), &["a lowercase RFC 1123 label"]);
        check(label(&"a".repeat(64)), &["must be no more than 63 bytes"]);
        check(subdomain("a.b-c"), &[]);
        check(subdomain("a..b"), &["a lowercase RFC 1123 subdomain"]);
        check(label_1035("1a"), &["a DNS-1035 label"]);
        check(port_name("http--x"), &["must not contain consecutive hyphens"]);
        check(config_key("..data"), &["must not start with '..'"]);
        check(config_key("a b"), &["a valid config key"]);
        check(label_key("a.b/c"), &[]);
        check(label_key("/c"), &["prefix part must be non-empty"]);
        check(label_key("a/b/c"), &["a valid label key"]);
        check(label_value("-"), &["a valid label"]);
        check(environment("A=B"), &["a valid environment"]);
        check(port(0), &["must be between 1 and 65535, inclusive"]);
    }
}
