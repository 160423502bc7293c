package apply

import (
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// missingServiceAccount is how the ServiceAccount admission plugin begins its refusal of a pod whose
// account isn't there. The answer's type is that of any other refusal, so only its text can tell.
const missingServiceAccount = "error looking up service account"

const defaultServiceAccount = "default"

// retryRule tells what may succeed a moment later from what never will.
type retryRule struct {
	// groups are the API groups that the objects themselves define. Only their kinds can still come.
	groups map[string]bool
	// accounts are the service accounts that the objects bring along.
	accounts map[types.NamespacedName]bool
}

func newRetryRule(objects []*unstructured.Unstructured) retryRule {
	rule := retryRule{groups: map[string]bool{}, accounts: map[types.NamespacedName]bool{}}
	for _, object := range objects {
		switch object.GetKind() {
		case "CustomResourceDefinition":
			group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
			rule.groups[group] = true
		case "ServiceAccount":
			name := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
			rule.accounts[name] = true
		}
	}
	return rule
}

func (r retryRule) worth(object *unstructured.Unstructured, err error) bool {
	switch {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		return r.groups[object.GroupVersionKind().Group]
	case apierrors.IsForbidden(err):
		return strings.Contains(err.Error(), missingServiceAccount) && r.accountComes(object)
	}
	// Two writers met, or the server asks for patience.
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsServerTimeout(err) ||
		apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err)
}

// accountComes is true of a pod whose account was just applied, or that a controller creates in every
// namespace. For another one, a whole export of pods without accounts would wait in vain.
func (r retryRule) accountComes(pod *unstructured.Unstructured) bool {
	account, _, _ := unstructured.NestedString(pod.Object, "spec", "serviceAccountName")
	if account == "" || account == defaultServiceAccount {
		return true
	}
	return r.accounts[types.NamespacedName{Namespace: pod.GetNamespace(), Name: account}]
}
