//! Pods and their parts.

use windlass_object::{Value, json};

use super::{Fields, absent, inner, items, pod_resources, text};

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition {
        "core.v1.Pod" => pod(map),
        "core.v1.PodSpec" => spec(map),
        "core.v1.Container" | "core.v1.EphemeralContainer" => container(map),
        "core.v1.Probe" => probe(map),
        "core.v1.HTTPGetAction" => {
            absent(map, "path", "/");
            absent(map, "scheme", "HTTP");
        }
        "core.v1.GRPCAction" => absent(map, "service", ""),
        "core.v1.Volume" => volume(map),
        "core.v1.SecretVolumeSource"
        | "core.v1.ConfigMapVolumeSource"
        | "core.v1.DownwardAPIVolumeSource"
        | "core.v1.ProjectedVolumeSource" => absent(map, "defaultMode", 0o644),
        "core.v1.HostPathVolumeSource" => absent(map, "type", ""),
        "core.v1.ServiceAccountTokenProjection" => absent(map, "expirationSeconds", 3600),
        "core.v1.ObjectFieldSelector" => absent(map, "apiVersion", "v1"),
        _ => {}
    }
}

/// What only pods themselves get, not the templates of them.
fn pod(map: &mut Fields) {
    let Some(spec) = inner(map, "spec") else { return };
    for list in ["containers", "initContainers"] {
        items(spec, list).filter_map(|c| inner(c, "resources")).for_each(requests_from_limits);
    }
    pod_resources::requests(spec);
    absent(spec, "enableServiceLinks", true);
    if spec.get("hostNetwork") == Some(&json!(true)) {
        for list in ["containers", "initContainers"] {
            for port in items(spec, list).flat_map(|c| items(c, "ports")) {
                if let Some(number) = port.get("containerPort").cloned() {
                    absent(port, "hostPort", number);
                }
            }
        }
    }
}

fn requests_from_limits(resources: &mut Fields) {
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else { return };
    absent(resources, "requests", json!({}));
    let Some(requests) = inner(resources, "requests") else { return };
    for (name, limit) in limits {
        requests.entry(name).or_insert(limit);
    }
}

fn spec(map: &mut Fields) {
    absent(map, "dnsPolicy", "ClusterFirst");
    absent(map, "restartPolicy", "Always");
    absent(map, "securityContext", json!({}));
    absent(map, "terminationGracePeriodSeconds", 30);
    absent(map, "schedulerName", "default-scheduler");
    // The old name of `serviceAccountName` is kept in step with it.
    if let Some(name) = map.get("serviceAccountName").or_else(|| map.get("serviceAccount")).cloned()
    {
        map.insert("serviceAccount".into(), name.clone());
        map.insert("serviceAccountName".into(), name);
    }
}

fn container(map: &mut Fields) {
    let policy = pull_policy(text(map, "image"));
    absent(map, "imagePullPolicy", policy);
    absent(map, "terminationMessagePath", "/dev/termination-log");
    absent(map, "terminationMessagePolicy", "File");
}

fn probe(map: &mut Fields) {
    absent(map, "timeoutSeconds", 1);
    absent(map, "periodSeconds", 10);
    absent(map, "successThreshold", 1);
    absent(map, "failureThreshold", 3);
}

fn volume(map: &mut Fields) {
    if map.keys().all(|name| name == "name") {
        map.insert("emptyDir".into(), json!({}));
    }
    if let Some(image) = inner(map, "image") {
        let policy = pull_policy(text(image, "reference"));
        absent(image, "pullPolicy", policy);
    }
}

/// Always for `latest`, said or meant; names that are no image references count as tagged.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let path = name.rfind('/').map_or(0, |at| at + 1);
    let (repository, tag) = match name[path..].rfind(':') {
        Some(at) => (&name[..path + at], Some(&name[path + at + 1..])),
        None => (name, None),
    };
    let domain = repository.split_once('/').map_or("", |(first, _)| {
        if first.contains(['.', ':']) || first == "localhost" { first } else { "" }
    });
    let repository = &repository[domain.len()..];
    let valid = !repository.is_empty()
        && repository
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c));
    let latest = match tag {
        Some(tag) => tag == "latest",
        None => !digest,
    };
    if valid && latest { "Always" } else { "IfNotPresent" }
}

#[cfg(test)]
mod tests {
    use super::pull_policy;

    #[test]
    fn pull_policies() {
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.27", "IfNotPresent"),
            ("localhost:5000/a/b", "Always"),
            ("r.io:5000/a/b:v1", "IfNotPresent"),
            ("a@sha256:0123", "IfNotPresent"),
            ("a:latest@sha256:0123", "Always"),
            ("", "IfNotPresent"),
            ("Bad", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
