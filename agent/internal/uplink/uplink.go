// Package uplink carries the messages of the outbox to the broker, and the cloud's messages back. It is the
// last step on the board of the way from a frame to an alert.
//
// A message leaves the outbox only when the cloud's acknowledgement names it. A message that was not
// acknowledged is sent again after a while and after every reconnection. The broker retains the board's status
// (the birth while it is connected, the will when it is not) and its last report about a desired state.
//
// It relies neither on the broker's PUBACK, which says nothing about the store, nor on paho's tokens and
// stores. A session of the client library lasts from one connection to its loss, under the same client id, and
// everything beyond that is in the outbox.
package uplink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Config configures an Uplink. Broker and Identity are required.
type Config struct {
	Broker     string // scheme://host:port
	Identity   wire.Identity
	Username   string
	Password   string
	TLS        *tls.Config // nil: the system's roots, if the scheme requires TLS
	Keepalive  time.Duration
	Window     int           // messages sent and not yet acknowledged
	AckTimeout time.Duration // after which a message is sent again; doubles up to maxAckTimeout while nothing is acknowledged
	MaxBackoff time.Duration // longest pause between attempts to connect; 0: one minute

	// Status returns the retained status message: the birth if online, else the will.
	Status func(online bool) ([]byte, error)
	// Amend may return a corrected payload for the same key just before it is sent, once the clock is known.
	// nil: payloads are sent as stored.
	Amend func(outbox.Message) []byte
	// Command and Desired are called with the cloud's messages, one at a time; they must not block. A desired
	// state is retained, so it comes again with every connection.
	Command func(*wire.Command)
	Desired func(*wire.Desired)
	// Acknowledged is called with every range that the cloud has stored, and Rejected with every message that
	// it will never accept, before the outbox forgets them. They may be nil and must not block.
	Acknowledged func(outbox.Range)
	Rejected     func(boot uint32, seq uint64, reason string)

	Log *slog.Logger
}

const maxAckTimeout = 5 * time.Minute

// Uplink sends the messages of an outbox. It does nothing until Run is called.
type Uplink struct {
	cfg       Config
	box       *outbox.Outbox
	connected atomic.Bool
	lastErr   atomic.Pointer[string]
	acked     atomic.Uint64
	resent    atomic.Uint64
	reported  outbox.Key // key of the report that the broker retains; used only by Run's goroutine
}

// New returns an uplink for the outbox. Nothing is connected until Run is called.
func New(box *outbox.Outbox, cfg Config) *Uplink {
	if cfg.MaxBackoff == 0 {
		cfg.MaxBackoff = time.Minute
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Uplink{cfg: cfg, box: box}
}

// Health is what the uplink reports about itself.
type Health struct {
	Connected bool
	Fault     string // why the last connection ended or was not made; "" while connected
	Acked     uint64 // messages since the start
	Resent    uint64
}

// Health returns the uplink's state.
func (u *Uplink) Health() Health {
	h := Health{Connected: u.connected.Load(), Acked: u.acked.Load(), Resent: u.resent.Load()}
	if text := u.lastErr.Load(); text != nil && !h.Connected {
		h.Fault = *text
	}
	return h
}

// Run connects, and reconnects after a growing jittered pause whenever the connection is lost, until ctx ends. Then it
// sets the retained status to offline, disconnects and returns nil.
func (u *Uplink) Run(ctx context.Context) error {
	backoff := time.Second
	for ctx.Err() == nil {
		began := time.Now()
		err := u.session(ctx)
		u.connected.Store(false)
		if ctx.Err() != nil {
			return nil
		}
		u.fault(err)
		if time.Since(began) > u.cfg.MaxBackoff {
			backoff = time.Second
		}
		// Full jitter: when the broker comes back, ten thousand boards must not reconnect within one second.
		pause := time.Duration(rand.Int64N(int64(backoff))) + 50*time.Millisecond
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		backoff = min(2*backoff, u.cfg.MaxBackoff)
	}
	return nil
}

// fault logs a fault once: a broker that stays away causes a single line.
func (u *Uplink) fault(err error) {
	text := err.Error()
	if last := u.lastErr.Swap(&text); last == nil || *last != text {
		u.cfg.Log.Warn("uplink down", "broker", u.cfg.Broker, "err", err)
	}
}

// errLost is used when paho gives no reason.
var errLost = errors.New("connection lost")

// session runs one connection from connecting to its loss.
func (u *Uplink) session(ctx context.Context) error {
	s := &session{Uplink: u, flight: newFlight(u.cfg.Window, u.cfg.AckTimeout), lost: make(chan error, 1), down: make(chan mqtt.Message, 64)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Disconnect(250)
	u.connected.Store(true)
	u.lastErr.Store(nil)
	u.cfg.Log.Info("uplink up", "broker", u.cfg.Broker)
	err = s.serve(ctx, client)
	if ctx.Err() != nil {
		s.goodbye(client)
	}
	return err
}

type session struct {
	*Uplink
	flight *flight
	lost   chan error
	down   chan mqtt.Message
}

// connectTimeout bounds each step of connecting: dial, CONNACK, SUBACK, birth.
const connectTimeout = 15 * time.Second

func (s *session) connect(ctx context.Context) (mqtt.Client, error) {
	will, err := s.cfg.Status(false)
	if err != nil {
		return nil, fmt.Errorf("make will: %w", err)
	}
	birth, err := s.cfg.Status(true)
	if err != nil {
		return nil, fmt.Errorf("make birth: %w", err)
	}
	id := s.cfg.Identity
	enqueue := func(_ mqtt.Client, m mqtt.Message) {
		select {
		case s.down <- m:
		case <-ctx.Done():
		}
	}
	opts := mqtt.NewClientOptions().
		AddBroker(s.cfg.Broker).
		SetClientID(ClientID(id)).
		SetUsername(s.cfg.Username).
		SetPassword(s.cfg.Password).
		SetProtocolVersion(4).
		SetCleanSession(false). // commands and acknowledgements wait for us at the broker
		SetOrderMatters(false). // a handler that waits must not stop the keep-alive
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetKeepAlive(s.cfg.Keepalive).
		SetPingTimeout(s.cfg.Keepalive/2).
		SetConnectTimeout(connectTimeout).
		SetWriteTimeout(connectTimeout).
		SetBinaryWill(id.Topic(wire.KindStatus), will, 1, true).
		// This must be set before Connect: a kept session delivers messages before the subscription is renewed.
		SetDefaultPublishHandler(enqueue).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			if err == nil {
				err = errLost
			}
			select {
			case s.lost <- err:
			default:
			}
		})
	if s.cfg.TLS != nil {
		opts.SetTLSConfig(s.cfg.TLS)
	}
	client := mqtt.NewClient(opts)
	if err := wait(ctx, client.Connect()); err != nil {
		client.Disconnect(0)
		return nil, fmt.Errorf("connect to %s: %w", s.cfg.Broker, err)
	}
	if err := subscribe(ctx, client, id.DownFilter(), nil); err != nil {
		client.Disconnect(0)
		return nil, err
	}
	if err := wait(ctx, client.Publish(id.Topic(wire.KindStatus), 1, true, birth)); err != nil {
		client.Disconnect(0)
		return nil, fmt.Errorf("publish birth: %w", err)
	}
	return client, nil
}

// ClientID returns the MQTT client id, which is the same at every connection, so that the broker keeps the
// session, and different for every board.
func ClientID(id wire.Identity) string { return "coldshelf:" + id.Tenant + ":" + id.Device }

// wait waits for a token for a limited time, because paho may never complete it.
func wait(ctx context.Context, token mqtt.Token) error {
	timer := time.NewTimer(connectTimeout)
	defer timer.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-timer.C:
		return fmt.Errorf("no answer in %v", connectTimeout)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// goodbye sets the retained status to offline: after an orderly disconnect the broker does not publish the will.
func (s *session) goodbye(client mqtt.Client) {
	off, err := s.cfg.Status(false)
	if err != nil {
		return
	}
	client.Publish(s.cfg.Identity.Topic(wire.KindStatus), 1, true, off).WaitTimeout(2 * time.Second)
}
