//! How a cluster is signed in to, as the text that its secret holds.

use windlass_object::Value;

/// The fields in the order in which Argo CD writes them.
const ORDER: [&str; 21] = [
    "username",
    "password",
    "bearerToken",
    "tlsClientConfig",
    "insecure",
    "serverName",
    "certData",
    "keyData",
    "caData",
    "awsAuthConfig",
    "clusterName",
    "roleARN",
    "profile",
    "execProviderConfig",
    "command",
    "args",
    "env",
    "apiVersion",
    "installHint",
    "disableCompression",
    "proxyUrl",
];

/// The text: byte for byte as Argo CD writes it, so that one who compares secrets sees no change.
pub(super) fn text(config: &Value) -> String {
    write(config, true)
}

fn write(value: &Value, ordered: bool) -> String {
    let Value::Object(map) = value else { return value.to_string() };
    let mut fields: Vec<_> = map.iter().collect();
    if ordered {
        // Fields that Argo CD does not know come last, by name.
        fields.sort_by_key(|(name, _)| {
            ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len())
        });
    }
    let fields = fields.into_iter().map(|(name, value)| {
        format!("{}:{}", Value::from(name.as_str()), write(value, ordered && name != "env"))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use windlass_object::json;

    #[test]
    fn fields_stand_as_argo_cd_writes_them() {
        let config = json!({
            "tlsClientConfig": {"caData": "Yw==", "insecure": false}, "more": 1, "bearerToken": "t",
            "execProviderConfig": {"env": {"args": "1", "A": "2"}, "args": ["a"], "command": "c"},
        });
        assert_eq!(
            super::text(&config),
            "{\"bearerToken\":\"t\",\"tlsClientConfig\":{\"insecure\":false,\"caData\":\"Yw==\"},\
             \"execProviderConfig\":{\"command\":\"c\",\"args\":[\"a\"],\"env\":{\"A\":\"2\",\"args\":\"1\"}},\
             \"more\":1}"
        );
    }
}
