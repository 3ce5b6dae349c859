package mqttsub

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
)

// Session is a connection on which alerts are published. It does not come back: paho would send again
// what was under way, and nobody could tell what a broker that was killed in between has forgotten.
type Session struct {
	client mqtt.Client
	shown  string
}

// answerTime bounds how long the broker may take to answer.
const answerTime = 10 * time.Second

// Session connects, under a name of its own.
func (s *Subscriber) Session(ctx context.Context) (*Session, error) {
	var b [8]byte
	rand.Read(b[:])
	o := mqtt.NewClientOptions().AddBroker(s.cfg.URL).SetClientID("coldshelf-alerts-" + hex.EncodeToString(b[:])).
		SetProtocolVersion(protocol).SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).
		SetUsername(s.cfg.Username).SetPassword(s.cfg.Password).SetOrderMatters(true).
		SetKeepAlive(20 * time.Second).SetPingTimeout(10 * time.Second).SetConnectTimeout(answerTime).SetWriteTimeout(answerTime)
	if s.cfg.TLS != nil {
		o.SetTLSConfig(s.cfg.TLS)
	}
	own := &Session{mqtt.NewClient(o), s.shown}
	if err := own.await(ctx, own.client.Connect()); err != nil {
		own.client.Disconnect(0)
		return nil, fmt.Errorf("connect to broker %s: %w", s.shown, err)
	}
	return own, nil
}

var errNoAnswer = errors.New("the broker does not answer")

func (s *Session) await(ctx context.Context, token mqtt.Token) error {
	late := time.NewTimer(answerTime)
	defer late.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return errNoAnswer
	}
}

// Retain publishes at QoS 1 and has the broker keep the message. It returns when the broker has it.
func (s *Session) Retain(ctx context.Context, topic string, payload []byte) error {
	if err := s.await(ctx, s.client.Publish(topic, 1, true, payload)); err != nil {
		return err
	}
	if !s.client.IsConnectionOpen() { // paho ends the tokens of a connection that is lost
		return errors.New("the connection to the broker is lost")
	}
	return nil
}

// Retained asks the broker what it keeps under a topic. MQTT has no word for "nothing": a message of our
// own, which is not kept, comes after what is.
func (s *Session) Retained(ctx context.Context, topic string) ([]byte, error) {
	in := make(chan mqtt.Message, 16)
	token := s.client.Subscribe(topic, 1, func(_ mqtt.Client, m mqtt.Message) {
		select {
		case in <- m:
		default: // somebody shouts there; what is kept came first
		}
	})
	if err := s.await(ctx, token); err != nil {
		return nil, fmt.Errorf("subscribe %s: %w", topic, err)
	}
	defer s.client.Unsubscribe(topic)
	var b [8]byte
	rand.Read(b[:])
	last := `{"last":"` + hex.EncodeToString(b[:]) + `"}`
	if err := s.await(ctx, s.client.Publish(topic, 1, false, last)); err != nil {
		return nil, fmt.Errorf("publish %s: %w", topic, err)
	}
	late := time.NewTimer(answerTime)
	defer late.Stop()
	var kept []byte
	for {
		select {
		case m := <-in:
			if m.Retained() {
				kept = m.Payload()
			}
			if string(m.Payload()) == last {
				return kept, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-late.C:
			if !s.client.IsConnectionOpen() {
				return nil, errNoAnswer
			}
			// It takes what we say and does not let us hear it: its access list lacks the topic.
			return nil, fmt.Errorf("%w: it does not let us read %s", deliver.ErrKeepsNothing, topic)
		}
	}
}

// Alive reports whether the connection is up.
func (s *Session) Alive() bool { return s.client.IsConnectionOpen() }

// Close ends the connection.
func (s *Session) Close() { s.client.Disconnect(100) }
