// Package mqttsub is the ingester's subscription to an external MQTT broker (Mosquitto, EMQX, HiveMQ, VerneMQ,
// …), with paho. Several ingesters share the boards' messages through $share/ingest.
//
// It promises that a message is acknowledged to the broker only by its Done, so that the broker delivers it
// again after a crash. A lost connection does not end it: it reconnects by itself, after a random pause, so that
// a restarting broker is not stormed. It does not rely on the broker's queues, which may overflow: boards send
// again what the ingester has not acknowledged.
package mqttsub

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Config says which broker to use, and with which credentials.
type Config struct {
	URL      string // mqtt://host:1883, mqtts://host:8883, or ws:// and wss://
	ClientID string // stable across restarts, and different for each ingester; "": a random one, without a session
	Username string
	Password string
	TLS      *tls.Config // for mqtts and wss; nil: the system's roots
	Log      *slog.Logger
}

// Subscriber is a client of the broker. It connects in Receive.
type Subscriber struct {
	cfg    Config
	clean  bool // it has no name of its own, so the broker keeps nothing for it
	client mqtt.Client
	queue  *queue        // of what came, for whoever called Receive
	up     chan struct{} // told after each connect
	done   chan struct{} // closed when Receive ends
	url    *url.URL
	shown  string // the URL without its password
	log    *slog.Logger

	mu   sync.Mutex
	away string // why the broker has refused every attempt; "": it has not
	told int    // number of attempts that ended like this
}

// New checks the configuration. Nothing is connected yet.
func New(cfg Config) (*Subscriber, error) {
	u, err := Address(cfg.URL)
	if err != nil {
		return nil, err
	}
	cfg.URL = u.String()
	s := &Subscriber{cfg: cfg, url: u, clean: cfg.ClientID == "", queue: newQueue(), up: make(chan struct{}, 1),
		done: make(chan struct{}), shown: u.Redacted(), log: cfg.Log}
	if s.clean {
		var b [8]byte
		rand.Read(b[:])
		s.cfg.ClientID = "coldshelf-ingest-" + hex.EncodeToString(b[:])
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	own := hearing{id: s.cfg.ClientID, filters: map[string]byte{wire.SharedUp: 1, wire.AllStatus: 1}, queue: s.queue, up: s.up, done: s.done}
	s.client = mqtt.NewClient(s.options(own).SetConnectionNotificationHandler(s.noted))
	return s, nil
}

// hearing is a connection that receives something.
type hearing struct {
	id      string
	filters map[string]byte
	queue   *queue          // of what it hears
	up      chan<- struct{} // told after each connect and subscription, if somebody listens; nil: nobody
	done    <-chan struct{} // closed when it ends
}

func (s *Subscriber) options(h hearing) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions().AddBroker(s.cfg.URL).SetClientID(h.id).SetCleanSession(s.clean).
		SetUsername(s.cfg.Username).SetPassword(s.cfg.Password).
		SetAutoAckDisabled(true).
		SetStore(newAnswers()).
		SetOrderMatters(true). // the handler only enqueues; a goroutine per message would cost more than that
		SetDefaultPublishHandler(h.queue.enqueue).
		SetConnectRetry(true).SetConnectRetryInterval(jitter(time.Second)).
		SetAutoReconnect(true).SetMaxReconnectInterval(jitter(10 * time.Second)).
		SetKeepAlive(20 * time.Second).SetPingTimeout(10 * time.Second).SetConnectTimeout(10 * time.Second).SetWriteTimeout(10 * time.Second).
		SetProtocolVersion(protocol).SetResumeSubs(false).
		SetConnectionAttemptHandler(func(_ *url.URL, conf *tls.Config) *tls.Config {
			h.queue.renew()
			return conf
		}).
		SetOnConnectHandler(func(c mqtt.Client) {
			s.log.Info("connected to broker", "broker", s.shown)
			s.subscribe(c, h)
		}).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.log.Warn("connection to broker lost", "err", err) })
	if s.cfg.TLS != nil {
		o.SetTLSConfig(s.cfg.TLS)
	}
	if !strings.HasPrefix(s.cfg.URL, "ws") { // paho opens WebSockets itself
		o.SetCustomOpenConnectionFn(open)
	}
	return o
}

// protocol is MQTT 3.1.1. By default paho also tries 3.1 after each refusal, and reports the outcome of that.
const protocol = 4

// noted records why the broker refuses the connection, and logs it: at once, and then less and less often while
// it stays the same, with the number of attempts.
func (s *Subscriber) noted(_ mqtt.Client, n mqtt.ConnectionNotification) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n := n.(type) {
	case mqtt.ConnectionNotificationConnected:
		s.away, s.told = "", 0
	case mqtt.ConnectionNotificationFailed:
		why, hint := Explain(n.Reason, s.url)
		if why != s.away {
			s.away, s.told = why, 0
		}
		s.told++
		if s.told&(s.told-1) == 0 {
			s.log.Warn("no connection to the broker; trying again", "broker", s.shown, "err", why, "hint", hint, "tries", s.told)
		}
	}
}

// Why returns the reason why there is no connection now.
func (s *Subscriber) Why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away == "" {
		return "not connected"
	}
	return "not connected: " + s.away
}

// jitter returns a random duration between d and 2 d, so that many ingesters do not come back in step.
func jitter(d time.Duration) time.Duration {
	var b [1]byte
	rand.Read(b[:])
	return d + d*time.Duration(b[0])/256
}

// subscribe subscribes after every connect, because a broker that has lost its memory has lost the session as
// well. It retries until the subscription is granted or the connection is lost.
func (s *Subscriber) subscribe(c mqtt.Client, h hearing) {
	for c.IsConnectionOpen() {
		token := c.SubscribeMultiple(h.filters, nil)
		if token.WaitTimeout(10*time.Second) && token.Error() == nil {
			select {
			case h.up <- struct{}{}:
			default:
			}
			return
		}
		s.log.Error("the broker refuses subscriptions, or does not answer", "broker", s.shown, "client", h.id, "err", token.Error())
		select {
		case <-time.After(jitter(time.Second)):
		case <-h.done:
			return
		}
	}
}

// Connected is signalled after each connect and subscription; tests wait for it.
func (s *Subscriber) Connected() <-chan struct{} { return s.up }

// Online reports whether there is a connection now.
func (s *Subscriber) Online() bool { return s.client.IsConnectionOpen() }

// Receive connects and passes messages on until ctx ends. It must be called once.
func (s *Subscriber) Receive(ctx context.Context, out chan<- ingest.Delivery) error {
	ctx, stop := context.WithCancel(ctx)
	var handing sync.WaitGroup
	handing.Go(func() { s.queue.run(ctx, out) })
	defer handing.Wait()
	defer stop()
	defer close(s.done)
	return s.connect(ctx, s.client, func() { <-ctx.Done() })
}

// connect calls fn once a client has connected, and ends the connection afterwards.
func (s *Subscriber) connect(ctx context.Context, client mqtt.Client, fn func()) error {
	token := client.Connect()
	defer client.Disconnect(250)
	select {
	case <-token.Done():
		if err := token.Error(); err != nil {
			return fmt.Errorf("connect to broker %s: %w", s.shown, err)
		}
		fn()
	case <-ctx.Done():
	}
	return nil
}

// Publish passes a message to paho at QoS 1, which sends it now or after it has reconnected.
func (s *Subscriber) Publish(_ context.Context, topic string, payload []byte) error {
	token := s.client.Publish(topic, 1, false, payload)
	select {
	case <-token.Done():
		return token.Error()
	default:
		return nil
	}
}
