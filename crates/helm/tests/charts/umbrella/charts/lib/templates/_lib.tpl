{{ define "lib.label" }}lib in {{ .Chart.Name }}{{ end }}
