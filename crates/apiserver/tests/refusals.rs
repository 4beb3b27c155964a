//! Why a write was refused can be read.

#![allow(clippy::unwrap_used)] // A test ends at its first surprise.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::core::ObjectMeta;
use serde_json::json;
use windlass_apiserver::{ApiServer, Options};

/// Writes are visible when they are on disk, and until then others already build on them: whoever is
/// refused for such a one must not be shown the state before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_was_too_late_reads_what_came_before() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { data_dir: Some(dir.path().to_owned()), ..Options::default() };
    let server = ApiServer::open(options).await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    let metadata = ObjectMeta { name: Some("a".into()), ..ObjectMeta::default() };
    let made = ConfigMap { metadata, ..ConfigMap::default() };
    api.create(&PostParams::default(), &made).await.unwrap();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let api = api.clone();
            tokio::spawn(async move {
                let mut refused = 0;
                for n in 0..40 {
                    let version = api.get("a").await.unwrap().metadata.resource_version;
                    let patch = json!({"metadata": {"resourceVersion": version},
                        "data": {format!("w{writer}"): n.to_string()}});
                    match api.patch("a", &PatchParams::default(), &Patch::Merge(patch)).await {
                        Ok(_) => {}
                        Err(kube::Error::Api(answer)) if answer.code == 409 => {
                            refused += 1;
                            let now = api.get("a").await.unwrap().metadata.resource_version;
                            assert_ne!(now, version, "the version that is said to be old is shown");
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                refused
            })
        })
        .collect();
    let mut refused = 0;
    for writer in writers {
        refused += writer.await.unwrap();
    }
    assert!(refused > 0, "nobody was too late");
}
