package statetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// bin is where Debian's postgresql-15 installs its programs.
const bin = "/usr/lib/postgresql/15/bin"

// Cluster is a running PostgreSQL server of one test.
type Cluster struct {
	*loopback.Program
	dir       string
	cred      *syscall.Credential // nil: run as our own user
	databases atomic.Int64
}

// Postgres creates and starts a cluster that is removed when the test ends. PostgreSQL refuses to run as root;
// in that case it runs as the user that Debian's package has created.
func Postgres(t testing.TB) *Cluster {
	t.Helper()
	loopback.Need(t, filepath.Join(bin, "initdb"), "PostgreSQL 15", "apt-get install postgresql-15, or make setup-test")
	// Not t.TempDir: its parents are closed to other users, and the path of a socket has to be short.
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := &Cluster{dir: dir}
	if os.Getuid() == 0 {
		c.cred = postgresUser(t)
		if err := os.Chown(dir, int(c.cred.Uid), int(c.cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	initdb := c.command("initdb", "-D", filepath.Join(dir, "data"), "-A", "trust", "-U", superuser, "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c.Program = &loopback.Program{Name: "postgres", Command: c.server, Ready: c.answers}
	c.Start(t)
	t.Cleanup(func() { c.Kill(t, syscall.SIGINT) }) // the fast shutdown; SIGTERM would wait for clients
	return c
}

func postgresUser(t testing.TB) *syscall.Credential {
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("PostgreSQL does not run as root, and there is no user for it: %v", err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + bin}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred}
	return cmd
}

func (c *Cluster) server() *exec.Cmd {
	os.Remove(filepath.Join(c.dir, "data", "postmaster.pid")) // left by a Kill
	return c.command("postgres", "-D", filepath.Join(c.dir, "data"), "-k", c.dir, "-c", "listen_addresses=", "-c", "shared_buffers=32MB", "-c", "max_connections=60")
}

func (c *Cluster) answers() error {
	db, err := state.Open(context.Background(), c.url(superuser, "postgres"))
	if err != nil {
		return err
	}
	return db.Close()
}

const superuser = "postgres"

// owner is the role as which the service connects. It is not a superuser, because row-level policies do not
// apply to those.
const owner = "service"

func (c *Cluster) url(user, database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s", user, database, c.dir)
}

// NewDatabase creates an empty database owned by a role that is not a superuser, and returns its URL for
// state.Open.
func (c *Cluster) NewDatabase(t testing.TB) string {
	t.Helper()
	ctx := context.Background()
	db, err := state.Open(ctx, c.url(superuser, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("test%d", c.databases.Add(1))
	if name == "test1" {
		if err := db.Admin(ctx, "CREATE ROLE "+owner+" LOGIN"); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Admin(ctx, "CREATE DATABASE "+name+" OWNER "+owner); err != nil {
		t.Fatal(err)
	}
	return c.url(owner, name)
}

// Script runs a shell script as the server's own user, with psql in its path and the server as its default, and
// returns the URL of a database for a role that the script has created.
func (c *Cluster) Script(t testing.TB, text, role, database string) string {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-eu", "-c", text)
	cmd.Dir, cmd.Env = c.dir, []string{"LC_ALL=C", "PATH=" + bin + ":/usr/bin:/bin", "PGHOST=" + c.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("script: %v\n%s", err, out)
	}
	return c.url(role, database)
}

// TakeWrites makes every connection of the server accept writes from now on, or refuse them as a replica does.
func (c *Cluster) TakeWrites(t testing.TB, yes bool) {
	t.Helper()
	ctx := context.Background()
	db, err := state.Open(ctx, c.url(superuser, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{fmt.Sprintf("ALTER SYSTEM SET default_transaction_read_only = %v", !yes), "SELECT pg_reload_conf()"} {
		if err := db.Admin(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
}
