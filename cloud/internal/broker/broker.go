// Package broker is the MQTT broker inside cooler-cloud, so that a first start needs only one program:
// mochi-mqtt in memory, for MQTT 3.1.1 and 5. On the way from a board to an alert it stands before ingest.
//
// It is not durable: a board forgets a message only when the ingester has acknowledged it, so whatever a
// restart of the broker loses comes again. A message for the ingester in the same process is passed on directly
// and never dropped: while the ingester is busy, the sending board has to wait.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Config configures a Broker.
type Config struct {
	Access Access        // who may connect and say what; nil: everybody, everything
	Every  time.Duration // how often connected clients are checked against Access again [10 s]
	Log    *slog.Logger
}

// Access decides who may connect and which topics a client may use.
type Access interface {
	// Connect returns the identity that the client's credentials prove; ok is false if the client must be
	// turned away.
	Connect(ctx context.Context, c Credentials) (Identity, bool)
	// Standing returns which Proofs of connected clients are still valid. Clients with any other Proof are
	// disconnected.
	Standing(ctx context.Context, proofs []string) (map[string]bool, error)
}

// Credentials are what a client shows when it connects.
type Credentials struct {
	ClientID, Username string
	Password           []byte
	CommonName         string // of its TLS certificate, verified; "" without one
	Serial             string // of that certificate, in hexadecimal
}

// Identity is who a client has proved to be: a board, which may only use its own topics, or, if Service is set,
// a program that may use every topic of its tenant (of all tenants if Tenant is ""). If Alerts is set, it is a
// program that receives its tenant's alerts and sends sales.
type Identity struct {
	wire.Identity
	Service bool
	Alerts  bool
	Proof   string // names the credential, for Standing; not secret
}

// Broker is a running broker; it serves the listeners that it is given.
type Broker struct {
	server *mqtt.Server
	serves sync.WaitGroup
	once   sync.Once
	heard  chan struct{}
	stop   context.CancelFunc
}

// maxPacket leaves room for the largest message of the wire format and its topic.
const maxPacket = wire.MaxPayload + 1024

// New returns a broker that does not listen yet.
func New(cfg Config) (*Broker, error) {
	capabilities := mqtt.NewDefaultServerCapabilities()
	capabilities.MaximumPacketSize = maxPacket
	capabilities.MaximumSessionExpiryInterval = 24 * 3600
	server := mqtt.New(&mqtt.Options{Capabilities: capabilities, InlineClient: true, Logger: quiet(cfg.Log)})
	hook := &door{access: cfg.Access}
	if err := server.AddHook(hook, nil); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	if err := server.Serve(); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Broker{server: server, heard: make(chan struct{}), stop: stop}
	if cfg.Access != nil {
		every := cfg.Every
		if every <= 0 {
			every = standingEvery
		}
		b.serves.Go(func() { hook.watch(ctx, every, cfg.Log) })
	}
	return b, nil
}

// standingEvery is how long a client may stay connected after its credential was revoked.
const standingEvery = 10 * time.Second

// Listen serves connections from l until Close; name distinguishes listeners. l may be a TLS listener.
func (b *Broker) Listen(name string, l net.Listener) error {
	listener := listeners.NewNet(name, l)
	if err := b.server.AddListener(listener); err != nil {
		return fmt.Errorf("listen on %s: %w", l.Addr(), err)
	}
	b.serves.Go(func() { listener.Serve(b.server.EstablishConnection) })
	return nil
}

// Close ends every connection.
func (b *Broker) Close() (err error) {
	b.once.Do(func() {
		b.stop()
		err = b.server.Close()
		b.serves.Wait()
	})
	return err
}

// Clients returns the number of connected clients.
func (b *Broker) Clients() int { return int(b.server.Info.Clone().ClientsConnected) }

// Subscribed is closed once Receive gets every message. Call Listen after that: earlier messages would have no receiver.
func (b *Broker) Subscribed() <-chan struct{} { return b.heard }

// Receive passes every message of every board to out, one at a time for each board, until ctx ends. It is
// called once, before anybody connects, so that nothing is retained from before it.
func (b *Broker) Receive(ctx context.Context, out chan<- ingest.Delivery) error {
	room := ingest.NewRoom()
	handler := func(_ *mqtt.Client, _ packets.Subscription, pk packets.Packet) {
		room.Hand(ctx, out, ingest.Delivery{Topic: pk.TopicName, Payload: pk.Payload, Received: time.Now(), Done: func() {}})
	}
	filters := []string{wire.AllUp, wire.AllStatus}
	for i, f := range filters {
		if err := b.server.Subscribe(f, i+1, handler); err != nil {
			return fmt.Errorf("subscribe %s: %w", f, err)
		}
	}
	close(b.heard)
	<-ctx.Done()
	var errs []error
	for i, f := range filters {
		errs = append(errs, b.server.Unsubscribe(f, i+1))
	}
	return errors.Join(errs...)
}

// Publish sends a message to all subscribers, at QoS 1.
func (b *Broker) Publish(_ context.Context, topic string, payload []byte) error {
	return b.server.Publish(topic, payload, false, 1)
}

// Session publishes alerts in this broker. It lives as long as the broker.
type Session struct{ b *Broker }

// Session opens a session.
func (b *Broker) Session() Session { return Session{b} }

// Retain publishes a message and keeps it for later subscribers; an empty payload deletes it.
func (s Session) Retain(_ context.Context, topic string, payload []byte) error {
	return s.b.server.Publish(topic, payload, true, 1)
}

// Retained returns the message that is kept under a topic, or nil.
func (s Session) Retained(_ context.Context, topic string) ([]byte, error) {
	for _, m := range s.b.server.Topics.Messages(topic) {
		return m.Payload, nil
	}
	return nil, nil
}

// Alive returns true, because the broker is in this process.
func (Session) Alive() bool { return true }

// Close does nothing: the broker stays open.
func (Session) Close() {}

// posID numbers the subscription of Hear apart from those of Receive.
const posID = 100

// Hear passes every message that matches a filter to fn, one at a time for each client, until ctx ends. It may
// be called once. While fn is busy, the sending client has to wait.
func (b *Broker) Hear(ctx context.Context, filter string, fn func(topic string, payload []byte)) error {
	type message struct {
		topic   string
		payload []byte
	}
	in := make(chan message)
	err := b.server.Subscribe(filter, posID, func(_ *mqtt.Client, _ packets.Subscription, pk packets.Packet) {
		select {
		case in <- message{pk.TopicName, pk.Payload}:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", filter, err)
	}
	for {
		select {
		case m := <-in:
			fn(m.topic, m.payload)
		case <-ctx.Done():
			return b.server.Unsubscribe(filter, posID)
		}
	}
}
