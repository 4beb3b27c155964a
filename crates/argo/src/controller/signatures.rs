//! Whether what Git has was signed by those whom the project trusts.
//!
//! Two fields ask for it: `signatureKeys`, judged in the words of Argo CD 3.2, and `sourceIntegrity`
//! of 3.5. The keys themselves are in `argocd-gpg-keys-cm`; no gpg is run. What cannot be judged is
//! refused.

use std::collections::{BTreeMap, HashSet};

use windlass_openpgp::{Error, Keyring, Signature};
use windlass_source::SignedObject;
use windlass_tree::glob_matches;

use crate::types::{AppProject, GitIntegrity, GitPolicy};

/// Problems that are told at most.
const TOLD: usize = 10;
/// What the message of a commit has that stands for all before it.
const SEAL: &str = "argocd-gpg-seal:";

/// What is asked for of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// One of these keys has signed the revision.
    Keys(Vec<String>),
    /// The same, in the words of 3.5; with `strict` all commits before it too.
    Gpg { strict: bool, keys: Vec<String> },
    /// What the project says cannot be followed.
    Unclear(String),
}

/// What a project asks for of a repository, if anything.
pub(crate) fn policy(project: &AppProject, url: &str) -> Option<Policy> {
    let spec = &project.spec;
    if let Some(git) = spec.source_integrity.as_ref().and_then(|i| i.git.as_ref()) {
        return of_git(git, url);
    }
    let keys: Vec<String> = spec.signature_keys.iter().map(|key| key.key_id.clone()).collect();
    (!keys.is_empty()).then_some(Policy::Keys(keys))
}

fn of_git(git: &GitIntegrity, url: &str) -> Option<Policy> {
    let is_for = |policy: &&GitPolicy| {
        let globs = policy.repos.iter().map(|repo| repo.url.as_str());
        let denied = globs.clone().filter_map(|glob| glob.strip_prefix('!'));
        let mut named = globs.filter(|glob| !glob.starts_with('!'));
        named.any(|glob| glob_matches(glob, url))
            && !denied.clone().any(|glob| glob_matches(glob, url))
    };
    let hits: Vec<&GitPolicy> = git.policies.iter().filter(is_for).collect();
    let gpg = match hits.as_slice() {
        [] => return None,
        [one] => one.gpg.as_ref()?,
        several => {
            return Some(Policy::Unclear(format!(
                "multiple ({}) git source integrity policies found for repo URL: {url}",
                several.len()
            )));
        }
    };
    match gpg.mode.as_str() {
        "none" => None,
        mode @ ("head" | "strict") => {
            Some(Policy::Gpg { strict: mode == "strict", keys: gpg.keys.clone() })
        }
        other => Some(Policy::Unclear(format!(
            "unknown GPG mode {other:?} configured for GIT source integrity"
        ))),
    }
}

/// The keys of `argocd-gpg-keys-cm`, each below its own identity. Others are told.
pub(crate) fn keyring(data: &BTreeMap<String, String>) -> (Keyring, Vec<String>) {
    let (mut ring, mut problems) = (Keyring::default(), Vec::new());
    for (name, text) in data {
        match Keyring::read(text.as_bytes()) {
            Ok(keys) if keys.entities().iter().any(|entity| entity.id() == *name) => {
                ring.extend(keys);
            }
            Ok(_) => problems.push(format!("{name}: it does not hold the key of that identity")),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    (ring, problems)
}

/// What a signature came to.
enum Found {
    Unsigned,
    /// It is none of OpenPGP.
    Unreadable,
    Known {
        /// The identity of the key that it names; empty if it names none.
        key: String,
        /// In gpg's word.
        algorithm: &'static str,
        outcome: Result<(), Error>,
    },
}

fn judge(ring: &Keyring, signed: &SignedObject, now: i64) -> Found {
    let Some(text) = &signed.signature else { return Found::Unsigned };
    match Signature::read(text.as_bytes()) {
        Ok(signature) if text.contains("-----BEGIN PGP ") => {
            let outcome = ring.verify_detached(&signature, &signed.payload, now).map(|_| ());
            let key = signature.key_id().unwrap_or_default();
            Found::Known { key, algorithm: signature.algorithm(), outcome }
        }
        _ => Found::Unreadable,
    }
}

fn is_allowed(keys: &[String], id: &str) -> bool {
    let same = |key: &String| {
        matches!(key.len(), 16 | 40) && key[key.len() - 16..].eq_ignore_ascii_case(id)
    };
    keys.iter().filter(|key| key.is_ascii()).any(same)
}

const NOT_IN_KEYRING: &str = "signed with key not in keyring";

fn word(error: &Error) -> &'static str {
    match error {
        Error::ExpiredSignature => "expired signature",
        Error::ExpiredKey => "signed with expired key",
        Error::Revoked => "signed with revoked key",
        Error::UnknownIssuer | Error::UnsupportedKey(_) => NOT_IN_KEYRING,
        Error::Invalid(_)
        | Error::Malformed(_)
        | Error::Unsupported(_)
        | Error::Weak(_)
        | Error::NoKeys => "bad signature",
    }
}

/// Why a revision is not trusted by `signatureKeys`; none if it is.
pub(crate) fn distrusted(
    ring: &Keyring,
    keys: &[String],
    signed: &SignedObject,
    commit: &str,
    now: i64,
) -> Option<String> {
    let bad = format!(
        "Could not verify commit signature on revision '{commit}', check logs for more information."
    );
    let (key, algorithm, outcome) = match judge(ring, signed, now) {
        Found::Unsigned => {
            return Some(format!(
                "Target revision {commit} in Git is not signed, but a signature is required"
            ));
        }
        Found::Unreadable => return Some(bad),
        Found::Known { key, algorithm, outcome } => (key, algorithm, outcome),
    };
    let why = match outcome {
        Ok(()) if is_allowed(keys, &key) => return None,
        Ok(()) => {
            return Some(format!(
                "Found good signature made with {algorithm} key {key}, but this key is not allowed \
                 in AppProject"
            ));
        }
        Err(Error::UnknownIssuer | Error::UnsupportedKey(_)) => {
            "gpg: Can't check signature: No public key"
        }
        Err(error @ (Error::ExpiredSignature | Error::ExpiredKey | Error::Revoked)) => word(&error),
        Err(_) => return Some(bad),
    };
    Some(format!(
        "Found signature made with {algorithm} key {key}, but verification result was invalid: \
         '{why}'"
    ))
}

/// Why some of what was signed is not trusted by `sourceIntegrity`, the first of it only: of one key
/// once, and not more than ten.
pub(crate) fn problems(
    ring: &Keyring,
    keys: &[String],
    signed: &[SignedObject],
    now: i64,
) -> Vec<String> {
    let mut told = HashSet::new();
    let mut problems = Vec::new();
    for object in signed {
        let (what, key) = match judge(ring, object, now) {
            Found::Unsigned => ("unsigned", String::new()),
            Found::Unreadable => (NOT_IN_KEYRING, String::new()),
            Found::Known { key, outcome: Ok(()), .. } if is_allowed(keys, &key) => continue,
            Found::Known { key, outcome: Ok(()), .. } => ("signed with unallowed key", key),
            Found::Known { key, outcome: Err(error), .. } => (word(&error), key),
        };
        let is_commit =
            object.name.len() == 40 && object.name.bytes().all(|b| b.is_ascii_hexdigit());
        if !key.is_empty() && is_commit && !told.insert(key.clone()) {
            continue;
        }
        problems.push(format!(
            "Failed verifying revision {} by '{}': {what} (key_id={key})",
            object.name, object.by
        ));
        if problems.len() >= TOLD {
            break;
        }
    }
    problems
}

/// The part of a history, newest first, that is to be verified: up to the commits that seal what is
/// before them, those included. A seal counts if its signature is good.
pub(crate) fn unsealed(ring: &Keyring, history: Vec<SignedObject>, now: i64) -> Vec<SignedObject> {
    let is_seal = |object: &SignedObject| {
        object.message.to_ascii_lowercase().contains(SEAL)
            && matches!(judge(ring, object, now), Found::Known { outcome: Ok(()), .. })
    };
    let seals: HashSet<String> =
        history.iter().filter(|o| is_seal(o)).map(|o| o.name.clone()).collect();
    if history.first().is_some_and(|head| seals.contains(&head.name)) {
        return history.into_iter().take(1).collect();
    }
    // All that came before a seal, also by another way.
    let parents: BTreeMap<&str, &[String]> =
        history.iter().map(|o| (o.name.as_str(), o.parents.as_slice())).collect();
    let mut sealed: HashSet<String> = HashSet::new();
    let mut waiting: Vec<&str> = seals.iter().map(String::as_str).collect();
    while let Some(next) = waiting.pop() {
        for parent in parents.get(next).copied().unwrap_or_default() {
            if sealed.insert(parent.clone()) {
                waiting.push(parent);
            }
        }
    }
    let is_left = |object: &SignedObject| !sealed.contains(&object.name);
    history.into_iter().filter(is_left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    /// 2026-12-01.
    const NOW: i64 = 1_796_083_200;
    const ROBOT: &str = "4685AA86F9B64E4B";
    const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openpgp/tests/fixtures/detached/");

    fn data(name: &str) -> String {
        std::fs::read_to_string(format!("{DATA}{name}")).unwrap()
    }

    fn ring(names: &[(&str, &str)]) -> Keyring {
        let entry = |(id, file): &(&str, &str)| ((*id).to_owned(), data(&format!("{file}.asc")));
        let (ring, problems) = keyring(&names.iter().map(entry).collect());
        assert!(problems.is_empty(), "{problems:?}");
        ring
    }

    fn object(name: &str, signature: Option<&str>) -> SignedObject {
        SignedObject {
            name: name.to_owned(),
            by: "A <a@b>".to_owned(),
            payload: data("payload").into_bytes(),
            signature: signature.map(data),
            parents: Vec::new(),
            message: String::new(),
        }
    }

    fn all() -> Keyring {
        ring(&[
            (ROBOT, "robot"),
            ("1760A935F31AC3B8", "curve"),
            ("1215D30318ABB321", "gone"),
            ("9C0E4128D9F80BBE", "old"),
        ])
    }

    #[test]
    fn signature_keys_in_the_words_of_argo_cd() {
        let check = |signature: Option<&str>, expected: Option<&str>| {
            let keys = [ROBOT.to_owned()];
            let found = distrusted(&all(), &keys, &object("c", signature), "c", NOW);
            assert_eq!(found.as_deref(), expected);
        };
        check(Some("robot.sig"), None);
        check(None, Some("Target revision c in Git is not signed, but a signature is required"));
        check(
            Some("curve.sig"),
            Some(
                "Found good signature made with EDDSA key 1760A935F31AC3B8, but this key is not \
                 allowed in AppProject",
            ),
        );
        check(
            Some("stranger.sig"),
            Some(
                "Found signature made with EDDSA key 732257A1125E981B, but verification result was \
                 invalid: 'gpg: Can't check signature: No public key'",
            ),
        );
        check(
            Some("gone.sig"),
            Some(
                "Found signature made with EDDSA key 1215D30318ABB321, but verification result was \
                 invalid: 'signed with revoked key'",
            ),
        );
        check(
            Some("payload"),
            Some(
                "Could not verify commit signature on revision 'c', check logs for more information.",
            ),
        );
    }

    #[test]
    fn source_integrity_in_the_words_of_argo_cd() {
        let check = |signatures: &[Option<&str>], expected: &[&str]| {
            let name = |i: usize| format!("{i:040}");
            let objects: Vec<_> =
                signatures.iter().enumerate().map(|(i, s)| object(&name(i), *s)).collect();
            let found = problems(&all(), &[ROBOT.to_owned()], &objects, NOW);
            let short: Vec<&str> =
                found.iter().map(|p| p.split_once("by 'A <a@b>': ").unwrap().1).collect();
            assert_eq!(short, expected);
        };
        check(&[Some("robot.sig")], &[]);
        check(&[None, None], &["unsigned (key_id=)", "unsigned (key_id=)"]);
        check(
            &[Some("curve.sig"), Some("curve.sig"), Some("old.sig")],
            &[
                "signed with unallowed key (key_id=1760A935F31AC3B8)",
                "signed with expired key (key_id=9C0E4128D9F80BBE)",
            ],
        );
        check(
            &[Some("stranger.sig")],
            &["signed with key not in keyring (key_id=732257A1125E981B)"],
        );
        check(&[None; 12], &["unsigned (key_id=)"; 10]);
    }

    #[test]
    fn a_seal_ends_what_is_verified() {
        let commit = |name: &str, parents: &[&str], signature: Option<&str>, message: &str| {
            let parents = parents.iter().map(|parent| (*parent).to_owned()).collect();
            SignedObject { parents, message: message.to_owned(), ..object(name, signature) }
        };
        let check = |history: &[SignedObject], expected: &[&str]| {
            let left = unsealed(&all(), history.to_vec(), NOW);
            let names: Vec<&str> = left.iter().map(|object| object.name.as_str()).collect();
            assert_eq!(names, expected);
        };
        let seal = |name, parents: &[&str], signature| {
            commit(name, parents, signature, "words\n\nArgoCD-gpg-seal: all before is good\n")
        };
        let (c, b, a) = (
            commit("c", &["b", "a"], None, ""),
            seal("b", &["a"], Some("robot.sig")),
            commit("a", &[], None, ""),
        );
        check(&[c.clone(), b.clone(), a.clone()], &["c", "b"]);
        // A seal that nobody has signed is none.
        check(&[c.clone(), seal("b", &["a"], None), a.clone()], &["c", "b", "a"]);
        check(&[b, a], &["b"]);
    }

    #[test]
    fn which_policy_is_for_a_repository() {
        let check = |spec: serde_json::Value, url: &str, expected: Option<Policy>| {
            let project: AppProject =
                serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap();
            assert_eq!(policy(&project, url), expected);
        };
        let keys = vec!["K".to_owned()];
        check(json!({}), "u", None);
        let old = json!([{"keyID": "K"}]);
        check(json!({"signatureKeys": old}), "u", Some(Policy::Keys(keys.clone())));
        let git = |policies: serde_json::Value| json!({"sourceIntegrity": {"git": {"policies": policies}}});
        let one = |repos: serde_json::Value, mode: &str| json!({"repos": repos, "gpg": {"mode": mode, "keys": ["K"]}});
        let all = json!([{"url": "*"}]);
        let head = Some(Policy::Gpg { strict: false, keys: keys.clone() });
        check(git(json!([one(all.clone(), "head")])), "u", head);
        let strict = Some(Policy::Gpg { strict: true, keys });
        check(git(json!([one(all.clone(), "strict")])), "u", strict);
        check(git(json!([one(all.clone(), "none")])), "u", None);
        check(git(json!([one(json!([{"url": "*"}, {"url": "!u*"}]), "head")])), "u1", None);
        let unclear = |text: &str| Some(Policy::Unclear(text.to_owned()));
        check(
            git(json!([one(all.clone(), "deep")])),
            "u",
            unclear("unknown GPG mode \"deep\" configured for GIT source integrity"),
        );
        check(
            git(json!([one(all.clone(), "head"), one(all, "head")])),
            "u",
            unclear("multiple (2) git source integrity policies found for repo URL: u"),
        );
        // The old field does not count beside the new one.
        let mut both = git(json!([]));
        both["signatureKeys"] = old;
        check(both, "u", None);
    }
}
