package cluster

import (
	"context"
	"crypto"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
	tokens "k8s.io/kubernetes/pkg/serviceaccount"
)

const (
	controllerWorkers     = 4
	controllerStopTimeout = 2 * time.Second
	// Watches tell of every change. A resync would only make work.
	controllerResync = 0
)

// controllers are the few parts of kube-controller-manager without which an API server alone differs from
// a cluster in what is authorized and which identities there are.
type controllers struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startControllers(config *rest.Config, ca *authority, serviceAccountKey crypto.Signer) (*controllers, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("create the controllers' client: %w", err)
	}
	metadataClient, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("create the controllers' metadata client: %w", err)
	}
	generator, err := tokens.JWTTokenGenerator(tokens.LegacyIssuer, serviceAccountKey)
	if err != nil {
		return nil, fmt.Errorf("create the token generator: %w", err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	logger := klog.FromContext(ctx)
	shared := informers.NewSharedInformerFactory(client, controllerResync)
	core := shared.Core().V1()

	accountController, err := serviceaccount.NewServiceAccountsController(
		logger, core.ServiceAccounts(), core.Namespaces(), client,
		serviceaccount.DefaultServiceAccountsControllerOptions(),
	)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("create the service-account controller: %w", err)
	}
	tokenController, err := serviceaccount.NewTokensController(
		logger, core.ServiceAccounts(), core.Secrets(), client,
		serviceaccount.TokensControllerOptions{TokenGenerator: generator, RootCA: ca.pem},
	)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("create the token controller: %w", err)
	}
	aggregationController := clusterroleaggregation.NewClusterRoleAggregation(
		shared.Rbac().V1().ClusterRoles(), client.RbacV1(),
	)
	namespaceController := namespace.NewNamespaceController(
		ctx, client, metadataClient, client.Discovery().ServerPreferredNamespacedResources,
		core.Namespaces(), controllerResync, corev1.FinalizerKubernetes,
	)

	c := &controllers{cancel: cancel}
	shared.Start(ctx.Done())
	for _, run := range []func(context.Context, int){
		accountController.Run, tokenController.Run, aggregationController.Run, namespaceController.Run,
	} {
		c.done.Go(func() { run(ctx, controllerWorkers) })
	}
	return c, nil
}

func (c *controllers) stop() {
	c.cancel()
	bounded(controllerStopTimeout, c.done.Wait)
}
