package question

import (
	"context"
	"encoding/json"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"ringwall.dev/testbed/internal/client"
	"ringwall.dev/testbed/internal/manifest"
)

// Outcome is what the API server would do with a create.
type Outcome struct {
	Allowed bool `json:"allowed"`
	// Status is the HTTP status, or 0 when the question didn't get as far as the server.
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// attempt is one question: would this user's create of this object be accepted?
type attempt struct {
	User   string          `json:"user"`
	Groups []string        `json:"groups"`
	Object json.RawMessage `json:"object"`
}

// DryRunner creates objects without keeping them, in other users' names.
type DryRunner struct {
	client    rest.Interface
	mapper    meta.RESTMapper
	namespace string
}

// NewDryRunner makes one whose own user must be allowed to impersonate.
func NewDryRunner(config client.Config) (*DryRunner, error) {
	mapper, err := config.Mapper()
	if err != nil {
		return nil, err
	}
	clientset, err := kubernetes.NewForConfig(config.Config)
	if err != nil {
		return nil, fmt.Errorf("create the client: %w", err)
	}
	return &DryRunner{
		client: clientset.Discovery().RESTClient(), mapper: mapper, namespace: config.Namespace,
	}, nil
}

// Create tries one attempt, given as JSON text.
func (d *DryRunner) Create(ctx context.Context, text []byte) Outcome {
	var try attempt
	if err := decodeStrictly(text, &try); err != nil {
		return Outcome{Message: err.Error()}
	}
	// Without a user to impersonate the administrator would ask for himself, and be allowed.
	if try.User == "" {
		return Outcome{Message: "read the question: `user` is missing"}
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(try.Object); err != nil {
		return Outcome{Message: fmt.Sprintf("read the question: `object`: %v", err)}
	}
	manifest.Strip(object)
	mapping, err := client.Place(d.mapper, object, d.namespace)
	if err != nil {
		return Outcome{Message: err.Error()}
	}
	body, err := object.MarshalJSON()
	if err != nil {
		return Outcome{Message: err.Error()}
	}

	// The server decides which groups come by themselves, such as system:authenticated.
	request := d.client.Post().
		AbsPath(client.CollectionPath(mapping, object.GetNamespace())...).
		Param("dryRun", metav1.DryRunAll).
		SetHeader("Content-Type", runtime.ContentTypeJSON).
		SetHeader(authenticationv1.ImpersonateUserHeader, try.User)
	if len(try.Groups) > 0 {
		request.SetHeader(authenticationv1.ImpersonateGroupHeader, try.Groups...)
	}
	result := request.Body(body).Do(ctx)

	var outcome Outcome
	result.StatusCode(&outcome.Status)
	if err := result.Error(); err != nil {
		outcome.Message = err.Error()
		return outcome
	}
	outcome.Allowed = true
	return outcome
}
