{{ define "shared.name" }}umbrella{{ end }}
