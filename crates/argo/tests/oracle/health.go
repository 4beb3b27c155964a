// A faster way to ask what `argocd admin settings resource-overrides health` says without settings:
// objects on standard input, one a line; verdicts on standard output. Built like main.go. With a folder
// of scripts as its argument (resource_customizations of another version) these take precedence.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"

	"github.com/argoproj/gitops-engine/pkg/health"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	scripts := map[string]v1alpha1.ResourceOverride{}
	if len(os.Args) > 1 {
		found, _ := filepath.Glob(filepath.Join(os.Args[1], "*", "*", "health.lua"))
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				panic(err)
			}
			kind := filepath.Dir(path)
			key := filepath.Base(filepath.Dir(kind)) + "/" + filepath.Base(kind)
			scripts[strings.ReplaceAll(key, "_", "*")] = v1alpha1.ResourceOverride{
				HealthLua: string(text), UseOpenLibs: true,
			}
		}
	}
	overrides := lua.ResourceHealthOverrides(scripts)
	for in.Scan() {
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal(in.Bytes(), &object.Object); err != nil {
			panic(err)
		}
		verdict, err := health.GetResourceHealth(object, overrides)
		answer := map[string]string{}
		switch {
		case err != nil:
			answer["error"] = err.Error()
		case verdict == nil:
			answer["none"] = "yes"
		default:
			answer["told"] = fmt.Sprintf("%s: %s", verdict.Status, verdict.Message)
		}
		text, _ := json.Marshal(answer)
		fmt.Println(string(text))
	}
}
