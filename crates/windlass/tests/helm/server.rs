//! `helm template --dry-run=server` against a real Kubernetes API: what `lookup` finds and what
//! `.Capabilities` are.

use windlass_testkit::available;

use crate::pair::Pair;

#[test]
fn asks_the_cluster() {
    if !available(&["helm", "kubectl", "kube"]) {
        return;
    }
    let cluster = windlass_testkit::kubernetes().unwrap();
    let namespace = cluster.namespace("helm-server").unwrap();
    let own = namespace.name().to_owned();
    for name in ["one", "two"] {
        let literal = format!("--from-literal=key={name}");
        cluster.kubectl(&["create", "configmap", name, &literal, "-n", &own]).unwrap();
    }
    let mut pair = Pair::with_charts();
    pair.write(
        "ask/Chart.yaml",
        "apiVersion: v2\nname: ask\nversion: 0.1.0\nkubeVersion: '>=1.30.0-0'\n",
    );
    pair.write(
        "ask/templates/a.yaml",
        "{{ $ns := .Release.Namespace }}apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata:\n  \
         version: {{ .Capabilities.KubeVersion }}\n  \
         known: {{ .Capabilities.APIVersions | sortAlpha | join \",\" | sha256sum }}\n  \
         has: {{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" | quote }}\n  \
         one: {{ lookup \"v1\" \"ConfigMap\" $ns \"one\" | toJson | quote }}\n  \
         none: {{ lookup \"v1\" \"ConfigMap\" $ns \"none\" | toJson | quote }}\n  \
         all: {{ range (lookup \"v1\" \"ConfigMap\" $ns \"\").items }}{{ .metadata.name }} {{ end }}\n  \
         space: {{ (lookup \"v1\" \"Namespace\" \"\" $ns).metadata.uid }}\n  \
         kind: {{ lookup \"v1\" \"Nope\" $ns \"x\" | toJson | quote }}\n",
    );
    pair.write("odd/Chart.yaml", "apiVersion: v2\nname: odd\nversion: 0.1.0\n");
    pair.write("odd/templates/a.yaml", "a: {{ lookup \"nope/v1\" \"Nope\" \"\" \"\" | toJson }}\n");
    let config = cluster.kubeconfig().display().to_string();
    let more = ["-n", &own, "--kubeconfig", &config];
    let ask = |chart: &'static str, flag: &'static str| {
        [&["template", "r", chart, flag][..], &more[..]].concat()
    };
    pair.same(&ask("ask", "--dry-run=server"));
    pair.same(&ask("ask", "--validate"));
    pair.told(&ask("ask", "--dry-run=client"));
    let args = ask("odd", "--dry-run=server");
    let (real, ours) = (pair.run("real", &args), pair.run("ours", &args));
    assert_eq!((real.code, ours.code), (Some(1), Some(1)));
    for answer in [real, ours] {
        let words = "unable to get apiresource from unstructured: nope/v1, Kind=Nope";
        assert!(answer.err.contains(words), "{}", answer.err);
    }
    let nowhere =
        ["template", "r", "web", "--dry-run=server", "--kube-apiserver", "http://127.0.0.1:9"];
    let (real, ours) = (pair.run("real", &nowhere), pair.run("ours", &nowhere));
    assert_eq!((real.code, ours.code), (Some(1), Some(1)));
    assert!(ours.err.contains("cluster reachability check failed"), "{}", ours.err);
    assert!(real.err.contains("cluster reachability check failed"), "{}", real.err);
    pair.finish();
}
