package ingest

import (
	"context"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// maxAckParts keeps one acknowledgement far below the limits of the wire format.
const maxAckParts = 500

// acknowledge tells each board which of its messages are stored and which never will be. If an acknowledgement
// does not get through, that is not an error: the board sends its messages again and is told again.
func (g *Ingester) acknowledge(ctx context.Context, items []*item) {
	boards := map[wire.Identity]*answer{}
	for _, it := range items {
		if it.key.Seq == 0 || it.id.Device == "" {
			continue
		}
		a := boards[it.id]
		if a == nil {
			a = &answer{stored: map[uint32]*state.Ranges{}}
			boards[it.id] = a
		}
		a.add(it)
	}
	for id, a := range boards {
		for _, ack := range a.acks() {
			g.publish(ctx, id, ack)
		}
	}
}

func (g *Ingester) publish(ctx context.Context, id wire.Identity, ack *wire.Ack) {
	payload, err := wire.Encode(&wire.Envelope{Identity: id, CapturedAt: g.cfg.Now().UTC(), Body: ack})
	if err == nil {
		err = g.sub.Publish(ctx, id.Topic(wire.KindAck), payload)
	}
	if err != nil {
		g.metrics.LostAcks.Inc()
		g.log.Warn("acknowledgement not sent", "device", id.Device, "err", err)
	}
}

// answer collects what one board is told about a batch.
type answer struct {
	stored   map[uint32]*state.Ranges
	rejected []wire.Rejection
}

func (a *answer) add(it *item) {
	if it.reason != "" {
		a.rejected = append(a.rejected, wire.Rejection{Boot: it.key.Boot, Seq: it.key.Seq, Reason: it.reason})
		return
	}
	r := a.stored[it.key.Boot]
	if r == nil {
		r = &state.Ranges{}
		a.stored[it.key.Boot] = r
	}
	r.Add(it.key.Seq)
}

// acks splits the answer so that each message stays small.
func (a *answer) acks() []*wire.Ack {
	var ranges []wire.AckRange
	for boot, r := range a.stored {
		for _, x := range r.List() {
			ranges = append(ranges, wire.AckRange{Boot: boot, From: x.From, To: x.To})
		}
	}
	var acks []*wire.Ack
	rejected := a.rejected
	for len(ranges) > 0 || len(rejected) > 0 {
		n, m := min(len(ranges), maxAckParts), min(len(rejected), maxAckParts)
		acks = append(acks, &wire.Ack{Ranges: ranges[:n], Rejected: rejected[:m]})
		ranges, rejected = ranges[n:], rejected[m:]
	}
	return acks
}
