// Package mosquitto runs Debian's broker on a loopback port of its own, for tests.
package mosquitto

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Broker is one mosquitto with its data folder.
type Broker struct {
	t    testing.TB
	dir  string
	conf string
	Port int
	cmd  *exec.Cmd
}

// New chooses a port and writes the configuration, to which extra lines are appended. The broker keeps its
// sessions on disk across Stop and Start, and is stopped when the test ends.
func New(t testing.TB, extra string) *Broker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	b := &Broker{t: t, dir: t.TempDir(), Port: port}
	conf := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location %s/\nautosave_interval 1\nautosave_on_changes true\nmax_queued_messages 100000\n%s\n", port, b.dir, extra)
	if os.Geteuid() == 0 {
		conf += "user root\n"
	}
	b.conf = filepath.Join(b.dir, "mosquitto.conf")
	if err := os.WriteFile(b.conf, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	return b
}

// URL returns the broker's address for clients.
func (b *Broker) URL() string { return fmt.Sprintf("tcp://127.0.0.1:%d", b.Port) }

// Start runs the broker and waits until it accepts connections.
func (b *Broker) Start() {
	b.t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	cmd := exec.Command(path, "-c", b.conf)
	if err := cmd.Start(); err != nil {
		b.t.Fatalf("start mosquitto: %v (apt-get install mosquitto)", err)
	}
	b.cmd = cmd
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", b.Port))
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("mosquitto does not answer: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Stop ends the broker in an orderly way, so that its sessions are saved.
func (b *Broker) Stop() {
	if b.cmd == nil {
		return
	}
	b.cmd.Process.Signal(os.Interrupt)
	b.cmd.Wait()
	b.cmd = nil
}

// Kill ends the broker as a power cut would: it forgets what it had not saved.
func (b *Broker) Kill() {
	if b.cmd == nil {
		return
	}
	b.cmd.Process.Kill()
	b.cmd.Wait()
	b.cmd = nil
}
