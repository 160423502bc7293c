package manifest

import (
	"slices"
	"strings"
	"testing"
)

func TestStages(t *testing.T) {
	objects, err := decode(strings.NewReader(`
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: late}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: x}}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: x}}
---
{apiVersion: v1, kind: Secret, metadata: {name: x}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: x}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: x}}
---
{apiVersion: example.org/v1, kind: Namespace, metadata: {name: other-group}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: x}}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, stage := range Stages(objects) {
		got = append(got, names(stage)...)
	}
	want := []string{
		"Namespace/x", "CustomResourceDefinition/x", "ServiceAccount/x", "Secret/x", "ClusterRole/x",
		"RoleBinding/x", "PriorityClass/x", "Pod/b", "Pod/a", "Namespace/other-group",
		"ValidatingWebhookConfiguration/late",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the order is\n%q, want\n%q", got, want)
	}
}
