package main

import (
	"github.com/spf13/cobra"

	"ringwall.dev/testbed/internal/client"
)

// kubeconfigFlag is the flag of all commands that ask a cluster.
type kubeconfigFlag struct{ path string }

func (f *kubeconfigFlag) addTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "kubeconfig", "", "kubeconfig of the cluster, such as `DIR/kubeconfig`")
	require(cmd, "kubeconfig")
}

func (f *kubeconfigFlag) load() (client.Config, error) {
	config, err := client.Load(f.path)
	if err != nil {
		return client.Config{}, misuse{err}
	}
	return config, nil
}
