//! URLs as Go's `net/url` takes them apart and puts them together.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_gotemplate::{CallError, Element, Map, Type, Value, fmt};

use crate::table::{Table, nil_pointer, string, text};

pub(crate) fn add(t: &mut Table) {
    t.put(&["urlParse"], &[Type::String], |a| {
        let whole = text(&a[0]);
        let url = Url::parse(&whole).map_err(|error| {
            // A fragment is read last, and until then is no part of what is shown.
            let front = whole.split('#').next().unwrap_or_default();
            let shown = if Url::parse(front).is_err() { front } else { &whole };
            format!("unable to parse url: parse {}: {error}", fmt::quote(shown))
        })?;
        let entry = |key: &str, value: &str| (Rc::from(key), Value::string(value));
        let host = url.host.as_str();
        let entries: BTreeMap<Rc<str>, Value> = [
            entry("scheme", &url.scheme),
            entry("host", host),
            entry("hostname", hostname(host)),
            entry("path", &url.path),
            entry("query", &url.query),
            entry("opaque", &url.opaque),
            entry("fragment", &url.fragment),
            entry("userinfo", &url.user.as_ref().map(User::to_string).unwrap_or_default()),
        ]
        .into();
        Ok(Value::Map(Map::new(Element::Any, entries).into()))
    });
    t.put(&["urlJoin"], &[Type::Map], |a| {
        let part = |key: &str| match &a[0] {
            Value::Map(map) => part(map, key),
            _ => Ok(String::new()),
        };
        let mut url = Url {
            scheme: part("scheme")?,
            host: part("host")?,
            path: part("path")?,
            query: part("query")?,
            opaque: part("opaque")?,
            fragment: part("fragment")?,
            ..Url::default()
        };
        let user = part("userinfo")?;
        if !user.is_empty() {
            let whole = format!("proto://{user}@host");
            let parsed = Url::parse(&whole).map_err(|error| {
                let quoted = fmt::quote(&whole);
                format!("unable to parse userinfo in dict: parse {quoted}: {error}")
            })?;
            url.user = parsed.user;
        }
        string(url.to_string())
    });
}

fn part(map: &Map, key: &str) -> Result<String, CallError> {
    match map.get(key) {
        None => Ok(String::new()),
        Some(Value::Nil | Value::NilInterface) => Err(nil_pointer()),
        Some(value) if value.string_bytes().is_some() => Ok(text(&value).into_owned()),
        Some(other) => {
            let kind = other.kind_name();
            Err(format!("unable to parse {key} key, must be of type string, but {kind} found")
                .into())
        }
    }
}

fn hostname(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[')
        && let Some(end) = rest.find(']')
    {
        return &rest[..end];
    }
    match host.rfind(':') {
        Some(colon) if host[colon + 1..].bytes().all(|b| b.is_ascii_digit()) => &host[..colon],
        _ => host,
    }
}

/// Where in a URL a text stands: what may stay unescaped depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

fn should_escape(byte: u8, place: Place) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    if matches!(place, Place::Host | Place::Zone) && b"!$&'()*+,;=:[]<>\"".contains(&byte) {
        return false;
    }
    match place {
        Place::Path if b"$&+,/:;=@".contains(&byte) => false,
        Place::User if b"$&+,;=".contains(&byte) => false,
        Place::Fragment if b"$&+,/:;=?@!()*".contains(&byte) => false,
        _ => true,
    }
}

fn escape(text: &str, place: Place) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if should_escape(byte, place) {
            out.push_str(&format!("%{byte:02X}"));
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

fn unescape(text: &str, place: Place) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'%' {
            let (Some(high), Some(low)) = (hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) else {
                let end = (at + 3).min(bytes.len());
                let shown = String::from_utf8_lossy(&bytes[at..end]);
                return Err(format!("invalid URL escape {}", fmt::quote(&shown)));
            };
            let value = u8::try_from(high * 16 + low).unwrap_or_default();
            let refused = match place {
                Place::Host => high < 8 && &bytes[at..at + 3] != b"%25",
                Place::Zone => {
                    &bytes[at..at + 3] != b"%25"
                        && value != b' '
                        && should_escape(value, Place::Host)
                }
                _ => false,
            };
            if refused {
                return Err(format!("invalid URL escape {}", fmt::quote(&text[at..at + 3])));
            }
            out.push(value);
            at += 3;
        } else {
            if matches!(place, Place::Host | Place::Zone)
                && byte < 0x80
                && should_escape(byte, place)
            {
                let shown = fmt::quote(&char::from(byte).to_string());
                return Err(format!("invalid character {shown} in host name"));
            }
            out.push(byte);
            at += 1;
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[derive(Debug, Default)]
struct User {
    name: String,
    password: Option<String>,
}

impl std::fmt::Display for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&escape(&self.name, Place::User))?;
        match &self.password {
            Some(password) => write!(f, ":{}", escape(password, Place::User)),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Default)]
struct Url {
    scheme: String,
    opaque: String,
    user: Option<User>,
    host: String,
    path: String,
    query: String,
    fragment: String,
}

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        let mut url = Self::default();
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        if text.bytes().any(|b| b < 0x20 || b == 0x7F) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        url.rest(text)?;
        url.fragment = unescape(fragment, Place::Fragment)?;
        Ok(url)
    }

    fn rest(&mut self, text: &str) -> Result<(), String> {
        if text == "*" {
            "*".clone_into(&mut self.path);
            return Ok(());
        }
        let (scheme, mut rest) = scheme(text)?;
        self.scheme = scheme.to_ascii_lowercase();
        if rest.ends_with('?') && rest.matches('?').count() == 1 {
            rest = &rest[..rest.len() - 1];
        } else if let Some((before, query)) = rest.split_once('?') {
            query.clone_into(&mut self.query);
            rest = before;
        }
        if !rest.starts_with('/') {
            if !self.scheme.is_empty() {
                rest.clone_into(&mut self.opaque);
                return Ok(());
            }
            let segment = rest.split('/').next().unwrap_or_default();
            if segment.contains(':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        let has_host =
            rest.starts_with("//") && (!self.scheme.is_empty() || !rest.starts_with("///"));
        if has_host {
            let authority = &rest[2..];
            let end = authority.find('/').unwrap_or(authority.len());
            rest = &authority[end..];
            self.authority(&authority[..end])?;
        }
        self.path = unescape(rest, Place::Path)?;
        Ok(())
    }

    fn authority(&mut self, text: &str) -> Result<(), String> {
        let (user, host) = match text.rfind('@') {
            Some(at) => (Some(&text[..at]), &text[at + 1..]),
            None => (None, text),
        };
        self.host = parse_host(host)?;
        let Some(user) = user else { return Ok(()) };
        let valid = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
        if !user.chars().all(valid) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        self.user = Some(match user.split_once(':') {
            None => User { name: unescape(user, Place::User)?, password: None },
            Some((name, password)) => User {
                name: unescape(name, Place::User)?,
                password: Some(unescape(password, Place::User)?),
            },
        });
        Ok(())
    }
}

/// The scheme, if there is one, and what follows its colon.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (i, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if i > 0 => {}
            ':' if i == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..i], &text[i + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn parse_host(host: &str) -> Result<String, String> {
    let valid_port = |port: &str| {
        port.is_empty()
            || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
    };
    let bad_port = |port: &str| format!("invalid port {} after host", fmt::quote(port));
    if host.starts_with('[') {
        let Some(end) = host.rfind(']') else { return Err("missing ']' in host".to_owned()) };
        let port = &host[end + 1..];
        if !valid_port(port) {
            return Err(bad_port(port));
        }
        if let Some(zone) = host[..end].find("%25") {
            let address = unescape(&host[..zone], Place::Host)?;
            let zone = unescape(&host[zone..end], Place::Zone)?;
            return Ok(format!("{address}{zone}{}", unescape(&host[end..], Place::Host)?));
        }
    } else if let Some(colon) = host.rfind(':') {
        let port = &host[colon..];
        if !valid_port(port) {
            return Err(bad_port(port));
        }
    }
    unescape(host, Place::Host)
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if self.opaque.is_empty() {
            let has_host = !self.host.is_empty() || !self.path.is_empty() || self.user.is_some();
            if !self.scheme.is_empty() || !self.host.is_empty() || self.user.is_some() {
                if has_host {
                    f.write_str("//")?;
                }
                if let Some(user) = &self.user {
                    write!(f, "{user}@")?;
                }
                f.write_str(&escape(&self.host, Place::Host))?;
            }
            let path =
                if self.path == "*" { "*".to_owned() } else { escape(&self.path, Place::Path) };
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                f.write_str("/")?;
            }
            if self.scheme.is_empty() && self.host.is_empty() && self.user.is_none() {
                let segment = path.split('/').next().unwrap_or_default();
                if segment.contains(':') {
                    f.write_str("./")?;
                }
            }
            f.write_str(&path)?;
        } else {
            f.write_str(&self.opaque)?;
        }
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", escape(&self.fragment, Place::Fragment))?;
        }
        Ok(())
    }
}
