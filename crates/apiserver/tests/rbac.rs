//! Who may do what, through the service that the socket and the in-process client share.

// A test ends at its first surprise.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use windlass_apiserver::{ApiServer, ApiService, Options};

struct Client {
    service: ApiService,
    token: String,
}

impl Client {
    async fn new() -> Self {
        let server = ApiServer::open(Options::default()).await.unwrap();
        let kubeconfig = server.kubeconfig();
        let token = kubeconfig.split("token: ").nth(1).unwrap().trim().to_owned();
        Self { service: server.service(CancellationToken::new()), token }
    }

    /// Sends a request with headers of its own; a code and the message, or the text.
    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = self.service.answer(request).await;
        let code = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = value["message"].as_str().map(str::to_owned);
        (code, text.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()))
    }

    async fn admin(&self, path: &str, body: Value) {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str())];
        let (code, text) = self.send(Method::POST, path, &headers, Some(body)).await;
        assert_eq!(code, 201, "{text}");
    }

    async fn check_get(&self, user: Option<&str>, path: &str, code: u16, message: &str) {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = Vec::new();
        if let Some(user) = user {
            headers.push(("authorization", bearer.as_str()));
            if !user.is_empty() {
                headers.push(("impersonate-user", user));
            }
        }
        let (found, text) = self.send(Method::GET, path, &headers, None).await;
        assert!(found == code && text.contains(message), "{user:?} {path}: {found} {text}");
    }
}

#[tokio::test]
async fn only_health_is_for_everyone() {
    let client = Client::new().await;
    for path in ["/healthz", "/livez", "/readyz"] {
        client.check_get(None, path, 200, "ok").await;
    }
    for path in ["/version", "/api", "/apis", "/api/v1/pods", "/openapi/v2", "/"] {
        client.check_get(None, path, 401, "Unauthorized").await;
    }
    let wrong = [("authorization", "Bearer wrong")];
    for path in ["/healthz", "/api/v1/pods"] {
        let (code, _) = client.send(Method::GET, path, &wrong, None).await;
        assert_eq!(code, 401, "a wrong token is worse than none: {path}");
    }
}

#[tokio::test]
async fn roles_decide() {
    let client = Client::new().await;
    let maps = "/api/v1/namespaces/default/configmaps";
    client.check_get(Some(""), maps, 200, "").await;
    client
        .check_get(
            Some("bob"),
            maps,
            403,
            "configmaps is forbidden: User \"bob\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"",
        )
        .await;
    client.check_get(Some("bob"), "/api", 200, "").await;
    client
        .check_get(Some("bob"), "/metrics", 403, "User \"bob\" cannot get path \"/metrics\"")
        .await;
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    client
        .admin(&format!("{rbac}/roles"), json!({"metadata": {"name": "reader"}, "rules": rules}))
        .await;
    let binding = json!({
        "metadata": {"name": "bob-reads"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [
            {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "bob"},
            {"kind": "ServiceAccount", "name": "robot", "namespace": "default"},
        ],
    });
    client.admin(&format!("{rbac}/rolebindings"), binding).await;
    client.check_get(Some("bob"), maps, 200, "").await;
    client.check_get(Some("system:serviceaccount:default:robot"), maps, 200, "").await;
    client.check_get(Some("eve"), maps, 403, "").await;
    client.check_get(Some("bob"), "/api/v1/configmaps", 403, "at the cluster scope").await;
    client.check_get(Some("bob"), "/api/v1/namespaces/kube-system/configmaps", 403, "").await;
    client.check_get(Some("bob"), "/api/v1/namespaces/default/secrets", 403, "").await;
}
