package apply

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestOnlyWhatCanStillComeIsRetried(t *testing.T) {
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"spec": map[string]any{"group": "defined.io"},
	}}
	account := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ServiceAccount",
		"metadata": map[string]any{"namespace": "shop", "name": "web"},
	}}
	rule := newRetryRule([]*unstructured.Unstructured{definition, account})
	of := func(group string) *unstructured.Unstructured {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: "v1", Kind: "Thing"})
		return object
	}
	podOf := func(namespace, account string) *unstructured.Unstructured {
		pod := of("")
		pod.SetNamespace(namespace)
		pod.Object["spec"] = map[string]any{"serviceAccountName": account}
		return pod
	}
	things := schema.GroupResource{Resource: "things"}
	noAccount := apierrors.NewForbidden(things, "a", errors.New(missingServiceAccount+" a/b: not found"))
	noMatch := &meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: "Thing"}}

	for _, test := range []struct {
		name   string
		object *unstructured.Unstructured
		err    error
		want   bool
	}{
		{"kind that comes", of("defined.io"), noMatch, true},
		{"kind that never comes", of("unknown.io"), noMatch, false},
		{"resource that comes", of("defined.io"), apierrors.NewNotFound(things, "a"), true},
		{"namespace that never comes", of(""), apierrors.NewNotFound(things, "a"), false},
		{"account that a controller makes", podOf("shop", ""), noAccount, true},
		{"account just applied", podOf("shop", "web"), noAccount, true},
		{"account of another namespace", podOf("other", "web"), noAccount, false},
		{"plain refusal", of(""), apierrors.NewForbidden(things, "a", errors.New("no")), false},
		{"invalid", of(""), apierrors.NewInvalid(schema.GroupKind{}, "a", nil), false},
		{"two writers", of(""), apierrors.NewConflict(things, "a", errors.New("changed")), true},
	} {
		if got := rule.worth(test.object, test.err); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
