// Package natsserver starts real NATS servers with MQTT and JetStream for tests: one, or a cluster of
// three, on loopback, in folders that go with the test. It never skips: a machine without nats-server
// fails the test and says how to get it.
package natsserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

// Node is one server.
type Node struct {
	*loopback.Program
	client, mqtt, cluster string // addresses
}

// Cluster is one or more servers of one test.
type Cluster struct{ Nodes []*Node }

// Start starts that many servers, which know each other, and ends them with the test.
func Start(t testing.TB, nodes int) *Cluster {
	t.Helper()
	path, c := loopback.Find(t, "NATS_SERVER", "nats-server", "v2.15.2"), &Cluster{}
	var routes []string
	for range nodes {
		n := &Node{client: loopback.Addr(t), mqtt: loopback.Addr(t), cluster: loopback.Addr(t)}
		c.Nodes = append(c.Nodes, n)
		routes = append(routes, fmt.Sprintf("nats-route://%s", n.cluster))
	}
	for i, n := range c.Nodes {
		dir := t.TempDir()
		config := filepath.Join(dir, "nats.conf")
		text := fmt.Sprintf("server_name: n%d\nlisten: %q\njetstream { store_dir: %q, max_memory_store: 64MB, max_file_store: 1GB }\nmqtt { listen: %q }\n",
			i+1, n.client, filepath.Join(dir, "js"), n.mqtt)
		if nodes > 1 {
			text += fmt.Sprintf("cluster { name: test, listen: %q, routes: [%s] }\n", n.cluster, strings.Join(routes, ", "))
		}
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n.Program = &loopback.Program{Name: fmt.Sprintf("nats-server %d", i+1), Command: func() *exec.Cmd { return exec.Command(path, "-c", config) },
			Ready: n.ready}
		n.Begin(t)
		t.Cleanup(func() { n.Kill(t, syscall.SIGTERM) })
	}
	for _, n := range c.Nodes {
		n.Await(t)
	}
	return c
}

// ready tells whether boards can connect and JetStream answers, for which a cluster must have a leader.
func (n *Node) ready() error {
	if err := loopback.Listens(n.mqtt)(); err != nil {
		return err
	}
	conn, err := nats.Connect("nats://" + n.client)
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = js.AccountInfo(ctx)
	return err
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
