package mqttsub_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest/ingesttest"
	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/models/wire"
)

const (
	tills = "coldshelf/pos/v1/+/+/+"
	till  = "coldshelf/pos/v1/t/s/till-1"
)

// logged waits until a broker has written a text into its log so many times.
func logged(t *testing.T, b *mosquitto.Broker, text string, times int) {
	t.Helper()
	for deadline := time.Now().Add(loopback.Patience); strings.Count(b.Log(), text) < times; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q is not %d times in the broker's log:\n%s", text, times, b.Log())
		}
	}
}

// TestHearIsShared: of two services that hear the tills each message reaches one, through a connection besides that of
// the ingester.
func TestHearIsShared(t *testing.T) {
	b := mosquitto.Start(t)
	ctx, stop := context.WithCancel(context.Background())
	heard, ended := make(chan string, 1000), make(chan error, 2)
	var each [2]atomic.Int64
	for i := range each {
		s := open(t, b.URL(), fmt.Sprintf("service-%d", i))
		go func() {
			ended <- s.Hear(ctx, tills, func(topic string, payload []byte) {
				each[i].Add(1)
				heard <- topic + " " + string(payload)
			})
		}()
		logged(t, b, fmt.Sprintf("service-%d-pos 1 $share/pos/%s", i, tills), 1)
	}
	c := ingesttest.Board(t, b.URL(), wire.Identity{Device: "till-1"}, nil)
	seen := map[string]int{}
	said := 0
	for deadline := time.Now().Add(ingesttest.Patience); each[0].Load() == 0 || each[1].Load() == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("of %d messages one heard %d and the other %d", said, each[0].Load(), each[1].Load())
		}
		for range 20 {
			if token := c.Publish(till, 1, false, fmt.Sprint(said)); !token.WaitTimeout(ingesttest.Patience) || token.Error() != nil {
				t.Fatal(token.Error())
			}
			said++
		}
		for len(seen) < said {
			select {
			case m := <-heard:
				seen[m]++
			case <-time.After(ingesttest.Patience):
				t.Fatalf("%d of %d messages are heard", len(seen), said)
			}
		}
	}
	for m, n := range seen {
		if n != 1 || !strings.HasPrefix(m, till+" ") {
			t.Errorf("%q is heard %d times", m, n)
		}
	}
	stop()
	for range each {
		if err := <-ended; err != nil {
			t.Errorf("Hear ended: %v", err)
		}
	}
}

// TestHearIsBusy: while a till's message is dealt with for long the connection lives: it comes back after the broker
// was killed, and what is said then is heard.
func TestHearIsBusy(t *testing.T) {
	b := mosquitto.Start(t)
	s := open(t, b.URL(), "service")
	ctx, stop := context.WithCancel(context.Background())
	busy, goOn, after, ended := make(chan struct{}), make(chan struct{}), make(chan string, 100), make(chan error, 1)
	var once atomic.Bool
	go func() {
		ended <- s.Hear(ctx, tills, func(_ string, payload []byte) {
			if once.CompareAndSwap(false, true) {
				close(busy)
				<-goOn
			}
			if string(payload) != "before" {
				after <- string(payload)
			}
		})
	}()
	subscribed := "service-pos 1 $share/pos/" + tills
	logged(t, b, subscribed, 1)
	say := func(text string) {
		t.Helper()
		c := ingesttest.Board(t, b.URL(), wire.Identity{Device: "till-1"}, func(o *mqtt.ClientOptions) { o.SetAutoReconnect(false) })
		defer c.Disconnect(100)
		for range 20 {
			if token := c.Publish(till, 1, false, text); !token.WaitTimeout(ingesttest.Patience) || token.Error() != nil {
				t.Fatalf("publish: %v", token.Error())
			}
		}
	}
	say("before")
	<-busy
	b.Kill(t, syscall.SIGKILL)
	b.Start(t)
	logged(t, b, subscribed, 2) // while the first message is still dealt with
	say("after")
	close(goOn)
	for range 20 {
		select {
		case <-after:
		case <-time.After(ingesttest.Patience):
			t.Fatal("what was said after the broker came back is not heard")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Hear ended: %v", err)
	}
}
