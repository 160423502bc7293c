package client

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Place finds the resource of an object. It also says where the object belongs: a namespaced one gets the
// default namespace when it names none, and one of the cluster loses a namespace that it can't have.
func Place(
	mapper meta.RESTMapper, object *unstructured.Unstructured, defaultNamespace string,
) (*meta.RESTMapping, error) {
	kind := object.GroupVersionKind()
	mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	switch {
	case mapping.Scope.Name() != meta.RESTScopeNameNamespace:
		object.SetNamespace("")
	case object.GetNamespace() == "":
		object.SetNamespace(defaultNamespace)
	}
	return mapping, nil
}

// CollectionPath is the path below which objects of a resource are created.
func CollectionPath(mapping *meta.RESTMapping, namespace string) []string {
	resource := mapping.Resource
	path := []string{"apis", resource.Group, resource.Version}
	if resource.Group == "" {
		path = []string{"api", resource.Version}
	}
	if namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	return append(path, resource.Resource)
}
