//! Where Helm 4.1.4 (the one that npm has) and 4.3.1 differ, as a table: 4.3.1 decides what ours does.

use std::path::Path;
use std::process::Command;

use windlass_testkit::{available, peer};

/// A chart, and what each of the two prints of it.
struct Row {
    /// What is different.
    what: &'static str,
    values: &'static str,
    template: &'static str,
    old: &'static str,
    new: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        what: "the Kubernetes version without a cluster",
        values: "",
        template: "a: {{ .Capabilities.KubeVersion }}\n",
        old: "a: v1.35.0\n",
        new: "a: v1.37.0\n",
    },
    Row {
        what: "API versions without a cluster: gone with their Kubernetes",
        values: "",
        template: "a: {{ .Capabilities.APIVersions.Has \"autoscaling/v2beta1\" }} \
                   {{ .Capabilities.APIVersions.Has \"autoscaling/v2beta2\" }} \
                   {{ .Capabilities.APIVersions.Has \"scheduling.k8s.io/v1alpha1\" }}\n",
        old: "a: true true true\n",
        new: "a: false false false\n",
    },
    Row {
        what: "API versions without a cluster: come with their Kubernetes",
        values: "",
        template: "a: {{ .Capabilities.APIVersions.Has \"lifecycle.k8s.io/v1alpha1\" }} \
                   {{ .Capabilities.APIVersions.Has \"storagemigration.k8s.io/v1\" }} \
                   {{ .Capabilities.APIVersions.Has \"scheduling.k8s.io/v1alpha3\" }}\n",
        old: "a: false false false\n",
        new: "a: true true true\n",
    },
    Row {
        what: "Helm's own version",
        values: "",
        template: "a: {{ .Capabilities.HelmVersion.Version }}\n",
        old: "a: v4.1.4\n",
        new: "a: v4.3\n",
    },
    Row {
        what: "a null of the chart's own values",
        values: "a: null\nb: {c: null, d: 1}\n",
        template: "a: {{ toJson .Values | quote }}\n",
        old: "a: \"{\\\"a\\\":null,\\\"b\\\":{\\\"c\\\":null,\\\"d\\\":1}}\"\n",
        new: "a: \"{\\\"b\\\":{\\\"d\\\":1}}\"\n",
    },
    Row {
        what: "blank lines at the end of a document",
        values: "",
        template: "a: |\n  text\n\n---\nb: 1\n",
        old: "a: |\n  text\n---\n# Source: v/templates/a.yaml\nb: 1\n",
        new: "a: |\n  text\n\n\n---\n# Source: v/templates/a.yaml\nb: 1\n",
    },
    Row {
        what: "separators that follow each other",
        values: "",
        template: "a: 1\n---\n---\n---\nb: 1\n",
        old: "a: 1\n---\n# Source: v/templates/a.yaml\n---\n---\n# Source: v/templates/a.yaml\nb: 1\n",
        new: "a: 1\n\n---\n# Source: v/templates/a.yaml\nb: 1\n",
    },
    Row {
        what: "mustToToml",
        values: "",
        template: "a: {{ mustToToml (dict \"b\" 1) | quote }}\n",
        old: "function \"mustToToml\" not defined",
        new: "a: \"b = 1\\n\"\n",
    },
    Row {
        what: "mustToDuration, and the ten functions of durations",
        values: "",
        template: "a: {{ mustToDuration \"90s\" }} {{ durationMinutes \"90s\" }} \
                   {{ durationRoundTo \"95s\" \"1m\" }} {{ durationTruncateTo \"95s\" \"1m\" }}\n",
        old: "function \"mustToDuration\" not defined",
        new: "a: 1m30s 1.5 2m0s 1m0s\n",
    },
];

fn printed(program: &Path, dir: &Path) -> String {
    let output = Command::new(program)
        .args(["template", "r", "v"])
        .current_dir(dir)
        .env_clear()
        .env("HOME", dir)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        text
    } else {
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[test]
fn old_and_new() {
    if !available(&["helm", "helm-npm"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (new, old) = (peer("helm").unwrap(), peer("helm-npm").unwrap());
    let ours = dir.path().join("helm");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_windlass"), &ours).unwrap();
    std::fs::create_dir_all(dir.path().join("v/templates")).unwrap();
    let chart = "apiVersion: v2\nname: v\nversion: 0.1.0\n";
    std::fs::write(dir.path().join("v/Chart.yaml"), chart).unwrap();
    for row in ROWS {
        std::fs::write(dir.path().join("v/values.yaml"), row.values).unwrap();
        std::fs::write(dir.path().join("v/templates/a.yaml"), row.template).unwrap();
        let check = |who: &str, program: &Path, want: &str| {
            let text = printed(program, dir.path());
            let body = text.strip_prefix("---\n# Source: v/templates/a.yaml\n").unwrap_or(&text);
            let same = body == want || (!want.ends_with('\n') && body.contains(want));
            assert!(same, "{}: {who} prints {body:?}, not {want:?}", row.what);
        };
        check("4.1.4", &old, row.old);
        check("4.3.1", &new, row.new);
        check("Windlass", &ours, row.new);
    }
}
