//! The real API server that tests compare with.

use std::path::PathBuf;
use std::process::Command;

/// kubectl for a running cluster: the one of `WINDLASS_KUBECONFIG`, or testkit's. None, with a
/// printed line, if there is neither.
pub(crate) fn kubectl() -> Option<Command> {
    if let Some(kubeconfig) = std::env::var_os("WINDLASS_KUBECONFIG") {
        let program =
            windlass_testkit::peer("kubectl").unwrap_or_else(|_| PathBuf::from("kubectl"));
        let mut command = Command::new(program);
        command.env("KUBECONFIG", kubeconfig);
        return Some(command);
    }
    if !windlass_testkit::available(&["kube-apiserver", "etcd", "kubectl"])
        || std::env::var_os("WINDLASS_PEERS").is_none()
    {
        println!("skipped: no kube-apiserver (set WINDLASS_KUBECONFIG or WINDLASS_PEERS)");
        return None;
    }
    Some(windlass_testkit::kubernetes().unwrap().kubectl_command().unwrap())
}

/// Runs kubectl and gives its output; a failure is told in full.
pub(crate) fn run(arguments: &[&str]) -> Option<String> {
    let output = kubectl()?.args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "kubectl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}
