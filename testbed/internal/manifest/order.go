package manifest

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// stage is a step of loading. All of one is there before the next begins; within one, order is free.
type stage int

const (
	namespaces stage = iota
	definitions
	identities
	configuration
	roles
	bindings
	// classes and nodes are what pods refer to.
	classes
	rest
	// admission rules come last: they would judge, and might refuse, what is loaded beside them.
	admission
	stageCount
)

var stages = map[schema.GroupKind]stage{
	{Kind: "Namespace"}:      namespaces,
	{Kind: "ServiceAccount"}: identities,
	{Kind: "ConfigMap"}:      configuration,
	{Kind: "Secret"}:         configuration,
	{Kind: "Node"}:           classes,
	{Kind: "LimitRange"}:     admission,
	{Kind: "ResourceQuota"}:  admission,

	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: definitions,

	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:        roles,
	{Group: "rbac.authorization.k8s.io", Kind: "Role"}:               roles,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: bindings,
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        bindings,

	{Group: "node.k8s.io", Kind: "RuntimeClass"}:         classes,
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:  classes,
	{Group: "storage.k8s.io", Kind: "StorageClass"}:      classes,
	{Group: "networking.k8s.io", Kind: "IngressClass"}:   classes,
	{Group: "admissionregistration.k8s.io", Kind: anyOf}: admission,
}

// anyOf stands for every kind of a group.
const anyOf = ""

// Stages sorts objects by what they depend on, and keeps their order where nothing depends on it.
func Stages(objects []*unstructured.Unstructured) [][]*unstructured.Unstructured {
	sorted := make([][]*unstructured.Unstructured, stageCount)
	for _, object := range objects {
		s := stageOf(object.GroupVersionKind().GroupKind())
		sorted[s] = append(sorted[s], object)
	}
	return sorted
}

func stageOf(kind schema.GroupKind) stage {
	if s, ok := stages[kind]; ok {
		return s
	}
	if s, ok := stages[schema.GroupKind{Group: kind.Group, Kind: anyOf}]; ok {
		return s
	}
	return rest
}
