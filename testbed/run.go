package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"ringwall.dev/testbed/internal/cluster"
	"ringwall.dev/testbed/internal/logfile"
)

func runCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "run --dir DIR [-- EXTRA APISERVER FLAGS]",
		Short: "Run etcd, kube-apiserver and a few controllers until stopped",
		Long: `Run etcd, kube-apiserver and the service-account, token, namespace and ClusterRole
aggregation controllers in this process, on free ports of 127.0.0.1.

When the API can be relied on, one line is printed:

  {"kubeconfig":"DIR/kubeconfig","server":"https://127.0.0.1:PORT","version":"v1.xx.y"}

It stops on SIGTERM, on SIGINT and when its standard input ends: hold a pipe to it open
and it ends with the program that started it. A second signal ends it at once.

DIR is created and gets all state: etcd/, pki/, kubeconfig and testbed.log. Given again,
its data are taken up again. Flags of kube-apiserver after -- replace the testbed's own.`,
		Example: `  testbed run --dir /tmp/bed
  testbed run --dir /tmp/bed -- --audit-policy-file=policy.yaml --audit-log-path=audit.log`,
		Args: func(cmd *cobra.Command, args []string) error {
			if before := cmd.ArgsLenAtDash(); before > 0 || (before < 0 && len(args) > 0) {
				return fmt.Errorf("`%s` is not expected: flags of the API server follow --", args[0])
			}
			return nil
		},
		RunE: func(_ *cobra.Command, extraFlags []string) error {
			return run(dir, extraFlags)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder for all state, created with mode 0700")
	require(cmd, "dir")
	return cmd
}

func run(path string, extraFlags []string) error {
	dir, err := cluster.OpenDir(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	streams, err := logfile.Redirect(dir.Log())
	if err != nil {
		return err
	}
	out := &output{streams: streams, log: dir.Log()}
	if err := out.serve(dir, extraFlags); err != nil {
		out.fail(err)
	}
	return nil
}

// output is where a running testbed talks to the one who started it.
type output struct {
	streams logfile.Streams
	log     string
}

func (o *output) serve(dir *cluster.Dir, extraFlags []string) error {
	cluster.OnGiveUp(o.fail)
	ctx := stopAsked()
	c, err := cluster.Start(ctx, dir, extraFlags)
	if err != nil {
		if ctx.Err() == nil {
			return err
		}
		fmt.Fprintf(o.streams.Stderr, "testbed: stopped before it was ready: %v\n", context.Cause(ctx))
		return nil
	}
	defer c.Stop()
	if err := json.NewEncoder(o.streams.Stdout).Encode(c.Info); err != nil {
		return fmt.Errorf("tell that it is ready: %w", err)
	}
	return c.Wait(ctx)
}

func (o *output) fail(err error) {
	fmt.Fprintf(o.streams.Stderr, "testbed: %v\nhint: see %s\n", err, o.log)
	os.Exit(exitFailure)
}

// stopAsked returns a context that ends, with the reason, when the testbed is to stop.
func stopAsked() context.Context {
	ctx, stop := context.WithCancelCause(context.Background())

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		got := <-signals
		// The default action is back for the next one, so that a stop that hangs can be cut short.
		signal.Stop(signals)
		stop(fmt.Errorf("signal: %s", got))
	}()
	go func() {
		// Any error means the same as the end: nobody is at the other side any more.
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop(errors.New("the standard input ended"))
	}()
	return ctx
}
