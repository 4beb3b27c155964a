//! `kustomize build --enable-helm`: charts of a repository and of a directory, rendered by the real
//! kustomize with the real helm, and by us.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::path::Path;
use std::process::Command;

use windlass_testkit::{
    Authority, DockerRegistry, FileServer, RegistryOptions, SignIn, available, peer,
};

/// Kustomizations; `URL` stands for the repository's address.
const CASES: &[&str] = &[
    "helmCharts: [{name: web, repo: URL, version: 1.2.3}]",
    "helmCharts: [{name: web, repo: URL, version: 1.10.0, releaseName: r, namespace: n}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, includeCRDs: true}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, skipHooks: true}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, skipTests: true}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, valuesInline: {a: 2, m: {y: z}}}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, valuesFile: v.yaml}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, valuesFile: v.yaml, valuesMerge: merge, valuesInline: {a: 9, m: {n: 1}}}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, valuesFile: v.yaml, valuesMerge: override, valuesInline: {a: 9, m: {n: 1}}}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, valuesFile: v.yaml, valuesMerge: replace, valuesInline: {a: 9, m: {n: 1}}}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, additionalValuesFiles: [v.yaml]}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, apiVersions: [x.io/v1], kubeVersion: v1.29.1}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3}]\nnamePrefix: p-\nnamespace: q\ncommonLabels: {l: m}",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, releaseName: a}, {name: web, repo: URL, version: 1.10.0, releaseName: b}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, releaseName: r}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, releaseName: r}]\npatches:\n- target: {kind: ConfigMap}\n  patch: '[{\"op\": \"add\", \"path\": \"/data/x\", \"value\": \"y\"}]'",
    "helmChartInflationGenerator: [{chartName: web, chartRepoUrl: URL, chartVersion: 1.2.3, releaseName: r}]",
    "generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n  metadata: {name: g}\n  name: web\n  repo: URL\n  version: 1.2.3\n  releaseName: r\n  valuesInline: {a: 5}",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, nameTemplate: 'x-{{ upper \"y\" | lower }}'}]",
    "helmCharts: [{name: web, repo: URL, devel: true}]",
    "helmCharts: [{name: web, repo: URL}]",
    "helmCharts: [{name: web, repo: URL, version: ~1}]",
    "helmCharts: [{name: web, repo: URL, version: '>=1.2 <1.5', debug: true}]",
    "helmGlobals: {chartHome: local, configHome: cfg}\nhelmCharts: [{name: web, version: 1.2.3}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesInline: {m: null, l: [1, {a: b}], s: 'yes', n: 08, f: 1.50, t: 2024-01-01}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: odd.yaml}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: odd.yaml, valuesInline: {l: [9], n: {k: v}}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: odd.yaml, valuesMerge: merge, valuesInline: {l: [9], n: {k: v}, e: {}}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: odd.yaml, additionalValuesFiles: [v.yaml, odd.yaml], valuesInline: {a: 3}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: v.yaml, valuesInline: {}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: empty.yaml, valuesInline: {a: 1}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: empty.yaml}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: bare, valuesMerge: replace, valuesInline: {a: 1}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: bare, valuesFile: v.yaml}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, releaseName: a, includeCRDs: true, skipTests: true, skipHooks: true, namespace: n}, {name: web, releaseName: b}]\nnamespace: z\nimages: [{name: x, newTag: y}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web}]\nbuildMetadata: [originAnnotations, transformerAnnotations]\nnameSuffix: -s",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, releaseName: r}]\nconfigMapGenerator: [{name: r-c, behavior: merge, literals: [a=b]}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, releaseName: r}]\nreplacements:\n- source: {kind: ConfigMap, name: r-c, fieldPath: data.version}\n  targets: [{select: {kind: Job}, fieldPaths: [metadata.labels.v], options: {create: true}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: many}]",
    "generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n  metadata: {name: g}\n  name: web\n  chartHome: local\n  nameTemplate: t\n  additionalValuesFiles: [v.yaml]\n  skipTests: true",
    "resources: [sub]\nnamespace: q",
    "helmCharts: [{name: web, repo: USERS/private, version: 1.2.3}]",
    "helmCharts: [{name: web, repo: URL/private, version: 1.2.3}]",
    // Refused by both.
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, releaseName: a, nameTemplate: b}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, nameTemplate: '{{ fail \"x\" }}'}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, nameTemplate: 'Not_A_Name'}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, releaseName: 'Not_A_Name'}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, releaseName: '-x'}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, kubeVersion: nonsense}]",
    "helmCharts: [{name: bare, repo: URL, version: 1.0.0}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: bare}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: bare, valuesInline: {a: 1}}]",
    "helmGlobals: {chartHome: ../beside}\nhelmCharts: [{name: web}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: ../v.yaml}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: list.yaml}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, valuesFile: list.yaml, valuesInline: {a: 1}}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, additionalValuesFiles: [none.yaml]}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web}, {name: web}]",
    "helmGlobals: {chartHome: local}\nhelmCharts: [{name: web, other: x}]",
    "helmCharts: [{name: none, repo: URL, version: 1.2.3}]",
    "helmCharts: [{name: web, repo: URL, version: 9.9.9}]",
    "helmCharts: [{name: web, version: 1.2.3}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, valuesMerge: other}]",
    "helmCharts: [{name: web, repo: URL, version: 1.2.3, valuesFile: none.yaml}]",
    "helmCharts: [{repo: URL, version: 1.2.3}]",
];

const TEMPLATES: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-c\n  \
    namespace: {{ .Release.Namespace }}\ndata:\n  values: {{ toJson .Values | quote }}\n  \
    apis: {{ .Capabilities.APIVersions.Has \"x.io/v1\" | quote }}\n  \
    version: {{ .Chart.Version | quote }}\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  \
    name: {{ .Release.Name }}-test\n  annotations: {helm.sh/hook: test}\n---\napiVersion: batch/v1\n\
    kind: Job\nmetadata:\n  name: {{ .Release.Name }}-hook\n  annotations: {helm.sh/hook: post-install}\n";

/// Texts that come out otherwise than they go in, unless nobody touches them.
const MORE: &str = "# a comment\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  \
    metadata: {name: s}\n  stringData:\n    a: \"yes\"\n    b: 'x'\n    c: |\n      two\n      lines\n---\n---\n\
    apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations: {n: null, q: \"1\"}\nspec: {}\n";

/// Files beside the kustomization.
const FILES: &[(&str, &str)] = &[
    ("v.yaml", "a: 7\nm: {f: g}\n"),
    ("../v.yaml", "a: 8\n"),
    ("odd.yaml", "a: ~\nb:\nl: [1, 2]\nn: {k: null, i: on}\ns: 0777\nf: 1e3\nx: \"yes\"\n"),
    ("empty.yaml", ""),
    ("list.yaml", "- a\n"),
    ("local/bare/Chart.yaml", "apiVersion: v2\nname: bare\nversion: 1.0.0\n"),
    ("local/bare/templates/a.yaml", TEMPLATES),
    ("sub/kustomization.yaml", "helmCharts: [{name: web, releaseName: in}]\n"),
];

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn chart(at: &Path) {
    write(&at.join("Chart.yaml"), "apiVersion: v2\nname: web\nversion: 1.2.3\n");
    write(&at.join("values.yaml"), "a: 1\nm: {x: y}\n");
    write(&at.join("templates/all.yaml"), TEMPLATES);
    write(
        &at.join("crds/crd.yaml"),
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
         metadata: {name: things.x.io}\n",
    );
}

/// What a command prints, or that it refuses.
fn run(command: &mut Command, home: &Path) -> Result<String, String> {
    let done = command
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if done.status.success() { Ok(text(done.stdout)) } else { Err(text(done.stderr)) }
}

#[test]
fn charts_are_rendered_as_kustomize_has_helm_render_them() {
    if !available(&["kustomize", "helm"]) {
        return;
    }
    let (kustomize, helm) = (peer("kustomize").unwrap(), peer("helm").unwrap());
    let dir = tempfile::tempdir().unwrap();
    chart(&dir.path().join("web"));
    let served = dir.path().join("served");
    for version in ["1.2.3", "1.10.0"] {
        let mut command = Command::new(&helm);
        command.args(["package", "web", "--version", version, "-d", "served"]);
        run(command.current_dir(dir.path()), dir.path()).unwrap();
    }
    let bare = dir.path().join("bare");
    write(&bare.join("Chart.yaml"), "apiVersion: v2\nname: bare\nversion: 1.0.0\n");
    write(&bare.join("templates/a.yaml"), TEMPLATES);
    let mut command = Command::new(&helm);
    command.args(["package", "bare", "-d", "served"]);
    run(command.current_dir(dir.path()), dir.path()).unwrap();
    run(Command::new(&helm).args(["repo", "index"]).arg(&served), dir.path()).unwrap();
    let server = FileServer::start(&served, "me", "secret").unwrap();
    let of_user = server.url().replace("http://", "http://me:secret@");
    let mut wrong = Vec::new();
    for case in CASES {
        let build = |program: &Path, mode: &[&str], who: &str| {
            let root = dir.path().join(who).join("here");
            let _ = std::fs::remove_dir_all(dir.path().join(who));
            std::fs::create_dir_all(&root).unwrap();
            let kustomization = case.replace("USERS", &of_user).replace("URL", &server.url());
            write(&root.join("kustomization.yaml"), &kustomization);
            for (path, text) in FILES {
                write(&root.join(path), text);
            }
            for home in ["local/web", "sub/charts/web", "../beside/web", "local/many"] {
                chart(&root.join(home));
            }
            write(&root.join("local/many/templates/more.yaml"), MORE);
            let mut command = Command::new(program);
            command.args(mode).args(["build", "--enable-helm", "--helm-command"]).arg(&helm);
            run(command.arg(&root), dir.path())
        };
        let real = build(&kustomize, &[], "real");
        let ours = build(Path::new(env!("CARGO_BIN_EXE_windlass")), &["kustomize"], "ours");
        if real != ours && (real.is_ok() || ours.is_ok()) {
            wrong.push(format!("{case}\n  real {real:#?}\n  ours {ours:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

/// bcrypt's hash of `secret`.
const HASH: &str = "$2y$05$kSJWyY8bARtgWJVoOLnCF.6jweSJK5501eMyoBYR1PGJqaj5CItsq";

/// Kustomizations with charts of a registry that asks who comes; `HOST` stands for it.
const REGISTRY_CASES: &[&str] = &[
    "helmCharts: [{name: web, repo: 'oci://HOST/charts', version: 1.2.3}]",
    "helmCharts: [{name: web, repo: 'oci://HOST/charts/', version: 1.2.3, releaseName: r}]",
    "helmCharts: [{name: web, repo: 'oci://HOST/charts'}]",
    "helmCharts: [{name: web, repo: 'oci://HOST/charts', version: ^1.2.0, includeCRDs: true}]",
    "helmCharts: [{name: web, repo: 'oci://HOST/charts', version: '>=1.2 <1.5', namespace: n}]",
    "helmCharts: [{name: web, repo: 'oci://HOST/charts', devel: true}]",
    "helmCharts: [{name: charts/web, repo: 'oci://HOST', version: 1.2.3}]",
    "helmCharts: [{name: web, repo: 'oci://HOST/charts', version: 1.2.3, valuesInline: {a: 2}}, {name: web, repo: 'oci://HOST/charts', version: 1.10.0, releaseName: b}]\nnamePrefix: p-",
    "helmChartInflationGenerator: [{chartName: web, chartRepoUrl: 'oci://HOST/charts', chartVersion: 1.2.3, releaseName: r}]",
    "generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n  metadata: {name: g}\n  name: web\n  repo: oci://HOST/charts\n  version: 1.2.3\n  releaseName: r",
    "helmCharts: [{name: none, repo: 'oci://HOST/charts', version: 1.2.3}]",
    "helmCharts: [{name: web, repo: 'oci://HOST/charts', version: 9.9.9}]",
    "helmCharts: [{name: web, repo: 'oci://HOST/elsewhere', version: 1.2.3}]",
    "helmCharts: [{repo: 'oci://HOST/charts/web', version: 1.2.3}]",
];

#[test]
fn charts_of_a_registry_are_pulled_as_helm_pulls_them() {
    if !available(&["kustomize", "helm", "docker-registry"]) {
        return;
    }
    let (kustomize, helm) = (peer("kustomize").unwrap(), peer("helm").unwrap());
    let authority = Authority::new().unwrap();
    let registry = DockerRegistry::start_with(&RegistryOptions {
        sign_in: SignIn::Password { username: "me", bcrypt: HASH },
        authority: &authority,
        clients: false,
    })
    .unwrap();
    let host = registry.host();
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    write(&ca, &authority.pem());
    chart(&dir.path().join("web"));
    // Both find Docker's file: kustomize gives Helm a configuration of its own.
    let home = dir.path().join("home");
    let auth = format!("{{\"auths\": {{\"{host}\": {{\"auth\": \"bWU6c2VjcmV0\"}}}}}}");
    write(&home.join(".docker/config.json"), &auth);
    let stranger = dir.path().join("stranger");
    std::fs::create_dir_all(&stranger).unwrap();
    for version in ["1.2.3", "1.10.0", "2.0.0-rc.1"] {
        let mut command = Command::new(&helm);
        command.args(["package", "web", "--version", version]);
        run(command.current_dir(dir.path()), &home).unwrap();
        let mut command = Command::new(&helm);
        command.args(["push", &format!("web-{version}.tgz"), &format!("oci://{host}/charts")]);
        command.args(["--ca-file", "ca.pem"]);
        run(command.current_dir(dir.path()), &home).unwrap();
    }
    let build = |program: &Path, mode: &[&str], case: &str, home: &Path| {
        let root = tempfile::tempdir().unwrap();
        write(&root.path().join("kustomization.yaml"), &case.replace("HOST", &host));
        let mut command = Command::new(program);
        command.args(mode).args(["build", "--enable-helm", "--helm-command"]).arg(&helm);
        let done = command
            .arg(root.path())
            .env_clear()
            .env("HOME", home)
            .env("SSL_CERT_FILE", &ca)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .output()
            .unwrap();
        match done.status.success() {
            true => Ok(String::from_utf8(done.stdout).unwrap()),
            false => Err(String::from_utf8(done.stderr).unwrap()),
        }
    };
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    let mut wrong = Vec::new();
    let all = REGISTRY_CASES.iter().map(|case| (*case, &home));
    for (case, home) in all.chain([(REGISTRY_CASES[0], &stranger)]) {
        let real = build(&kustomize, &[], case, home);
        let ours = build(windlass, &["kustomize"], case, home);
        if real != ours && (real.is_ok() || ours.is_ok()) {
            wrong.push(format!("{case}\n  real {real:#?}\n  ours {ours:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
