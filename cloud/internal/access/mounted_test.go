package access_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
)

// mounted is set where the test runs in a mount namespace of its own.
const mounted = "COLDSHELF_TEST_MOUNT"

// TestAuthorityOnAMountPoint: the first start on a folder that is a mount point, as a container's volume is, and has the
// lost+found of a new file system in it.
func TestAuthorityOnAMountPoint(t *testing.T) {
	if dir := os.Getenv(mounted); dir != "" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o700); err != nil {
			t.Fatal(err)
		}
		first, err := access.OpenAuthority(dir, noon)
		if err != nil {
			t.Fatal(err)
		}
		again, err := access.OpenAuthority(dir, noon)
		if err != nil || string(again.PEM()) != string(first.PEM()) {
			t.Errorf("another authority after a restart, %v", err)
		}
		if names, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(names) > 0 {
			t.Errorf("%v is left over, %v", names, err)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestAuthorityOnAMountPoint$", "-test.count=1")
	cmd.Env = append(os.Environ(), mounted+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestAuthorityCutShort: a first start that ended between its two files, or before them, is gone on with.
func TestAuthorityCutShort(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "authority")
	first, err := access.OpenAuthority(dir, noon)
	if err != nil {
		t.Fatal(err)
	}
	waiting := filepath.Join(dir, ".making")
	if err := os.Mkdir(waiting, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "ca.pem"), filepath.Join(waiting, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	again, err := access.OpenAuthority(dir, noon)
	if err != nil || string(again.PEM()) != string(first.PEM()) {
		t.Fatalf("cut between its files: %v, or another one", err)
	}
	if _, err := os.Stat(waiting); !os.IsNotExist(err) {
		t.Errorf("%s is left over, %v", waiting, err)
	}

	dir = filepath.Join(t.TempDir(), "authority")
	if err := os.MkdirAll(filepath.Join(dir, ".making"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".making", "ca.key"), []byte("half of a k"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := access.OpenAuthority(dir, noon); err != nil {
		t.Errorf("cut before its files were whole: %v", err)
	}
}
