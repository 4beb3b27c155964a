{{ define "twice" }}from sub/_deeper{{ end }}
