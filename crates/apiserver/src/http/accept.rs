//! Content negotiation of answers.
//!
//! Everything is answered as JSON. Clients that prefer protobuf name JSON as their second choice;
//! one that accepts nothing else gets a 406.

use crate::status::Status;

/// The shape of an answer that holds objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The objects themselves.
    Object,
    /// `PartialObjectMetadata`, or its list.
    Metadata,
    /// `Table`.
    Table,
}

/// What the client accepts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Shape.
    pub shape: Shape,
    /// Whether the answer is YAML.
    pub yaml: bool,
    /// Whether the answer is indented.
    pub pretty: bool,
}

const TYPES: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

impl Negotiated {
    /// Chooses by the `Accept` header; `user_agent` and `pretty` decide on indentation as the
    /// server does: browsers and curl get it unless they say no.
    pub fn choose(accept: &str, user_agent: &str, pretty: Option<bool>) -> Result<Self, Status> {
        let by_agent = ["curl", "Wget", "Mozilla/5.0"].iter().any(|p| user_agent.starts_with(p));
        let pretty = pretty.unwrap_or(by_agent);
        if accept.trim().is_empty() {
            return Ok(Self { shape: Shape::Object, yaml: false, pretty });
        }
        for clause in accept.split(',') {
            let mut params = clause.split(';').map(str::trim);
            let media = params.next().unwrap_or_default();
            let yaml = match media {
                "application/json" | "*/*" | "application/*" => false,
                "application/yaml" => true,
                _ => continue,
            };
            let (mut kind, mut group, mut version) = ("", "", "");
            for param in params {
                match param.split_once('=') {
                    Some(("as", value)) => kind = value,
                    Some(("g", value)) => group = value,
                    Some(("v", value)) => version = value,
                    _ => {}
                }
            }
            let shape = match kind {
                "" => Shape::Object,
                _ if group != "meta.k8s.io" || version != "v1" => continue,
                "Table" => Shape::Table,
                "PartialObjectMetadata" | "PartialObjectMetadataList" => Shape::Metadata,
                _ => continue,
            };
            return Ok(Self { shape, yaml, pretty });
        }
        Err(Status::not_acceptable(&TYPES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_can_be_answered() {
        let check = |accept: &str, expected: Option<Shape>| {
            let found = Negotiated::choose(accept, "", None).ok().map(|n| n.shape);
            assert_eq!(found, expected, "{accept}");
        };
        check("", Some(Shape::Object));
        check("*/*", Some(Shape::Object));
        check("application/vnd.kubernetes.protobuf,application/json", Some(Shape::Object));
        check("application/vnd.kubernetes.protobuf", None);
        check("text/plain", None);
        check(
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
            Some(Shape::Table),
        );
        check(
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            Some(Shape::Metadata),
        );
        check(
            "application/json;as=Nothing;g=meta.k8s.io;v=v1,application/json",
            Some(Shape::Object),
        );
    }
}
