package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/client-go/dynamic"

	"ringwall.dev/testbed/internal/dump"
)

func dumpCommand() *cobra.Command {
	var kubeconfig kubeconfigFlag
	var folder, formatName string
	cmd := &cobra.Command{
		Use:   "dump --kubeconfig FILE --out DIR [--format json|yaml]",
		Short: "Write objects as `kubectl get -A -o json|yaml` does",
		Long: `Write one file each for clusterroles, clusterrolebindings, roles, rolebindings,
serviceaccounts, namespaces, nodes, pods and configmaps into DIR, which is created, just as
` + "`kubectl get KIND -A -o json|yaml`" + ` prints them. No secrets.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := dump.ParseFormat(formatName)
			if err != nil {
				return misuse{err}
			}
			config, err := kubeconfig.load()
			if err != nil {
				return err
			}
			client, err := dynamic.NewForConfig(config.Config)
			if err != nil {
				return fmt.Errorf("create the client: %w", err)
			}
			return dump.Write(cmd.Context(), client, folder, format)
		},
	}
	kubeconfig.addTo(cmd)
	cmd.Flags().StringVar(&folder, "out", "", "folder for the files")
	cmd.Flags().StringVar(&formatName, "format", string(dump.JSON), "json or yaml")
	require(cmd, "out")
	return cmd
}
