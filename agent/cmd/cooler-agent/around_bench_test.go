package main

import (
	"context"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/pipeline"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// BenchmarkAround measures the processor time of all that a look does around its networks' passes, which are played back:
// a figure that no network changes, and a profile that shows nothing else. Cold, every facing is named; steady, two
// lanes changed since the last frame.
func BenchmarkAround(b *testing.B) {
	for _, kind := range []synth.CameraKind{synth.CameraWhole, synth.CameraFisheye} {
		b.Run(string(kind), func(b *testing.B) {
			frames, plan, m, cat, skus := benchScene(b, kind, 1280, 960)
			s, err := openSight(b.Context(), sightOptions{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			playBack(b, s)
			g := gallery.New(s.Embedder)
			for _, sku := range skus {
				img, err := cat.Reference(b.Context(), sku, 0)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := g.Enrol(b.Context(), s.Embedder, sku.GTIN, "", []vision.Frame{vision.FromImage(img)}, []string{"0"}); err != nil {
					b.Fatal(err)
				}
			}
			for name, steady := range map[string]bool{"cold": false, "steady": true} {
				b.Run(name, func(b *testing.B) {
					r, err := gallery.NewRecogniser(s.Embedder, g)
					if err != nil {
						b.Fatal(err)
					}
					p, err := pipeline.New(pipeline.Config{Detector: s.Detector, Recogniser: r, Lanes: s.Lanes, Mount: m, Planogram: plan, Video: steady})
					if err != nil {
						b.Fatal(err)
					}
					look := func(i int) {
						if _, err := p.Look(b.Context(), frames[i%2]); err != nil {
							b.Fatal(err)
						}
					}
					for i := range 4 { // the passes are recorded
						look(i)
					}
					before := processorTime(b)
					for i := 0; b.Loop(); i++ {
						look(i)
					}
					b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
				})
			}
		})
	}
}

// playBack lets the networks of a sight run once for each input, and answer from memory then.
func playBack(b *testing.B, s *sight) {
	b.Helper()
	wrapNetworks(b, s, func(_ string, net vision.Network) vision.Network {
		return &played{Network: net, seed: maphash.MakeSeed(), known: map[uint64]map[string]vision.Tensor{}}
	})
}

// played remembers what a network answered.
type played struct {
	vision.Network
	seed  maphash.Seed
	known map[uint64]map[string]vision.Tensor // by fingerprint of the input
}

func (p *played) Forward(ctx context.Context, in map[string]vision.Tensor, out []string) (map[string]vision.Tensor, error) {
	key := p.fingerprint(in)
	answer, ok := p.known[key]
	if !ok {
		var err error
		if answer, err = p.Network.Forward(ctx, in, out); err != nil {
			return nil, err
		}
		p.known[key] = answer
	}
	answer = maps.Clone(answer)
	for name, t := range answer {
		answer[name] = vision.Tensor{Shape: t.Shape, Data: slices.Clone(t.Data)}
	}
	return answer, nil
}

// fingerprint looks at every 61st number alone: a pass must cost next to nothing here.
func (p *played) fingerprint(in map[string]vision.Tensor) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	for _, t := range in {
		for i := 0; i < len(t.Data); i += 61 {
			v := math.Float32bits(t.Data[i])
			_, _ = h.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
		}
	}
	return h.Sum64()
}

// processorTime is what the process used so far, in all its threads.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
