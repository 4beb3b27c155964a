//! Paths with slashes: Go's `path`, which its `path/filepath` equals where Helm's renderings run.

use windlass_gotemplate::{Type, Value};

use crate::table::{Table, string, text};

pub(crate) fn add(t: &mut Table) {
    let one = &[Type::String];
    t.put(&["base", "osBase"], one, |a| string(base(&text(&a[0]))));
    t.put(&["dir", "osDir"], one, |a| {
        let path = text(&a[0]);
        string(clean(&path[..path.rfind('/').map_or(0, |i| i + 1)]))
    });
    t.put(&["clean", "osClean"], one, |a| string(clean(&text(&a[0]))));
    t.put(&["ext", "osExt"], one, |a| {
        let path = text(&a[0]);
        let name = &path[path.rfind('/').map_or(0, |i| i + 1)..];
        string(name.rfind('.').map_or("", |i| &name[i..]))
    });
    t.put(&["isAbs", "osIsAbs"], one, |a| Ok(Value::Bool(text(&a[0]).starts_with('/'))));
}

fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let path = path.trim_end_matches('/');
    match path.rsplit('/').next() {
        None | Some("") => "/",
        Some(name) => name,
    }
}

fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(last) if *last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
