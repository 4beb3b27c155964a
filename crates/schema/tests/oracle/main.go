// The oracle of strategic.jsonl.gz: what apimachinery makes of the cases on standard
// input, one JSON object a line. Answers that are there already are replaced.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type Case struct {
	Kind     string          `json:"kind"`
	Original json.RawMessage `json:"original,omitempty"`
	Modified json.RawMessage `json:"modified,omitempty"`
	Current  json.RawMessage `json:"current,omitempty"`
	Patch    json.RawMessage `json:"patch,omitempty"`
	TwoWay   json.RawMessage `json:"twoWay,omitempty"`
	ThreeWay json.RawMessage `json:"threeWay,omitempty"`
	Careful  string          `json:"careful,omitempty"`
	Patched  json.RawMessage `json:"patched,omitempty"`
	Merged   json.RawMessage `json:"merged,omitempty"`
}

func text(b []byte, err error) json.RawMessage {
	if err != nil {
		out, _ := json.Marshal(map[string]string{"error": err.Error()})
		return out
	}
	return b
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		var c Case
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			panic(err)
		}
		var data interface{} = &appsv1.Deployment{}
		switch c.Kind {
		case "Service":
			data = &corev1.Service{}
		case "Pod":
			data = &corev1.Pod{}
		}
		if c.Patch != nil {
			c.Patched = text(strategicpatch.StrategicMergePatch(c.Original, c.Patch, data))
		} else {
			meta, _ := strategicpatch.NewPatchMetaFromStruct(data)
			two, err := strategicpatch.CreateTwoWayMergePatch(c.Original, c.Modified, data)
			c.TwoWay = text(two, err)
			if err == nil {
				c.Patched = text(strategicpatch.StrategicMergePatch(c.Original, two, data))
			}
			three, err := strategicpatch.CreateThreeWayMergePatch(c.Original, c.Modified, c.Current, meta, true)
			c.ThreeWay = text(three, err)
			if err == nil {
				c.Merged = text(strategicpatch.StrategicMergePatch(c.Current, three, data))
			}
			_, err = strategicpatch.CreateThreeWayMergePatch(c.Original, c.Modified, c.Current, meta, false)
			c.Careful = "ok"
			if err != nil {
				c.Careful = "conflict"
			}
		}
		out, _ := json.Marshal(c)
		fmt.Println(string(out))
	}
}
