package main

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	kubectl "k8s.io/kubectl/pkg/cmd"
)

func kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "kubectl [ARGUMENTS]",
		Short: "kubectl itself",
		Long: `kubectl of the same release, with all its commands, plugins for credentials included. All
arguments are its own.`,
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			callItself("kubectl")
			streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
			cmd := kubectl.NewDefaultKubectlCommandWithArgs(kubectl.KubectlOptions{IOStreams: streams})
			cmd.SetArgs(args)
			return cmd.Execute()
		},
	}
}
