//! Trees: submodules, local repositories, and `git` as the judge.

use std::path::Path;
use std::process::Command;

use windlass_source::{Reason, Repository};
use windlass_testkit::{GitHttpOptions, GitRepository};
use windlass_tree::{EntryKind, Tree as _, TreePath};

use crate::bench::{bench, pairs, reason, serve, walk};

#[tokio::test(flavor = "multi_thread")]
async fn submodules_stand_in_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let inner = GitRepository::create(dir.path(), "inner").unwrap();
    inner.commit("i1", &[("in.yaml", "old")]).unwrap();
    let outer = GitRepository::create(dir.path(), "outer").unwrap();
    outer.commit("o1", &[("out.yaml", "o")]).unwrap();
    let file = ["-c", "protocol.file.allow=always"];
    let inner_path = inner.path().display().to_string();
    outer
        .git(&[&file[..], &["submodule", "add", "-q", &inner_path, "lib/inner"]].concat())
        .unwrap();
    outer.git(&["config", "-f", ".gitmodules", "submodule.lib/inner.url", "../inner.git"]).unwrap();
    let with = outer.commit("o2", &[]).unwrap();
    // A later commit of the submodule is not what the tree names.
    inner.commit("i2", &[("in.yaml", "new")]).unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let b = bench(dir.path(), |_| {});
    let remote = Repository::anonymous(server.url("outer.git"));
    let files = b.files(&remote, "main").await;
    assert_eq!(files[1..], pairs(&[("lib/inner/in.yaml", "old"), ("out.yaml", "o")]));
    let without = Repository { submodules: false, ..remote.clone() };
    let tree = b.sources.tree(&without, &with).await.unwrap();
    let at = TreePath::new("lib/inner").unwrap();
    assert_eq!(tree.list(&at).unwrap(), []);
    let full = b.sources.tree(&remote, &with).await.unwrap();
    assert_ne!(full.id(), tree.id());
    // The same over file://, and a submodule that is not to be had.
    let local = Repository::anonymous(outer.url());
    assert_eq!(b.files(&local, "main").await[1..], files[1..]);
    std::fs::rename(inner.path(), dir.path().join("gone")).unwrap();
    b.sources.invalidate(&|_| true);
    let fresh = bench(&dir.path().join("fresh"), |_| {});
    let error = fresh.sources.tree(&remote, &with).await.unwrap_err();
    assert_eq!(error.reason(), Reason::IncompleteTree);
    assert!(error.to_string().contains("lib/inner: submodule: "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn local_repositories_need_no_git() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let first = repo.commit("one", &[("a", "1"), ("d/b", "2")]).unwrap();
    repo.git(&["tag", "-a", "v1", "-m", "t"]).unwrap();
    repo.git(&["push", "-q", "origin", "v1"]).unwrap();
    let b = bench(dir.path(), |_| {});
    let remote = Repository::anonymous(repo.url());
    assert_eq!(b.files(&remote, "").await.len(), 2);
    assert_eq!(b.sources.resolve(&remote, "v1").await.unwrap().commit, first);
    assert_eq!(b.sources.resolve(&remote, &first[..7]).await.unwrap().commit, first);
    let second = repo.commit("two", &[("a", "3")]).unwrap();
    b.sources.invalidate(&|_| true);
    assert_eq!(b.sources.resolve(&remote, "main").await.unwrap().commit, second);
    assert_eq!(b.files(&remote, "main").await[0].1, "3");
    repo.git(&["-C", &repo.path().display().to_string(), "gc", "-q"]).unwrap();
    assert_eq!(b.files(&remote, &first).await[0].1, "1");
    let work = Repository::anonymous(format!("file://{}", repo.work().display()));
    assert_eq!(b.sources.resolve(&work, "").await.unwrap().commit, second);
    let missing = Repository::anonymous("file:///nowhere");
    assert_eq!(reason(b.sources.resolve(&missing, "").await), Reason::RepositoryNotFound);
    assert_eq!(b.count("fetch"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn trees_equal_those_of_git() {
    // A real repository, if there is one; else this one.
    let mirror = Path::new("/work/.mirror/argoproj+argo-cd/repo");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = if mirror.exists() { mirror.to_path_buf() } else { here };
    let dir = tempfile::tempdir().unwrap();
    let b = bench(dir.path(), |_| {});
    let remote =
        Repository::anonymous(format!("file://{}", path.canonicalize().unwrap().display()));
    let resolved = b.sources.resolve(&remote, "HEAD").await.unwrap();
    let tree = b.sources.tree(&remote, &resolved.commit).await.unwrap();
    let git = |args: &[&str]| {
        let out = Command::new("git").arg("-C").arg(&path).args(args).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let listing = git(&["-c", "core.quotePath=false", "ls-tree", "-r", "--long", &resolved.commit]);
    let (mut wanted, mut absent) = (0, 0);
    for line in listing.lines() {
        let (head, name) = line.split_once('\t').unwrap();
        let words: Vec<&str> = head.split_whitespace().collect();
        let entry = tree.entry(&TreePath::new(name).unwrap()).unwrap().unwrap();
        assert_eq!(entry.id.as_str(), words[2], "{name}");
        let kind = match words[0] {
            "100644" => EntryKind::File,
            "100755" => EntryKind::Executable,
            "120000" => EntryKind::Symlink,
            _ => EntryKind::Directory,
        };
        assert_eq!(entry.kind, kind, "{name}");
        // A mirror may lack its largest files; Git says BAD of their size.
        if words[3] == "BAD" {
            absent += 1;
        } else if kind != EntryKind::Directory {
            let bytes = tree.read(&TreePath::new(name).unwrap(), 1 << 30).unwrap();
            assert_eq!(bytes.len().to_string(), words[3], "{name}");
            assert!(tree.read(&TreePath::new(name).unwrap(), 0).is_err() || bytes.is_empty());
        }
        wanted += 1;
    }
    if absent == 0 {
        assert_eq!(walk(&*tree).len(), wanted);
    }
    assert!(wanted > 50 && absent < 20, "{wanted} {absent}");
    let metadata = b.sources.metadata(&remote, &resolved.commit).await.unwrap();
    let shown = git(&["show", "-s", "--format=%an <%ae>%n%at%n%B", &resolved.commit]);
    let ours = format!("{}\n{}\n{}", metadata.author, metadata.date, metadata.message);
    assert_eq!(ours, shown.trim());
}
