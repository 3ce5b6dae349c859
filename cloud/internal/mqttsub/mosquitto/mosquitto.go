// Package mosquitto starts Debian's Mosquitto for tests: on loopback, on a free port, in a folder
// that goes with the test. It never skips: a machine without Mosquitto fails the test and says what
// to install.
package mosquitto

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

const program = "/usr/sbin/mosquitto"

// Broker is a Mosquitto of one test.
type Broker struct {
	addr   string
	config string
	cmd    *exec.Cmd
	log    bytes.Buffer
	exited chan struct{}
}

// Start starts a broker that ends with the test. It keeps its sessions on disk, as one in a shop
// would, with queues large enough for a fleet.
func Start(t testing.TB) *Broker {
	t.Helper()
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("this test needs Mosquitto: %v\nhint: apt-get install mosquitto, or make setup", err)
	}
	b := &Broker{addr: loopback.Addr(t)}
	host, port, err := net.SplitHostPort(b.addr)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b.config = filepath.Join(dir, "mosquitto.conf")
	text := fmt.Sprintf(`listener %s %s
allow_anonymous true
persistence true
persistence_location %s/
autosave_interval 1
max_inflight_messages 1000
max_queued_messages 0
user root
`, port, host, dir)
	if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Restart(t)
	t.Cleanup(func() { b.Kill(syscall.SIGTERM) })
	return b
}

// URL is where it listens, for paho.
func (b *Broker) URL() string { return "mqtt://" + b.addr }

// Restart starts it again after a Kill, on the same port, and waits until it listens.
func (b *Broker) Restart(t testing.TB) {
	t.Helper()
	b.cmd = exec.Command(program, "-c", b.config)
	b.cmd.Stdout, b.cmd.Stderr = &b.log, &b.log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited, cmd := make(chan struct{}), b.cmd
	b.exited = exited
	go func() { cmd.Wait(); close(exited) }()
	deadline := time.After(30 * time.Second)
	for {
		conn, err := net.Dial("tcp", b.addr)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-exited:
			t.Fatalf("mosquitto ended: %s", b.log.String())
		case <-deadline:
			t.Fatalf("mosquitto does not listen: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Kill ends it with a signal and waits: SIGKILL is a crash.
func (b *Broker) Kill(signal syscall.Signal) {
	// One that has ended already needs no signal.
	_ = b.cmd.Process.Signal(signal)
	<-b.exited
}
