// Package apply loads objects into a cluster.
package apply

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"ringwall.dev/testbed/internal/client"
	"ringwall.dev/testbed/internal/manifest"
)

const (
	fieldManager = "testbed"
	workers      = 8

	// What is missing is asked for again while the controllers, which work on events, create it.
	retryPause  = 200 * time.Millisecond
	retryWindow = 10 * time.Second
)

// What became of an object.
const (
	Applied = "applied"
	Refused = "refused"
)

// Result says what became of one object.
type Result struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Result    string `json:"result"`
	Error     string `json:"error"`
}

// Applier loads objects with server-side apply.
type Applier struct {
	client    dynamic.Interface
	mapper    meta.ResettableRESTMapper
	namespace string
}

// New makes an Applier for a cluster.
func New(config client.Config) (*Applier, error) {
	mapper, err := config.Mapper()
	if err != nil {
		return nil, err
	}
	dynamicClient, err := dynamic.NewForConfig(config.Config)
	if err != nil {
		return nil, fmt.Errorf("create the client: %w", err)
	}
	return &Applier{client: dynamicClient, mapper: mapper, namespace: config.Namespace}, nil
}

// Apply loads objects in the order of what they depend on and tells of each, as soon as it is settled.
func (a *Applier) Apply(ctx context.Context, objects []*unstructured.Unstructured, tell func(Result) error) error {
	for _, object := range objects {
		manifest.Strip(object)
	}
	retry := newRetryRule(objects)
	for _, stage := range manifest.Stages(objects) {
		errs := a.applyStage(ctx, stage, retry)
		for i, object := range stage {
			if err := tell(resultOf(object, errs[i])); err != nil {
				return fmt.Errorf("tell what was applied: %w", err)
			}
		}
	}
	return nil
}

// applyStage applies objects that don't depend on each other, and those of them again that failed for
// want of something that is about to come.
func (a *Applier) applyStage(ctx context.Context, stage []*unstructured.Unstructured, retry retryRule) []error {
	errs := make([]error, len(stage))
	todo := make([]int, len(stage))
	for i := range stage {
		todo[i] = i
	}
	deadline := time.Now().Add(retryWindow)
	for len(todo) > 0 {
		each(todo, func(i int) { errs[i] = a.applyOne(ctx, stage[i]) })

		var again []int
		for _, i := range todo {
			if errs[i] != nil && retry.worth(stage[i], errs[i]) {
				again = append(again, i)
			}
		}
		if len(again) == 0 || ctx.Err() != nil || time.Now().After(deadline) {
			break
		}
		time.Sleep(retryPause)
		// The kinds of a definition just applied are not in what discovery said before.
		a.mapper.Reset()
		todo = again
	}
	return errs
}

func (a *Applier) applyOne(ctx context.Context, object *unstructured.Unstructured) error {
	mapping, err := client.Place(a.mapper, object, a.namespace)
	if err != nil {
		return err
	}
	options := metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
	_, err = a.client.Resource(mapping.Resource).Namespace(object.GetNamespace()).
		Apply(ctx, object.GetName(), object, options)
	return err
}

func resultOf(object *unstructured.Unstructured, err error) Result {
	result := Result{
		Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName(), Result: Applied,
	}
	if err != nil {
		result.Result, result.Error = Refused, err.Error()
	}
	return result
}

// each calls f for all indexes, some at a time, and returns when all calls have.
func each(indexes []int, f func(int)) {
	queue := make(chan int)
	var group sync.WaitGroup
	for range min(workers, len(indexes)) {
		group.Go(func() {
			for i := range queue {
				f(i)
			}
		})
	}
	for _, i := range indexes {
		queue <- i
	}
	close(queue)
	group.Wait()
}
