{{ define "shared.name" }}grand{{ end }}
