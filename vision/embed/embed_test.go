package embed_test

import (
	"context"
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/embed"
	"github.com/coldshelf/coldshelf/vision/synth"
)

func dot(a, b []float32) float64 {
	s := 0.0
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// references renders pictures of n products from five sides.
func references(t *testing.T, n int) [][]vision.Frame {
	t.Helper()
	cat, err := synth.NewCatalogue(21, n)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]vision.Frame
	for _, sku := range cat.SKUs {
		var views []vision.Frame
		for _, yaw := range synth.ReferenceYaws() {
			img, err := cat.Reference(context.Background(), sku, float64(yaw))
			if err != nil {
				t.Fatal(err)
			}
			views = append(views, vision.FromImage(img))
		}
		out = append(out, views)
	}
	return out
}

func TestColourLayoutKnowsAPackFromAnotherSide(t *testing.T) {
	packs := references(t, 16)
	e := embed.ColourLayout{}
	var vectors [][][]float32
	for _, views := range packs {
		v, err := e.Embed(context.Background(), views)
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, v)
	}
	right := 0
	for i := range vectors {
		// Enrolled from the front, seen 20° from the side.
		best, at := -1.0, -1
		for j := range vectors {
			if s := dot(vectors[i][1], vectors[j][0]); s > best {
				best, at = s, j
			}
		}
		if at == i {
			right++
		}
	}
	if right < 12 {
		t.Errorf("%d of 16 products are known, want 12", right)
	}
}

func TestVectorsAreOfLengthOneAndRepeat(t *testing.T) {
	crop := references(t, 8)[0][0]
	e := embed.ColourLayout{}
	a, err := e.Embed(context.Background(), []vision.Frame{crop, crop})
	if err != nil {
		t.Fatal(err)
	}
	if len(a[0]) != e.ID().Dim {
		t.Errorf("%d numbers, the ID says %d", len(a[0]), e.ID().Dim)
	}
	if l := dot(a[0], a[0]); math.Abs(l-1) > 1e-4 {
		t.Errorf("length %v", l)
	}
	if d := dot(a[0], a[1]); math.Abs(d-1) > 1e-4 {
		t.Errorf("the same crop twice: %v", d)
	}
	if _, err := e.Embed(context.Background(), []vision.Frame{{Width: 2, Height: 2}}); err == nil {
		t.Error("a crop without pixels is taken")
	}
}

func TestLightIsTakenOut(t *testing.T) {
	crop := references(t, 8)[2][0]
	dim := vision.Frame{Width: crop.Width, Height: crop.Height, BGR: make([]byte, len(crop.BGR))}
	for i, v := range crop.BGR {
		dim.BGR[i] = byte(float64(v) * 0.6)
	}
	v, err := embed.ColourLayout{}.Embed(context.Background(), []vision.Frame{crop, dim})
	if err != nil {
		t.Fatal(err)
	}
	if s := dot(v[0], v[1]); s < 0.93 {
		t.Errorf("in less light the cosine is %v, want 0.93", s)
	}
}

// mirror gives back the mean of each plane of its input, and keeps the input.
type mirror struct{ in vision.Tensor }

func (m *mirror) Runtime() string { return "mirror" }
func (m *mirror) Close() error    { return nil }
func (m *mirror) Forward(_ context.Context, in map[string]vision.Tensor, _ []string) (map[string]vision.Tensor, error) {
	m.in = in["pack"]
	n := m.in.Shape[2] * m.in.Shape[3]
	out := vision.NewTensor(1, 3)
	for c := range 3 {
		for _, v := range m.in.Data[c*n : (c+1)*n] {
			out.Data[c] += v / float32(n)
		}
	}
	return map[string]vision.Tensor{"embedding": out}, nil
}

func TestNetworkPadsToKeepShape(t *testing.T) {
	spec := weights.Network{Name: "m", Version: "1", Task: weights.PackEmbedding, Outputs: []string{"embedding"}, Dim: 3,
		Input: weights.Input{Name: "pack", Scale: 1, Width: 16, Height: 32, Keep: true, Pad: 7}}
	net := &mirror{}
	e, err := embed.NewNetwork(net, spec)
	if err != nil {
		t.Fatal(err)
	}
	crop := vision.Frame{Width: 40, Height: 40, BGR: make([]byte, 3*40*40)}
	for i := range crop.BGR {
		crop.BGR[i] = 200
	}
	v, err := e.Embed(context.Background(), []vision.Frame{crop})
	if err != nil {
		t.Fatal(err)
	}
	if got := net.in.Data[0]; got != 7 {
		t.Errorf("the corner is %v, want the padding 7", got)
	}
	if got := net.in.Data[16*16+8]; got != 200 {
		t.Errorf("the middle is %v, want 200", got)
	}
	if l := dot(v[0], v[0]); math.Abs(l-1) > 1e-5 {
		t.Errorf("length %v", l)
	}
	spec.Dim = 4
	wrong, _ := embed.NewNetwork(net, spec)
	if _, err := wrong.Embed(context.Background(), []vision.Frame{crop}); err == nil {
		t.Error("a vector of another length than the manifest says is taken")
	}
	spec.Task = weights.FacingDetection
	if _, err := embed.NewNetwork(net, spec); err == nil {
		t.Error("a detector is taken for an embedder")
	}
}
