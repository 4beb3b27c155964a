//! What the tests share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use windlass_source::{Credentials, Limits, Options, Reason, Repository, SourceError, Sources};
use windlass_testkit::{GitHttp, GitHttpOptions};
use windlass_tree::{EntryKind, Tree, TreePath};

/// Sources with a cache of their own, and the questions they asked.
pub(crate) struct Bench {
    pub(crate) sources: Sources,
    pub(crate) asked: Arc<Mutex<Vec<(&'static str, bool)>>>,
    pub(crate) cache: PathBuf,
}

pub(crate) fn bench(dir: &Path, change: impl FnOnce(&mut Limits)) -> Bench {
    let cache = dir.join("cache");
    let mut options = Options::new(&cache);
    change(&mut options.limits);
    let asked: Arc<Mutex<Vec<_>>> = Arc::default();
    let seen = asked.clone();
    options.observer =
        Some(Arc::new(move |a| seen.lock().unwrap().push((a.kind, a.result.is_ok()))));
    Bench { sources: Sources::new(options).unwrap(), asked, cache }
}

impl Bench {
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(k, _)| *k == kind).count()
    }

    pub(crate) async fn files(
        &self,
        repository: &Repository,
        revision: &str,
    ) -> Vec<(String, String)> {
        let resolved = self.sources.resolve(repository, revision).await.unwrap();
        let tree = self.sources.tree(repository, &resolved.commit).await.unwrap();
        walk(&*tree)
    }
}

/// The server has a runtime of its own, which does not start on a thread of another.
pub(crate) fn serve(root: &Path, options: GitHttpOptions) -> GitHttp {
    tokio::task::block_in_place(|| GitHttp::start(root, options)).unwrap()
}

pub(crate) fn walk(tree: &dyn Tree) -> Vec<(String, String)> {
    let (mut out, mut todo) = (Vec::new(), vec![TreePath::root()]);
    while let Some(dir) = todo.pop() {
        for (name, entry) in tree.list(&dir).unwrap() {
            let path = dir.join(&name).unwrap();
            assert_eq!(tree.entry(&path).unwrap().unwrap(), entry, "{path}");
            if entry.kind == EntryKind::Directory {
                todo.push(path);
            } else {
                let bytes = tree.read(&path, 1 << 30).unwrap();
                out.push((path.to_string(), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    out.sort();
    out
}

pub(crate) fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(p, c)| ((*p).to_owned(), (*c).to_owned())).collect()
}

pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, SourceError>) -> Reason {
    result.unwrap_err().reason()
}

pub(crate) fn basic(url: String, user: &str, password: &str) -> Repository {
    let credentials = Credentials::Basic { username: user.into(), password: password.into() };
    Repository { credentials, ..Repository::anonymous(url) }
}
