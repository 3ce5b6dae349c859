// Package mosquitto starts Debian's Mosquitto for tests: on loopback, on a free port, in a folder
// that goes with the test. It never skips: a machine without Mosquitto fails the test and says what
// to install.
package mosquitto

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

const path = "/usr/sbin/mosquitto"

// Broker is a Mosquitto of one test.
type Broker struct {
	*loopback.Program
	url string
}

// Start starts a broker that ends with the test. It keeps its sessions on disk, as one in a shop
// would, with queues large enough for a fleet.
func Start(t testing.TB) *Broker {
	t.Helper()
	return StartWith(t, "mqtt", fmt.Sprintf(`allow_anonymous true
persistence true
persistence_location %s/
autosave_interval 1
max_inflight_messages 1000
max_queued_messages 0
log_type notice
log_type subscribe
log_type error
log_type warning
`, t.TempDir()))
}

// StartWith starts one with settings of a test for its only listener, which is spoken to by scheme: mqtt, or mqtts.
func StartWith(t testing.TB, scheme, settings string) *Broker {
	t.Helper()
	loopback.Need(t, path, "Mosquitto", "apt-get install mosquitto, or make setup-test")
	addr := loopback.Addr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := fmt.Sprintf("listener %s %s\n%s\nuser root\n", port, host, settings)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &Broker{&loopback.Program{Name: "mosquitto", Command: func() *exec.Cmd { return exec.Command(path, "-c", config) },
		Ready: loopback.Listens(addr)}, scheme + "://" + addr}
	b.Run(t)
	return b
}

// URL is where it listens, for paho.
func (b *Broker) URL() string { return b.url }
