package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"ringwall.dev/testbed/internal/versions"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of Kubernetes and etcd that are built in, as JSON",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			kubernetes, err := versions.Kubernetes()
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(struct {
				Kubernetes string `json:"kubernetes"`
				Etcd       string `json:"etcd"`
			}{kubernetes, versions.Etcd()})
		},
	}
}
