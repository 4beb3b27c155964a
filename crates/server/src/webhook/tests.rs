use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(k, v): &(&str, &str)| {
        (HeaderName::try_from(*k).unwrap(), HeaderValue::from_str(v).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn ask(
    pairs: &[(&str, &str)],
    body: &str,
    secrets: &Secrets,
) -> Result<Option<Event>, WebhookError> {
    let headers = headers(pairs);
    parse(provider(&headers).expect("a known sender"), &headers, body.as_bytes(), secrets)
}

fn secrets(pairs: &[(&str, &str)]) -> Secrets {
    let data: BTreeMap<String, Vec<u8>> =
        pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec())).collect();
    let other = BTreeMap::from([("word".to_owned(), b"from elsewhere\n".to_vec())]);
    Secrets::new(&data, &BTreeMap::from([("hooks".to_owned(), other)]))
}

#[test]
fn values_may_be_kept_elsewhere() {
    let check = |reference: &str, secret: &str| {
        let known = secrets(&[("webhook.github.secret", reference), ("shared", " here ")]);
        let signature = format!("sha256={}", sign(secret, PUSH));
        let pairs = [("X-GitHub-Event", "push"), ("X-Hub-Signature-256", signature.as_str())];
        assert!(ask(&pairs, PUSH, &known).is_ok(), "{reference}");
    };
    check("$hooks:word", "from elsewhere");
    check("$shared", "here");
    // As Argo CD: a reference to nothing is the word itself.
    check("$hooks:none", "$hooks:none");
    check("$nobody:word", "$nobody:word");
    check("$none", "$none");
}

fn sign(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex::encode(hmac::sign(&key, body.as_bytes()))
}

/// `URLS REVISION HEAD BEFORE..AFTER FILES`
fn told(event: &Event) -> String {
    format!(
        "{} {} {} {}..{} {}",
        event.urls.join(","),
        event.revision,
        event.touched_head,
        event.before.as_deref().unwrap_or_default(),
        event.after.as_deref().unwrap_or_default(),
        event.changed_files.join(",")
    )
}

const PUSH: &str = r#"{"ref":"refs/heads/main","before":"b1","after":"a1",
    "repository":{"html_url":"https://h/o/r","default_branch":"main"},
    "project":{"web_url":"https://h/o/r","default_branch":"main"},"object_kind":"push",
    "commits":[{"added":["x"],"modified":["y"],"removed":[]},{"added":null,"removed":["z"]}]}"#;

#[test]
fn payloads_of_every_host() {
    let check = |pairs: &[(&str, &str)], body: &str, want: &str| {
        let event = ask(pairs, body, &Secrets::default()).unwrap().unwrap();
        assert_eq!(told(&event), want, "{pairs:?}");
    };
    let pushed = "https://h/o/r main true b1..a1 x,y,z";
    check(&[("X-GitHub-Event", "push")], PUSH, pushed);
    check(&[("X-Gogs-Event", "push"), ("X-GitHub-Event", "push")], PUSH, pushed);
    check(&[("X-Gitlab-Event", "Push Hook")], PUSH, pushed);
    check(&[("X-Gitlab-Event", "System Hook")], PUSH, pushed);
    check(
        &[("X-Gitlab-Event", "Tag Push Hook")],
        &PUSH.replace("refs/heads/main", "refs/tags/v1").replace("\"push\"", "\"tag_push\""),
        "https://h/o/r v1 false b1..a1 x,y,z",
    );
    check(
        &[("X-GitHub-Event", "push")],
        &PUSH.replace("refs/heads/main", "refs/heads/feature/x"),
        "https://h/o/r feature/x false b1..a1 x,y,z",
    );
    check(
        &[("X-Hook-UUID", "u"), ("X-Event-Key", "repo:push")],
        r#"{"repository":{"links":{"html":{"href":"https://bb/o/r"}}},"push":{"changes":[
            {"new":{"name":"dev","target":{"hash":"a"}},"old":null},{"new":{"name":"other"}}]}}"#,
        "https://bb/o/r dev true ..a ",
    );
    check(
        &[("X-Event-Key", "repo:refs_changed")],
        r#"{"repository":{"links":{"clone":[{"name":"http","href":"https://s/scm/p/r.git"},
            {"name":"ssh","href":"ssh://git@s:7999/p/r.git"},{"name":"x","href":"n"}]}},
            "changes":[{"ref":{"id":"refs/heads/main"}}]}"#,
        "https://s/scm/p/r.git,ssh://git@s:7999/p/r.git main true .. ",
    );
    check(
        &[("X-Vss-Activityid", "1")],
        r#"{"eventType":"git.push","resource":{"refUpdates":[{"name":"refs/heads/main",
            "oldObjectId":"b","newObjectId":"a"}],"repository":{
            "remoteUrl":"https://dev.azure.com/o/p/_git/r","defaultBranch":"refs/heads/main"}}}"#,
        "https://dev.azure.com/o/p/_git/r main true b..a ",
    );
}

#[test]
fn pings_and_other_events() {
    let none = Secrets::default();
    assert_eq!(ask(&[("X-GitHub-Event", "ping")], "{}", &none), Ok(None));
    assert_eq!(ask(&[("X-Event-Key", "diagnostics:ping")], "", &none), Ok(None));
    for pairs in [
        &[("X-GitHub-Event", "issues")][..],
        &[("X-Gitlab-Event", "Issue Hook")],
        &[("X-Hook-UUID", "u"), ("X-Event-Key", "repo:fork")],
        &[("X-Gogs-Event", "issues")],
        &[("X-Vss-Activityid", "1")],
    ] {
        assert!(matches!(ask(pairs, "{}", &none), Err(WebhookError::Event { .. })), "{pairs:?}");
    }
    for body in ["", "[]", "{", "\"x\"", r#"{"ref":1}"#] {
        let got = ask(&[("X-GitHub-Event", "push")], body, &none);
        assert!(matches!(got, Err(WebhookError::Payload { .. })), "{body}");
    }
    assert_eq!(provider(&headers(&[("X-GitHub-Event", "package")])), None);
    assert_eq!(provider(&headers(&[])), None);
}

#[test]
fn signatures() {
    let known = secrets(&[
        ("webhook.github.secret", "$shared"),
        ("shared", "gh"),
        ("webhook.gogs.secret", "go"),
        ("webhook.gitlab.secret", "gl\n"),
        ("webhook.bitbucket.uuid", "uu"),
        ("webhook.bitbucketserver.secret", "bs"),
        ("webhook.azuredevops.username", "me"),
        ("webhook.azuredevops.password", "pw"),
        ("webhook.generic.secret", "ge"),
    ]);
    let check = |pairs: &[(&str, &str)], body: &str, good: bool| {
        let got = ask(pairs, body, &known);
        let signed = !matches!(got, Err(WebhookError::Unsigned { .. }));
        assert_eq!(signed, good, "{pairs:?} {got:?}");
    };
    let github = |s: &str| {
        [("X-GitHub-Event", "push"), ("X-Hub-Signature-256", s)].map(|(k, v)| (k, v.to_owned()))
    };
    for (signature, good) in [
        (format!("sha256={}", sign("gh", PUSH)), true),
        (format!("sha256={}", sign("other", PUSH)), false),
        (format!("sha256={}", sign("gh", "{}")), false),
        ("sha256=zz".to_owned(), false),
        (String::new(), false),
    ] {
        let pairs = github(&signature);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
        check(&pairs, PUSH, good);
    }
    check(&[("X-GitHub-Event", "ping")], "{}", false);
    check(&[("X-Gogs-Event", "push"), ("X-Gogs-Signature", &sign("go", PUSH))], PUSH, true);
    check(&[("X-Gogs-Event", "push"), ("X-Gogs-Signature", &sign("gh", PUSH))], PUSH, false);
    check(&[("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "gl")], PUSH, true);
    check(&[("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "g")], PUSH, false);
    let bitbucket = |uuid| [("X-Hook-UUID", uuid), ("X-Event-Key", "repo:push")];
    check(&bitbucket("uu"), "{}", true);
    check(&bitbucket("vv"), "{}", false);
    let changed = ("X-Event-Key", "repo:refs_changed");
    check(&[changed, ("X-Hub-Signature", &format!("sha256={}", sign("bs", "{}")))], "{}", true);
    check(&[changed], "{}", false);
    let azure = |value| [("X-Vss-Activityid", "1"), ("Authorization", value)];
    check(&azure("Basic bWU6cHc="), "{}", true);
    check(&azure("Basic bWU6cHg="), "{}", false);
    let body = r#"{"url":"git@h:o/r","ref":"refs/heads/x","files":["a"]}"#;
    let signature = sign("ge", body);
    let generic = [("X-Windlass-Signature", signature.as_str())];
    check(&generic, body, true);
    assert_eq!(told(&ask(&generic, body, &known).unwrap().unwrap()), "git@h:o/r x true .. a");
    // The generic hook is never open.
    let open = ask(&generic, body, &Secrets::default());
    assert!(matches!(open, Err(WebhookError::Unsigned { .. })));
    assert!(!format!("{known:?}").contains("pw"));
}

#[test]
fn events_concern_sources() {
    let event = ask(&[("X-GitHub-Event", "push")], PUSH, &Secrets::default()).unwrap().unwrap();
    assert!(event.concerns("git@h:o/r.git", "HEAD"));
    assert!(event.concerns("https://h/o/r", "main"));
    assert!(!event.concerns("https://h/o/r", "dev"));
    assert!(!event.concerns("https://h/o/other", "main"));
}

/// Argo CD's own payloads and tables, read from a clone of its repository that
/// `WINDLASS_ARGOCD_SOURCE` names (as `crates/engine/tests/public.rs`); none of it is kept here.
mod public {
    use super::*;

    fn table(test: &str, pattern: &str, least: usize) -> Vec<Vec<String>> {
        let path = "util/webhook/webhook_test.go";
        windlass_testkit::argocd_table(path, test, pattern, least).unwrap()
    }

    #[test]
    fn payloads() {
        let check = |header: (&str, &str), name: &str, expected: &str| {
            let path = format!("util/webhook/testdata/{name}.json");
            let Some(body) = windlass_testkit::argocd_file(&path).unwrap() else { return };
            let event = ask(&[header], &body, &Secrets::default()).unwrap();
            let told = event.map_or("nothing".to_owned(), |event| {
                format!("{} {} {}", event.urls.join(","), event.revision, event.touched_head)
            });
            assert_eq!(told, expected, "{name}");
        };
        let test_repo = "https://github.com/jessesuen/test-repo";
        let push = ("X-GitHub-Event", "push");
        check(push, "github-commit-event", &format!("{test_repo} master true"));
        check(push, "github-tag-event", &format!("{test_repo} v1.0 false"));
        check(("X-GitHub-Event", "ping"), "github-ping-event", "nothing");
        check(
            ("X-Vss-Activityid", "abc"),
            "azuredevops-git-push-event",
            "https://dev.azure.com/alexander0053/alex-test/_git/alex-test master true",
        );
        check(
            ("X-Event-Key", "repo:refs_changed"),
            "bitbucket-server-event",
            "ssh://git@bitbucketserver:7999/myproject/test-repo.git,https://bitbucketserver/scm/myproject/test-repo.git master true",
        );
        check(
            ("X-Gogs-Event", "push"),
            "gogs-event",
            "http://gogs-server/john/repo-test master true",
        );
        let gitlab = "https://gitlab.com/group/name master true";
        check(("X-Gitlab-Event", "Push Hook"), "gitlab-event", gitlab);
        check(("X-Gitlab-Event", "System Hook"), "gitlab-event", gitlab);
    }

    #[test]
    fn addresses() {
        let pattern = r#"\{(true|false), "([^"]*)", "([^"]*)", "#;
        for line in table("Test_GetWebURLRegex", pattern, 20) {
            let found = WebUrl::new(&line[1]).is_some_and(|url| url.matches(&line[2]));
            assert_eq!(found.to_string(), line[0], "{line:?}");
        }
    }

    #[test]
    fn revisions() {
        let pattern = r#"getSource\("([^"]*)"\), "([^"]*)", (true|false), (true|false)\}"#;
        for line in table("TestAppRevisionHasChanged", pattern, 15) {
            let changed = revision_changed(&line[1], line[2] == "true", &line[0]);
            assert_eq!(changed.to_string(), line[3], "{line:?}");
        }
        let pattern = r#"\{(true|false), "([^"]*)", (\w+)Payload\("([^"]*)"\), "#;
        for line in table("Test_affectedRevisionInfo_appRevisionHasChanged", pattern, 30) {
            let name = &line[3];
            let full =
                format!(r#"{{"ref": "refs/heads/{name}", "repository": {{}}, "project": {{}}}}"#);
            let tag = full.replace("refs/heads", "refs/tags");
            let cloud = format!(
                r#"{{"repository": {{"links": {{"html": {{"href": "x"}}}}}},
                    "push": {{"changes": [{{"new": {{"name": "{name}"}}}}]}}}}"#
            );
            let server = format!(
                r#"{{"changes": [{{"ref": {{"id": "refs/heads/{name}"}}}}],
                    "repository": {{"links": {{"clone": []}}}}}}"#
            );
            let (headers, body): (&[(&str, &str)], String) = match line[2].as_str() {
                "githubPush" => (&[("X-GitHub-Event", "push")], full),
                "gitlabPush" => (&[("X-Gitlab-Event", "Push Hook")], full),
                "gitlabTag" => (&[("X-Gitlab-Event", "Tag Push Hook")], tag),
                "bitbucketPush" => (&[("X-Hook-UUID", "u"), ("X-Event-Key", "repo:push")], cloud),
                "bitbucketRefChanged" => (&[("X-Event-Key", "repo:refs_changed")], server),
                "gogsPush" => (&[("X-Gogs-Event", "push")], full),
                other => panic!("{other}"),
            };
            let event = ask(headers, &body, &Secrets::default()).unwrap().unwrap();
            let changed = revision_changed(&event.revision, false, &line[1]);
            assert_eq!(changed.to_string(), line[0], "{line:?}: {}", event.revision);
        }
    }
}
