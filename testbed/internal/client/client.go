// Package client makes the API clients of all commands.
package client

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// requestTimeout ends a request that hangs. Admission webhooks alone may take 30 seconds.
const requestTimeout = time.Minute

// Config is how to reach the cluster of a kubeconfig, and the namespace for objects that name none.
type Config struct {
	*rest.Config
	Namespace string
}

// Load reads a kubeconfig. There is no fallback to the environment: a command of a test that asked some
// other cluster would be worse than one that fails.
func Load(kubeconfig string) (Config, error) {
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig}, &clientcmd.ConfigOverrides{},
	)
	config, err := loader.ClientConfig()
	if err != nil {
		return Config{}, fmt.Errorf("load the kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return Config{}, fmt.Errorf("load the kubeconfig: %w", err)
	}
	// The server protects itself. A second limit on this side would only make tests slow.
	config.QPS = -1
	config.Timeout = requestTimeout
	config.UserAgent = "testbed"
	config.WarningHandler = rest.NoWarnings{}
	return Config{Config: config, Namespace: namespace}, nil
}

// Mapper finds the resource of a kind. It asks the server once and can be reset.
func (c Config) Mapper() (meta.ResettableRESTMapper, error) {
	discoveryClient, err := discovery.NewDiscoveryClientForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("create the discovery client: %w", err)
	}
	return restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discoveryClient)), nil
}
