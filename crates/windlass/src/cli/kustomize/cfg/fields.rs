//! Fields of resources by their paths, and trees of lines.

use std::collections::BTreeMap;

use regex::Regex;
use windlass_object::yaml::Written;

/// Fields in the order in which kustomize shows them; the others follow by name.
const ORDER: &str = "name generateName namespace clusterName apiVersion kind metadata type labels \
    annotations spec status stringData data binaryData parallelism completions backoffLimit replicas \
    selector manualSelector template ttlSecondsAfterFinished volumeClaimTemplates service serviceName \
    podManagementPolicy updateStrategy strategy minReadySeconds revision revisionHistoryLimit paused \
    progressDeadlineSeconds restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds \
    dnsPolicy serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork \
    hostPID hostIPC shareProcessNamespace hostname subdomain schedulerName priorityClassName priority \
    runtimeClassName enableServiceLinks nodeSelector hostAliases initContainers containers volumes \
    imagePullSecrets affinity tolerations dnsConfig readinessGates image command args workingDir \
    ports envFrom env resources volumeMounts volumeDevices livenessProbe readinessProbe lifecycle \
    terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce \
    tty clusterIP externalIPs loadBalancerIP loadBalancerSourceRanges externalName \
    externalTrafficPolicy sessionAffinity protocol port targetPort hostPort containerPort hostIP \
    readOnly mountPath subPath subPathExpr mountPropagation value valueFrom fieldRef \
    resourceFieldRef configMapKeyRef secretKeyRef prefix configMapRef secretRef";
/// Where containers stand, longest first.
const CONTAINERS: [&str; 3] = [
    "spec.template.spec.containers",
    "spec.jobTemplate.spec.template.spec.containers",
    "spec.containers",
];

/// A line of a tree and what is below it.
pub(super) struct Branch {
    line: String,
    pub(super) below: Vec<Self>,
}

impl Branch {
    pub(super) fn new(line: String) -> Self {
        Self { line, below: Vec::new() }
    }

    /// The branch at the end of a way; where the way leads nowhere, the last on it.
    pub(super) fn at(&mut self, way: &[usize]) -> &mut Self {
        match way.split_first() {
            Some((first, rest)) if *first < self.below.len() => self.below[*first].at(rest),
            _ => self,
        }
    }

    pub(super) fn print(&self) -> String {
        let mut out = format!("{}\n", self.line);
        self.print_below("", &mut out);
        out
    }

    fn print_below(&self, margin: &str, out: &mut String) {
        for (number, branch) in self.below.iter().enumerate() {
            let is_last = number + 1 == self.below.len();
            let (edge, link) =
                if is_last { ("└──", "    ") } else { ("├──", "│   ") };
            let margin_below = format!("{margin}{link}");
            let line = branch.line.replace('\n', &format!("\n{margin_below}"));
            out.push_str(&format!("{margin}{edge} {line}\n"));
            branch.print_below(&margin_below, out);
        }
    }
}

/// A field that is shown.
#[derive(Clone, Debug)]
pub(super) struct Field {
    path: Vec<String>,
    name: String,
    /// Of what is in containers, its name there.
    within: Option<String>,
}

impl Field {
    pub(super) fn new(path: Vec<String>) -> Self {
        let joined = path.join(".");
        match CONTAINERS.iter().find(|place| joined.starts_with(**place)) {
            Some(place) => Self { name: (*place).to_owned(), within: path.last().cloned(), path },
            None => Self { name: joined, within: None, path },
        }
    }
}

/// The places that a flag stands for.
pub(super) fn common(flag: &str) -> Vec<Field> {
    let field = |path: &str| Field::new(path.split('.').map(str::to_owned).collect());
    if flag == "replicas" {
        return vec![field("spec.replicas")];
    }
    let places = ["spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec"];
    let mut fields: Vec<Field> = places
        .iter()
        .map(|place| {
            let path = place.split('.').chain(["containers", "[name=.*]", flag]);
            Field::new(path.map(str::to_owned).collect())
        })
        .collect();
    if flag == "ports" {
        fields.push(field("spec.ports"));
    }
    fields
}

/// Takes a path apart: at points that no backslash stands before, and before brackets.
pub(super) fn parse(path: &str) -> anyhow::Result<Vec<String>> {
    let mut parts = Vec::new();
    for part in path.replace("\\.", "\0").split('.') {
        let part = part.replace('\0', ".");
        match part.split('[').collect::<Vec<_>>()[..] {
            [_] => parts.push(part),
            [name, rest] => parts.extend([name.to_owned(), format!("[{rest}")]),
            _ => anyhow::bail!(
                "unrecognized path element: {part}.  Should be of the form 'list[field=value]'"
            ),
        }
    }
    Ok(parts)
}

/// A value that was found, and by which items of lists.
type Found<'n> = (&'n Written, Vec<String>);

fn find<'n>(node: &'n Written, path: &[String]) -> anyhow::Result<Vec<Found<'n>>> {
    let Some((first, rest)) = path.split_first() else { return Ok(vec![(node, Vec::new())]) };
    let items = || match node {
        Written::List(items) => Ok(&**items),
        other => Err(wrong("SequenceNode", other, first)),
    };
    let mut found = Vec::new();
    if let Ok(index) = first.parse::<usize>() {
        let items = items()?;
        let Some(item) = items.get(index) else {
            let count = items.len();
            anyhow::bail!("index {index} specified but only {count} elements found");
        };
        return find(item, rest);
    }
    if first == "*" {
        for item in items()? {
            found.extend(find(item, rest)?);
        }
        return Ok(found);
    }
    if let Some(inner) = first.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        let (field, value) = inner.split_once('=').ok_or_else(|| {
            anyhow::anyhow!(
                "list path element must contain fieldName=fieldValue \
                for element to match"
            )
        })?;
        let pattern = Regex::new(value)?;
        for item in items()? {
            let key = if field.is_empty() { Some(item) } else { item.get(field) };
            let Some(text) = key.map(Written::quoted).filter(|text| pattern.is_match(text)) else {
                continue;
            };
            if field.is_empty() {
                found.push((item, Vec::new()));
                continue;
            }
            for (value, mut way) in find(item, rest)? {
                way.push(text.clone());
                found.push((value, way));
            }
        }
        return Ok(found);
    }
    match node {
        Written::Map(_) => match node.get(first) {
            Some(value) => find(value, rest),
            None => Ok(found),
        },
        other => Err(wrong("MappingNode", other, first)),
    }
}

fn wrong(expected: &str, found: &Written, part: &str) -> anyhow::Error {
    let got = match found {
        Written::Map(_) => "MappingNode",
        Written::List(_) => "SequenceNode",
        Written::Alias => "AliasNode",
        Written::Scalar(..) => "ScalarNode",
    };
    anyhow::anyhow!(
        "wrong node kind: expected {expected} but got {got} where {part:?} is looked for"
    )
}

/// In which order lines of this name and value stand.
fn rank<'t>(name: &'t str, value: &'t str) -> (usize, &'t str, &'t str) {
    match ORDER.split_whitespace().position(|known| known == name) {
        Some(place) => (place, "", ""),
        None => (usize::MAX, name, value),
    }
}

/// By what items matched the names and values of what is shown of them.
type Items<'f> = BTreeMap<String, Vec<(&'f str, String)>>;

/// The lines below a resource.
pub(super) fn branches(node: &Written, fields: &[Field]) -> anyhow::Result<Vec<Branch>> {
    // By name the value, or by matched items the values in them.
    let mut single: BTreeMap<&str, String> = BTreeMap::new();
    let mut nested: BTreeMap<&str, Items<'_>> = BTreeMap::new();
    for field in fields {
        let found = find(node, &field.path)?;
        let Some((first, _)) = found.first() else { continue };
        match &field.within {
            None => {
                single.insert(&field.name, first.flow());
            }
            Some(within) => {
                let items = nested.entry(&field.name).or_default();
                for (value, way) in &found {
                    items.entry(way.join("/")).or_default().push((within, value.flow()));
                }
            }
        }
    }
    let mut lines: Vec<(&str, String, Branch)> = Vec::new();
    for (name, value) in single {
        lines.push((name, value.clone(), Branch::new(format!("{name}: {value}"))));
    }
    for (name, items) in nested {
        let mut branch = Branch::new(name.to_owned());
        let mut items: Vec<_> = items.into_iter().collect();
        items.sort_by(|a, b| rank(&a.0, "").cmp(&rank(&b.0, "")));
        for (number, (_, mut values)) in items.into_iter().enumerate() {
            values.sort_by(|a, b| rank(a.0, &a.1).cmp(&rank(b.0, &b.1)));
            let mut item = Branch::new(number.to_string());
            let line = |(name, value): (&str, String)| Branch::new(format!("{name}: {value}"));
            item.below = values.into_iter().map(line).collect();
            branch.below.push(item);
        }
        lines.push((name, String::new(), branch));
    }
    lines.sort_by(|a, b| rank(a.0, &a.1).cmp(&rank(b.0, &b.1)));
    Ok(lines.into_iter().map(|(_, _, branch)| branch).collect())
}
