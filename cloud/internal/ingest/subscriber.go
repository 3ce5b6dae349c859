package ingest

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Delivery is one message from a broker. The receiver calls Done once it is stored or quarantined; until then
// the broker keeps it, as far as it can.
type Delivery struct {
	Topic    string
	Payload  []byte
	Retained bool // the broker had it before the subscription
	Received time.Time
	Done     func()
}

// inFlight is how many bytes of deliveries may be handed out and not yet Done. It bounds memory, which the
// length of a channel does not: pictures are large.
const inFlight = 64 << 20

// Room bounds the bytes that a Subscriber has handed out.
type Room struct{ held *semaphore.Weighted }

// NewRoom returns an empty Room.
func NewRoom() Room { return Room{semaphore.NewWeighted(inFlight)} }

// Hand sends a delivery to out once there is room for it; its Done gives the room back. One that is larger than
// the whole room gets all of it. If ctx ends first, the delivery is not sent.
func (r Room) Hand(ctx context.Context, out chan<- Delivery, d Delivery) {
	n, done := min(int64(len(d.Payload)), inFlight), d.Done
	if r.held.Acquire(ctx, n) != nil {
		return
	}
	d.Done = func() {
		r.held.Release(n)
		done()
	}
	select {
	case out <- d:
	case <-ctx.Done():
	}
}

// Subscriber is the ingester's connection to a broker.
type Subscriber interface {
	// Receive sends deliveries to out until ctx ends, then returns nil. It blocks while out is full or too many
	// bytes are not yet Done (see Room). It reconnects by itself; an error means that it never will.
	Receive(ctx context.Context, out chan<- Delivery) error
	// Publish passes a message for a board to the broker. It does not wait for the broker: a board that misses
	// an acknowledgement sends its messages again.
	Publish(ctx context.Context, topic string, payload []byte) error
}

// Series is where points are written; see package series for what Write promises.
type Series interface {
	Write(ctx context.Context, messages []series.Message) error
}

// Judge decides what is wrong at a cooler. Step gets each new message once, in the transaction that stores it,
// after its points and its picture are stored (its cooler's row may follow later in the transaction). Messages
// come in the order of arrival, which is not always that of their keys; those of one device that are stored
// together may come in one call. An error rolls the transaction back. Step must not keep an observation's
// slots, only copies of them and their texts, because later observations are decoded into the same memory.
type Judge interface {
	Step(ctx context.Context, tx *state.Tx, envs ...*wire.Envelope) error
}

// Notifier is told after each commit that there may be something new to read. It must not block.
type Notifier interface{ Committed() }
