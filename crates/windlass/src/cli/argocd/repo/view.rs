//! How repositories are shown: never with credentials.

use std::sync::Arc;

use jiff::Timestamp;
use windlass_object::{Map, Value, json};
use windlass_source::address;
use windlass_source::credentials::{SecretKind, Settings};

use super::super::secrets::Entry;
use super::connect;
use crate::cli::columns::{align, line};

/// The repository, and whether it can be reached.
pub(super) async fn value(entry: &Entry, settings: &Arc<Settings>) -> Value {
    let data = &entry.data;
    let url = data.text("url");
    let kind = match data.text("type") {
        kind if kind.is_empty() => "git".to_owned(),
        kind => kind,
    };
    let attempted = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let is =
        |field: &str| ["true", "True", "TRUE", "1", "t", "T"].contains(&data.text(field).as_str());
    let (project, oci) = (data.text("project"), is("enableOCI"));
    let (status, message) = match connect::check(settings, &url, &project, &kind, oci).await {
        Ok(()) => ("Successful", String::new()),
        Err(error) => ("Failed", format!("Unable to connect to repository: {error:#}")),
    };
    let mut value = Map::new();
    value.insert("repo".to_owned(), json!(url));
    let state = json!({"status": status, "message": message, "attemptedAt": attempted});
    value.insert("connectionState".to_owned(), state);
    value.insert("type".to_owned(), json!(kind));
    for (name, set) in [
        ("insecure", is("insecure") || is("insecureIgnoreHostKey") || is("insecureOCIForceHttp")),
        ("enableLfs", is("enableLfs")),
        ("enableOCI", is("enableOCI")),
        ("forceHttpBasicAuth", is("forceHttpBasicAuth")),
        ("useAzureWorkloadIdentity", is("useAzureWorkloadIdentity")),
        ("inheritedCreds", inherits(entry, settings)),
    ] {
        if set {
            value.insert(name.to_owned(), json!(true));
        }
    }
    for field in ["name", "proxy", "noProxy", "project", "githubAppEnterpriseBaseUrl"] {
        let text = data.text(field);
        if !text.is_empty() {
            value.insert(field.to_owned(), json!(text));
        }
    }
    for field in ["githubAppID", "githubAppInstallationID"] {
        if let Ok(number) = data.text(field).parse::<i64>() {
            value.insert(field.to_owned(), json!(number));
        }
    }
    Value::Object(value)
}

/// Whether its credentials are those of a prefix.
fn inherits(entry: &Entry, settings: &Settings) -> bool {
    let own = ["username", "password", "bearerToken", "sshPrivateKey", "tlsClientCertData"];
    if own.iter().chain(&["githubAppPrivateKey"]).any(|f| !entry.data.text(f).is_empty()) {
        return false;
    }
    let url = address::normalize(&entry.data.text("url"));
    settings.secrets.iter().filter(|s| s.kind == SecretKind::RepoCreds).any(|secret| {
        let prefix = secret.data.get("url").map(|u| String::from_utf8_lossy(u).into_owned());
        prefix.is_some_and(|prefix| url.starts_with(&address::normalize(&prefix)))
    })
}

/// Repositories as a table.
pub(super) fn table(all: &[Value]) -> String {
    let mut lines = vec![line([
        "TYPE", "NAME", "REPO", "INSECURE", "OCI", "LFS", "CREDS", "STATUS", "MESSAGE", "PROJECT",
    ])];
    for value in all {
        let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
        let is = |field: &str| (value[field] == true).to_string();
        let credentials = if value["inheritedCreds"] == true {
            "inherited".to_owned()
        } else {
            // As argocd: what is shown has no credentials, but for one that is no secret.
            is("useAzureWorkloadIdentity")
        };
        let state = &value["connectionState"];
        let state = |field: &str| state[field].as_str().unwrap_or_default().to_owned();
        lines.push(vec![
            text("type"),
            text("name"),
            text("repo"),
            is("insecure"),
            is("enableOCI"),
            is("enableLfs"),
            credentials,
            state("status"),
            state("message"),
            text("project"),
        ]);
    }
    align(&lines)
}
