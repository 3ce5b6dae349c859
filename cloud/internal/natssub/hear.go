package natssub

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
)

// Hear hands every message of an MQTT filter to fn until ctx ends, shared with other programs that hear the
// same. NATS gives each message once to one of them and forgets it: whoever publishes waits for an answer,
// and publishes again without one. While the cluster is away nothing is heard; the subscription comes back
// with the connection.
func (s *Subscriber) Hear(ctx context.Context, filter string, fn func(topic string, payload []byte)) error {
	in := make(chan *nats.Msg, 1000)
	sub, err := s.conn.ChanQueueSubscribe(wildcards.Replace(subjectOf(filter)), "pos", in)
	if err != nil {
		return fmt.Errorf("hear tills through NATS: %w", err)
	}
	for {
		select {
		case m := <-in:
			fn(topicOf(m.Subject), m.Data)
		case <-ctx.Done():
			// The connection may be closed already, and the subscription with it.
			_ = sub.Unsubscribe()
			return nil
		}
	}
}
