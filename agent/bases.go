package agent

import (
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// bases keeps the base of delta-encoded observations: the last complete observation of this boot that the cloud has
// acknowledged. Against it, a shelf that nobody touched costs a few bytes on the air.
type bases struct {
	mu      sync.Mutex
	boot    uint32
	base    told                          // acknowledged
	next    told                          // complete, not acknowledged yet
	deltas  map[uint64]*shelf.Observation // sent as deltas and not acknowledged, by seq: sent again whole if the cloud lacks the base
	baseAge time.Time
	nextAge time.Time
}

// told is a complete observation with its Seq; Seq 0 is none.
type told struct {
	seq uint64
	obs *shelf.Observation
}

const (
	// maxBaseAge keeps the number of old observations that the cloud must hold small, and gets over one that it lost.
	maxBaseAge = time.Hour
	maxNextAge = time.Minute
	// maxDeltas bounds what is kept for sending again; beyond it, observations are sent whole.
	maxDeltas = 256
)

// encode returns an observation's bytes: a delta if there is a base, else the whole observation. While the
// clock may still be corrected it is always the whole, because a delta cannot be amended.
func (b *bases) encode(env *wire.Envelope, obs *shelf.Observation) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	full, err := wire.Encode(env)
	if err != nil || env.Clock < telemetry.RTC {
		return full, err
	}
	if b.base.seq != 0 && time.Since(b.baseAge) < maxBaseAge && len(b.deltas) < maxDeltas {
		short, err := wire.EncodeDelta(env, b.base.seq, b.base.obs)
		if err != nil {
			return nil, err
		}
		if len(short) < len(full)/2 { // otherwise much has changed, and this observation becomes the next base
			b.deltas[env.Seq] = obs
			return short, nil
		}
	}
	b.boot = env.Boot
	// A candidate that waits for its acknowledgement is not replaced at once: on a slow line the next
	// observation always comes before the acknowledgement, and there would never be a base.
	if b.next.seq == 0 || time.Since(b.nextAge) > maxNextAge {
		b.next, b.nextAge = told{env.Seq, obs}, time.Now()
	}
	return full, nil
}

// acknowledged takes note of what the cloud has stored.
func (b *bases) acknowledged(r outbox.Range) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Boot != b.boot {
		return
	}
	if b.next.seq != 0 && r.From <= b.next.seq && b.next.seq <= r.To {
		b.base, b.next, b.baseAge = b.next, told{}, time.Now()
	}
	for seq := range b.deltas {
		if r.From <= seq && seq <= r.To {
			delete(b.deltas, seq)
		}
	}
}

// refused removes and returns an observation that the cloud refused because it lacks the base; nil if it is not
// known here. The base is given up as well.
func (b *bases) refused(boot uint32, seq uint64) *shelf.Observation {
	b.mu.Lock()
	defer b.mu.Unlock()
	if boot != b.boot {
		return nil
	}
	b.base = told{}
	obs := b.deltas[seq]
	delete(b.deltas, seq)
	return obs
}

// tellAgain puts an observation whose base the cloud lacks into the outbox once more, as a whole.
func (a *Agent) tellAgain(boot uint32, seq uint64, reason string) {
	if reason != wire.ReasonBaseMissing {
		return
	}
	obs := a.bases.refused(boot, seq)
	if obs == nil {
		a.log.Error("observation is lost: the cloud lacks its base, and it is of an earlier start", "boot", boot, "seq", seq)
		return
	}
	// A delta is only made while the clock is known, so this time is.
	if _, err := a.append(outbox.Observation, stamp{obs.CapturedAt, telemetry.RTC}, &wire.Observation{Observation: *obs}); err != nil {
		a.log.Error("observation is lost: the cloud lacks its base, and it was not stored again", "boot", boot, "seq", seq, "err", err)
	}
}
