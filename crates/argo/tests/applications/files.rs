//! The repositories of the applications.

/// Files by repository.
pub(crate) const REPOSITORIES: [(&str, &[(&str, &str)]); 2] = [
    (
        "app",
        &[
            (
                "web/Chart.yaml",
                "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"4.5\"\ndependencies:\n- name: cache\n  version: 0.1.0\n  repository: file://../cache\n  condition: cache.enabled\n- name: cache\n  alias: second\n  version: 0.1.0\n  repository: file://../cache\n  condition: second.enabled\n",
            ),
            (
                "web/values.yaml",
                "replicas: 1\nimage: {repository: registry.example/web, tag: \"\"}\nlabels: {}\nenv: []\nextra: {}\nconfig:\n  a: one\n  b: \"2\"\n  c: true\n  d: 1.5\nnumber: 3\ntext: plain\nlist: [x, y]\ncache: {enabled: false, size: small}\nsecond: {enabled: false}\nglobal: {region: none}\n",
            ),
            ("web/values-prod.yaml", "replicas: 3\nconfig: {a: prod}\nglobal: {region: north}\n"),
            ("web/values-null.yaml", "config: {b: null}\nlist: null\n"),
            ("web/values-app.yaml", "text: of the application\n"),
            ("web/envs/a.yaml", "config: {e: from a}\n"),
            ("web/envs/b.yaml", "config: {e: from b, f: also}\n"),
            ("web/files/note.txt", "first line\nsecond: line\n"),
            (
                "web/crds/thing.yaml",
                "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.acme.test}\nspec:\n  group: acme.test\n  names: {kind: Thing, plural: things}\n  scope: Namespaced\n  versions:\n  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n",
            ),
            (
                "web/templates/_helpers.tpl",
                "{{- define \"web.name\" -}}\n{{ .Release.Name }}-{{ .Chart.Name }}\n{{- end }}\n{{- define \"web.labels\" -}}\napp: {{ include \"web.name\" . }}\nheritage: {{ .Release.Service }}\n{{- with .Values.labels }}\n{{ toYaml . }}\n{{- end }}\n{{- end }}\n",
            ),
            (
                "web/templates/deployment.yaml",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ include \"web.name\" . }}\n  labels: {{- include \"web.labels\" . | nindent 4 }}\nspec:\n  replicas: {{ .Values.replicas }}\n  selector: {matchLabels: {app: {{ include \"web.name\" . }}}}\n  template:\n    metadata: {labels: {app: {{ include \"web.name\" . }}}}\n    spec:\n      containers:\n      - name: web\n        image: \"{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}\"\n        env: {{- toYaml .Values.env | nindent 10 }}\n",
            ),
            (
                "web/templates/config.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"web.name\" . }}-config\n  namespace: {{ .Release.Namespace }}\ndata:\n  {{- range $k, $v := .Values.config }}\n  {{ $k }}: {{ $v | quote }}\n  {{- end }}\n  number: {{ .Values.number | toString | quote }}\n  kind: {{ kindOf .Values.number }}\n  text: {{ .Values.text | quote }}\n  list: {{ .Values.list | toJson | quote }}\n  extra: {{ .Values.extra | toJson | quote }}\n  region: {{ .Values.global.region }}\n  upgrade: \"{{ .Release.IsUpgrade }} {{ .Release.Revision }}\"\n  kube: {{ .Capabilities.KubeVersion.Version }}\n  apps: \"{{ .Capabilities.APIVersions.Has \"apps/v1\" }} {{ .Capabilities.APIVersions.Has \"acme.test/v1\" }}\"\n  note: {{ .Files.Get \"files/note.txt\" | quote }}\n",
            ),
            (
                "web/templates/hook.yaml",
                "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{ .Release.Name }}-migrate\n  annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: \"2\"}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: \"registry.example/m:1\"}]}}}\n",
            ),
            (
                "web/templates/tests/test.yaml",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Release.Name }}-test, annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: t, image: \"registry.example/t:1\"}]}\n",
            ),
            ("web/templates/NOTES.txt", "Thank you for {{ .Chart.Name }}.\n"),
            ("web/charts/cache/Chart.yaml", "apiVersion: v2\nname: cache\nversion: 0.1.0\n"),
            ("web/charts/cache/values.yaml", "size: medium\nport: 6379\n"),
            (
                "web/charts/cache/templates/service.yaml",
                "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Release.Name }}-{{ .Chart.Name }}, labels: {size: {{ .Values.size }}, region: {{ .Values.global.region }}}}\nspec: {ports: [{port: {{ .Values.port }}}], selector: {app: cache}}\n",
            ),
            (
                "strict/Chart.yaml",
                "apiVersion: v2\nname: strict\nversion: 1.0.0\nkubeVersion: \">=1.20.0-0\"\n",
            ),
            ("strict/values.yaml", "port: 80\n"),
            (
                "strict/values.schema.json",
                "{\"type\": \"object\", \"properties\": {\"port\": {\"type\": \"integer\", \"maximum\": 1000}}, \"required\": [\"port\"]}",
            ),
            (
                "strict/templates/a.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: strict}\ndata: {port: {{ .Values.port | quote }}, must: {{ required \"say must\" .Values.must | quote }}}\n",
            ),
            (
                "base/kustomization.yaml",
                "resources: [deployment.yaml, service.yaml, config.yaml]\n",
            ),
            (
                "base/deployment.yaml",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\n  labels: {app: api}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: api}}\n  template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n      - name: api\n        image: registry.example/api:1.0\n        envFrom: [{configMapRef: {name: settings}}]\n      - name: side\n        image: other.example/side\n",
            ),
            (
                "base/service.yaml",
                "apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}\n",
            ),
            (
                "base/config.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n",
            ),
            (
                "overlay/kustomization.yaml",
                "resources: [../base]\nnamePrefix: over-\nlabels:\n- pairs: {tier: back}\n  includeSelectors: true\nconfigMapGenerator:\n- name: generated\n  literals: [a=b]\nreplicas: [{name: api, count: 2}]\npatches:\n- target: {kind: Service}\n  patch: |\n    - {op: add, path: /metadata/annotations, value: {patched: \"yes\"}}\n",
            ),
            (
                "parts/debug/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - {op: add, path: /spec/template/spec/containers/0/args, value: [--debug]}\n",
            ),
            (
                "plain/a.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain-a}\ndata: {k: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: plain-s}\nstringData: {password: hidden}\n",
            ),
            (
                "plain/sub/b.json",
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"plain-b\"}}",
            ),
            ("plain/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: made}\n"),
            (
                "sonnet/a.jsonnet",
                "local lib = import 'lib.libsonnet';\nfunction(env='dev', count=1, names=['x'])\n  [lib.map('j-' + env + '-' + i, {n: '%03d' % i, ext: std.extVar('ext')}) for i in std.range(1, count)] +\n  [lib.map('n-' + n, {sum: '' + (0.1 + 0.2), json: std.manifestJsonEx({a: [1, {b: null}], e: []}, ' '), yaml: std.manifestYamlDoc({k: [1, 'two'], m: {}})}) for n in names]\n",
            ),
            (
                "sonnet/more.jsonnet",
                "local base = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'more'}, data: {a: 'base', b:: 'hidden'}};\nbase {metadata+: {labels: {[k]: 'v' for k in ['x', 'y']}}, data+: {a: super.a + '!', c: std.base64('c'), d: std.join(',', std.set(['b', 'a', 'b'])), e: std.toString(std.prune({x: null, y: [1.5, {}]})), f: std.asciiUpper('f')}}\n",
            ),
            (
                "jlib/lib.libsonnet",
                "{map(name, data):: {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: name}, data: data}}\n",
            ),
        ],
    ),
    (
        "values",
        &[
            ("prod/web.yaml", "replicas: 5\ntext: of another repository\n"),
            ("prod/more.yaml", "config: {g: more}\n"),
            ("files/note.txt", "a note of another repository\n"),
            ("extra/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra-c}\n"),
            (
                "extra/again.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain-a}\ndata: {k: again}\n",
            ),
        ],
    ),
];
