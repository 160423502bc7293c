package cluster

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAggregationIsDoneWhenAllRulesHaveArrived(t *testing.T) {
	pods := rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}}
	secrets := rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"secrets"}}
	role := func(name, label, selects string, rules ...rbacv1.PolicyRule) rbacv1.ClusterRole {
		role := rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
		if label != "" {
			role.Labels = map[string]string{label: "true"}
		}
		if selects != "" {
			role.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{
				{MatchLabels: map[string]string{selects: "true"}},
			}}
		}
		return role
	}
	roles := func(admin, edit, view []rbacv1.PolicyRule) []rbacv1.ClusterRole {
		return []rbacv1.ClusterRole{
			role("part-of-view", "to-view", "", pods),
			role("part-of-edit", "to-edit", "", secrets),
			role("view", "to-edit", "to-view", view...),
			role("edit", "to-admin", "to-edit", edit...),
			role("admin", "", "to-admin", admin...),
		}
	}
	both := []rbacv1.PolicyRule{pods, secrets}

	if err := aggregated(roles(both, both, both[:1])); err != nil {
		t.Errorf("all rules have arrived, but: %v", err)
	}
	for name, unfinished := range map[string][]rbacv1.ClusterRole{
		"no roles":                    nil,
		"empty role":                  roles(both, both, nil),
		"rule missing at first hand":  roles(both, both[:1], both[:1]),
		"rule missing at second hand": roles(both[:1], both, both[:1]),
	} {
		if aggregated(unfinished) == nil {
			t.Errorf("%s: taken for finished", name)
		}
	}
}
