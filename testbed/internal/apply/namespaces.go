package apply

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"ringwall.dev/testbed/internal/client"
)

var namespaceResource = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// MissingNamespaces returns a manifest for each namespace that objects are in and that neither they nor
// the cluster have. One that exists is left as it is, with its labels.
func (a *Applier) MissingNamespaces(
	ctx context.Context, objects []*unstructured.Unstructured,
) ([]*unstructured.Unstructured, error) {
	var missing []*unstructured.Unstructured
	for _, name := range a.wantedNamespaces(objects) {
		_, err := a.client.Resource(namespaceResource).Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			continue
		}
		if !apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("look for the namespace `%s`: %w", name, err)
		}
		namespace := &unstructured.Unstructured{}
		namespace.SetAPIVersion("v1")
		namespace.SetKind("Namespace")
		namespace.SetName(name)
		missing = append(missing, namespace)
	}
	return missing, nil
}

// wantedNamespaces are those that objects are in and don't themselves bring along.
func (a *Applier) wantedNamespaces(objects []*unstructured.Unstructured) []string {
	brought := map[string]bool{}
	for _, object := range objects {
		if object.GroupVersionKind().GroupKind() == (schema.GroupKind{Kind: "Namespace"}) {
			brought[object.GetName()] = true
		}
	}
	var wanted []string
	for _, object := range objects {
		// A kind that isn't known yet may become known by a definition: then what it says is believed.
		if _, err := client.Place(a.mapper, object, a.namespace); err != nil && !meta.IsNoMatchError(err) {
			continue
		}
		if name := object.GetNamespace(); name != "" && !brought[name] {
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	return slices.Compact(wanted)
}
