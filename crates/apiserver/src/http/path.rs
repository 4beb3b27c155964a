//! What a request's path asks for.

/// A request for a resource, or for anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/api/v1/…` and `/apis/{group}/{version}/…` with a resource.
    Resource(ResourcePath),
    /// Everything else: discovery, health, documents.
    Other,
}

/// The parts of a resource's path; absent parts are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourcePath {
    /// API group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Namespace.
    pub namespace: String,
    /// Resource, such as `deployments`.
    pub resource: String,
    /// Object's name.
    pub name: String,
    /// Subresource, such as `status`.
    pub subresource: String,
    /// What follows the subresource, for the proxies.
    pub rest: String,
    /// Whether the old `/watch/` prefix was used.
    pub watch: bool,
}

impl Target {
    /// Parses a path; percent escapes are decoded part by part.
    pub fn parse(path: &str) -> Self {
        let parts: Vec<String> =
            path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let mut parts = parts.iter().map(String::as_str);
        let (group, version) = match parts.next() {
            Some("api") => ("", parts.next()),
            Some("apis") => match (parts.next(), parts.next()) {
                (Some(group), version) => (group, version),
                (None, _) => return Self::Other,
            },
            _ => return Self::Other,
        };
        let Some(version) = version else { return Self::Other };
        let mut rest: Vec<&str> = parts.collect();
        let watch = rest.first() == Some(&"watch") && rest.len() > 1;
        if watch {
            rest.remove(0);
        }
        let mut found = ResourcePath {
            group: group.to_owned(),
            version: version.to_owned(),
            watch,
            ..ResourcePath::default()
        };
        // Below /namespaces/NAME everything but the namespace's own subresources is in it.
        let in_namespace = rest.len() > 2
            && rest[0] == "namespaces"
            && !(group.is_empty() && matches!(rest[2], "status" | "finalize"));
        if in_namespace {
            found.namespace = rest[1].to_owned();
            rest.drain(..2);
        }
        let mut rest = rest.into_iter();
        let Some(resource) = rest.next() else { return Self::Other };
        found.resource = resource.to_owned();
        found.name = rest.next().unwrap_or_default().to_owned();
        found.subresource = rest.next().unwrap_or_default().to_owned();
        found.rest = rest.collect::<Vec<_>>().join("/");
        // The namespace of a namespace is itself, as authorisation sees it.
        if found.resource == "namespaces" && found.group.is_empty() && found.namespace.is_empty() {
            found.namespace.clone_from(&found.name);
        }
        Self::Resource(found)
    }
}

fn decode(part: &str) -> String {
    if !part.contains('%') {
        return part.to_owned();
    }
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| part.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .flatten();
        match hex {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let check = |path: &str, expected: &str| {
            let found = match Target::parse(path) {
                Target::Other => "-".to_owned(),
                Target::Resource(p) => format!(
                    "{}/{} ns={} {} {} {} {}{}",
                    p.group,
                    p.version,
                    p.namespace,
                    p.resource,
                    p.name,
                    p.subresource,
                    p.rest,
                    if p.watch { " watch" } else { "" }
                ),
            };
            assert_eq!(found.trim_end(), expected, "{path}");
        };
        check("/api", "-");
        check("/api/v1", "-");
        check("/apis/apps/v1", "-");
        check("/version", "-");
        check("/api/v1/pods", "/v1 ns= pods");
        check("/api/v1/namespaces", "/v1 ns= namespaces");
        check("/api/v1/namespaces/a", "/v1 ns=a namespaces a");
        check("/api/v1/namespaces/a/finalize", "/v1 ns=a namespaces a finalize");
        check("/api/v1/namespaces/a/status", "/v1 ns=a namespaces a status");
        check("/api/v1/namespaces/a/pods/b/log", "/v1 ns=a pods b log");
        check("/api/v1/namespaces/a/services/b/proxy/x/y", "/v1 ns=a services b proxy x/y");
        check("/apis/apps/v1/namespaces/a/deployments/b/scale", "apps/v1 ns=a deployments b scale");
        check("/api/v1/watch/namespaces/a/pods", "/v1 ns=a pods    watch");
        check("/apis/x.io/v1/as/system%3Ab", "x.io/v1 ns= as system:b");
    }
}
