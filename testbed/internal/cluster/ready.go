package cluster

// A test can rely on a cluster only once it is ready in a wider sense than /readyz: before that the answers
// to one question change, as the API server and the controllers still create roles and service accounts.

import (
	"context"
	"fmt"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
)

const (
	readyPoll = 100 * time.Millisecond
	// One question must not use up the start's time.
	readyRequestTimeout = 10 * time.Second
)

// systemNamespaces are those that the API server creates by itself.
var systemNamespaces = []string{
	metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, "kube-node-lease",
}

// userRoles are the user-facing roles that Kubernetes puts together by aggregation.
var userRoles = []string{"admin", "edit", "view"}

// condition is nil when it holds, and otherwise says what is missing.
type condition func(context.Context, kubernetes.Interface) error

// waitFor returns when all conditions hold.
func (s *apiserver) waitFor(ctx context.Context, client kubernetes.Interface, conditions ...condition) error {
	for _, holds := range conditions {
		for {
			missing := ask(ctx, client, holds)
			if missing == nil {
				break
			}
			select {
			case <-s.ended:
				return s.failure()
			case <-ctx.Done():
				return fmt.Errorf("%w; it still waited for %w", context.Cause(ctx), missing)
			case <-time.After(readyPoll):
			}
		}
	}
	return nil
}

func ask(ctx context.Context, client kubernetes.Interface, holds condition) error {
	ctx, cancel := context.WithTimeout(ctx, readyRequestTimeout)
	defer cancel()
	return holds(ctx, client)
}

// apiReady asks /readyz, which includes the hook that creates the bootstrap roles.
func apiReady(ctx context.Context, client kubernetes.Interface) error {
	if _, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err != nil {
		return fmt.Errorf("/readyz: %w", err)
	}
	return nil
}

func namespacesReady(ctx context.Context, client kubernetes.Interface) error {
	for _, namespace := range systemNamespaces {
		_, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("default service account of `%s`: %w", namespace, err)
		}
	}
	return nil
}

func rolesReady(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.RbacV1().ClusterRoles().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cluster roles: %w", err)
	}
	return aggregated(list.Items)
}

// aggregated says which user-facing role still lacks a rule of a role that it selects. Each may select
// another that is itself aggregated, so that one being filled doesn't mean it is full.
func aggregated(roles []rbacv1.ClusterRole) error {
	byName := make(map[string]*rbacv1.ClusterRole, len(roles))
	for i := range roles {
		byName[roles[i].Name] = &roles[i]
	}
	for _, name := range userRoles {
		role := byName[name]
		if role == nil || role.AggregationRule == nil {
			return fmt.Errorf("cluster role `%s` is not there", name)
		}
		if len(role.Rules) == 0 {
			return fmt.Errorf("cluster role `%s` has no rules", name)
		}
		for _, labelSelector := range role.AggregationRule.ClusterRoleSelectors {
			selector, err := metav1.LabelSelectorAsSelector(&labelSelector)
			if err != nil {
				return fmt.Errorf("cluster role `%s`: %w", name, err)
			}
			for i := range roles {
				selected := roles[i].Name != name && selector.Matches(labels.Set(roles[i].Labels))
				if selected && !hasRules(role, &roles[i]) {
					return fmt.Errorf("cluster role `%s` lacks rules of `%s`", name, roles[i].Name)
				}
			}
		}
	}
	return nil
}

func hasRules(role, part *rbacv1.ClusterRole) bool {
	for _, wanted := range part.Rules {
		found := false
		for _, rule := range role.Rules {
			if equality.Semantic.DeepEqual(rule, wanted) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}
