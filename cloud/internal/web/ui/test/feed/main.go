// Command feed speaks for boards in the page's browser tests: it reads messages as lines of JSON from
// stdin, sends them in the real wire format over real MQTT, and prints a line for each that the
// service acknowledges. It judges nothing and keeps nothing.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// line is one message to send.
type line struct {
	wire.Identity
	Boot       uint32          `json:"boot"`
	Seq        uint64          `json:"seq"`
	CapturedAt time.Time       `json:"captured_at"`
	Kind       wire.Kind       `json:"kind"`
	Body       json.RawMessage `json:"body"`
}

// most is the longest line: a picture in base64.
const most = 2 * wire.MaxPicture

func main() {
	broker := flag.String("broker", "tcp://127.0.0.1:1883", "address of the broker")
	username := flag.String("username", "", "user at the broker; FEED_PASSWORD is its password")
	tenant := flag.String("tenant", "+", "tenant whose acknowledgements are heard")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The password is in the environment, where a list of processes does not show it.
	options := mqtt.NewClientOptions().AddBroker(*broker).SetUsername(*username).SetPassword(os.Getenv("FEED_PASSWORD"))
	if err := run(ctx, options, *tenant, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, options *mqtt.ClientOptions, tenant string, in io.Reader, out io.Writer) error {
	var mu sync.Mutex // paho calls the handler while the loop below prints
	say := func(v any) {
		mu.Lock()
		defer mu.Unlock()
		// A reader that has gone ends the program by closing stdin.
		_ = json.NewEncoder(out).Encode(v)
	}
	acknowledged := func(_ mqtt.Client, m mqtt.Message) {
		env, err := wire.Decode(m.Payload())
		if err != nil {
			say(map[string]string{"error": err.Error()})
			return
		}
		say(env)
	}
	options.SetClientID("web-test-feed").SetOrderMatters(false).SetMaxReconnectInterval(time.Second)
	// The embedded broker forgets its sessions when it restarts, so each connection subscribes.
	options.SetOnConnectHandler(func(c mqtt.Client) {
		if t := c.Subscribe("coldshelf/v1/"+tenant+"/+/+/down/ack", 1, acknowledged); t.Wait() && t.Error() != nil {
			say(map[string]string{"error": t.Error().Error()})
			return
		}
		say(map[string]bool{"ready": true})
	})
	client := mqtt.NewClient(options)
	if t := client.Connect(); t.Wait() && t.Error() != nil {
		return fmt.Errorf("connect %s: %w", options.Servers[0], t.Error())
	}
	defer client.Disconnect(250)

	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), most)
	for lines.Scan() && ctx.Err() == nil {
		if err := send(client, lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func send(client mqtt.Client, data []byte) error {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return fmt.Errorf("read line: %w", err)
	}
	body, err := bodyOf(l.Kind)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(l.Body, body); err != nil {
		return fmt.Errorf("read body of kind %s: %w", l.Kind, err)
	}
	env := &wire.Envelope{Identity: l.Identity, Boot: l.Boot, Seq: l.Seq, CapturedAt: l.CapturedAt, Clock: telemetry.NTP, Body: body}
	payload, err := wire.Encode(env)
	if err != nil {
		return fmt.Errorf("encode %s: %w", l.Kind, err)
	}
	if t := client.Publish(l.Topic(l.Kind), 1, l.Kind == wire.KindStatus, payload); t.Wait() && t.Error() != nil {
		return fmt.Errorf("publish %s: %w", l.Kind, t.Error())
	}
	return nil
}

func bodyOf(k wire.Kind) (wire.Body, error) {
	switch k {
	case wire.KindObservation:
		return &wire.Observation{}, nil
	case wire.KindPicture:
		return &wire.Picture{}, nil
	case wire.KindTelemetry:
		return &wire.Telemetry{}, nil
	case wire.KindStatus:
		return &wire.Status{}, nil
	}
	return nil, fmt.Errorf("kind %q is not fed", k)
}
