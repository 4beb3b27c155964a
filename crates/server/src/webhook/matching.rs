//! Which sources an event concerns: by revision, and by the files that have changed.

use windlass_semver::{Constraint, Version};

/// The branch or tag behind `refs/heads/` or `refs/tags/`; other text stays.
pub(super) fn short(reference: &str) -> &str {
    let mut parts = reference.splitn(3, '/');
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    third.or(second).or(first).unwrap_or(reference)
}

/// Whether a source that follows `target` may be at another commit after `revision` was pushed.
pub fn revision_changed(revision: &str, touched_head: bool, target: &str) -> bool {
    let name = short(target);
    if name == "HEAD" || name.is_empty() {
        return touched_head;
    }
    let full = target.starts_with("refs/heads/") || target.starts_with("refs/tags/");
    let target = if full { name } else { target };
    if revision == target {
        return true;
    }
    Constraint::parse(target)
        .ok()
        .zip(Version::parse(revision).ok())
        .is_some_and(|(constraint, version)| constraint.matches(&version))
}

/// The paths of the annotation `argocd.argoproj.io/manifest-generate-paths`, from the repository's
/// root: separated by `;`, absolute or relative to the source's own path.
pub fn refresh_paths(annotation: &str, source_path: &str) -> Vec<String> {
    let items = annotation.split(';').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| match item.strip_prefix('/') {
            Some(absolute) => absolute.to_owned(),
            None => clean(&format!("{source_path}/{item}")),
        })
        .collect()
}

/// Whether one of `files` lies at or below one of `paths` or matches it as a glob. An empty list of
/// either says nothing, so that all may have changed.
pub fn files_changed(paths: &[String], files: &[String]) -> bool {
    if paths.is_empty() || files.is_empty() {
        return true;
    }
    files.iter().any(|file| {
        let file = rooted(file);
        paths.iter().any(|path| {
            let path = rooted(path);
            file == path || is_below(&clean(&path), &file) || glob(path.as_bytes(), file.as_bytes())
        })
    })
}

fn rooted(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

fn is_below(root: &str, file: &str) -> bool {
    root == "/" || file.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

/// The shortest path that means the same, by its text alone.
fn clean(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Go's `filepath.Match`: `*` and `?` stop at `/`, `[a-z]` and `[^a-z]` are sets, `\` escapes. A
/// malformed pattern matches nothing. Patterns come from annotations, texts from payloads: the work
/// is bounded by their product.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    // The states of the pattern that the text so far can have led to.
    let Some(tokens) = tokens(pattern) else { return false };
    let mut at = vec![false; tokens.len() + 1];
    at[0] = true;
    skip_stars(&tokens, &mut at);
    for &byte in text {
        let mut next = vec![false; tokens.len() + 1];
        for (index, token) in tokens.iter().enumerate().filter(|(i, _)| at[*i]) {
            match token {
                Token::Star => next[index] |= byte != b'/',
                Token::Any => next[index + 1] |= byte != b'/',
                Token::Byte(wanted) => next[index + 1] |= byte == *wanted,
                Token::Set { ranges, negated } => {
                    let hit = ranges.iter().any(|(low, high)| (*low..=*high).contains(&byte));
                    next[index + 1] |= hit != *negated && byte != b'/';
                }
            }
        }
        skip_stars(&tokens, &mut next);
        at = next;
    }
    at[tokens.len()]
}

enum Token {
    Star,
    Any,
    Byte(u8),
    Set { ranges: Vec<(u8, u8)>, negated: bool },
}

fn skip_stars(tokens: &[Token], at: &mut [bool]) {
    for (index, token) in tokens.iter().enumerate() {
        if at[index] && matches!(token, Token::Star) {
            at[index + 1] = true;
        }
    }
}

fn tokens(pattern: &[u8]) -> Option<Vec<Token>> {
    let (mut out, mut at) = (Vec::new(), 0);
    let literal = |at: &mut usize| {
        let byte = *pattern.get(*at)?;
        let escaped = byte == b'\\';
        *at += 1 + usize::from(escaped);
        if escaped { pattern.get(*at - 1).copied() } else { Some(byte) }
    };
    while at < pattern.len() {
        match pattern[at] {
            b'*' => {
                at += 1;
                out.push(Token::Star);
            }
            b'?' => {
                at += 1;
                out.push(Token::Any);
            }
            b'[' => {
                at += 1;
                let negated = pattern.get(at) == Some(&b'^');
                at += usize::from(negated);
                let mut ranges = Vec::new();
                while *pattern.get(at)? != b']' || ranges.is_empty() {
                    if matches!(pattern.get(at)?, b']' | b'-') {
                        return None;
                    }
                    let low = literal(&mut at)?;
                    let mut high = low;
                    if pattern.get(at) == Some(&b'-') {
                        at += 1;
                        if matches!(pattern.get(at)?, b']' | b'-') {
                            return None;
                        }
                        high = literal(&mut at)?;
                    }
                    ranges.push((low, high));
                }
                at += 1;
                out.push(Token::Set { ranges, negated });
            }
            _ => out.push(Token::Byte(literal(&mut at)?)),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_concern_those_who_follow_them() {
        for (revision, head, target, want) in [
            ("main", true, "HEAD", true),
            ("main", true, "", true),
            ("dev", false, "HEAD", false),
            ("dev", false, "dev", true),
            ("dev", false, "refs/heads/dev", true),
            ("feature/x", false, "feature/x", true),
            ("feature/x", false, "refs/heads/feature/x", true),
            ("v1.2.3", false, "1.x", true),
            ("v1.2.3", false, ">=2", false),
            ("main", false, "1.x", false),
            ("v1.2.3", false, "refs/tags/v1.2.3", true),
        ] {
            assert_eq!(revision_changed(revision, head, target), want, "{revision} {target}");
        }
        assert_eq!(short("refs/heads/feature/x"), "feature/x");
        assert_eq!(short("main"), "main");
    }

    #[test]
    fn files_concern_paths() {
        let check = |annotation: &str, source: &str, files: &[&str], want: bool| {
            let files: Vec<String> = files.iter().map(|f| (*f).to_owned()).collect();
            let paths = refresh_paths(annotation, source);
            assert_eq!(files_changed(&paths, &files), want, "{annotation} {paths:?} {files:?}");
        };
        check(".", "app", &["app/a.yaml"], true);
        check(".", "app", &["app/deep/er/a.yaml"], true);
        check(".", "app", &["application/a.yaml"], false);
        check(".; /shared ;../lib", "apps/one", &["shared/x"], true);
        check(".;/shared;../lib", "apps/one", &["apps/lib/x"], true);
        check(".;/shared;../lib", "apps/one", &["apps/two/x"], false);
        check("/apps/*/values.yaml", "app", &["apps/a/values.yaml"], true);
        check("/apps/*/values.yaml", "app", &["apps/a/b/values.yaml"], false);
        check("/apps/[a-c]?", "app", &["apps/bz"], true);
        check("/apps/[^a-c]?", "app", &["apps/bz"], false);
        check("/apps/[", "app", &["apps/x"], false);
        check("/", "app", &["anything"], true);
        check("", "app", &["anything"], true);
        check(".", "app", &[], true);
        check(".", ".", &["x"], true);
    }
}
