package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// registered are the flags that packages of Kubernetes registered as they were loaded, before the root command put them away.
var registered = pflag.CommandLine

// componentCommand is a program of the same release, under a name of ours. All arguments are its own.
//
// make is called no sooner than the command is: each component fills the process's feature gates with its own.
func componentCommand(use, what string, make func() *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:                use + " [FLAGS]",
		Short:              what + " itself",
		Long:               what + " of the same release. All flags are its own.",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			callItself(what)
			pflag.CommandLine = registered
			component := make()
			component.SilenceUsage = true
			component.SetArgs(args)
			return component.Execute()
		},
	}
}

func controllerManagerCommand() *cobra.Command {
	return componentCommand("controller-manager", "kube-controller-manager", controllermanager.NewControllerManagerCommand)
}

func schedulerCommand() *cobra.Command {
	return componentCommand("scheduler", "kube-scheduler", func() *cobra.Command { return scheduler.NewSchedulerCommand() })
}

// callItself gives the process the name by which clients of Kubernetes make up their user agents.
func callItself(name string) {
	os.Args[0] = name
}
