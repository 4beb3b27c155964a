{{- define "constructs.name" -}}
{{ .Chart.Name }}-{{ .Release.Name | trunc 5 }}
{{- end }}
{{- define "constructs.labels" -}}
app: {{ include "constructs.name" . }}
chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}
{{ define "twice" }}from _helpers{{ end }}
{{- define "no.value" }}{{ .missing }}{{ end }}
{{- define "recurse" }}{{ if gt (int .n) 0 }}{{ .n }},{{ include "recurse" (dict "n" (sub (int .n) 1)) }}{{ end }}{{ end }}
