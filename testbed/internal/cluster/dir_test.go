package cluster

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFolderIsPrivateAndTakenOnce(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a", "bed")
	dir, err := OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(root)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o700 {
		t.Errorf("the folder's mode is %o", mode)
	}
	if _, err := OpenDir(root); err == nil {
		t.Error("a second testbed got the same folder")
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenDir(root)
	if err != nil {
		t.Fatalf("the folder can't be used again: %v", err)
	}
	again.Close()
}

func TestForeignFolderIsLeftAlone(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "letter.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(root); err == nil {
		t.Fatal("a folder with other content was taken")
	}
	info, err := os.Stat(root)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o755 {
		t.Errorf("the folder's mode was changed to %o", mode)
	}
}
