// Package benchdb starts the databases that programs measure on: on loopback or a socket, in a folder that is theirs to
// remove, each gone with the program.
package benchdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// programs is where Debian's postgresql-15 keeps them.
const programs = "/usr/lib/postgresql/15/bin/"

// Postgres is a cluster on a Unix socket in a folder, with the settings that Debian ships.
type Postgres struct {
	server *exec.Cmd
	dir    string
}

// StartPostgres makes a cluster in dir, whose path has to be short, with empty databases of some names, and waits until
// it answers. As root it runs as the user that Debian's package made.
func StartPostgres(ctx context.Context, dir string, databases ...string) (_ *Postgres, err error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(dir, int(uid), int(gid))); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, programs+"initdb", "-D", data, "-A", "trust", "-U", "coldshelf", "-E", "UTF8", "--locale=C")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	p := &Postgres{exec.CommandContext(ctx, programs+"postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=100"), dir}
	p.server.SysProcAttr, p.server.Dir = attr, dir
	p.server.Cancel = func() error { return p.server.Process.Signal(syscall.SIGINT) }
	if err := p.server.Start(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.Stop()
		}
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; {
		db, err := state.Open(ctx, p.URL("postgres"))
		if err == nil {
			for _, name := range databases {
				err = errors.Join(err, db.Admin(ctx, "CREATE DATABASE "+name))
			}
			return p, errors.Join(err, db.Close())
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("postgres does not answer: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// URL is that of a database, for state.Open.
func (p *Postgres) URL(database string) string {
	return "postgres://coldshelf@/" + database + "?host=" + p.dir
}

// Stop ends the server, the fast way.
func (p *Postgres) Stop() {
	p.server.Process.Signal(syscall.SIGINT)
	p.server.Wait()
}
