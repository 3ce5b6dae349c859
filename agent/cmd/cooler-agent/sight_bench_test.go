package main

import (
	"context"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/detect"
	"github.com/coldshelf/coldshelf/vision/embed"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/pipeline"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// clocked adds up how long a network's passes take.
type clocked struct {
	vision.Network
	spent time.Duration
}

func (c *clocked) Forward(ctx context.Context, in map[string]vision.Tensor, out []string) (map[string]vision.Tensor, error) {
	start := time.Now()
	defer func() { c.spent += time.Since(start) }()
	return c.Network.Forward(ctx, in, out)
}

// benchScene is a full cooler at width×height pixels, and the same a moment later with a pack taken from each of two
// lanes.
func benchScene(b *testing.B, kind synth.CameraKind, width, height int) (frames [2]vision.Frame, plan *shelf.Planogram, m *mount.Mount, cat *synth.Catalogue, skus []*synth.SKU) {
	b.Helper()
	cat, err := synth.NewCatalogue(5, 12)
	if err != nil {
		b.Fatal(err)
	}
	scene, err := synth.NewScene(synth.Config{Catalogue: cat, Seed: 4, Cooler: true, Tidy: true, Rows: 5})
	if err != nil {
		b.Fatal(err)
	}
	spec := scene.Camera(kind, 2)
	for k := range frames {
		if k == 1 {
			for _, lane := range []int{3, 8} {
				scene.Stock[lane] = scene.Stock[lane][1:]
			}
		}
		fr, err := scene.Render(b.Context(), synth.Shot{Camera: spec, Width: width, Height: height, Seed: uint64(k)})
		if err != nil {
			b.Fatal(err)
		}
		frames[k] = vision.FromImage(fr.Image)
	}
	p := scene.Planogram.Shelf()
	return frames, &p, mount.FromCamera(spec, width, height), cat, scene.Planogram.Products
}

// BenchmarkLook measures frame → observation, and what share of it is not the networks' own passes:
// "over" is the whole by the sum of all passes, "over-detector" by the detector's passes alone. Cold, every facing
// is embedded; steady, two lanes changed since the last frame.
func BenchmarkLook(b *testing.B) {
	frames, plan, m, cat, skus := benchScene(b, synth.CameraWhole, 1280, 960)
	for _, runtime := range runtimesBuilt() {
		b.Run(runtime, func(b *testing.B) {
			s, err := openSight(b.Context(), sightOptions{Runtime: runtime})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			det, emb, lanes := clockedParts(b, s)
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
			for _, steady := range []bool{false, true} {
				name := "cold"
				if steady {
					name = "steady"
				}
				b.Run(name, func(b *testing.B) {
					r, err := gallery.NewRecogniser(s.Embedder, g)
					if err != nil {
						b.Fatal(err)
					}
					p, err := pipeline.New(pipeline.Config{Detector: s.Detector, Recogniser: r, Lanes: s.Lanes, Mount: m, Planogram: plan, Video: steady})
					if err != nil {
						b.Fatal(err)
					}
					facings := 0
					for i := range 2 {
						if _, err := p.Look(b.Context(), frames[i]); err != nil {
							b.Fatal(err)
						}
					}
					det.spent, emb.spent, lanes.spent = 0, 0, 0
					embedded, again := r.Embedded(), r.LookedAgain()
					for i := 0; b.Loop(); i++ {
						obs, err := p.Look(b.Context(), frames[i%2])
						if err != nil {
							b.Fatal(err)
						}
						facings = len(obs.Facings)
					}
					total := b.Elapsed()
					b.ReportMetric(float64(facings), "facings")
					b.ReportMetric(float64(r.Embedded()-embedded)/float64(b.N), "embedded/op")
					b.ReportMetric(float64(r.LookedAgain()-again)/float64(b.N), "again/op")
					b.ReportMetric(float64(total)/float64(det.spent+emb.spent+lanes.spent), "over")
					b.ReportMetric(float64(total)/float64(det.spent), "over-detector")
					b.ReportMetric(float64(det.spent.Milliseconds())/float64(b.N), "detector-ms/op")
				})
			}
		})
	}
}

// clockedParts puts a clock around the networks of a sight.
func clockedParts(b *testing.B, s *sight) (det, emb, lanes *clocked) {
	b.Helper()
	around := map[string]*clocked{}
	wrapNetworks(b, s, func(task string, net vision.Network) vision.Network {
		around[task] = &clocked{Network: net}
		return around[task]
	})
	return around[weights.FacingDetection], around[weights.PackEmbedding], around[weights.LaneBare]
}

// wrapNetworks gives a sight its networks anew, each in what wrap puts around it.
func wrapNetworks(b *testing.B, s *sight, wrap func(task string, net vision.Network) vision.Network) {
	b.Helper()
	set, err := weights.Built()
	if err != nil {
		b.Fatal(err)
	}
	l, err := newLoader(s.opts)
	if err != nil {
		b.Fatal(err)
	}
	open := func(task string) (vision.Network, weights.Network) {
		spec, err := set.Task(task)
		if err != nil {
			b.Fatal(err)
		}
		net, err := l.load(b.Context(), set, spec)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = net.Close() })
		return wrap(task, net), spec
	}
	net, spec := open(weights.FacingDetection)
	if s.Detector, err = detect.New(net, spec); err != nil {
		b.Fatal(err)
	}
	net, spec = open(weights.PackEmbedding)
	if s.Embedder, err = embed.NewNetwork(net, spec); err != nil {
		b.Fatal(err)
	}
	net, spec = open(weights.LaneBare)
	if s.Lanes, err = lane.NewNetwork(net, spec); err != nil {
		b.Fatal(err)
	}
}
