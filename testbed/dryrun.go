package main

import (
	"context"

	"github.com/spf13/cobra"

	"ringwall.dev/testbed/internal/question"
)

func dryRunCommand() *cobra.Command {
	var kubeconfig kubeconfigFlag
	cmd := &cobra.Command{
		Use:   "dry-run --kubeconfig FILE",
		Short: "Try creates in users' names, given as JSON Lines, without keeping anything",
		Long: `Read JSON Lines {"user":"ann","groups":["dev"],"object":{…manifest…}} from the standard
input, try to create each object as that user and groups with dryRun=All, and print one
answer for each, in the same order:

  {"allowed":false,"status":403,"message":"… attempting to grant RBAC permissions not currently held …"}

Allowed means that the API server accepted it: authorization, admission and validation.
The status is 0 when the question didn't get as far as the server; then the exit code is 1.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := kubeconfig.load()
			if err != nil {
				return err
			}
			runner, err := question.NewDryRunner(config)
			if err != nil {
				return err
			}
			return answerLines(cmd.Context(), func(ctx context.Context, line []byte) (question.Outcome, bool) {
				outcome := runner.Create(ctx, line)
				return outcome, outcome.Status != 0
			})
		},
	}
	kubeconfig.addTo(cmd)
	return cmd
}
