package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockName is both the lock that keeps two testbeds out of one folder, and the mark by which a later run
// knows the folder as a testbed's.
const lockName = "testbed.lock"

// Dir is the folder that holds all a testbed has on disk.
type Dir struct {
	root string
	lock *os.File
}

// OpenDir creates the folder, or takes up one that an earlier testbed left behind, with its data.
//
// A folder with other content is refused: a mistyped path must not get its permissions changed and a
// private key laid into it.
func OpenDir(root string) (*Dir, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("find the folder: %w", err)
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder: %w", err)
	}
	if err := checkOwn(root); err != nil {
		return nil, err
	}
	if err := os.Chmod(root, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder private: %w", err)
	}

	lock, err := os.OpenFile(filepath.Join(root, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the folder's lock: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("`%s` is in use by another testbed", root)
		}
		return nil, fmt.Errorf("lock the folder: %w", err)
	}
	return &Dir{root: root, lock: lock}, nil
}

func checkOwn(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return fmt.Errorf("read the folder: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == lockName {
			return nil
		}
	}
	if len(entries) > 0 {
		return fmt.Errorf("`%s` is neither empty nor a testbed's folder", root)
	}
	return nil
}

// Close lets another testbed use the folder.
func (d *Dir) Close() error {
	return d.lock.Close()
}

// Kubeconfig is where the administrator's kubeconfig is written.
func (d *Dir) Kubeconfig() string { return filepath.Join(d.root, "kubeconfig") }

// Log is the file for everything that the control plane prints.
func (d *Dir) Log() string { return filepath.Join(d.root, "testbed.log") }

func (d *Dir) etcdData() string { return filepath.Join(d.root, "etcd") }

func (d *Dir) pki() string { return filepath.Join(d.root, "pki") }

func (d *Dir) certFile(name string) string { return filepath.Join(d.pki(), name+".crt") }

func (d *Dir) keyFile(name string) string { return filepath.Join(d.pki(), name+".key") }
