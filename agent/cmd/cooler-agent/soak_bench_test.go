package main

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/pipeline"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// soakGrowth is by how many MB the process may hold more after a soak than after its first hundred frames.
const soakGrowth = 10

// BenchmarkSoak looks and looks: with -benchtime 10000x it is ten thousand frames. The pictures are small, for each goes
// the whole way of a large one. Every Mat must be closed in the end, and the memory that the process holds be what it was
// after a hundred frames.
func BenchmarkSoak(b *testing.B) {
	frames, plan, m, cat, skus := benchScene(b, synth.CameraWhole, 640, 480)
	for _, runtime := range runtimesBuilt() {
		b.Run(runtime, func(b *testing.B) {
			s, err := openSight(b.Context(), sightOptions{Runtime: runtime})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			g := gallery.New(s.Embedder)
			img, err := cat.Reference(b.Context(), skus[0], 0)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := g.Enrol(b.Context(), s.Embedder, skus[0].GTIN, "", []vision.Frame{vision.FromImage(img)}, []string{"0"}); err != nil {
				b.Fatal(err)
			}
			r, err := gallery.NewRecogniser(s.Embedder, g)
			if err != nil {
				b.Fatal(err)
			}
			p, err := pipeline.New(pipeline.Config{Detector: s.Detector, Recogniser: r, Mount: m, Planogram: plan, Video: true})
			if err != nil {
				b.Fatal(err)
			}
			look := func(i int) {
				if _, err := p.Look(b.Context(), frames[i%2]); err != nil {
					b.Fatal(err)
				}
			}
			for i := range 100 {
				look(i)
			}
			before, mats := resident(b), opencv.OpenMats()
			b.ResetTimer()
			for i := range b.N {
				look(i)
			}
			if left := opencv.OpenMats() - mats; left != 0 {
				b.Errorf("%d frames left %d Mats open", b.N, left)
			}
			after := resident(b)
			if after > before+soakGrowth {
				b.Errorf("%d frames took the process from %.1f to %.1f MB", b.N, before, after)
			}
			b.ReportMetric(before, "MB-begin")
			b.ReportMetric(after, "MB-end")
			b.ReportMetric(float64(opencv.OpenMats()), "Mats-open")
		})
	}
}

// resident is the process's memory in MB, what Go no longer uses given back.
func resident(b *testing.B) float64 {
	b.Helper()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		b.Fatal(err)
	}
	return float64(pages*os.Getpagesize()) / (1 << 20)
}
