package ingest

import (
	"context"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Delivery is one message from a broker. Whoever gets it calls Done once it is stored or
// quarantined; until then the broker keeps it, as far as it can.
type Delivery struct {
	Topic    string
	Payload  []byte
	Retained bool // the broker had it from before the subscription
	Received time.Time
	Done     func()
}

// Subscriber is the ingester's end of a broker.
type Subscriber interface {
	// Receive sends deliveries to out until ctx ends, then returns nil; it blocks while out is full.
	// A lost connection is its own affair: it comes back by itself. An error means that it never
	// will.
	Receive(ctx context.Context, out chan<- Delivery) error
	// Publish hands a message for a board to the broker. It does not wait for the broker: a board
	// that misses an acknowledgement sends its messages again.
	Publish(ctx context.Context, topic string, payload []byte) error
}

// Series is where points go; see package series for what Write promises.
type Series interface {
	Write(ctx context.Context, messages []series.Message) error
}

// Judge decides what is wrong at a cooler. Step is given each new message once, in the transaction that
// stores it and after its points and its picture are stored (its cooler's row may come later in the transaction), in the order in which messages come and not always in that of
// their keys; those of one device that were stored together may come in one call. An error rolls
// them back.
type Judge interface {
	Step(ctx context.Context, tx *state.Tx, envs ...*wire.Envelope) error
}

// Notifier is told after each commit that there may be something new to read. It must not block.
type Notifier interface{ Committed() }
