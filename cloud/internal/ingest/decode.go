package ingest

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// The reasons for quarantine: one word each, for metrics and lists.
const (
	ReasonTopic     = "topic"     // not one of ours
	ReasonTooLarge  = "too_large" // over the limit of its kind
	ReasonVersion   = "version"   // a wire version that this program does not speak
	ReasonMalformed = "malformed" // breaks a rule of the wire format
	ReasonIdentity  = "identity"  // the envelope claims another device or kind than the topic
	ReasonDirection = "direction" // a kind that no board sends
	ReasonHoles     = "holes"     // the device skips too many numbers of a boot
	ReasonSeries    = "series"    // the series store refuses it for good
	ReasonJudgement = "judgement" // the judge fails on it repeatedly
	reasonBase      = wire.ReasonBaseMissing
)

// item is one delivery being processed.
type item struct {
	Delivery
	env      *wire.Envelope
	id       wire.Identity // from the topic; zero if that cannot be parsed
	envelope []byte        // the complete form of an observation, which state stores
	complete bool          // the observation came in its complete form

	reason string // of quarantine, if not ""
	detail error
	key    wire.Key // as far as it can be parsed; Seq 0: it cannot
}

func (it *item) refuse(reason string, err error) { it.reason, it.detail = reason, err }

// weight returns roughly how many bytes an item holds.
func (it *item) weight() int {
	const fixed, reading = 500, 50 // of an item, and of one reading of a sensor
	n := fixed + len(it.Payload)
	if it.env == nil {
		return n
	}
	switch body := it.env.Body.(type) {
	case *wire.Observation:
		n += len(body.Slots) * int(unsafe.Sizeof(shelf.SlotReading{}))
	case *wire.Telemetry:
		n += reading * (len(body.Doors) + len(body.Climate) + len(body.Footfall) + len(body.Power))
	}
	return n
}

// slim drops the facings of an observation, which take half of its memory and which nobody looks at on the way
// into the stores. They stay in the envelope, which is stored as it came.
func (it *item) slim() {
	if it.env == nil {
		return
	}
	body, ok := it.env.Body.(*wire.Observation)
	if !ok {
		return
	}
	body.Facings = nil
	for i := range body.Slots {
		body.Slots[i].Seen = nil // numbers of facings
	}
}

// release gives back the memory into which the item's observation was decoded. The item must not be used
// afterwards.
func (it *item) release() {
	if it.env == nil {
		return
	}
	if body, ok := it.env.Body.(*wire.Observation); ok {
		body.Release()
	}
}

// decode builds an item from its delivery. An error is the store's fault, not the message's, so decoding is
// tried again.
func (g *Ingester) decode(ctx context.Context, d Delivery) (*item, error) {
	it, err := g.decodeWhole(ctx, d)
	if err == nil {
		it.slim()
	}
	return it, err
}

func (g *Ingester) decodeWhole(ctx context.Context, d Delivery) (*item, error) {
	it := &item{Delivery: d, envelope: d.Payload, complete: true}
	id, kind, err := wire.ParseTopic(d.Topic)
	if err != nil {
		it.refuse(ReasonTopic, err)
		return it, nil
	}
	it.id = id
	// Check this before decoding: a few bytes can decode to enough to fill the memory.
	if limit := kind.Limit(); len(d.Payload) > limit {
		it.refuse(ReasonTooLarge, fmt.Errorf("%w: %s of %d bytes, the limit is %d", wire.ErrTooLarge, kind, len(d.Payload), limit))
		if h, ok := wire.Peek(d.Payload[:limit]); ok && h.Identity == id {
			it.key = wire.Key{Device: h.Device, Boot: h.Boot, Seq: h.Seq}
		}
		return it, nil
	}
	env, err := wire.Decode(d.Payload)
	if err != nil {
		if h, ok := wire.Peek(d.Payload); ok && h.Identity == id {
			it.key = wire.Key{Device: h.Device, Boot: h.Boot, Seq: h.Seq}
		}
		it.refuse(decodeReason(err), err)
		return it, nil
	}
	it.env, it.key = env, env.Key()
	switch {
	case env.Identity != id:
		it.refuse(ReasonIdentity, fmt.Errorf("the topic is of %v, the envelope of %v", id, env.Identity))
	case env.Body.Kind() != kind:
		it.refuse(ReasonIdentity, fmt.Errorf("the topic is of kind %s, the envelope of %s", kind, env.Body.Kind()))
	case !kind.Up() && kind != wire.KindStatus:
		it.refuse(ReasonDirection, fmt.Errorf("%s is not said by a board", kind))
	}
	if delta, ok := env.Body.(*wire.Delta); ok && it.reason == "" {
		return it, g.resolve(ctx, it, delta)
	}
	return it, nil
}

func decodeReason(err error) string {
	var version wire.ErrVersion
	switch {
	case errors.As(err, &version):
		return ReasonVersion
	case errors.Is(err, wire.ErrTooLarge):
		return ReasonTooLarge
	}
	return ReasonMalformed
}

// resolve completes an observation that came as a delta to an earlier one.
func (g *Ingester) resolve(ctx context.Context, it *item, delta *wire.Delta) error {
	base, err := g.base(ctx, it.env, delta.BaseSeq)
	if errors.Is(err, state.ErrNotFound) {
		it.refuse(reasonBase, err)
		return nil
	}
	if err != nil {
		return err
	}
	obs, err := delta.Resolve(base)
	if errors.Is(err, wire.ErrBase) {
		it.refuse(reasonBase, err)
		return nil
	}
	if err != nil {
		it.refuse(ReasonMalformed, err)
		return nil
	}
	it.env.Body, it.complete = obs, false
	if it.envelope, err = wire.Encode(it.env); err != nil {
		it.refuse(ReasonMalformed, err)
	}
	return nil
}

func (g *Ingester) base(ctx context.Context, env *wire.Envelope, seq uint64) (*shelf.Observation, error) {
	data, err := state.BaseObservation(ctx, g.state, env.Tenant, env.Device, state.Order{Boot: env.Boot, Seq: seq})
	if err != nil {
		return nil, err
	}
	base, err := wire.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("stored base: %w", err)
	}
	obs, ok := base.Body.(*wire.Observation)
	if !ok {
		return nil, fmt.Errorf("stored base is a %s", base.Body.Kind())
	}
	return &obs.Observation, nil
}
