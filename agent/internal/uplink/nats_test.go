package uplink_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

// program is one that a test runs beside itself.
type program struct {
	path string
	args []string
	cmd  *exec.Cmd
	log  bytes.Buffer
}

func (p *program) start(t *testing.T) {
	t.Helper()
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // how it ended is in its log
}

// free gives an address of loopback that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// natsCluster starts three servers that know each other, and gives them with where each speaks MQTT, and the URL by
// which ingesters reach them.
func natsCluster(t *testing.T) (nodes []*program, mqtt []string, url string) {
	t.Helper()
	path := os.Getenv("NATS_SERVER")
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(cache, "coldshelf", "bin", "nats-server")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("this test needs nats-server: %v\nhint: make setup-test", err)
	}
	var clients, routes []string
	for range 3 {
		clients, routes, mqtt = append(clients, free(t)), append(routes, free(t)), append(mqtt, free(t))
	}
	for i := range 3 {
		dir := t.TempDir()
		conf := fmt.Sprintf("server_name: n%d\nlisten: %q\njetstream { store_dir: %q, max_memory_store: 64MB, max_file_store: 1GB }\nmqtt { listen: %q }\ncluster { name: test, listen: %q, routes: [nats-route://%s] }\n",
			i, clients[i], dir, mqtt[i], routes[i], strings.Join(routes, ", nats-route://"))
		file := filepath.Join(dir, "nats.conf")
		if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		n := &program{path: path, args: []string{"-c", file}}
		n.start(t)
		t.Cleanup(n.kill)
		nodes = append(nodes, n)
	}
	return nodes, mqtt, "nats://" + strings.Join(clients, ",") + "?replicas=3"
}

// within waits for what a busy machine may take long for.
func within(t *testing.T, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// TestThroughANATSCluster: a board's own outbox and uplink, by MQTT to a node of three, and the real cooler-cloud that
// pulls from the cluster: all is acknowledged, also what was on its way when the board's node was killed -9.
func TestThroughANATSCluster(t *testing.T) {
	const patience = 3 * time.Minute
	nodes, mqtt, url := natsCluster(t)
	cloud := &program{path: filepath.Join(t.TempDir(), "cooler-cloud")}
	build := exec.Command("go", "build", "-o", cloud.path, "../../../cloud/cmd/cooler-cloud")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build cooler-cloud: %v\n%s", err, out)
	}
	page := free(t)
	cloud.args = []string{"serve", "--listen", page, "--access", "open", "--tenant", board.Tenant, "--data", t.TempDir(), "--broker", url}
	cloud.start(t)
	t.Cleanup(cloud.kill)
	within(t, patience, "the cloud", func() bool {
		resp, err := http.Get("http://" + page + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})

	box := openOutbox(t)
	cfg := config("tcp://"+mqtt[0], box.Boot())
	cfg.AckTimeout = 5 * time.Second
	run(t, box, cfg)
	left := func() int {
		list, err := box.Pending(context.Background(), 1000, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	say := func(n int) {
		for range n {
			event(t, box, outbox.Alert, "restock")
		}
	}
	say(40)
	within(t, patience, "all to be acknowledged", func() bool { return left() == 0 })
	say(40)
	within(t, patience, "some to be on their way", func() bool { return left() < 40 })
	nodes[0].kill()
	say(20)
	nodes[0].start(t)
	within(t, patience, "all to be acknowledged after the node came back", func() bool { return left() == 0 })
}
