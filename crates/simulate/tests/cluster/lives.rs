//! What happens to objects over their lives, on a bare kube-apiserver and on the embedded API.

use std::time::{Duration, Instant};

use crate::simulated::{Api, Simulated};
use anyhow::Result;
use kube::Api as Objects;
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::discovery::ApiResource;
use serde_json::json;
use windlass_testkit::{available, wait_for};

const DEADLINE: Duration = Duration::from_secs(120);

fn deployment(name: &str, replicas: u32, image: &str, extra: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  \
         replicas: {replicas}\n  revisionHistoryLimit: 1\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
         template:\n    metadata:\n      labels: {{app: {name}}}\n{extra}    spec:\n      \
         containers: [{{name: c, image: {image:?}}}]\n"
    )
}

/// Waits until the value at the path of an object is this.
fn becomes(cluster: &Simulated, what: &str, path: &str, wanted: &str) -> Result<()> {
    let mut last = String::new();
    wait_for(&format!("{what} {path} is {wanted:?}"), DEADLINE, || {
        last = cluster.at("n", what, path)?;
        anyhow::ensure!(last == wanted, "it is {last:?}");
        Ok(Some(()))
    })
}

fn names(cluster: &Simulated, kinds: &str) -> Result<String> {
    let list = cluster.kubectl(&["-n", "n", "get", kinds, "-o", "name"])?;
    Ok(list.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn gone(cluster: &Simulated, kinds: &str) -> Result<()> {
    wait_for(&format!("no {kinds} are left"), DEADLINE, || {
        let left = names(cluster, kinds)?;
        anyhow::ensure!(left.is_empty(), "there are {left}");
        Ok(Some(()))
    })
}

fn check(api: Api, story: impl Fn(&Simulated) -> Result<()>) -> Result<()> {
    let needs = if api == Api::Kubernetes { "api" } else { "kubectl" };
    if !available(&[needs]) {
        return Ok(());
    }
    let cluster = Simulated::start(api)?;
    cluster.kubectl(&["create", "namespace", "n"])?;
    story(&cluster)
}

macro_rules! on_both {
    ($($story:ident)*) => {
        mod kubernetes {
            $(#[test] fn $story() -> anyhow::Result<()> { super::check(super::Api::Kubernetes, super::$story) })*
        }
        mod embedded {
            $(#[test] fn $story() -> anyhow::Result<()> { super::check(super::Api::Embedded, super::$story) })*
        }
    };
}

on_both! {
    a_deployment_rolls_scales_and_rolls_back
    scripts_make_pods_fail
    deletion_follows_owners
    a_namespace_ends_with_all_that_is_in_it
    stateful_pods_get_volumes
    addresses_scalers_and_roles_come_by_themselves
    many_deployments_settle_quickly
}

fn a_deployment_rolls_scales_and_rolls_back(cluster: &Simulated) -> Result<()> {
    let revision = ".metadata.annotations.deployment\\.kubernetes\\.io/revision";
    cluster.apply("n", &deployment("web", 3, "nginx:1", ""))?;
    becomes(cluster, "deployment/web", ".status.availableReplicas", "3")?;
    becomes(cluster, "deployment/web", revision, "1")?;
    cluster.apply("n", &deployment("web", 3, "nginx:2", ""))?;
    becomes(cluster, "deployment/web", revision, "2")?;
    let reason = ".status.conditions[?(@.type==\"Progressing\")].reason";
    becomes(cluster, "deployment/web", reason, "NewReplicaSetAvailable")?;
    becomes(cluster, "deployment/web", ".status.updatedReplicas", "3")?;
    cluster.kubectl(&["-n", "n", "rollout", "status", "deployment/web", "--timeout=60s"])?;
    cluster.kubectl(&["-n", "n", "scale", "deployment/web", "--replicas=5"])?;
    becomes(cluster, "deployment/web", ".status.availableReplicas", "5")?;
    cluster.kubectl(&["-n", "n", "rollout", "undo", "deployment/web"])?;
    becomes(cluster, "deployment/web", revision, "3")?;
    becomes(cluster, "deployment/web", ".status.updatedReplicas", "5")?;
    cluster.kubectl(&["-n", "n", "rollout", "status", "deployment/web", "--timeout=60s"])?;
    let images = "pods -o jsonpath={.items[*].spec.containers[0].image}";
    let arguments: Vec<&str> = ["-n", "n", "get"].into_iter().chain(images.split(' ')).collect();
    wait_for("all pods have the first image", DEADLINE, || {
        let found = cluster.kubectl(&arguments)?;
        anyhow::ensure!(found == ["nginx:1"; 5].join(" "), "{found}");
        Ok(Some(()))
    })
}

fn scripts_make_pods_fail(cluster: &Simulated) -> Result<()> {
    let script =
        |script: &str| format!("      annotations: {{windlass.dev/simulate: {script:?}}}\n");
    let waiting = ".items[0].status.containerStatuses[0].state.waiting.reason";
    for (name, steps, reason) in [
        ("pull", "imagePullBackOff", "ImagePullBackOff"),
        ("crash", "crashLoop exit=3 restarts=4", "CrashLoopBackOff"),
        ("wrong", "explode", "CreateContainerConfigError"),
    ] {
        cluster.apply("n", &deployment(name, 1, "c:1", &script(steps)))?;
        let pods = format!("pods -l app={name}");
        let mut last = String::new();
        wait_for(&format!("{name} waits for {reason}"), DEADLINE, || {
            let path = format!("jsonpath={{{waiting}}}");
            let arguments: Vec<&str> =
                ["-n", "n", "get", "-o", &path].into_iter().chain(pods.split(' ')).collect();
            last = cluster.kubectl(&arguments)?;
            anyhow::ensure!(last == reason, "it is {last:?}");
            Ok(Some(()))
        })?;
    }
    let available = ".status.conditions[?(@.type==\"Available\")].status";
    becomes(cluster, "deployment/pull", available, "False")?;
    cluster.apply("n", &deployment("late", 1, "c:1", &script("after 1s ready")))?;
    becomes(cluster, "deployment/late", ".status.availableReplicas", "1")?;
    cluster.apply(
        "n",
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: retried}\nspec:\n  template:\n    \
         metadata: {annotations: {windlass.dev/simulate: \"fail attempt=1; succeed attempt=2\"}}\n    \
         spec: {restartPolicy: Never, containers: [{name: c, image: c}]}\n",
    )?;
    becomes(cluster, "job/retried", ".status.succeeded", "1")?;
    becomes(cluster, "job/retried", ".status.failed", "1")
}

fn deletion_follows_owners(cluster: &Simulated) -> Result<()> {
    for policy in ["background", "foreground"] {
        let cascade = format!("--cascade={policy}");
        cluster.apply("n", &deployment("web", 2, "nginx:1", ""))?;
        becomes(cluster, "deployment/web", ".status.availableReplicas", "2")?;
        cluster.kubectl(&["-n", "n", "delete", "deployment/web", &cascade, "--timeout=60s"])?;
        if policy == "foreground" {
            anyhow::ensure!(names(cluster, "replicasets")?.is_empty(), "dependents go first");
        }
        gone(cluster, "replicasets,pods")?;
    }
    cluster.apply("n", &deployment("web", 2, "nginx:1", ""))?;
    becomes(cluster, "deployment/web", ".status.availableReplicas", "2")?;
    let before = names(cluster, "replicasets,pods")?;
    cluster.kubectl(&[
        "-n",
        "n",
        "delete",
        "deployment/web",
        "--cascade=orphan",
        "--timeout=60s",
    ])?;
    gone(cluster, "deployments")?;
    anyhow::ensure!(names(cluster, "replicasets,pods")? == before, "orphans stay");
    // The next one takes them over.
    cluster.apply("n", &deployment("web", 2, "nginx:1", ""))?;
    becomes(cluster, "deployment/web", ".status.availableReplicas", "2")?;
    anyhow::ensure!(names(cluster, "replicasets,pods")? == before, "orphans are adopted");
    // Owners of any kind count.
    cluster.kubectl(&["-n", "n", "create", "configmap", "owner"])?;
    let uid = cluster.at("n", "configmap/owner", ".metadata.uid")?;
    cluster.apply(
        "n",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: owned\n  ownerReferences:\n  - \
             {{apiVersion: v1, kind: ConfigMap, name: owner, uid: {uid}}}\n"
        ),
    )?;
    cluster.kubectl(&["-n", "n", "delete", "configmap/owner"])?;
    wait_for("the secret is gone", DEADLINE, || {
        Ok(cluster.at("n", "secret/owned", ".metadata.name")?.is_empty().then_some(()))
    })
}

fn a_namespace_ends_with_all_that_is_in_it(cluster: &Simulated) -> Result<()> {
    becomes(cluster, "serviceaccount/default", ".metadata.name", "default")?;
    cluster.apply("n", &deployment("web", 2, "nginx:1", ""))?;
    cluster.kubectl(&["-n", "n", "create", "configmap", "c"])?;
    becomes(cluster, "deployment/web", ".status.availableReplicas", "2")?;
    cluster.kubectl(&["delete", "namespace", "n", "--timeout=60s"])?;
    cluster.kubectl(&["create", "namespace", "n"])?;
    let left = names(cluster, "deployments,replicasets,pods")?;
    anyhow::ensure!(left.is_empty(), "{left} came back");
    becomes(cluster, "serviceaccount/default", ".metadata.name", "default")
}

fn stateful_pods_get_volumes(cluster: &Simulated) -> Result<()> {
    cluster.apply(
        "n",
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  replicas: 2\n  \
         serviceName: db\n  selector: {matchLabels: {app: db}}\n  template:\n    \
         metadata: {labels: {app: db}}\n    spec:\n      containers: [{name: c, image: \"c:1\"}]\n  \
         volumeClaimTemplates:\n  - metadata: {name: data}\n    spec:\n      \
         accessModes: [ReadWriteOnce]\n      resources: {requests: {storage: 1Gi}}\n",
    )?;
    becomes(cluster, "statefulset/db", ".status.availableReplicas", "2")?;
    becomes(cluster, "pvc/data-db-1", ".status.phase", "Bound")?;
    let volume = cluster.at("n", "pvc/data-db-1", ".spec.volumeName")?;
    becomes(cluster, &format!("pv/{volume}"), ".status.phase", "Bound")?;
    let first = cluster.at("n", "statefulset/db", ".status.currentRevision")?;
    cluster.kubectl(&["-n", "n", "set", "image", "statefulset/db", "c=c:2"])?;
    cluster.kubectl(&["-n", "n", "rollout", "status", "statefulset/db", "--timeout=60s"])?;
    anyhow::ensure!(cluster.at("n", "statefulset/db", ".status.updateRevision")? != first);
    cluster.kubectl(&["-n", "n", "delete", "statefulset/db", "--timeout=60s"])?;
    cluster.kubectl(&["-n", "n", "delete", "pvc", "--all", "--timeout=60s"])?;
    wait_for("the volume is gone", DEADLINE, || {
        Ok(cluster.at("n", &format!("pv/{volume}"), ".metadata.name")?.is_empty().then_some(()))
    })
}

fn addresses_scalers_and_roles_come_by_themselves(cluster: &Simulated) -> Result<()> {
    cluster.apply("n", &deployment("web", 1, "nginx:1", ""))?;
    cluster.apply(
        "n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  type: LoadBalancer\n  \
         selector: {app: web}\n  ports: [{port: 80}]\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  \
         defaultBackend: {service: {name: web, port: {number: 80}}}\n---\n\
         apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  \
         minReplicas: 3\n  maxReplicas: 5\n  \
         scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: sum}\n\
         aggregationRule: {clusterRoleSelectors: [{matchLabels: {part: of-sum}}]}\nrules: []\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
         metadata: {name: part, labels: {part: of-sum}}\n\
         rules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n",
    )?;
    let ip = ".status.loadBalancer.ingress[0].ip";
    becomes(cluster, "service/web", ip, "127.0.0.1")?;
    becomes(cluster, "ingress/web", ip, "127.0.0.1")?;
    becomes(cluster, "deployment/web", ".status.availableReplicas", "3")?;
    becomes(cluster, "hpa/web", ".status.currentReplicas", "3")?;
    becomes(cluster, "clusterrole/sum", ".rules[0].verbs[0]", "get")?;
    becomes(cluster, "endpoints/web", ".subsets[0].addresses[2].targetRef.kind", "Pod")
}

#[allow(clippy::print_stdout, clippy::cast_precision_loss)] // A figure for who runs it with --nocapture.
fn many_deployments_settle_quickly(cluster: &Simulated) -> Result<()> {
    const COUNT: usize = 300;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let gvk = kube::core::GroupVersionKind::gvk("apps", "v1", "Deployment");
        let resource = ApiResource::from_gvk(&gvk);
        let api: Objects<DynamicObject> =
            Objects::namespaced_with(cluster.client.clone(), "n", &resource);
        let before = api.list(&ListParams::default()).await?.metadata.resource_version;
        let start = Instant::now();
        for number in 0..COUNT {
            let name = format!("web-{number}");
            let object: DynamicObject = serde_json::from_value(json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
                "spec": {
                    "replicas": 1, "selector": {"matchLabels": {"app": name}},
                    "template": {
                        "metadata": {"labels": {"app": name}},
                        "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
                    },
                },
            }))?;
            api.create(&PostParams::default(), &object).await?;
        }
        let created = start.elapsed();
        windlass_testkit::eventually("all are available", DEADLINE, || async {
            let list = api.list(&ListParams::default()).await?;
            let ready = list
                .items
                .iter()
                .filter(|object| object.data["status"]["availableReplicas"] == 1)
                .count();
            anyhow::ensure!(ready == COUNT, "{ready} of {COUNT}");
            Ok(Some(()))
        })
        .await?;
        let after = api.list(&ListParams::default()).await?.metadata.resource_version;
        let number = |version: Option<String>| version.unwrap_or_default().parse::<usize>();
        let writes = number(after)? - number(before)?;
        println!(
            "{COUNT} Deployments: created in {created:.1?}, available in {:.1?}, {:.1} writes each",
            start.elapsed(),
            writes as f64 / COUNT as f64
        );
        Ok(())
    })
}
