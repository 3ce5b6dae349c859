package loopback

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Program is a server that a test runs beside itself, and may kill and start again.
type Program struct {
	Name    string
	Command func() *exec.Cmd // a new one for each start
	Ready   func() error     // nil once it answers

	cmd    *exec.Cmd
	log    log
	exited chan struct{}
}

// Patience is how long a server may take to answer, or to end, on a machine that has much else to do.
const Patience = 3 * time.Minute

// Run starts it and ends it with the test.
func (p *Program) Run(t testing.TB) {
	t.Helper()
	p.Start(t)
	t.Cleanup(func() { p.Kill(t, syscall.SIGTERM) })
}

// Start starts it, also again after a Kill, and waits until it is ready.
func (p *Program) Start(t testing.TB) {
	t.Helper()
	p.Begin(t)
	p.Await(t)
}

// Begin starts it and does not wait: servers of a cluster wait for each other.
func (p *Program) Begin(t testing.TB) {
	t.Helper()
	cmd := p.Command()
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL // it goes where the test process does
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited = cmd, exited
	go func() {
		_ = cmd.Wait() // how it ended is told by its log
		close(exited)
	}()
}

// Await waits until it is ready.
func (p *Program) Await(t testing.TB) {
	t.Helper()
	deadline := time.After(Patience)
	for {
		err := p.Ready()
		if err == nil {
			return
		}
		select {
		case <-p.exited:
			t.Fatalf("%s ended: %s", p.Name, p.Log())
		case <-deadline:
			t.Fatalf("%s is not ready: %v\n%s", p.Name, err, p.Log())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Kill ends it with a signal and waits: SIGKILL is a crash. One that has ended already is left alone.
func (p *Program) Kill(t testing.TB, signal syscall.Signal) {
	t.Helper()
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.exited:
	case <-time.After(Patience):
		_ = p.cmd.Process.Kill()
		t.Errorf("%s did not end on %v\n%s", p.Name, signal, p.Log())
	}
}

// Code is the status with which it exited, -1 where a signal ended it. Ask after Kill.
func (p *Program) Code() int {
	<-p.exited
	return p.cmd.ProcessState.ExitCode()
}

// PID is the number of the process that runs.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Log is what it has written so far.
func (p *Program) Log() string { return p.log.String() }

// Listens is a Ready that is content with an open port.
func Listens(addr string) func() error {
	return func() error {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// Find gives the path of a program that `make setup-test` keeps in the cache, or $env names. It never skips: a
// machine without it fails the test and says what to do.
func Find(t testing.TB, env, name, version string) string {
	t.Helper()
	path := os.Getenv(env)
	if path == "" {
		cache := os.Getenv("COLDSHELF_CACHE")
		if cache == "" {
			dir, err := os.UserCacheDir()
			if err != nil {
				t.Fatal(err)
			}
			cache = filepath.Join(dir, "coldshelf")
		}
		path = filepath.Join(cache, "bin", name)
	}
	Need(t, path, name+" "+version, "make setup-test")
	return path
}

// Need fails a test on a machine without a program.
func Need(t testing.TB, path, what, hint string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("this test needs %s: %v\nhint: %s", what, err, hint)
	}
}

// log takes what a program writes while a test reads it.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
