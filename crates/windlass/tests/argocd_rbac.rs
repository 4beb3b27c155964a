//! `argocd admin settings rbac` against the real argocd: many policies, many questions, one answer.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::path::Path;
use std::process::Command;

/// Policies in CSV, and one as a config map.
const POLICIES: [(&str, &str); 8] = [
    (
        "roles",
        "p, role:dev, applications, *, shop/*, allow\np, role:dev, applications, delete, shop/*, deny\n\
         p, role:dev, logs, get, shop/*, allow\ng, alice, role:dev\ng, bob, role:readonly\n\
         g, \"team, north\", role:dev\n",
    ),
    (
        "globs",
        "p, alice, app*, {get,sync}, */web-?, allow\np, alice, *, get, [ab]*/[!x]*, allow\n\
         p, bob, applications, action/*/restart, shop/**, allow\np, bob, clusters, get, https://*, allow\n\
         p, carol, applications, update/*, \"{shop,blog}/*\", allow\n",
    ),
    (
        "deny",
        "p, role:admin, projects, delete, *, deny\np, alice, *, *, *, allow\n\
         p, alice, repositories, *, *, deny\np, bob, applications, get, */*, perhaps\n",
    ),
    (
        "chain",
        "g, alice, a\ng, a, b\ng, b, c\ng, c, a\np, c, applications, sync, shop/web, allow\n\
         g, dave, nobody\n",
    ),
    ("broken", "p, alice, applications, get, */*\n"),
    ("quotes", "p, \"alice, applications, get, */*, allow\n"),
    ("unknown", "x, alice, role:admin\n"),
    (
        "map",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  policy.default: role:readonly\n  policy.matchMode: regex\n  \
         policy.csv: |\n    p, alice, applications, ^(get|sync)$, ^shop/.*, allow\n  \
         policy.more.csv: |\n    p, alice, clusters, get, '[', allow\n    g, erin, role:admin\n",
    ),
];

const QUESTIONS: [&str; 14] = [
    "alice sync app shop/web",
    "alice delete app shop/web",
    "alice get applications a/b",
    "alice get logs shop/web",
    "bob get app",
    "bob action/apps/Deployment/restart app shop/web",
    "bob get cluster https://a.b/c",
    "carol update/apps/Deployment app blog/web",
    "admin delete proj x",
    "erin create repo *",
    "nobody get app shop/web",
    "alice fly app shop/web",
    "alice get nothing",
    "role:admin get cert",
];

fn ask(program: &Path, own: bool, dir: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(program);
    if own {
        command.arg("argocd");
    }
    let output = command
        .args(["admin", "settings", "rbac"])
        .args(arguments)
        .env("HOME", dir)
        .env("KUBECONFIG", dir.join("kubeconfig"))
        .env("ARGOCD_BINARY_NAME", "argocd")
        .current_dir(dir)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // Why a policy is not one argocd does not say.
    let text = if text.starts_with("Policy is invalid") { "Policy is invalid" } else { &text };
    (output.status.code().unwrap(), text.to_owned())
}

#[test]
fn answers_are_those_of_argocd() {
    if !windlass_testkit::available(&["argocd"]) {
        return;
    }
    let argocd = windlass_testkit::peer("argocd").unwrap();
    let own = Path::new(env!("CARGO_BIN_EXE_windlass"));
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = r#"{"apiVersion":"v1","kind":"Config","current-context":"a",
        "contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}],"users":[{"name":"a","user":{}}],
        "clusters":[{"name":"a","cluster":{"server":"http://127.0.0.1:1"}}]}"#;
    std::fs::write(dir.path().join("kubeconfig"), kubeconfig).unwrap();
    let mut differing = Vec::new();
    for (name, text) in POLICIES {
        std::fs::write(dir.path().join(name), text).unwrap();
        let mut questions: Vec<Vec<&str>> = vec![vec!["validate", "--policy-file", name]];
        let broken = ["broken", "quotes", "unknown"].contains(&name);
        for question in &QUESTIONS[..if broken { 2 } else { QUESTIONS.len() }] {
            let mut words = vec!["can"];
            words.extend(question.split(' '));
            words.extend(["--policy-file", name]);
            questions.push(words);
        }
        let base = ["can", "alice", "get", "app", "shop/web", "--policy-file", name];
        for more in [
            &["--default-role", "role:admin"][..],
            &["--use-builtin-policy=false"],
            &["--strict=false", "-q"],
        ] {
            questions.push(base.iter().chain(more).copied().collect());
        }
        for question in questions {
            let theirs = ask(&argocd, false, dir.path(), &question);
            let ours = ask(own, true, dir.path(), &question);
            if ours != theirs {
                differing.push(format!("{question:?}: ours {ours:?}, argocd {theirs:?}"));
            }
        }
    }
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
