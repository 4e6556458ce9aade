// Judge answers what Kubernetes' own libraries make of a patch: one JSON object a line in, one out.
//
// {"patch": "strategic" | "merge" | "json", "kind": "Pod", "original": {...}, "change": ...}
// {"patch": "apply", "kind": ..., "original": {...}, "modified": {...}, "change": current}  the three-way patch of kubectl
//
// The answer is {"result": ...} or {"error": "..."}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

var kinds = map[string]any{
	"Deployment": &appsv1.Deployment{},
	"Job":        &batchv1.Job{},
	"Node":       &corev1.Node{},
	"Pod":        &corev1.Pod{},
	"Service":    &corev1.Service{},
}

type question struct {
	Patch    string          `json:"patch"`
	Kind     string          `json:"kind"`
	Original json.RawMessage `json:"original"`
	Modified json.RawMessage `json:"modified"`
	Change   json.RawMessage `json:"change"`
}

type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func apply(asked question) ([]byte, error) {
	kind := kinds[asked.Kind]
	switch asked.Patch {
	case "strategic":
		return strategicpatch.StrategicMergePatch(asked.Original, asked.Change, kind)
	case "merge":
		return jsonpatch.MergePatch(asked.Original, asked.Change)
	case "json":
		decoded, err := jsonpatch.DecodePatch(asked.Change)
		if err != nil {
			return nil, err
		}
		return decoded.Apply(asked.Original)
	case "apply":
		meta, err := strategicpatch.NewPatchMetaFromStruct(kind)
		if err != nil {
			return nil, err
		}
		return strategicpatch.CreateThreeWayMergePatch(asked.Original, asked.Modified, asked.Change, meta, true)
	}
	return nil, fmt.Errorf("no such kind of patch: %s", asked.Patch)
}

func judge(asked question) (said answer) {
	defer func() {
		if fault := recover(); fault != nil {
			said = answer{Error: fmt.Sprintf("panic: %v", fault)}
		}
	}()
	result, err := apply(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Result: result}
}

func main() {
	asked := bufio.NewScanner(os.Stdin)
	asked.Buffer(make([]byte, 1<<16), 16<<20)
	said := json.NewEncoder(os.Stdout)
	said.SetEscapeHTML(false)
	for asked.Scan() {
		var one question
		if err := json.Unmarshal(asked.Bytes(), &one); err != nil {
			panic(err)
		}
		if err := said.Encode(judge(one)); err != nil {
			panic(err)
		}
	}
}
