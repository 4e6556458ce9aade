// Structs tells for every type of Kubernetes' API how Go writes its fields that hold nothing, which no OpenAPI
// document says: {"io.k8s.api.core.v1.Pod": {"spec": "struct", ...}, ...}. Fields that are pointers are left out.
package main

import (
	"encoding/json"
	"os"
	"path"
	"reflect"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	certificates "k8s.io/api/certificates/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	flowcontrol "k8s.io/api/flowcontrol/v1"
	networking "k8s.io/api/networking/v1"
	node "k8s.io/api/node/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

type found map[string]map[string]string

// name is that of the definition in OpenAPI.
func name(kind reflect.Type) string {
	place := strings.Replace(kind.PkgPath(), "k8s.io/", "io.k8s.", 1)
	return strings.ReplaceAll(place, "/", ".") + "." + kind.Name()
}

func plain(kind reflect.Type) bool {
	_, marshals := reflect.New(kind).Interface().(json.Marshaler)
	return !marshals
}

func empty(kind reflect.Type, omitted bool) string {
	switch kind.Kind() {
	case reflect.Struct:
		if plain(kind) {
			return "struct"
		}
		return "null"
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		if omitted && kind.Kind() == reflect.Pointer {
			return ""
		}
		if omitted {
			return "omitted"
		}
		return "null"
	}
	if omitted {
		return "omitted"
	}
	return "zero"
}

func (f found) fields(kind reflect.Type, into map[string]string) {
	for i := range kind.NumField() {
		field := kind.Field(i)
		label, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if strings.Contains(options, "inline") || (field.Anonymous && label == "") {
			f.fields(field.Type, into)
			continue
		}
		if label == "-" || label == "" {
			continue
		}
		if how := empty(field.Type, strings.Contains(options, "omitempty")); how != "" {
			into[label] = how
		}
		f.visit(field.Type)
	}
}

func (f found) visit(kind reflect.Type) {
	switch kind.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		f.visit(kind.Elem())
	case reflect.Struct:
		if _, seen := f[name(kind)]; seen || !plain(kind) || !strings.Contains(path.Dir(kind.PkgPath()), "k8s.io") {
			return
		}
		f[name(kind)] = map[string]string{}
		f.fields(kind, f[name(kind)])
	}
}

func main() {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		admissionregistration.AddToScheme, apps.AddToScheme, authentication.AddToScheme, authorization.AddToScheme,
		autoscalingv1.AddToScheme, autoscalingv2.AddToScheme, batch.AddToScheme, certificates.AddToScheme,
		coordination.AddToScheme, core.AddToScheme, discovery.AddToScheme, events.AddToScheme,
		flowcontrol.AddToScheme, networking.AddToScheme, node.AddToScheme, policy.AddToScheme, rbac.AddToScheme,
		scheduling.AddToScheme, storage.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	all := found{}
	for _, kind := range scheme.AllKnownTypes() {
		all.visit(kind)
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		panic(err)
	}
}
