//! `helm lint`.

use windlass_testkit::available;

use crate::pair::Pair;

#[test]
fn lint() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    pair.same(&["lint"]);
    pair.same(&["lint", "web"]);
    pair.same(&["lint", "web", "sub", "--strict"]);
    pair.same(&["lint", "none"]);
    pair.same(&["lint", "--quiet", "sub"]);
    pair.same(&["lint", "--quiet", "sub", "none"]);
    pair.run("real", &["package", "sub"]);
    std::fs::copy(pair.work("real").join("sub-0.1.0.tgz"), pair.work("ours").join("sub-0.1.0.tgz"))
        .unwrap();
    pair.same(&["lint", "sub-0.1.0.tgz"]);
    let template = "odd/templates/x.yaml";
    for text in [
        "apiVersion: v1\nkind: Service\nmetadata: {name: 1st}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Upper_case}\n",
        "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: p}\n",
        "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: p}\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: p}\n",
        "  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: p}\n",
        "apiVersion: v1\nkind: List\nmetadata: {name: l}\nitems: [{metadata: {annotations: \
         {helm.sh/resource-policy: keep}}}]\n",
        "kind: ClusterRole\nmetadata: {name: 'a:b'}\n---\nkind: Role\nmetadata: {name: 'a/b'}\n",
        "{{ .Values.x.y }}",
        "{{ nope }}",
        "a: {{ required \"give a name\" .Values.b }}{{ required \"name\" \"\" }}{{ fail \"no=way\" }}",
    ] {
        pair.write(
            "odd/Chart.yaml",
            "apiVersion: v2\nname: odd\nversion: 0.1.0\nicon: https://i/i.png\n",
        );
        pair.write("odd/values.yaml", "a: 1\n");
        pair.write(template, text);
        pair.same(&["lint", "odd"]);
    }
    pair.same(&["lint", "odd", "--kube-version", "1.20"]);
    pair.write(template, "kind: ConfigMap\nmetadata: {name: x}\n");
    for chart in [
        "apiVersion: v2\nname: odd\nversion: 1\n",
        "name: odd\nversion: 0.1.0\n",
        "apiVersion: v1\nname: odd\nversion: 0.1.0\ntype: application\ndependencies: [{name: a, version: 1}]\n",
        "apiVersion: v2\nversion: 0.1.0\n",
        "apiVersion: v2\nname: odd\nversion: 1.2\nicon: here\nsources: [there]\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nmaintainers: [{email: a@b.test}]\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nmaintainers: [{name: a, email: ab}]\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nmaintainers: [{name: a, url: 'no url'}]\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nappVersion: 1.5\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nnope: true\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\ndependencies: [{name: a, version: 1, repository: ''}]\n",
    ] {
        pair.write("odd/Chart.yaml", chart);
        pair.same(&["lint", "odd"]);
    }
    for text in [
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\n",
        "- 1\n",
        "kind: 1\nmetadata: {name: 2}\n",
        "kind: [x]\n",
        "metadata: x\n",
        "metadata: {name: [x]}\n",
        "kind: List\nmetadata: {name: x}\nitems: x\n",
        "kind: List\nmetadata: {name: x}\nitems: [1]\n",
    ] {
        pair.write("odd/Chart.yaml", "apiVersion: v2\nname: odd\nversion: 0.1.0\n");
        pair.write(template, text);
        pair.same(&["lint", "odd"]);
    }
    pair.write(template, "kind: ConfigMap\nmetadata: {name: x}\n");
    pair.write("odd/crds/a.yaml", "x\n");
    for chart in [
        "apiVersion: v3\nname: odd\nversion: 1.0.0\n",
        "apiVersion: odd\nname: odd\nversion: 1.0.0\nkeywords: x\n",
        "apiVersion: v2\nname: [odd]\nversion: 1.0.0\n",
        "apiVersion: v2\nname: odd\nname: odd\nversion: 1.0.0\nversion: 1.0.1\nnope: 1\n",
        "apiVersion: v2\nname: odd\nversion: 1.0.0\nmaintainers: [{name: a}, null]\n",
        "apiVersion: v2\nname: odd\nversion: 1.0.0\nmaintainers: x\n",
        "apiVersion: v2\nname: odd\nversion: 1.0.0\ndependencies: [null]\n",
        "apiVersion: v2\nname: odd\nversion: 1.0.0\ndependencies: [x]\n",
        "apiVersion: v2\nname: odd\nversion: 1.0.0\ndependencies: [{name: a, version: 1}, {name: a, version: 2}]\n",
    ] {
        pair.write("odd/Chart.yaml", chart);
        pair.write("odd/Chart.lock", if chart.contains("[x]") { "x" } else { "{}" });
        pair.write("odd/requirements.yaml", "dependencies: []\n");
        pair.same(&["lint", "odd"]);
    }
    for values in ["- 1\n", "x\n", "null\n", "a: 1\n---\nb: 2\n"] {
        pair.write("odd/values.yaml", values);
        pair.same(&["lint", "odd"]);
    }
    pair.write("odd/values.yaml", "a: 1\n");
    pair.write("odd/values.schema.json", "{\"properties\": 3");
    pair.same(&["lint", "odd"]);
    for who in ["real", "ours"] {
        for file in ["Chart.lock", "requirements.yaml", "crds/a.yaml"] {
            std::fs::remove_file(pair.work(who).join("odd").join(file)).unwrap();
        }
    }
    pair.write("odd/Chart.yaml", "apiVersion: v2\nname: odd\nversion: 0.1.0\n");
    pair.write("odd/values.schema.json", "{\"properties\": {\"a\": {\"type\": \"string\"}}}");
    pair.same(&["lint", "odd"]);
    pair.same(&["lint", "odd", "--set", "a=x"]);
    pair.same(&["lint", "odd", "--skip-schema-validation"]);
    pair.write("odd/crds/a.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    pair.write("odd/templates/notes.md", "x\n");
    pair.write("odd/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 0.1.0\n");
    pair.same(&["lint", "odd", "--set", "a=x", "--with-subcharts"]);
    pair.same(&["lint", "./odd", "--set", "a=x", "--with-subcharts"]);
    pair.finish();
}
