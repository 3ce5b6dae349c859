package uplink

import (
	"context"
	"fmt"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/wire"
)

// serve sends and receives until the connection is lost or ctx ends.
func (s *session) serve(ctx context.Context, client mqtt.Client) error {
	for {
		s.flight.expire(time.Now())
		if err := s.send(ctx, client); err != nil {
			return err
		}
		timer := time.NewTimer(s.flight.next(time.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case err := <-s.lost:
			timer.Stop()
			return err
		case m := <-s.down:
			s.hear(ctx, m)
		case <-s.box.Changed():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// send fills the window from the outbox.
func (s *session) send(ctx context.Context, client mqtt.Client) error {
	room := s.flight.room()
	if room <= 0 {
		return nil
	}
	messages, err := s.box.Pending(ctx, room, s.flight.claims)
	if err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	for _, m := range messages {
		if !s.flight.takes(m) {
			continue
		}
		payload := m.Payload
		if s.cfg.Amend != nil {
			payload = s.cfg.Amend(m)
		}
		// The token is not waited for: only the cloud's acknowledgement counts, and lost reports a lost connection.
		client.Publish(s.cfg.Identity.Topic(wire.Kind(m.Kind)), 1, s.retains(m), payload)
		if s.flight.add(m, time.Now()) {
			s.resent.Add(1)
		}
	}
	return nil
}

// retains reports whether the broker shall retain the message: the report about the newest desired state, so that later
// subscribers know how the board is set. An older report that is sent again does not replace it.
func (s *session) retains(m outbox.Message) bool {
	if wire.Kind(m.Kind) != wire.KindReported || m.Key.Less(s.reported) {
		return false
	}
	s.reported = m.Key
	return true
}

// hear handles one message from the cloud. One that cannot be read is logged and dropped.
func (s *session) hear(ctx context.Context, m mqtt.Message) {
	if len(m.Payload()) == 0 {
		return // a retained message was removed
	}
	env, err := wire.Decode(m.Payload())
	if err != nil {
		s.cfg.Log.Warn("unreadable message from the cloud", "topic", m.Topic(), "bytes", len(m.Payload()), "err", err)
		return
	}
	if env.Identity != s.cfg.Identity {
		s.cfg.Log.Warn("message for another board", "topic", m.Topic(), "device", env.Device)
		return
	}
	switch body := env.Body.(type) {
	case *wire.Ack:
		s.acknowledge(ctx, body)
	case *wire.Command:
		if s.cfg.Command != nil {
			s.cfg.Command(body)
		}
	case *wire.Desired:
		if s.cfg.Desired != nil {
			s.cfg.Desired(body)
		}
	default:
		s.cfg.Log.Warn("message that is not for a board", "topic", m.Topic(), "kind", string(env.Body.Kind()))
	}
}

// acknowledge removes from the outbox what the cloud has stored, and what it will never take.
func (s *session) acknowledge(ctx context.Context, ack *wire.Ack) {
	ranges := make([]outbox.Range, 0, len(ack.Ranges)+len(ack.Rejected))
	for _, r := range ack.Ranges {
		stored := outbox.Range{Boot: r.Boot, From: r.From, To: r.To}
		if s.cfg.Acknowledged != nil {
			s.cfg.Acknowledged(stored)
		}
		ranges = append(ranges, stored)
	}
	for _, r := range ack.Rejected {
		s.cfg.Log.Error("the cloud will never take a message", "boot", r.Boot, "seq", r.Seq, "reason", r.Reason)
		if s.cfg.Rejected != nil {
			s.cfg.Rejected(r.Boot, r.Seq, r.Reason)
		}
		ranges = append(ranges, outbox.Range{Boot: r.Boot, From: r.Seq, To: r.Seq})
	}
	n, err := s.box.Acknowledge(ctx, ranges)
	if err != nil {
		s.cfg.Log.Error("acknowledgement was not recorded", "err", err)
		return
	}
	s.acked.Add(uint64(n))
	for _, r := range ranges {
		s.flight.settle(r)
	}
}
