// Command testbed runs real Kubernetes control-plane parts for end-to-end tests, and asks them questions in
// bulk. See README.md.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	exitFailure = 1
	exitMisuse  = 2
)

// misuse is an error of a command that its caller can mend, such as a file that can't be read.
type misuse struct{ error }

// errTold is an error of which the output has already told.
var errTold = errors.New("not everything was done")

func main() {
	root := rootCommand()
	started := false
	var mark func(cmd *cobra.Command)
	mark = func(cmd *cobra.Command) {
		if run := cmd.RunE; run != nil && !cmd.HasSubCommands() {
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				started = true
				return run(cmd, args)
			}
		}
		for _, inner := range cmd.Commands() {
			mark(inner)
		}
	}
	mark(root)

	err := root.Execute()
	if err == nil {
		return
	}
	if !errors.Is(err, errTold) {
		fmt.Fprintln(os.Stderr, "testbed:", err)
	}
	// What is wrong before a command has started is wrong on the command line.
	if !started || errors.As(err, &misuse{}) {
		os.Exit(exitMisuse)
	}
	os.Exit(exitFailure)
}

func rootCommand() *cobra.Command {
	// Packages of Kubernetes register flags of their own programs here, which every command would show.
	pflag.CommandLine = pflag.NewFlagSet("testbed", pflag.ContinueOnError)

	root := &cobra.Command{
		Use:   "testbed",
		Short: "A real kube-apiserver and etcd for end-to-end tests",
		Long: `A real kube-apiserver and etcd for end-to-end tests, and the means to load objects
into it and to ask it thousands of questions at once.

Data goes to the standard output, messages to the standard error. Exit code 0: fine;
1: something failed or was refused; 2: misuse, or input that can't be read.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("a command is missing\nhint: see `testbed --help`")
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(
		runCommand(), applyCommand(), reviewCommand(), dryRunCommand(), dumpCommand(), versionCommand(), kubectlCommand(),
		providerCommand(), kmsCommand(), controllerManagerCommand(), schedulerCommand(),
	)
	return root
}

// require marks a flag that has no sensible default.
func require(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagRequired(flag); err != nil {
		panic(err)
	}
}
