package manifest

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// serverFields are set by the server alone. An object that was read from one cluster is refused by
// another, or by the same one later, when it still carries some of them.
var serverFields = [][]string{
	{"metadata", "creationTimestamp"},
	{"metadata", "deletionGracePeriodSeconds"},
	{"metadata", "deletionTimestamp"},
	{"metadata", "generation"},
	{"metadata", "managedFields"},
	{"metadata", "resourceVersion"},
	{"metadata", "selfLink"},
	{"metadata", "uid"},
	{"status"},
}

// Strip removes what only the server may write, so that exports can be loaded.
func Strip(object *unstructured.Unstructured) {
	for _, field := range serverFields {
		unstructured.RemoveNestedField(object.Object, field...)
	}
}
