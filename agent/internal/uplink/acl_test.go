package uplink_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/models/wire"
)

// securedBroker runs Mosquitto with the files of firmware-config, their paths put to dir.
func securedBroker(t *testing.T, dir string) *mosquitto.Broker {
	t.Helper()
	const files = "../../../firmware-config/broker/"
	conf, err := os.ReadFile(files + "mosquitto.conf")
	if err != nil {
		t.Fatal(err)
	}
	acl, err := os.ReadFile(files + "acl")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "acl"), acl, 0o600); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(conf)) {
		key, _, _ := strings.Cut(line, " ")
		switch key {
		case "listener", "persistence", "persistence_location", "autosave_interval", "allow_anonymous", "max_queued_messages", "crlfile":
			continue // the test broker's own, and no certificate is revoked
		}
		lines = append(lines, strings.ReplaceAll(line, "/etc/mosquitto/coldshelf", dir))
	}
	b := mosquitto.New(t, strings.Join(lines, "")+"\nallow_anonymous false\n")
	b.Start()
	return b
}

// TestTheBrokersACL: with the certificates and the ACL that firmware-config describes, a board speaks and
// hears as itself only.
func TestTheBrokersACL(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir)
	ca.issueAs(t, "broker", "broker", "127.0.0.1")
	mine := ca.issueAs(t, "board", "acme/s1/cooler-1", "")
	ingester := ca.issueAs(t, "ingest", "coldshelf-ingest", "")
	tills := ca.issueAs(t, "tills", "coldshelf-tills-acme", "")
	broker := securedBroker(t, dir)
	url := fmt.Sprintf("ssl://127.0.0.1:%d", broker.Port)
	secured := func(cert tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: ca.pool, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	dial := func(id string, cert tls.Certificate) mqtt.Client {
		client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(id).SetTLSConfig(secured(cert)))
		if token := client.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
			t.Fatalf("%s: %v", id, token.Error())
		}
		t.Cleanup(func() { client.Disconnect(10) })
		return client
	}
	heard := make(chan string, 100)
	cloud := dial("ingest", ingester)
	if token := cloud.SubscribeMultiple(map[string]byte{wire.SharedUp: 1, wire.AllStatus: 1, "coldshelf/pos/v1/+/+/+": 1}, func(_ mqtt.Client, m mqtt.Message) { heard <- m.Topic() }); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}

	other := wire.Identity{Tenant: "acme", Store: "s1", Device: "cooler-2"}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := uplink.Try(ctx, uplink.Config{Broker: url, Identity: board, TLS: secured(mine)}); err != nil {
		t.Errorf("the board is not let in as itself: %v", err)
	}

	client := dial("board", mine)
	for _, topic := range []string{
		other.Topic(wire.KindObservation), other.Topic(wire.KindStatus), // as another board
		other.Topic(wire.KindAck), // as the cloud
		"coldshelf/v1/acme/alerts/s1/cooler-1/stockout",
		"coldshelf/pos/v1/acme/s1/cooler-1",                             // as a till
		board.Topic(wire.KindObservation), board.Topic(wire.KindStatus), // as itself, last
	} {
		client.Publish(topic, 1, false, "x").WaitTimeout(10 * time.Second)
	}
	till := dial("till", tills)
	for _, topic := range []string{"coldshelf/pos/v1/other/s1/till-1", other.Topic(wire.KindStatus), "coldshelf/pos/v1/acme/s1/till-1"} {
		till.Publish(topic, 1, false, "x").WaitTimeout(10 * time.Second)
	}
	want := map[string]bool{"coldshelf/pos/v1/acme/s1/till-1": true, board.Topic(wire.KindObservation): true, board.Topic(wire.KindStatus): true}
	for len(want) > 0 {
		select {
		case topic := <-heard:
			if !want[topic] {
				t.Errorf("the cloud heard %s", topic)
			}
			delete(want, topic)
		case <-time.After(20 * time.Second):
			t.Fatalf("the cloud did not hear %v", want)
		}
	}

	// Mosquitto grants any subscription and keeps back what may not be read.
	said := make(chan string, 100)
	if token := client.Subscribe("coldshelf/#", 1, func(_ mqtt.Client, m mqtt.Message) { said <- m.Topic() }); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	for _, id := range []wire.Identity{other, board} {
		cloud.Publish(id.Topic(wire.KindAck), 1, false, "x").WaitTimeout(10 * time.Second)
	}
	select {
	case topic := <-said:
		if topic != board.Topic(wire.KindAck) {
			t.Errorf("the board heard %s", topic)
		}
	case <-time.After(20 * time.Second):
		t.Error("the board does not hear what is said to it")
	}
}
