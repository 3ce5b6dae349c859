// Package natsserver starts real NATS servers with MQTT and JetStream for tests: one, or a cluster of
// three, on loopback, in folders that go with the test. It never skips: a machine without nats-server
// fails the test and says how to get it.
package natsserver

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

// Node is one server.
type Node struct {
	client, mqtt, cluster string // addresses
	config                string
	cmd                   *exec.Cmd
	log                   bytes.Buffer
	exited                chan struct{}
}

// Cluster is one or more servers of one test.
type Cluster struct{ Nodes []*Node }

// program finds nats-server: $NATS_SERVER, or where `make setup` puts it.
func program(t testing.TB) string {
	t.Helper()
	path := os.Getenv("NATS_SERVER")
	if path == "" {
		cache := os.Getenv("COLDSHELF_CACHE")
		if cache == "" {
			dir, err := os.UserCacheDir()
			if err != nil {
				t.Fatal(err)
			}
			cache = filepath.Join(dir, "coldshelf")
		}
		path = filepath.Join(cache, "bin", "nats-server")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("this test needs nats-server v2.15.2: %v\nhint: make setup", err)
	}
	return path
}

// Start starts that many servers, which know each other, and ends them with the test.
func Start(t testing.TB, nodes int) *Cluster {
	t.Helper()
	c := &Cluster{}
	var routes []string
	for range nodes {
		n := &Node{client: loopback.Addr(t), mqtt: loopback.Addr(t), cluster: loopback.Addr(t)}
		c.Nodes = append(c.Nodes, n)
		routes = append(routes, fmt.Sprintf("nats-route://%s", n.cluster))
	}
	for i, n := range c.Nodes {
		dir := t.TempDir()
		n.config = filepath.Join(dir, "nats.conf")
		text := fmt.Sprintf("server_name: n%d\nlisten: %q\njetstream { store_dir: %q, max_memory_store: 64MB, max_file_store: 1GB }\nmqtt { listen: %q }\n",
			i+1, n.client, filepath.Join(dir, "js"), n.mqtt)
		if nodes > 1 {
			text += fmt.Sprintf("cluster { name: test, listen: %q, routes: [%s] }\n", n.cluster, strings.Join(routes, ", "))
		}
		if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n.begin(t)
		t.Cleanup(func() { n.Kill(syscall.SIGTERM) })
	}
	for _, n := range c.Nodes {
		n.await(t)
	}
	return c
}

// URL is where ingesters connect.
func (c *Cluster) URL() string {
	var hosts []string
	for _, n := range c.Nodes {
		hosts = append(hosts, n.client)
	}
	url := "nats://" + strings.Join(hosts, ",")
	if len(c.Nodes) > 1 {
		url += fmt.Sprintf("?replicas=%d", len(c.Nodes))
	}
	return url
}

// MQTT is where boards connect to a node, for paho.
func (n *Node) MQTT() string { return "mqtt://" + n.mqtt }

// Restart starts a node again after a Kill, and waits until it listens.
func (n *Node) Restart(t testing.TB) {
	t.Helper()
	n.begin(t)
	n.await(t)
}

func (n *Node) begin(t testing.TB) {
	t.Helper()
	n.cmd = exec.Command(program(t), "-c", n.config)
	n.cmd.Stdout, n.cmd.Stderr = &n.log, &n.log
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited, cmd := make(chan struct{}), n.cmd
	n.exited = exited
	go func() { cmd.Wait(); close(exited) }()
}

func (n *Node) await(t testing.TB) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		conn, err := net.Dial("tcp", n.mqtt)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-n.exited:
			t.Fatalf("nats-server ended: %s", n.log.String())
		case <-deadline:
			t.Fatalf("nats-server does not listen for MQTT: %v\n%s", err, n.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends a node with a signal and waits: SIGKILL is a crash.
func (n *Node) Kill(signal syscall.Signal) {
	// One that has ended already needs no signal.
	_ = n.cmd.Process.Signal(signal)
	<-n.exited
}
