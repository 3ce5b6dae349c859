package wire_test

import (
	"testing"

	"github.com/coldshelf/coldshelf/models/wire"
)

// BenchmarkObservation is what a board and an ingester pay for a report of 60 facings, complete and
// as a difference; B/msg is its size on the air.
func BenchmarkObservation(b *testing.B) {
	base := shelves(3, noon)
	later := envelope(2, &wire.Observation{Observation: *laterLook(base, 4, noon)})
	full, err := wire.Encode(later)
	if err != nil {
		b.Fatal(err)
	}
	short, err := wire.EncodeDelta(later, 1, base)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode/complete", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := wire.Encode(later); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(full)), "B/msg")
	})
	b.Run("encode/difference", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := wire.EncodeDelta(later, 1, base); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(short)), "B/msg")
	})
	b.Run("decode/complete", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := wire.Decode(full); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode/difference", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			env, err := wire.Decode(short)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := env.Body.(*wire.Delta).Resolve(base); err != nil {
				b.Fatal(err)
			}
		}
	})
}
