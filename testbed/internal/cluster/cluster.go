// Package cluster runs etcd, kube-apiserver and a few controllers in this process.
//
// One process for all of it means that nothing can be left behind when it ends, however it ends.
package cluster

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

// startTimeout is generous: it is there to end a start that hangs, not one on a busy machine.
const startTimeout = 2 * time.Minute

var errStartTimeout = fmt.Errorf("not ready within %s", startTimeout)

// Info is what a test has to know of a running cluster.
type Info struct {
	Kubeconfig string `json:"kubeconfig"`
	Server     string `json:"server"`
	Version    string `json:"version"`
}

// Cluster is a running control plane.
type Cluster struct {
	Info Info

	etcd        *etcd
	apiserver   *apiserver
	controllers *controllers
}

// Start returns when the cluster is ready. When ctx ends before that, whatever runs is stopped again.
func Start(ctx context.Context, dir *Dir, extraFlags []string) (*Cluster, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errStartTimeout)
	defer cancel()

	c := &Cluster{}
	if err := c.start(ctx, dir, extraFlags); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, dir *Dir, extraFlags []string) error {
	ca, err := openAuthority(dir)
	if err != nil {
		return err
	}
	serviceAccountKey, err := openServiceAccountKey(dir)
	if err != nil {
		return err
	}
	if c.etcd, err = startEtcd(ctx, dir, ca); err != nil {
		return err
	}
	if c.apiserver, err = startAPIServer(ctx, dir, ca, c.etcd.endpoint, extraFlags); err != nil {
		return err
	}

	admin, err := clientConfig(dir, ca, c.apiserver.url, adminIdentity)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(admin)
	if err != nil {
		return fmt.Errorf("create the administrator's client: %w", err)
	}
	// The namespace controller ends the process when it finds no resources, so it can't start earlier.
	if err := c.apiserver.waitFor(ctx, client, apiReady); err != nil {
		return err
	}
	controllersConfig, err := clientConfig(dir, ca, c.apiserver.url, controllersIdentity)
	if err != nil {
		return err
	}
	if c.controllers, err = startControllers(controllersConfig, ca, serviceAccountKey); err != nil {
		return err
	}
	if err := c.apiserver.waitFor(ctx, client, namespacesReady, rolesReady); err != nil {
		return err
	}

	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("ask for the version: %w", err)
	}
	if err := writeKubeconfig(dir.Kubeconfig(), admin); err != nil {
		return err
	}
	c.Info = Info{Kubeconfig: dir.Kubeconfig(), Server: c.apiserver.url, Version: version.GitVersion}
	return nil
}

// Wait returns nil when ctx ends, and an error when a part of the cluster ended by itself.
func (c *Cluster) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-c.apiserver.ended:
		return c.apiserver.failure()
	case err := <-c.etcd.failed():
		return fmt.Errorf("etcd ended by itself: %w", err)
	}
}

// Stop stops the parts in the reverse order of their start, as each needs the one before it.
func (c *Cluster) Stop() {
	stopping.Store(true)
	if c.controllers != nil {
		c.controllers.stop()
	}
	if c.apiserver != nil {
		c.apiserver.stop()
	}
	if c.etcd != nil {
		c.etcd.stop()
	}
	klog.Flush()
}
