//! A cluster that does not answer, in the words of Argo CD, which its client library has from Go.

use windlass_cluster::Error;
use windlass_engine::state::{Condition, ConditionType};

/// Why a cluster cannot be looked at.
pub(crate) fn why(server: &str, error: &Error) -> String {
    let asking = "failed to get server version: failed to get server version";
    match error {
        Error::Api { code: 401, .. } => {
            format!("{asking}: the server has asked for the client to provide credentials")
        }
        Error::Unreachable { message } => match dialing(server, message) {
            Some(dialing) => {
                format!("{asking}: Get \"{server}/version?timeout=32s\": dial tcp{dialing}")
            }
            None => error.to_string(),
        },
        other => other.to_string(),
    }
}

/// What Go says of a connection that could not be made; nothing of other failures.
fn dialing(server: &str, message: &str) -> Option<String> {
    let (_, address) = server.split_once("://")?;
    let place = address.split('/').next()?;
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "443"));
    if message.contains("Connection refused") {
        return Some(format!(" {host}:{port}: connect: connection refused"));
    }
    let unknown = message.contains("dns error") || message.contains("failed to lookup address");
    unknown.then(|| format!(": lookup {host}: no such host"))
}

/// What an application's status says of it.
pub(crate) fn conditions(server: &str, why: &str) -> Vec<Condition> {
    let cache = format!("error synchronizing cache state : {why}");
    let info = format!("failed to get cluster info for {server:?}: {cache}");
    let live = format!("Failed to load live state: {info}");
    let target = format!(
        "Failed to load target state: failed to get cluster version for cluster {server:?}: {info}"
    );
    vec![
        Condition::new(ConditionType::ComparisonError, live),
        Condition::new(ConditionType::ComparisonError, target),
        Condition::new(ConditionType::UnknownError, cache),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_as_go_does() {
        let unreachable = |message: &str| Error::Unreachable { message: message.into() };
        let asking = "failed to get server version: failed to get server version";
        for (server, error, wanted) in [
            (
                "https://127.0.0.1:1",
                unreachable("client error (Connect): tcp connect error: Connection refused"),
                format!(
                    "{asking}: Get \"https://127.0.0.1:1/version?timeout=32s\": dial tcp \
                     127.0.0.1:1: connect: connection refused"
                ),
            ),
            (
                "https://no.example",
                unreachable("client error (Connect): dns error: failed to lookup address"),
                format!(
                    "{asking}: Get \"https://no.example/version?timeout=32s\": dial tcp: lookup \
                     no.example: no such host"
                ),
            ),
            (
                "https://no.example",
                Error::Api { code: 401, reason: String::new(), message: "Unauthorized".into() },
                format!("{asking}: the server has asked for the client to provide credentials"),
            ),
        ] {
            assert_eq!(why(server, &error), wanted);
        }
    }
}
