package cloud_test

import (
	"context"
	"crypto/tls"
	"path/filepath"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestCertificateSaysWho: the service on a Mosquitto as firmware-config sets it up. Who a message is of is what the
// sender's certificate says: under another's topic it does not come through, with another's envelope it is put aside,
// and nobody comes in without a certificate, with a stranger's or with one that was revoked.
func TestCertificateSaysWho(t *testing.T) {
	mosq := mosquitto.StartSecured(t, "../firmware-config/broker")
	mosq.Certificate(t, "coldshelf-ingest")
	s, c, stop := serve(t, func(c *config.Config) {
		c.MQTT.Broker, c.MQTT.ClientID, c.MQTT.CA = mosq.URL(), "ingest-1", filepath.Join(mosq.Dir, "ca.pem")
		c.MQTT.Cert, c.MQTT.Key = mosq.Files("coldshelf-ingest")
	})
	b := newBoardWith(t, mosq.URL(), "d1", func(o *mqtt.ClientOptions) { o.SetTLSConfig(mosq.Certificate(t, "t/s1/d1")) })
	b.say(t, shelf.OK)
	b.drain(t)

	// A third board as another one: by the topic, then by the envelope alone.
	own := wire.Identity{Tenant: "t", Store: "s1", Device: "d3"}
	liar := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(mosq.URL()).SetClientID("d3").SetTLSConfig(mosq.Certificate(t, "t/s1/d3")))
	if token := liar.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer liar.Disconnect(0)
	other := wire.Identity{Tenant: "t", Store: "s1", Device: "d2"}
	at := time.Now().UTC().Truncate(time.Microsecond)
	forged, err := wire.Encode(&wire.Envelope{Identity: other, Boot: 1, Seq: 1, CapturedAt: at, Clock: telemetry.NTP, Body: &wire.Event{At: at, Type: wire.EventRestock}})
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{other.Topic(wire.KindEvent), own.Topic(wire.KindEvent)} {
		if token := liar.Publish(topic, 1, false, forged); !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	until(t, "the forged envelope is put aside", func() bool {
		return metric(t, s.Addr(), `coldshelf_ingest_quarantined_total{reason="identity"}`) == 1
	})

	stranger := mosquitto.StartSecured(t, "../firmware-config/broker") // has an authority of its own
	for _, who := range []struct {
		name string
		tls  *tls.Config
	}{
		{"nobody", &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: mosq.Config(t, "t/s1/d1").RootCAs}},
		{"a stranger", &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: mosq.Config(t, "t/s1/d1").RootCAs, Certificates: stranger.Certificate(t, "t/s1/d1").Certificates}},
		{"one whose certificate was revoked", mosq.Config(t, mosquitto.Revoked)},
	} {
		client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(mosq.URL()).SetClientID("x").SetTLSConfig(who.tls).SetAutoReconnect(false).SetConnectRetry(false))
		if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() == nil {
			t.Errorf("%s is let in", who.name)
			client.Disconnect(0)
		}
	}
	stop()

	for device, want := range map[string]int{"d1": 1, "d2": 0, "d3": 0} {
		if n := points(t, c, device); n != want {
			t.Errorf("%s: %d messages are stored, want %d", device, n, want)
		}
	}
	db, err := state.Open(context.Background(), c.StateURL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := state.ListQuarantine(context.Background(), db, "t", 10)
	if err != nil || len(list) != 1 || list[0].Topic != own.Topic(wire.KindEvent) {
		t.Errorf("quarantine: %+v, %v", list, err)
	}
}
