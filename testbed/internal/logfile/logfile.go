// Package logfile moves everything that a process prints into a file.
//
// The control plane's parts log through klog, zap, gRPC and the Go runtime, each with its own idea of
// where to. Moving the file descriptors themselves catches all of them, and keeps the standard output
// free for the one line that a test reads.
package logfile

import (
	"fmt"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// Streams are the process' own output streams, as they were before Redirect.
type Streams struct {
	Stdout *os.File
	Stderr *os.File
}

// Redirect appends all that is printed from now on to the file at path, and returns the former streams.
// A crash of the Go runtime is also told on the former standard error: nobody looks for a log file of a
// program that ended without a word.
func Redirect(path string) (Streams, error) {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return Streams{}, fmt.Errorf("open the log: %w", err)
	}
	defer log.Close()

	stdout, err := move(os.Stdout, log)
	if err != nil {
		return Streams{}, fmt.Errorf("move the standard output to the log: %w", err)
	}
	stderr, err := move(os.Stderr, log)
	if err != nil {
		return Streams{}, fmt.Errorf("move the standard error to the log: %w", err)
	}
	if err := debug.SetCrashOutput(stderr, debug.CrashOptions{}); err != nil {
		return Streams{}, fmt.Errorf("set where crashes are told: %w", err)
	}
	return Streams{Stdout: stdout, Stderr: stderr}, nil
}

// move makes stream's descriptor write to log, and returns a new descriptor for where it wrote before.
func move(stream, log *os.File) (*os.File, error) {
	former, err := unix.FcntlInt(stream.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup2(int(log.Fd()), int(stream.Fd())); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(former), stream.Name()), nil
}
