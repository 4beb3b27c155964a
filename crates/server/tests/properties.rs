//! Whatever comes in, the answer is an event, nothing or an error.

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use windlass_server::webhook::{
    Provider, Secrets, WebUrl, files_changed, parse, refresh_paths, revision_changed,
};

const ALL: [Provider; 7] = [
    Provider::AzureDevOps,
    Provider::Gogs,
    Provider::Github,
    Provider::Gitlab,
    Provider::Bitbucket,
    Provider::BitbucketServer,
    Provider::Generic,
];

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-gogs-event", "push"),
        ("x-github-event", "push"),
        ("x-gitlab-event", "Push Hook"),
        ("x-hook-uuid", "u"),
        ("x-event-key", "repo:push"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

/// JSON with the names that the hosts use, in any arrangement.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a-z/:.]{0,12}".prop_map(Into::into),
    ];
    let name = prop::sample::select(vec![
        "ref",
        "before",
        "after",
        "repository",
        "project",
        "commits",
        "added",
        "links",
        "html",
        "href",
        "clone",
        "push",
        "changes",
        "new",
        "name",
        "target",
        "resource",
        "refUpdates",
    ]);
    leaf.prop_recursive(4, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map(name.clone(), inner, 0..6).prop_map(|fields| {
                fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            }),
        ]
    })
}

/// `filepath.Match` by trying everything.
fn simple(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            simple(rest, text)
                || matches!(text, [c, more @ ..] if *c != b'/' && simple(pattern, more))
        }
        ([b'?', rest @ ..], [c, more @ ..]) => *c != b'/' && simple(rest, more),
        ([p, rest @ ..], [c, more @ ..]) => p == c && simple(rest, more),
        _ => false,
    }
}

proptest! {
    #[test]
    fn payloads(value in json(), noise in prop::collection::vec(any::<u8>(), 0..40)) {
        for provider in ALL {
            let _ = parse(provider, &headers(), value.to_string().as_bytes(), &Secrets::default());
            let _ = parse(provider, &headers(), &noise, &Secrets::default());
        }
    }

    #[test]
    fn texts(a in ".{0,30}", b in ".{0,30}") {
        let _ = WebUrl::new(&a).is_some_and(|u| u.matches(&b));
        let _ = revision_changed(&a, true, &b);
        let _ = files_changed(&refresh_paths(&a, &b), std::slice::from_ref(&b));
    }

    #[test]
    fn globs(pattern in "x/[ab*?/]{0,8}", file in "x/[ab/]{0,8}") {
        let got = files_changed(&[format!("/{pattern}")], std::slice::from_ref(&file));
        let below = file.starts_with(&format!("{}/", pattern.trim_end_matches('/')));
        if !pattern.contains("//") && !file.contains("//") {
            let matches = simple(pattern.as_bytes(), file.as_bytes());
            prop_assert_eq!(got, pattern == file || below || matches);
        }
    }
}
