package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// The bars of what a shelf report may cost on a SIM card, as shares of its plain JSON.
const (
	fullBar   = 10.0
	steadyBar = 25.0
)

// TestBytesOnAir measures what a report of 60 facings in 30 slots costs, against the plain JSON of
// the same facts with their envelope, and holds it to the bars. Run with -v to see the figures.
func TestBytesOnAir(t *testing.T) {
	base := shelves(7, envelope(100, nil).CapturedAt)
	later := laterLook(base, 8, envelope(115, nil).CapturedAt)
	sold := laterLook(base, 9, envelope(130, nil).CapturedAt)
	sold.Facings = append(sold.Facings[:20:20], sold.Facings[21:]...)
	for i := range sold.Slots {
		s := &sold.Slots[i]
		s.Seen = nil
		for n, f := range sold.Facings {
			if f.Box.CoveredBy(s.Box) > 0.5 {
				s.Seen = append(s.Seen, n)
			}
		}
		if s.Present = len(s.Seen); s.Present < s.Due {
			s.State = shelf.Low
		}
	}

	full, err := wire.Encode(envelope(100, &wire.Observation{Observation: *base}))
	if err != nil {
		t.Fatal(err)
	}
	report(t, "complete", full, base, 100, fullBar)
	for _, c := range []struct {
		name string
		o    *shelf.Observation
		seq  uint64
	}{{"steady", later, 115}, {"steady, one pack sold", sold, 130}} {
		short, err := wire.EncodeDelta(envelope(c.seq, &wire.Observation{Observation: *c.o}), 100, base)
		if err != nil {
			t.Fatal(err)
		}
		report(t, c.name, short, c.o, c.seq, steadyBar)
		env, err := wire.Decode(short)
		if err != nil {
			t.Fatal(err)
		}
		got, err := env.Body.(*wire.Delta).Resolve(base)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := plainJSON(t, c.seq, &got.Observation), plainJSON(t, c.seq, c.o); string(got) != string(want) {
			t.Errorf("%s resolves to\n%s\nwant\n%s", c.name, got, want)
		}
	}
}

func report(t *testing.T, name string, data []byte, o *shelf.Observation, seq uint64, bar float64) {
	t.Helper()
	plain := len(plainJSON(t, seq, o))
	ratio := float64(plain) / float64(len(data))
	facts, err := json.Marshal(o.Facings)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%-22s %5d bytes on air, %6d of plain JSON: 1/%.1f (facings alone %d: 1/%.1f); the limit is 1/%.0f", name, len(data), plain, ratio, len(facts), float64(len(facts))/float64(len(data)), bar)
	if ratio < bar {
		t.Errorf("%s: 1/%.1f of the plain JSON, the bar is 1/%.0f", name, ratio, bar)
	}
}

// plainJSON is what the same message would be without this package.
func plainJSON(t *testing.T, seq uint64, o *shelf.Observation) []byte {
	t.Helper()
	e := envelope(seq, nil)
	data, err := json.Marshal(struct {
		wire.Identity
		Boot       uint32             `json:"boot"`
		Seq        uint64             `json:"seq"`
		CapturedAt time.Time          `json:"captured_at"`
		Clock      any                `json:"clock"`
		Body       *shelf.Observation `json:"observation"`
	}{e.Identity, e.Boot, e.Seq, e.CapturedAt, e.Clock, o})
	if err != nil {
		t.Fatal(err)
	}
	return data
}
