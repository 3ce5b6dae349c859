package simulate

import (
	"math/rand/v2"
	"slices"

	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Faults are the shares, from 0 to 1, of messages or looks that are affected.
type Faults struct {
	Offline   float64 // looks after which a device is silent for a while and sends everything afterwards
	Double    float64 // messages that are sent twice
	Disorder  float64 // messages held back behind later ones
	ClockJump float64 // messages whose clock is not set
	Rubbish   float64 // unreadable payloads that are sent in addition
}

// AllFaults returns every fault at a high rate.
func AllFaults() Faults {
	return Faults{Offline: 0.02, Double: 0.05, Disorder: 0.1, ClockJump: 0.01, Rubbish: 0.01}
}

// packet is a payload in transmission.
type packet struct {
	topic   string
	payload []byte
	seq     uint64 // 0: nobody waits for its acknowledgement
}

// way determines what happens to a device's messages between it and the broker.
type way struct {
	faults Faults
	rng    *rand.Rand
	held   []packet // sent after later ones
	silent int      // looks for which the device stays offline
	stored []packet // what it gathers meanwhile
}

func newWay(f Faults, seed uint64, i int) *way {
	return &way{faults: f, rng: rand.New(rand.NewPCG(seed^0x5eed, uint64(i)))}
}

func (w *way) befalls(share float64) bool { return share > 0 && w.rng.Float64() < share }

// clock may remove the date from a message, as if its board had just started and had no clock.
func (w *way) clock(env *wire.Envelope) {
	if w.befalls(w.faults.ClockJump) {
		env.Clock = telemetry.Unset
	}
}

// send returns what reaches the broker of a look's messages, in the order in which it does.
func (w *way) send(look []packet) []packet {
	if w.silent > 0 {
		w.silent--
		w.stored = append(w.stored, look...)
		if w.silent > 0 {
			return nil
		}
		look, w.stored = w.stored, nil
	} else if w.befalls(w.faults.Offline) {
		w.silent = 1 + w.rng.IntN(10)
	}
	var out []packet
	for _, p := range look {
		if w.befalls(w.faults.Disorder) {
			w.held = append(w.held, p)
			continue
		}
		out = append(out, p)
		if w.befalls(w.faults.Double) {
			out = append(out, p)
		}
		if w.befalls(w.faults.Rubbish) {
			out = append(out, packet{topic: p.topic, payload: rubbish(w.rng, p.payload)})
		}
	}
	if len(out) > 0 {
		out, w.held = append(out, w.held...), nil
	}
	return out
}

// flush returns what is still held at the end.
func (w *way) flush() []packet {
	out := slices.Concat(w.stored, w.held)
	w.stored, w.held = nil, nil
	return out
}

// rubbish returns a truncated payload, or random bytes.
func rubbish(rng *rand.Rand, payload []byte) []byte {
	if rng.IntN(2) == 0 {
		return payload[:len(payload)/3]
	}
	b := make([]byte, 1+rng.IntN(64))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}
