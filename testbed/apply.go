package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"ringwall.dev/testbed/internal/apply"
	"ringwall.dev/testbed/internal/manifest"
)

func applyCommand() *cobra.Command {
	var kubeconfig kubeconfigFlag
	var createNamespaces bool
	cmd := &cobra.Command{
		Use:   "apply --kubeconfig FILE PATH...",
		Short: "Load manifests, in the order of what they depend on",
		Long: `Load manifests with server-side apply, in the order of what they depend on. PATH is a
file or a folder, which is read recursively: .yaml, .yml and .json, with many documents,
Lists and typed Lists. What only a server may set is dropped, so that exports load.

For each object one line is printed:

  {"kind":"Role","namespace":"shop","name":"reader","result":"applied","error":""}

The result is "applied" or "refused". Exit code 1 when any was refused, and 2, with nothing
applied, when a file can't be read.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			return applyPaths(cmd.Context(), kubeconfig, paths, createNamespaces)
		},
	}
	kubeconfig.addTo(cmd)
	cmd.Flags().BoolVar(&createNamespaces, "create-namespaces", false,
		"first create the namespaces that objects are in and that aren't there")
	return cmd
}

func applyPaths(ctx context.Context, kubeconfig kubeconfigFlag, paths []string, createNamespaces bool) error {
	objects, err := manifest.Load(paths)
	if err != nil {
		return misuse{err}
	}
	config, err := kubeconfig.load()
	if err != nil {
		return err
	}
	applier, err := apply.New(config)
	if err != nil {
		return err
	}
	if createNamespaces {
		missing, err := applier.MissingNamespaces(ctx, objects)
		if err != nil {
			return err
		}
		objects = append(missing, objects...)
	}

	refused := false
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	err = applier.Apply(ctx, objects, func(result apply.Result) error {
		refused = refused || result.Result == apply.Refused
		return encoder.Encode(result)
	})
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if refused {
		return errTold
	}
	return nil
}
