//! From a revision and a remote's refs to a commit, by Argo CD's rules (`git.LsRemote`).

use crate::answers::{Refs, Resolved};
use crate::semver;

/// What a revision is, going by the refs alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// This commit.
    Found(Resolved),
    /// Perhaps the beginning of a commit's id.
    Short,
    /// Nothing.
    Missing,
}

/// Whether `text` is a commit id in full.
pub(crate) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Looks `revision` up: a semver range goes to the greatest tag that matches, then HEAD, a full ref
/// name, a branch, a tag and any other ref by its name below `refs/` are tried.
pub(crate) fn pick(refs: &Refs, revision: &str, tag_prefix: &str) -> Pick {
    let revision = if revision.is_empty() { "HEAD" } else { revision };
    let tags: Vec<&str> =
        refs.objects.keys().filter_map(|name| name.strip_prefix("refs/tags/")).collect();
    let named = semver::max_version(revision, &tags, tag_prefix);
    let name = named.as_deref().unwrap_or(revision);
    let candidates = [
        name.to_owned(),
        format!("refs/heads/{name}"),
        format!("refs/tags/{name}"),
        format!("refs/{name}"),
    ];
    for full in candidates {
        let Some(object) = refs.objects.get(&full) else { continue };
        let commit = refs.peeled.get(&full).unwrap_or(object).clone();
        let reference = if full == "HEAD" { refs.head.clone() } else { Some(full) };
        return Pick::Found(Resolved { commit, reference });
    }
    let short = name.len() >= 7 && name.bytes().all(|b| b.is_ascii_hexdigit());
    if !short {
        return Pick::Missing;
    }
    let lower = name.to_ascii_lowercase();
    let mut tips: Vec<&String> = refs
        .objects
        .iter()
        .map(|(name, id)| refs.peeled.get(name).unwrap_or(id))
        .filter(|id| id.starts_with(&lower))
        .collect();
    tips.sort();
    tips.dedup();
    match tips[..] {
        [commit] => Pick::Found(Resolved { commit: commit.clone(), reference: None }),
        _ => Pick::Short,
    }
}

/// The names of the tags that point at `commit`, sorted.
pub(crate) fn tags_at(refs: &Refs, commit: &str) -> Vec<String> {
    refs.objects
        .iter()
        .filter(|(name, id)| refs.peeled.get(*name).unwrap_or(id) == commit)
        .filter_map(|(name, _)| name.strip_prefix("refs/tags/").map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks() {
        let id = |c: char| c.to_string().repeat(40);
        let mut refs = Refs { head: Some("refs/heads/main".into()), ..Refs::default() };
        for (name, c) in [
            ("HEAD", 'a'),
            ("refs/heads/main", 'a'),
            ("refs/heads/feature/x", 'b'),
            ("refs/heads/both", 'b'),
            ("refs/tags/both", 'c'),
            ("refs/tags/v1.0.0", 'c'),
            ("refs/tags/v1.1.0", 'd'),
            ("refs/tags/v2.0.0-rc1", 'e'),
            ("refs/pull/1/head", 'f'),
        ] {
            refs.objects.insert(name.into(), id(c));
        }
        refs.peeled.insert("refs/tags/v1.1.0".into(), id('9'));
        let check = |revision: &str, want: Option<(char, &str)>| {
            let got = match pick(&refs, revision, "") {
                Pick::Found(r) => Some((r.commit, r.reference.unwrap_or_default())),
                _ => None,
            };
            assert_eq!(got, want.map(|(c, n)| (id(c), n.to_owned())), "{revision}");
        };
        check("", Some(('a', "refs/heads/main")));
        check("HEAD", Some(('a', "refs/heads/main")));
        check("main", Some(('a', "refs/heads/main")));
        check("feature/x", Some(('b', "refs/heads/feature/x")));
        check("refs/tags/v1.0.0", Some(('c', "refs/tags/v1.0.0")));
        check("both", Some(('b', "refs/heads/both")));
        check("v1.1.0", Some(('9', "refs/tags/v1.1.0")));
        check("1.x", Some(('9', "refs/tags/v1.1.0")));
        check(">=2.0.0-0", Some(('e', "refs/tags/v2.0.0-rc1")));
        check("2.x", None);
        check("pull/1/head", Some(('f', "refs/pull/1/head")));
        check("bbbbbbb", Some(('b', "")));
        check("nothing", None);
        assert_eq!(pick(&refs, "1234567", ""), Pick::Short);
        assert_eq!(pick(&refs, "123456", ""), Pick::Missing);
        assert_eq!(tags_at(&refs, &id('9')), ["v1.1.0"]);
    }
}
