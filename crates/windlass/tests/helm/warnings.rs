//! What is told on standard error where values do not fit each other.

use windlass_testkit::available;

use crate::pair::Pair;

const PARENT: &str = "apiVersion: v2\nname: top\nversion: 0.1.0\nicon: https://i/i.png\n";

/// A chart with a subchart of a subchart, whose values are in each other's way.
fn charts(pair: &Pair) {
    pair.write(
        "top/Chart.yaml",
        &format!(
            "{PARENT}dependencies:\n- name: sub\n  version: 0.1.0\n  condition: on.sub,m.x\n  \
             tags: [front, back]\n  import-values: [nope, data, {{child: q.r, parent: z}}, \
             {{child: k, parent: m}}]\n- {{name: sub, version: 0.1.0, alias: other}}\n"
        ),
    );
    pair.write(
        "top/values.yaml",
        "m: {x: 1, yy: {z: 1}, none: null}\nn: 3\ntags: {front: 3, back: null}\nlist: [1]\n\
         global: {a: {b: 1}, c: 1, deep: {er: {x: 1}}}\nsub: {k: {l: 1}, global: {a: 3}, deep: 1}\n\
         nil: null\n",
    );
    pair.write("top/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\ndependencies: [{name: leaf, version: 1.0.0, condition: leaf.on}]\n");
    pair.write(
        "top/charts/sub/values.yaml",
        "k: 3\nj: {i: 1}\nglobal: {a: 4, deep: {er: 1}}\nexports: {data: {n: {q: 1}}}\nleaf: {w: {v: 1}}\n",
    );
    pair.write(
        "top/charts/sub/charts/leaf/Chart.yaml",
        "apiVersion: v2\nname: leaf\nversion: 1.0.0\n",
    );
    pair.write("top/charts/sub/charts/leaf/values.yaml", "w: {v: {u: 1}}\nglobal: {c: {d: 1}}\n");
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {v: {{ .Values | toJson | quote }}}\n";
    for dir in ["top", "top/charts/sub", "top/charts/sub/charts/leaf"] {
        pair.write(&format!("{dir}/templates/a.yaml"), template);
    }
}

#[test]
fn values_that_do_not_fit_are_told() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    charts(&pair);
    for set in [
        "x=1",
        "m=3",
        "m=null",
        "m.yy=2,sub.j=2",
        "m.yy=null",
        "m.yy.z=null,m.none=1",
        "n.x=1",
        "n=null",
        "list.a=1",
        "nil.a=1",
        "global=3",
        "global=null",
        "global.a=2",
        "global.a=null,global.c.d=1",
        "global.deep=1",
        "global.deep.er=null",
        "sub=3",
        "sub=null",
        "other=true",
        "sub.global=1",
        "other.global.a=1",
        "sub.leaf=1",
        "sub.leaf.w=1",
        "sub.leaf.w.v=null",
        "sub.leaf.on=2",
        "sub.leaf.on=false",
        "other.leaf.on=x",
        "tags=1",
        "tags.front=true",
        "tags.front=false,tags.back=false",
        "on.sub=false",
        "on.sub=1",
        "on=1",
        "sub.exports=1",
        "sub.q.r.s=1",
        "sub.k=4",
        "sub.j.i.h=1",
    ] {
        pair.same_log(&["template", "top", "--set", set]);
        pair.same_log(&["lint", "top", "--set", set]);
    }
    pair.same_log(&["lint", "top", "--with-subcharts", "--strict"]);
    pair.finish();
}

#[test]
fn what_is_odd_in_a_chart_is_told() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    pair.write("top/Chart.yaml", &format!("{PARENT}deprecated: true\n"));
    pair.write("top/requirements.yaml", "dependencies: []\n");
    pair.write("top/requirements.lock", "dependencies: []\ndigest: x\n");
    pair.write("top/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n");
    pair.write("top/charts/sub/requirements.yaml", "dependencies: []\n");
    pair.write("top/templates/_h.tpl", "x");
    let hook = |hook: &str| {
        format!("kind: Job\nmetadata: {{name: x, annotations: {{helm.sh/hook: {hook}}}}}\n")
    };
    pair.write("top/templates/a.yaml", &hook("\"never, pre-install\""));
    pair.write("top/templates/b.yaml", &hook("pre-install"));
    pair.write("top/templates/c.yaml", &hook("odd"));
    pair.same_log(&["template", "top"]);
    pair.same_log(&["lint", "top"]);
    pair.write("top/crds/a.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\n");
    pair.same_log(&["lint", "top"]);
    pair.same_log(&["lint", "top", "--quiet"]);
    // What is told comes before what fails.
    pair.write("top/values.yaml", "m: {a: 1}\n");
    pair.write("top/templates/a.yaml", "{{ fail \"no\" }}");
    pair.told(&["template", "top", "--set", "m=1"]);
    pair.same_log(&["lint", "top", "--set", "m=1"]);
    pair.write("top/values.schema.json", "{\"properties\": {\"m\": {\"type\": \"object\"}}}");
    pair.told(&["template", "top", "--set", "m=1"]);
    pair.same_log(&["lint", "top", "--set", "m=1"]);
    pair.same_log(&["lint", "top", "--set", "m.a=null"]);
    pair.finish();
}
