package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"ringwall.dev/testbed/internal/lines"
	"ringwall.dev/testbed/internal/question"
)

// askers is how many questions are open at a time. More of them only queue at the server.
const askers = 8

func reviewCommand() *cobra.Command {
	var kubeconfig kubeconfigFlag
	cmd := &cobra.Command{
		Use:   "review --kubeconfig FILE",
		Short: "Ask SubjectAccessReviews, given as JSON Lines",
		Long: `Read the specs of SubjectAccessReviews as JSON Lines from the standard input, and print
one answer for each, in the same order:

  {"allowed":true,"reason":"RBAC: allowed by …","evaluationError":"","error":""}

A field that isn't in the API is an error. Exit code 1 when a line has an error, that is,
no answer.`,
		Example: `  echo '{"user":"ann","resourceAttributes":{"verb":"get","resource":"pods","namespace":"shop"}}' |
    testbed review --kubeconfig DIR/kubeconfig`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := kubeconfig.load()
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config.Config)
			if err != nil {
				return fmt.Errorf("create the client: %w", err)
			}
			return answerLines(cmd.Context(), func(ctx context.Context, line []byte) (question.Verdict, bool) {
				verdict := question.Review(ctx, client, line)
				return verdict, verdict.Error == ""
			})
		},
	}
	kubeconfig.addTo(cmd)
	return cmd
}

// answerLines answers the standard input's lines. It fails when `answer` says of a line that it has none.
func answerLines[T any](ctx context.Context, answer func(context.Context, []byte) (T, bool)) error {
	var unanswered atomic.Bool
	err := lines.Map(ctx, os.Stdin, os.Stdout, askers, func(ctx context.Context, line []byte) T {
		value, answered := answer(ctx, line)
		if !answered {
			unanswered.Store(true)
		}
		return value
	})
	if errors.Is(err, lines.ErrInput) {
		return misuse{err}
	}
	if err != nil {
		return err
	}
	if unanswered.Load() {
		return errTold
	}
	return nil
}
