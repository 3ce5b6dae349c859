// Package natssub is the ingester's subscription to a NATS cluster: boards speak MQTT to any of its nodes, a
// JetStream stream keeps their messages, and ingesters pull them through one durable consumer.
//
// It promises that a message is acknowledged to the stream only by its Done, and that the loss of a node does no
// harm if the stream has replicas. It creates the stream and the consumer if they are missing, and leaves their
// other settings alone. All ingesters pull from one consumer, so that none takes everything.
package natssub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
)

// Names in the cluster, the same for every ingester.
const (
	streamName   = "COLDSHELF"
	consumerName = "ingest"
)

// Config says which cluster to use, and with which credentials.
type Config struct {
	URL      string // nats://a:4222,b:4222,c:4222?replicas=3
	Username string
	Password string
	TLS      *tls.Config
	AckWait  time.Duration // after this, a message that is not done is given to another ingester [60 s]
	Log      *slog.Logger
}

// Subscriber is a client of the cluster. It connects in Receive.
type Subscriber struct {
	cfg      Config
	servers  string
	replicas int
	log      *slog.Logger
	ready    chan struct{}
	room     ingest.Room
	conn     *nats.Conn
}

// keep is how long the stream holds messages, done or not: long enough for any repair.
const keep = 7 * 24 * time.Hour

// pullBytes bounds what the client fetches ahead: more than the largest message, less than 2000 pictures.
const pullBytes = 16 << 20

// New checks the configuration and begins to connect, retrying until the cluster is there.
func New(cfg Config) (*Subscriber, error) {
	first, query, _ := strings.Cut(cfg.URL, "?")
	values, err := url.ParseQuery(query)
	if err != nil || !strings.HasPrefix(first, "nats://") || len(first) == len("nats://") {
		return nil, errors.New("broker URL: want nats://host:4222, further hosts after commas, and ?replicas=3 for a cluster")
	}
	s := &Subscriber{cfg: cfg, replicas: 1, log: cfg.Log, ready: make(chan struct{}), room: ingest.NewRoom()}
	for key := range values {
		if key != "replicas" {
			return nil, fmt.Errorf("broker URL: unknown parameter %q, want replicas", key)
		}
		if s.replicas, err = strconv.Atoi(values.Get(key)); err != nil || s.replicas < 1 || s.replicas > 5 {
			return nil, fmt.Errorf("broker URL: replicas %q is not from 1 to 5", values.Get(key))
		}
	}
	if s.cfg.AckWait <= 0 {
		s.cfg.AckWait = time.Minute
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.servers = nodes(first)
	options := []nats.Option{nats.Name("cooler-cloud ingest"), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectJitter(500*time.Millisecond, time.Second), nats.PingInterval(10 * time.Second), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				s.log.Warn("connection to NATS lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { s.log.Info("connected to NATS", "server", c.ConnectedServerName()) })}
	options = append(options, credentials(cfg)...)
	if s.conn, err = nats.Connect(s.servers, options...); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	return s, nil
}

// nodes returns the cluster's nodes in the form that the client takes.
func nodes(url string) string {
	var servers []string
	for _, host := range strings.Split(strings.TrimPrefix(url, "nats://"), ",") {
		servers = append(servers, "nats://"+host)
	}
	return strings.Join(servers, ",")
}

func credentials(cfg Config) (options []nats.Option) {
	if cfg.Username != "" {
		options = append(options, nats.UserInfo(cfg.Username, cfg.Password))
	}
	if cfg.TLS != nil {
		options = append(options, nats.Secure(cfg.TLS))
	}
	return options
}

// Probe connects once and asks JetStream for the account, which changes nothing.
func Probe(ctx context.Context, cfg Config) error {
	first, _, _ := strings.Cut(cfg.URL, "?")
	conn, err := nats.Connect(nodes(first), append(credentials(cfg), nats.Name("cooler-cloud doctor"), nats.Timeout(5*time.Second))...)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err == nil {
		_, err = js.AccountInfo(ctx)
	}
	if err != nil {
		return fmt.Errorf("ask JetStream: %w", err)
	}
	return nil
}

// Ready is closed once Receive is pulling.
func (s *Subscriber) Ready() <-chan struct{} { return s.ready }

// Online reports whether there is a connection now.
func (s *Subscriber) Online() bool { return s.conn.IsConnected() }

// Why returns the reason why there is no connection now.
func (s *Subscriber) Why() string {
	if err := s.conn.LastError(); err != nil {
		return "not connected: " + err.Error()
	}
	return "not connected"
}

// Receive pulls messages until ctx ends.
func (s *Subscriber) Receive(ctx context.Context, out chan<- ingest.Delivery) error {
	defer s.conn.Close()
	announce := s.ready
	for ctx.Err() == nil {
		err := s.pull(ctx, out, func() {
			if announce != nil {
				close(announce)
				announce = nil
			}
		})
		if err != nil && ctx.Err() == nil {
			s.log.Warn("pull from NATS, trying again", "err", err)
			select {
			case <-time.After(500 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
	// Let acknowledgements reach the server before the connection closes.
	return ignoreDown(s.conn.FlushTimeout(2 * time.Second))
}

func ignoreDown(err error) error {
	if errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrNoServers) {
		return nil // anything that did not arrive comes again
	}
	return err
}

// pull takes messages from the consumer until something breaks.
func (s *Subscriber) pull(ctx context.Context, out chan<- ingest.Delivery, pulling func()) error {
	js, err := jetstream.New(s.conn)
	if err != nil {
		return err
	}
	setUp, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	consumer, err := s.consumer(setUp, js)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessagesWithBytesLimit(2000, pullBytes), jetstream.PullHeartbeat(5*time.Second), jetstream.PullExpiry(30*time.Second))
	if err != nil {
		return err
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	pulling()
	for {
		m, err := messages.Next()
		if err != nil {
			return err
		}
		d := ingest.Delivery{Topic: topicOf(m.Subject()), Payload: m.Data(), Received: time.Now(), Done: func() {
			// If it is lost, the stream delivers the message again, which changes nothing.
			_ = m.Ack()
		}}
		if s.room.Hand(ctx, out, d); ctx.Err() != nil {
			return nil
		}
	}
}

func (s *Subscriber) consumer(ctx context.Context, js jetstream.JetStream) (jetstream.Consumer, error) {
	stream, err := js.Stream(ctx, streamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: streamName, Description: "what boards say to Coldshelf",
			Subjects: []string{"coldshelf.v1.*.*.*.up.>", "coldshelf.v1.*.*.*.status"}, Retention: jetstream.LimitsPolicy,
			Storage: jetstream.FileStorage, Replicas: s.replicas, MaxAge: keep, Discard: jetstream.DiscardOld})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another ingester was faster
			stream, err = js.Stream(ctx, streamName)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", streamName, err)
	}
	consumer, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: s.cfg.AckWait, MaxAckPending: 20_000, DeliverPolicy: jetstream.DeliverAllPolicy})
	if err != nil {
		return nil, fmt.Errorf("consumer %s: %w", consumerName, err)
	}
	return consumer, nil
}

// Publish sends a message to a board, through whichever node it is connected to.
func (s *Subscriber) Publish(_ context.Context, topic string, payload []byte) error {
	return s.conn.Publish(subjectOf(topic), payload)
}

// Session publishes alerts through the cluster. It lives as long as the subscriber.
type Session struct{ s *Subscriber }

// Session returns a session.
func (s *Subscriber) Session() Session { return Session{s} }

// Retain publishes to whoever is connected. NATS only keeps messages published over MQTT for later subscribers,
// so a reader of alerts through NATS starts from the live stream's cursor instead.
func (n Session) Retain(ctx context.Context, topic string, payload []byte) error {
	return n.s.Publish(ctx, topic, payload)
}

// Retained always returns ErrKeepsNothing.
func (Session) Retained(context.Context, string) ([]byte, error) { return nil, deliver.ErrKeepsNothing }

// Alive returns true, because the connection comes back by itself.
func (Session) Alive() bool { return true }

// Close does nothing: the connection belongs to the subscriber.
func (Session) Close() {}

// topicOf and subjectOf convert between NATS subjects and MQTT topics as the server does: levels are separated
// by dots, and a dot in a name becomes two slashes.
func topicOf(subject string) string {
	return strings.NewReplacer("//", ".", ".", "/").Replace(subject)
}

func subjectOf(topic string) string {
	return strings.NewReplacer("/", ".", ".", "//").Replace(topic)
}

// wildcards converts the wildcards of filters to those of NATS.
var wildcards = strings.NewReplacer("+", "*", "#", ">")
