//! The real Kubernetes.

use std::time::Duration;

use anyhow::Result;
use windlass_testkit::{Kubernetes, Parts, available, kubernetes, wait_for};

#[test]
fn a_shared_cluster_runs_a_deployment() -> Result<()> {
    if !available(&["kube"]) {
        return Ok(());
    }
    let cluster = kubernetes()?;
    let namespace = cluster.namespace("testkit")?;
    let name = namespace.name();
    cluster.kubectl(&["-n", name, "create", "deployment", "web", "--image=nginx"])?;
    wait_for("the deployment is available", Duration::from_secs(180), || {
        let ready = cluster.kubectl(&[
            "-n",
            name,
            "get",
            "deployment",
            "web",
            "-o",
            "jsonpath={.status.availableReplicas}",
        ])?;
        Ok((ready == "1").then_some(()))
    })
}

#[test]
fn a_cluster_of_its_own_ends_when_dropped() -> Result<()> {
    if !available(&["api"]) {
        return Ok(());
    }
    let cluster = Kubernetes::start(Parts::Api)?;
    let server = cluster.server()?.replace("https://", "");
    assert!(std::net::TcpStream::connect(&server).is_ok());
    drop(cluster);
    wait_for("the port is closed", Duration::from_secs(60), || {
        Ok(std::net::TcpStream::connect(&server).is_err().then_some(()))
    })
}
