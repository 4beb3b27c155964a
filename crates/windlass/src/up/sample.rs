//! The sample repository of `up --demo`: a bare Git repository with two revisions, `main` at the
//! first and `next` at the second.

use std::path::Path;

use anyhow::Context;
use gix::objs::tree::{Entry, EntryKind};
use kube::{Api, Client};
use windlass_argo::types::FINALIZER_RESOURCES;
use windlass_object::json;

use super::bootstrap;

const FILES: &[(&str, &str)] = &[
    ("settings.yaml", include_str!("sample/settings.yaml")),
    ("web.yaml", include_str!("sample/web.yaml")),
    ("worker.yaml", include_str!("sample/worker.yaml")),
];

/// Makes the repository at `path`; one that is there already is left as it is.
///
/// # Errors
/// When the directory cannot be written.
pub(super) fn create(path: &Path) -> anyhow::Result<()> {
    if path.join("HEAD").exists() {
        return Ok(());
    }
    let at = || format!("cannot make the sample repository {}", path.display());
    std::fs::create_dir_all(path).with_context(at)?;
    let repo = gix::init_bare(path).with_context(at)?;
    std::fs::write(path.join("HEAD"), "ref: refs/heads/main\n").with_context(at)?;

    let first = commit(&repo, "refs/heads/main", "A web server and a worker", None, FILES)
        .with_context(at)?;
    let second: Vec<(&str, String)> =
        FILES.iter().map(|(name, text)| (*name, second_revision(name, text))).collect();
    let second: Vec<(&str, &str)> = second.iter().map(|(n, t)| (*n, t.as_str())).collect();
    commit(&repo, "refs/heads/next", "Three web servers, and a new greeting", Some(first), &second)
        .with_context(at)?;
    Ok(())
}

/// Creates the Application of the sample, in the namespace of Applications.
///
/// # Errors
/// When the API refuses.
pub(super) async fn deliver(client: &Client, namespace: &str, path: &Path) -> anyhow::Result<()> {
    let path = path.canonicalize().context("the sample repository is gone")?;
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {
            "name": "sample",
            "namespace": namespace,
            "finalizers": [FINALIZER_RESOURCES],
        },
        "spec": {
            "project": "default",
            "source": {
                "repoURL": format!("file://{}", path.display()),
                "path": "app",
                "targetRevision": "main",
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "sample"},
            "syncPolicy": {
                "automated": {"prune": true, "selfHeal": true},
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    });
    let kind = bootstrap::resource("argoproj.io", "v1alpha1", "Application");
    let api = Api::namespaced_with(client.clone(), namespace, &kind);
    bootstrap::create_if_absent(&api, &application)
        .await
        .context("cannot create the sample Application")
}

fn second_revision(name: &str, text: &str) -> String {
    match name {
        "web.yaml" => text.replace("replicas: 2", "replicas: 3"),
        "settings.yaml" => text.replace("Hello from Git", "Hello from the second revision"),
        _ => text.to_owned(),
    }
}

fn commit(
    repo: &gix::Repository,
    reference: &str,
    message: &str,
    parent: Option<gix::ObjectId>,
    files: &[(&str, &str)],
) -> anyhow::Result<gix::ObjectId> {
    let mut entries = Vec::new();
    for (name, text) in files {
        let id = repo.write_blob(text)?.detach();
        entries.push(Entry { mode: EntryKind::Blob.into(), filename: (*name).into(), oid: id });
    }
    let app = repo.write_object(gix::objs::Tree { entries })?.detach();
    let root = gix::objs::Tree {
        entries: vec![Entry { mode: EntryKind::Tree.into(), filename: "app".into(), oid: app }],
    };
    let root = repo.write_object(root)?.detach();
    let who = gix::actor::SignatureRef {
        name: "Windlass".into(),
        email: "sample@windlass.invalid".into(),
        time: "1767225600 +0000",
    };
    // `commit_as` checks that the reference stands at the first parent; `next` does not exist yet.
    let id = match parent {
        None => repo.commit_as(who, who, reference, message, root, parent)?.detach(),
        Some(parent) => {
            let commit = gix::objs::Commit {
                tree: root,
                parents: [parent].into_iter().collect(),
                author: who.into(),
                committer: who.into(),
                encoding: None,
                message: message.into(),
                extra_headers: Vec::new(),
            };
            let id = repo.write_object(&commit)?.detach();
            repo.reference(reference, id, gix::refs::transaction::PreviousValue::Any, message)?;
            id
        }
    };
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_revisions_that_differ_where_they_say() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sample.git");
        create(&path).unwrap();
        create(&path).unwrap();
        let repo = gix::open(&path).unwrap();
        let file = |reference: &str, name: &str| {
            let mut r = repo.find_reference(reference).unwrap();
            let tree = r.peel_to_id().unwrap().object().unwrap().peel_to_tree().unwrap();
            let entry = tree.lookup_entry_by_path(Path::new("app").join(name)).unwrap().unwrap();
            String::from_utf8(entry.object().unwrap().data.clone()).unwrap()
        };
        assert_eq!(file("main", "worker.yaml"), file("next", "worker.yaml"));
        assert!(file("main", "web.yaml").contains("replicas: 2"));
        assert!(file("next", "web.yaml").contains("replicas: 3"));
        assert_ne!(file("main", "settings.yaml"), file("next", "settings.yaml"));
        assert_eq!(repo.head_name().unwrap().unwrap().as_bstr(), "refs/heads/main");
    }
}
