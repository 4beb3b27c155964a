//! `kustomize cfg tree`: resources as a tree of directories or of owners.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use windlass_object::yaml::{self, Options, Written};

use super::count::{MAX_BYTES, PACKAGE_FILE, walk};
use super::fields::{Branch, Field, common};
use super::ignore::Ignored;
use crate::cli::failure::go_words;

/// Where tools note what file a resource is from, newer first.
const PATHS: [&str; 2] = ["internal.config.kubernetes.io/path", "config.kubernetes.io/path"];
const LOCAL: &str = "config.kubernetes.io/local-config";
/// How many owners may stand above one another.
const MAX_DEPTH: usize = 200;

/// [Alpha] Display Resource structure from a directory or stdin.
///
/// Examples:
///   kustomize cfg tree my-dir
///   kustomize cfg tree my-dir --replicas --image --name
///   kubectl get all -o yaml | kustomize cfg tree - --field="status.conditions[type=Ready].status"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Path to local directory, `.` if left out; `-` for standard input
    #[arg(value_name = "DIR")]
    directories: Vec<String>,
    /// Print all field infos
    #[arg(long)]
    all: bool,
    /// Print args field
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    args: Option<bool>,
    /// Print command field
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    command: Option<bool>,
    /// Print env field
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    env: Option<bool>,
    /// If true, exclude non-local-config in the output.
    #[arg(long)]
    exclude_non_local: bool,
    /// Print field
    #[arg(long, value_delimiter = ',')]
    field: Vec<String>,
    /// Graph structure to use for printing the tree.  may be any of: owners,directory
    #[arg(long, default_value = "", hide_default_value = true)]
    graph_structure: String,
    /// Print image field
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    image: Option<bool>,
    /// If true, include local-config in the output.
    #[arg(long)]
    include_local: bool,
    /// Print name field
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    name: Option<bool>,
    /// Print ports field
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ports: Option<bool>,
    /// Print replicas field
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    replicas: Option<bool>,
    /// Print resources field
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    resources: Option<bool>,
}

/// One resource, and the file it is from.
struct Resource {
    node: Written,
    path: String,
}

impl Resource {
    fn field(&self, path: &[&str]) -> &str {
        let found = path.iter().try_fold(&self.node, |node, key| node.get(key));
        found.filter(|found| !found.is_null()).and_then(Written::text).unwrap_or_default()
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.node.get("metadata")?.get("annotations")?.get(key)?.text()
    }

    /// The last part of its path.
    fn file(&self) -> &str {
        match self.path.trim_end_matches('/').rsplit('/').next() {
            None | Some("") => ".",
            Some(name) => name,
        }
    }

    fn package(&self) -> &str {
        self.path.rsplit_once('/').map_or(".", |(package, _)| package)
    }

    /// In the order of which resources are shown.
    fn rank(&self) -> [&str; 5] {
        [
            self.file(),
            self.field(&["metadata", "namespace"]),
            self.field(&["metadata", "name"]),
            self.field(&["kind"]),
            self.field(&["apiVersion"]),
        ]
    }

    fn id(&self) -> String {
        let [_, namespace, name, kind, _] = self.rank();
        format!("{kind} {namespace}/{name}")
    }

    /// The id of its first owner.
    fn owner(&self) -> Option<String> {
        let Written::List(owners) = self.node.get("metadata")?.get("ownerReferences")? else {
            return None;
        };
        let first = owners.first()?;
        let text = |key| first.get(key).and_then(Written::text).unwrap_or_default();
        let namespace = self.field(&["metadata", "namespace"]);
        Some(format!("{} {namespace}/{}", text("kind"), text("name")))
    }

    fn branch(&self, fields: &[Field], meta: Option<&str>) -> anyhow::Result<Branch> {
        let [file, namespace, name, kind, _] = self.rank();
        let name =
            if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
        let mut branch = Branch::new(format!("[{}]  {kind} {name}", meta.unwrap_or(file)));
        branch.below = super::fields::branches(&self.node, fields)?;
        Ok(branch)
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let count = args.directories.len();
    anyhow::ensure!(count < 2, "accepts at most 1 arg(s), received {count}");
    let named = args.directories.first().map_or(".", String::as_str);
    let mut fields = Vec::new();
    for path in &args.field {
        fields.push(Field::new(super::fields::parse(path)?));
    }
    let flags = [
        ("name", args.name),
        ("image", args.image),
        ("command", args.command),
        ("args", args.args),
        ("env", args.env),
        ("replicas", args.replicas),
        ("resources", args.resources),
        ("ports", args.ports),
    ];
    for (name, flag) in flags {
        if flag.unwrap_or(args.all) {
            fields.extend(common(name));
        }
    }
    let (root, mut resources) = if named == "-" {
        (".".to_owned(), from_input()?)
    } else {
        (clean(named), from_directory(Path::new(named))?)
    };
    resources.retain(|resource| match resource.annotation(LOCAL) {
        Some(_) => args.include_local,
        None => !args.exclude_non_local,
    });
    if resources.is_empty() {
        return Ok(());
    }
    let has_owner = |r: &Resource| {
        r.node.get("metadata").is_some_and(|metadata| metadata.get("ownerReferences").is_some())
    };
    let by_owner = match &*args.graph_structure {
        "owners" => true,
        "directory" => false,
        _ => resources.iter().any(has_owner),
    };
    let tree = if by_owner {
        owners(&resources, &fields)?
    } else {
        directories(&root, resources, &fields)?
    };
    crate::cli::persona::print(&tree.print())
}

/// A path as Go cleans it.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (path.starts_with('/'), joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn read(text: &[u8]) -> Result<Vec<Written>, String> {
    let options = Options::kustomize();
    let parsed = yaml::parse(text, &options);
    let told =
        |e: &yaml::Error| format!("MalformedYAMLError: yaml: line {}: {}", e.at.line, e.problem);
    if let Some(e) = parsed.errors.first() {
        return Err(told(e));
    }
    let mut found = Vec::new();
    for document in &parsed.documents {
        let node = yaml::written(text, document, &options).map_err(|e| told(&e))?;
        found.extend(node.filter(|node| !node.is_null()));
    }
    Ok(found)
}

fn from_input() -> anyhow::Result<Vec<Resource>> {
    let mut text = Vec::new();
    std::io::stdin().lock().take(MAX_BYTES).read_to_end(&mut text)?;
    let mut nodes = read(&text).map_err(anyhow::Error::msg)?;
    if let [one] = &*nodes
        && let Some("List" | "ResourceList") = one.get("kind").and_then(Written::text)
        && let Some(Written::List(items)) = one.get("items")
    {
        nodes = items.clone();
    }
    Ok(nodes
        .into_iter()
        .map(|node| {
            let mut resource = Resource { node, path: String::new() };
            let path = PATHS.iter().find_map(|key| resource.annotation(key));
            resource.path = path.unwrap_or_default().to_owned();
            resource
        })
        .collect())
}

fn from_directory(named: &Path) -> anyhow::Result<Vec<Resource>> {
    let root = std::fs::canonicalize(named).map_err(|e| {
        let whole = std::path::absolute(named).unwrap_or_else(|_| named.to_path_buf());
        let (named, whole, why) = (named.display(), whole.display(), go_words(&e));
        anyhow::anyhow!("evalsymlink failure on '{named}' : lstat {whole}: {why}")
    })?;
    let ignored = Ignored::of(&root)?;
    let mut files: Vec<PathBuf> = Vec::new();
    walk(&root, 0, &mut |path, is_directory| {
        let below = path.strip_prefix(&root).unwrap_or(path);
        if path != root && ignored.matches(below, is_directory) {
            return false;
        }
        if !is_directory && path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path.to_path_buf());
        }
        true
    })?;
    let base = if root.is_dir() { &*root } else { root.parent().unwrap_or(&root) };
    let mut found = Vec::new();
    for file in &files {
        let nodes = read(&std::fs::read(file)?);
        let nodes = nodes.map_err(|e| anyhow::anyhow!("{}: {e}", file.display()))?;
        let path = file.strip_prefix(base).unwrap_or(file).display().to_string();
        found.extend(nodes.into_iter().map(|node| Resource { node, path: path.clone() }));
    }
    Ok(found)
}

fn directories(root: &str, resources: Vec<Resource>, fields: &[Field]) -> anyhow::Result<Branch> {
    let mut packages: BTreeMap<String, Vec<Resource>> = BTreeMap::new();
    for resource in resources.into_iter().filter(|r| !r.field(&["kind"]).is_empty()) {
        packages.entry(resource.package().to_owned()).or_default().push(resource);
    }
    let mut tree = Branch::new(root.to_owned());
    // Of each package the way to its branch.
    let mut ways: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (package, mut resources) in packages {
        let above = ways.iter().filter(|(parent, _)| package.starts_with(parent.as_str()));
        let above = above.max_by_key(|(parent, _)| parent.len());
        let mut way = above.map(|(_, way)| way.clone()).unwrap_or_default();
        if package != "." {
            let name = package.rsplit('/').next().unwrap_or_default();
            let is_package = Path::new(root).join(&package).join(PACKAGE_FILE).exists();
            let title = if is_package { format!("Pkg: {name}") } else { name.to_owned() };
            let parent = tree.at(&way);
            parent.below.push(Branch::new(title));
            let last = parent.below.len() - 1;
            way.push(last);
        }
        resources.sort_by(|a, b| a.rank().cmp(&b.rank()));
        for resource in &resources {
            let branch = resource.branch(fields, None)?;
            tree.at(&way).below.push(branch);
        }
        ways.insert(package, way);
    }
    Ok(tree)
}

fn owners(resources: &[Resource], fields: &[Field]) -> anyhow::Result<Branch> {
    // The last of an id is the one that is shown.
    let by_id: BTreeMap<String, &Resource> = resources.iter().map(|r| (r.id(), r)).collect();
    // What has no owner is below nothing.
    let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for resource in resources {
        let owner = resource.owner();
        if let Some(owner) = owner.as_ref().filter(|owner| !by_id.contains_key(*owner)) {
            anyhow::bail!(
                "owner '{owner}' not found in input, but found as an owner of input objects"
            );
        }
        below.entry(owner.unwrap_or_default()).or_default().push(resource.id());
    }
    let mut tree = Branch::new(".".to_owned());
    tree.below = owned("", &by_id, &below, fields, 0)?;
    Ok(tree)
}

fn owned(
    owner: &str,
    by_id: &BTreeMap<String, &Resource>,
    below: &BTreeMap<String, Vec<String>>,
    fields: &[Field],
    depth: usize,
) -> anyhow::Result<Vec<Branch>> {
    anyhow::ensure!(depth < MAX_DEPTH, "owners own each other, or stand too deep");
    let ids = below.get(owner).map(Vec::as_slice).unwrap_or_default();
    let mut resources: Vec<&Resource> =
        ids.iter().filter_map(|id| by_id.get(id).copied()).collect();
    resources.sort_by(|a, b| a.rank().cmp(&b.rank()));
    let mut branches = Vec::new();
    for resource in resources {
        let mut branch = resource.branch(fields, Some("Resource"))?;
        branch.below.extend(owned(&resource.id(), by_id, below, fields, depth + 1)?);
        branches.push(branch);
    }
    Ok(branches)
}
