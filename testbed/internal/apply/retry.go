package apply

import (
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// missingServiceAccount is how the ServiceAccount admission plugin begins its refusal of a pod whose
// account isn't there. The answer's type is that of any other refusal, so only its text can tell.
const missingServiceAccount = "error looking up service account"

// retryRule tells what may succeed a moment later from what never will.
type retryRule struct {
	// defined are the API groups that the objects themselves define. Only their kinds can still come.
	defined map[string]bool
}

func newRetryRule(objects []*unstructured.Unstructured) retryRule {
	defined := map[string]bool{}
	for _, object := range objects {
		if object.GetKind() == "CustomResourceDefinition" {
			group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
			defined[group] = true
		}
	}
	return retryRule{defined: defined}
}

func (r retryRule) worth(object *unstructured.Unstructured, err error) bool {
	switch {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		return r.defined[object.GroupVersionKind().Group]
	case apierrors.IsForbidden(err):
		return strings.Contains(err.Error(), missingServiceAccount)
	}
	// Two writers met, or the server asks for patience.
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsServerTimeout(err) ||
		apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err)
}
