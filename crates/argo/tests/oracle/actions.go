// A faster way to ask what `argocd admin settings resource-overrides list-actions` and `run-action` say:
// on standard input one object with an action and its parameters a line, on standard output what is
// offered, and what the action gives. Built like main.go. With a folder of scripts as its argument
// (resource_customizations of another version) these take the place of its own.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/argoproj/argo-cd/v3/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
)

type Question struct {
	Object     map[string]any    `json:"object"`
	Action     string            `json:"action"`
	Parameters map[string]string `json:"parameters"`
}

type Answer struct {
	Offered   []v1alpha1.ResourceAction `json:"offered"`
	NoList    string                    `json:"noList,omitempty"`
	Given     []map[string]any          `json:"given"`
	Operation []string                  `json:"operation"`
	Refused   string                    `json:"refused,omitempty"`
}

func script(object *unstructured.Unstructured, name string) (string, bool) {
	if len(os.Args) < 2 {
		return "", false
	}
	kind := object.GroupVersionKind()
	text, err := os.ReadFile(filepath.Join(os.Args[1], kind.Group, kind.Kind, "actions", name))
	return string(text), err == nil
}

func answer(question Question) Answer {
	object := &unstructured.Unstructured{Object: question.Object}
	vm := lua.VM{UseOpenLibs: true}
	var answer Answer
	discovery, err := vm.GetResourceActionDiscovery(object)
	if text, other := script(object, "discovery.lua"); other {
		discovery, err = []string{text}, nil
	}
	if err == nil {
		answer.Offered, err = vm.ExecuteResourceActionDiscovery(object, discovery)
	}
	if err != nil {
		answer.NoList = err.Error()
	}
	sort.Slice(answer.Offered, func(i, j int) bool { return answer.Offered[i].Name < answer.Offered[j].Name })
	parameters := []*application.ResourceActionParameters{}
	for name, value := range question.Parameters {
		parameters = append(parameters, &application.ResourceActionParameters{Name: &name, Value: &value})
	}
	action, err := vm.GetResourceAction(object, question.Action)
	if text, other := script(object, question.Action+"/action.lua"); other {
		action, err = v1alpha1.ResourceActionDefinition{ActionLua: text}, nil
	}
	var impacts []lua.ImpactedResource
	if err == nil {
		impacts, err = vm.ExecuteResourceAction(object, action.ActionLua, parameters)
	}
	if err != nil {
		answer.Refused = err.Error()
	}
	for _, impact := range impacts {
		answer.Given = append(answer.Given, impact.UnstructuredObj.Object)
		answer.Operation = append(answer.Operation, string(impact.K8SOperation))
	}
	return answer
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	for in.Scan() {
		var question Question
		if err := json.Unmarshal(in.Bytes(), &question); err != nil {
			panic(err)
		}
		text, err := json.Marshal(answer(question))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}
