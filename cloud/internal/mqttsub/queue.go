package mqttsub

import (
	"context"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
)

// queue holds what the broker has said until the ingester takes it, so that paho is never made to wait: while
// it is, it hears neither answers to its pings nor anything else, gives the connection up, and is given all
// again by the broker, again and again. How much is held is bounded by what the broker gives before it wants the
// first of it acknowledged.
type queue struct {
	mu   sync.Mutex
	held []ingest.Delivery
	head int           // of held, that were taken
	more chan struct{} // told when something is put
}

func newQueue() *queue { return &queue{more: make(chan struct{}, 1)} }

func (q *queue) enqueue(_ mqtt.Client, m mqtt.Message) {
	q.put(ingest.Delivery{Topic: m.Topic(), Payload: m.Payload(), Retained: m.Retained(), Received: time.Now(), Done: m.Ack})
}

func (q *queue) put(d ingest.Delivery) {
	q.mu.Lock()
	if q.head > 0 && len(q.held) == cap(q.held) { // the places of what was taken, before there are more
		n := copy(q.held, q.held[q.head:])
		clear(q.held[n:])
		q.held, q.head = q.held[:n], 0
	}
	q.held = append(q.held, d)
	q.mu.Unlock()
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// renew forgets what is held. It came by a connection that is gone: it cannot be acknowledged any more, and
// the broker says it again.
func (q *queue) renew() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.held)
	q.held, q.head = q.held[:0], 0
}

// take gives the oldest that is held; false where there is none.
func (q *queue) take() (d ingest.Delivery, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == len(q.held) {
		q.held, q.head = q.held[:0], 0
		return d, false
	}
	d, q.held[q.head] = q.held[q.head], ingest.Delivery{}
	q.head++
	return d, true
}

// run hands what is put to out until ctx ends.
func (q *queue) run(ctx context.Context, out chan<- ingest.Delivery) {
	room := ingest.NewRoom()
	for {
		for d, ok := q.take(); ok; d, ok = q.take() {
			if room.Hand(ctx, out, d); ctx.Err() != nil {
				return
			}
		}
		select {
		case <-q.more:
		case <-ctx.Done():
			return
		}
	}
}
