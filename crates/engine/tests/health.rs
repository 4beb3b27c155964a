//! Health of built-in kinds and of applications.

#![allow(clippy::unwrap_used)]

mod support;

use support::object;
use windlass_engine::health::{BuiltInOnly, CustomHealth, Judged, application, awaited, of};
use windlass_engine::state::{Health, HealthCode, ResourceStatus};
use windlass_object::Object;

/// `text` is an object without metadata; `expected` is `<status>` or `<status>: <message>`.
#[track_caller]
fn check(text: &str, expected: &str) {
    let mut object = object(text);
    if object.name().is_empty() {
        object.set(&["metadata", "name"], "x");
    }
    let told = match of(&object, &BuiltInOnly) {
        Err(error) => format!("error: {error}"),
        Ok(None) => "none".to_owned(),
        Ok(Some(health)) if health.message.is_empty() => health.status.to_string(),
        Ok(Some(health)) => format!("{}: {}", health.status, health.message),
    };
    assert_eq!(told, expected, "{text}");
}

#[test]
fn deployments() {
    let check = |rest: &str, expected: &str| {
        check(&format!("{{apiVersion: apps/v1, kind: Deployment, {rest}}}"), expected);
    };
    check("spec: {paused: true}", "Suspended: Deployment is paused");
    check(
        "metadata: {generation: 2}, status: {observedGeneration: 1}",
        "Progressing: Waiting for rollout to finish: observed deployment generation less than desired generation",
    );
    check(
        "metadata: {name: w}, status: {conditions: [{type: Progressing, reason: ProgressDeadlineExceeded}]}",
        "Degraded: Deployment \"w\" exceeded its progress deadline",
    );
    check(
        "spec: {replicas: 3}, status: {updatedReplicas: 1}",
        "Progressing: Waiting for rollout to finish: 1 out of 3 new replicas have been updated...",
    );
    check(
        "spec: {replicas: 1}, status: {updatedReplicas: 1, replicas: 3}",
        "Progressing: Waiting for rollout to finish: 2 old replicas are pending termination...",
    );
    check(
        "spec: {replicas: 2}, status: {updatedReplicas: 2, replicas: 2, availableReplicas: 1}",
        "Progressing: Waiting for rollout to finish: 1 of 2 updated replicas are available...",
    );
    check(
        "spec: {replicas: 2}, status: {updatedReplicas: 2, replicas: 2, availableReplicas: 2}",
        "Healthy",
    );
    check("metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}", "Progressing: Pending deletion");
}

#[test]
fn an_old_version_cannot_be_judged() {
    check(
        "{apiVersion: apps/v1beta1, kind: Deployment}",
        "error: unsupported Deployment GVK: apps/v1beta1, Kind=Deployment",
    );
    check(
        "{apiVersion: autoscaling/v2beta2, kind: HorizontalPodAutoscaler}",
        "error: unsupported HPA GVK: autoscaling/v2beta2, Kind=HorizontalPodAutoscaler",
    );
}

#[test]
fn stateful_sets() {
    let check = |rest: &str, expected: &str| {
        check(&format!("{{apiVersion: apps/v1, kind: StatefulSet, {rest}}}"), expected);
    };
    check("spec: {}", "Progressing: Waiting for statefulset spec update to be observed...");
    check(
        "spec: {replicas: 3}, status: {observedGeneration: 1, readyReplicas: 1}",
        "Progressing: Waiting for 2 pods to be ready...",
    );
    check(
        "spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}}, status: {observedGeneration: 1, readyReplicas: 3, updatedReplicas: 1}",
        "Progressing: Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
    );
    check(
        "spec: {updateStrategy: {type: RollingUpdate, rollingUpdate: {}}}, status: {observedGeneration: 1, updatedReplicas: 3}",
        "Healthy: partitioned roll out complete: 3 new pods have been updated...",
    );
    check(
        "spec: {updateStrategy: {type: OnDelete}}, status: {observedGeneration: 1, readyReplicas: 3}",
        "Healthy: statefulset has 3 ready pods",
    );
    check(
        "status: {observedGeneration: 1, updateRevision: b, currentRevision: a, updatedReplicas: 1}",
        "Progressing: waiting for statefulset rolling update to complete 1 pods at revision b...",
    );
    check(
        "status: {observedGeneration: 1, updateRevision: a, currentRevision: a, currentReplicas: 2}",
        "Healthy: statefulset rolling update complete 2 pods at revision a...",
    );
}

#[test]
fn daemon_sets_and_replica_sets() {
    check(
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, status: {updatedNumberScheduled: 1, desiredNumberScheduled: 2}}",
        "Progressing: Waiting for daemon set \"d\" rollout to finish: 1 out of 2 new pods have been updated...",
    );
    check(
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, status: {updatedNumberScheduled: 2, desiredNumberScheduled: 2, numberAvailable: 1}}",
        "Progressing: Waiting for daemon set \"d\" rollout to finish: 1 of 2 updated pods are available...",
    );
    check(
        "{apiVersion: apps/v1, kind: DaemonSet, spec: {updateStrategy: {type: OnDelete}}, status: {desiredNumberScheduled: 2}}",
        "Healthy: daemon set 0 out of 2 new pods have been updated",
    );
    check(
        "{apiVersion: apps/v1, kind: ReplicaSet, status: {conditions: [{type: ReplicaFailure, status: 'True', message: quota}]}}",
        "Degraded: quota",
    );
    check(
        "{apiVersion: apps/v1, kind: ReplicaSet, spec: {replicas: 2}, status: {availableReplicas: 1}}",
        "Progressing: Waiting for rollout to finish: 1 out of 2 new replicas are available...",
    );
}

#[test]
fn pods() {
    let check = |rest: &str, expected: &str| {
        check(&format!("{{apiVersion: v1, kind: Pod, {rest}}}"), expected);
    };
    let always = "spec: {restartPolicy: Always}";
    check("status: {phase: Pending, message: m}", "Progressing: m");
    check("status: {phase: Succeeded}", "Healthy");
    check("status: {phase: Strange}", "Unknown");
    check(
        &format!(
            "{always}, status: {{phase: Pending, containerStatuses: [{{state: {{waiting: {{reason: ImagePullBackOff, message: a}}}}}}, {{state: {{waiting: {{reason: ErrImagePull, message: b}}}}}}]}}"
        ),
        "Degraded: a, b",
    );
    check(
        "spec: {restartPolicy: Never}, status: {phase: Pending, containerStatuses: [{state: {waiting: {reason: ImagePullBackOff, message: a}}}]}",
        "Progressing",
    );
    check(
        &format!(
            "{always}, status: {{phase: Running, conditions: [{{type: Ready, status: 'True'}}]}}"
        ),
        "Healthy",
    );
    check(
        &format!(
            "{always}, status: {{phase: Running, containerStatuses: [{{lastState: {{terminated: {{exitCode: 1}}}}}}]}}"
        ),
        "Degraded",
    );
    check(&format!("{always}, status: {{phase: Running}}"), "Progressing");
    check("spec: {restartPolicy: OnFailure}, status: {phase: Running}", "Progressing");
    check(
        "metadata: {annotations: {argocd.argoproj.io/ignore-restart-policy: 'true'}}, spec: {restartPolicy: Never}, status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}",
        "Healthy",
    );
    check(
        "status: {phase: Failed, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 3}}}]}",
        "Degraded: container \"i\" failed with exit code 3",
    );
    check(
        "status: {phase: Failed, containerStatuses: [{state: {terminated: {reason: OOMKilled, exitCode: 137}}}]}",
        "Degraded: OOMKilled",
    );
}

#[test]
fn the_rest() {
    check("{apiVersion: v1, kind: Service}", "Healthy");
    check("{apiVersion: v1, kind: Service, spec: {type: LoadBalancer}}", "Progressing");
    check(
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}}",
        "Healthy",
    );
    check("{apiVersion: networking.k8s.io/v1, kind: Ingress}", "Progressing");
    check("{apiVersion: v1, kind: PersistentVolumeClaim, status: {phase: Lost}}", "Degraded");
    check("{apiVersion: v1, kind: PersistentVolumeClaim, status: {phase: Bound}}", "Healthy");
    check("{apiVersion: v1, kind: PersistentVolumeClaim}", "Unknown");
    check("{apiVersion: batch/v1, kind: Job}", "Progressing");
    check(
        "{apiVersion: batch/v1, kind: Job, status: {conditions: [{type: Failed, message: m}]}}",
        "Degraded: m",
    );
    check(
        "{apiVersion: batch/v1, kind: Job, status: {conditions: [{type: Suspended, status: 'True', message: m}]}}",
        "Suspended: m",
    );
    check(
        "{apiVersion: batch/v1, kind: Job, status: {conditions: [{type: Suspended, status: 'False', message: r}]}}",
        "Healthy: r",
    );
    check(
        "{apiVersion: apiregistration.k8s.io/v1, kind: APIService}",
        "Progressing: Waiting to be processed",
    );
    check(
        "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, status: {conditions: [{type: Available, status: 'True', reason: R, message: m}]}}",
        "Healthy: R: m",
    );
    check(
        "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, status: {phase: Error, message: m}}",
        "Degraded: m",
    );
    check("{apiVersion: v1, kind: ConfigMap}", "none");
    check("{apiVersion: argoproj.io/v1alpha1, kind: Application}", "none");
}

#[test]
fn autoscalers() {
    check(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler}",
        "Progressing: Waiting to Autoscale",
    );
    check(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, status: {conditions: [{type: AbleToScale, status: 'True', message: ok}, {type: ScalingActive, reason: FailedGetResourceMetric, message: bad}]}}",
        "Degraded: bad",
    );
    check(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, status: {conditions: [{type: AbleToScale, status: 'True', message: ok}]}}",
        "Healthy: ok",
    );
    check(
        "{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {annotations: {autoscaling.alpha.kubernetes.io/conditions: '[{\"type\":\"AbleToScale\",\"status\":\"True\",\"message\":\"ok\"}]'}}}",
        "Healthy: ok",
    );
}

struct Lua;

impl CustomHealth for Lua {
    fn check(&self, object: &Object) -> Option<Result<Option<Health>, String>> {
        match object.kind() {
            "Service" => Some(Ok(Some(Health::new(HealthCode::Suspended, "by script")))),
            "Deployment" => Some(Ok(None)),
            "Pod" => Some(Err("script failed".to_owned())),
            _ => None,
        }
    }
}

#[test]
fn custom_checks_win() {
    let service = object("{apiVersion: v1, kind: Service, metadata: {name: x}}");
    assert_eq!(of(&service, &Lua).unwrap().unwrap().message, "by script");
    let pod = object("{apiVersion: v1, kind: Pod, metadata: {name: x}}");
    assert_eq!(of(&pod, &Lua).unwrap_err().to_string(), "script failed");
    let silent = object("{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}}");
    assert_eq!(of(&silent, &Lua).unwrap(), None, "no other rule takes over");
    assert_eq!(awaited(&silent, &Lua).unwrap().unwrap().status, HealthCode::Progressing);
}

#[test]
fn rules_of_custom_kinds_are_known() {
    check(
        "{apiVersion: cert-manager.io/v1, kind: Certificate}",
        "Progressing: Waiting for certificate",
    );
    check(
        "{apiVersion: batch/v1, kind: CronJob, spec: {suspend: true}, status: {}}",
        "Healthy: CronJob is Suspended",
    );
}

/// Live objects (those that begin with `-` are only in Git) and the application's health.
#[track_caller]
fn check_application(objects: &[&str], expected: &str) {
    let parsed: Vec<(bool, Object)> = objects
        .iter()
        .map(|text| (!text.starts_with('-'), object(text.trim_start_matches('-'))))
        .collect();
    let mut lines: Vec<ResourceStatus> = parsed
        .iter()
        .map(|(_, o)| ResourceStatus {
            group: o.group().into(),
            kind: o.kind().into(),
            namespace: o.namespace().into(),
            name: o.name().into(),
            ..ResourceStatus::default()
        })
        .collect();
    let mut judged: Vec<Judged<'_>> = parsed
        .iter()
        .zip(&mut lines)
        .map(|((live, o), status)| Judged {
            target: Some(o),
            live: live.then_some(o),
            is_self: o.name() == "self",
            status,
        })
        .collect();
    let (health, condition) = application(&mut judged, &Lua);
    let mut told = format!("{} {}", health.status, health.message).trim().to_owned();
    if let Some(condition) = condition {
        told = format!("{told}\n{}", condition.message);
    }
    assert_eq!(told, expected);
}

#[test]
fn an_application_is_as_healthy_as_the_worst_of_its_objects() {
    let good = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: g}, status: {phase: Bound}}";
    let slow = |n: &str| {
        format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {n}, namespace: ns}}, status: {{phase: Pending}}}}"
        )
    };
    let lost =
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: l}, status: {phase: Lost}}";
    check_application(&[], "Healthy");
    check_application(&[good, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}"], "Healthy");
    check_application(&[good, &slow("a")], "Progressing Caused by PersistentVolumeClaim:ns/a");
    check_application(
        &[&slow("a"), &slow("b"), &slow("c"), &slow("d")],
        "Progressing Caused by PersistentVolumeClaim:ns/a, PersistentVolumeClaim:ns/b, PersistentVolumeClaim:ns/c and 1 more",
    );
    check_application(&[&slow("a"), lost], "Degraded Caused by PersistentVolumeClaim:l");
    check_application(&[good, &format!("-{}", slow("a"))], "Healthy");
    check_application(&[&format!("-{}", slow("a"))], "Missing");
    check_application(
        &[
            "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: i, annotations: {argocd.argoproj.io/ignore-healthcheck: 'true'}}, status: {phase: Lost}}",
        ],
        "Healthy",
    );
    check_application(
        &[
            "{apiVersion: batch/v1, kind: Job, metadata: {name: h, annotations: {argocd.argoproj.io/hook: PreSync}}, status: {conditions: [{type: Failed}]}}",
        ],
        "Healthy",
    );
    check_application(
        &["{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: ns}}"],
        "Unknown Caused by Pod:ns/p\nerror setting app health: failed to get resource health for \"Pod\" with name \"p\" in namespace \"ns\": failed to get resource health for ns/p: script failed",
    );
}
