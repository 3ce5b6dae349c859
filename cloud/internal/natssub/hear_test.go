package natssub_test

import (
	"context"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest/ingesttest"
	"github.com/coldshelf/coldshelf/cloud/internal/natssub"
	"github.com/coldshelf/coldshelf/cloud/internal/natssub/natsserver"
)

// TestHear: what a till says over MQTT to any node is heard by one of two programs, and what is answered
// reaches the till.
func TestHear(t *testing.T) {
	c := natsserver.Start(t, 1)
	ctx, cancel := context.WithCancel(context.Background())
	heard, done := make(chan string, 100), make(chan error, 2)
	for range 2 {
		s, err := natssub.New(natssub.Config{URL: c.URL()})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			done <- s.Hear(ctx, "coldshelf/pos/v1/+/+/+", func(topic string, payload []byte) {
				heard <- topic + " " + string(payload)
				if err := s.Publish(ctx, topic+"/reply", payload); err != nil {
					t.Error(err)
				}
			})
		}()
	}
	till := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(c.Nodes[0].MQTT()).SetClientID("till-1"))
	wait := func(token mqtt.Token) {
		t.Helper()
		if !token.WaitTimeout(ingesttest.Patience) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	wait(till.Connect())
	defer till.Disconnect(0)
	const topic = "coldshelf/pos/v1/t/s.1/till-1"
	replies := make(chan string, 100)
	wait(till.Subscribe(topic+"/reply", 1, func(_ mqtt.Client, m mqtt.Message) { replies <- string(m.Payload()) }))
	// As a till does: again until it is answered.
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(ingesttest.Patience)
	for answered := false; !answered; {
		wait(till.Publish(topic, 1, false, "sold"))
		select {
		case r := <-replies:
			answered = r == "sold"
		case <-again.C:
		case <-deadline:
			t.Fatal("a till is not heard")
		}
	}
	if got, want := <-heard, topic+" sold"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	cancel()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
