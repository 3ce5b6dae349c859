package gallery_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/embed"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

const (
	cola  = shelf.GTIN("4006381333931")
	tonic = shelf.GTIN("96385074")
)

// pack is a crop with a band of one colour on a ground of another; shade lights it.
func pack(ground, band [3]byte, shade float64) vision.Frame {
	const w, h = 60, 120
	f := vision.Frame{Width: w, Height: h, BGR: make([]byte, 3*w*h)}
	for y := range h {
		for x := range w {
			c := ground
			if y > 40 && y < 80 || (x/6+y/9)%5 == 0 {
				c = band
			}
			for k := range c {
				f.BGR[3*(y*w+x)+k] = byte(float64(c[k]) * shade)
			}
		}
	}
	return f
}

var (
	red, white, green, yellow = [3]byte{30, 20, 200}, [3]byte{230, 230, 230}, [3]byte{40, 160, 30}, [3]byte{20, 220, 230}
)

func filled(t testing.TB) *gallery.Gallery {
	t.Helper()
	g := gallery.New(embed.ColourLayout{})
	enrol := func(gtin shelf.GTIN, name string, crops ...vision.Frame) {
		sources := make([]string, len(crops))
		if _, err := g.Enrol(context.Background(), embed.ColourLayout{}, gtin, name, crops, sources); err != nil {
			t.Fatal(err)
		}
	}
	enrol(tonic, "Tonic", pack(yellow, green, 1), pack(yellow, green, 0.8))
	enrol(cola, "Cola", pack(red, white, 1), pack(red, white, 0.7))
	return g
}

func TestTheFileHoldsTheGallery(t *testing.T) {
	g := filled(t)
	path := filepath.Join(t.TempDir(), "g.gallery")
	if err := g.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := gallery.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := back.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("read and written again, the file differs")
	}
	if got := back.Names[cola]; got != "Cola" {
		t.Errorf("name %q, want Cola", got)
	}
	if got := len(back.References); got != 4 {
		t.Errorf("%d references, want 4", got)
	}
}

func TestTheOrderOfEnrolmentDoesNotShow(t *testing.T) {
	ctx, e := context.Background(), embed.ColourLayout{}
	a, b := gallery.New(e), gallery.New(e)
	crops := []vision.Frame{pack(red, white, 1), pack(red, white, 0.7)}
	for _, step := range []func() (int, error){
		func() (int, error) { return a.Enrol(ctx, e, cola, "Cola", crops, []string{"1", "2"}) },
		func() (int, error) { return a.Enrol(ctx, e, tonic, "Tonic", crops[:1], []string{"1"}) },
		func() (int, error) { return b.Enrol(ctx, e, tonic, "Tonic", crops[:1], []string{"1"}) },
		func() (int, error) { return b.Enrol(ctx, e, cola, "Cola", crops[1:], []string{"2"}) },
		func() (int, error) { return b.Enrol(ctx, e, cola, "", crops[:1], []string{"1"}) },
	} {
		if _, err := step(); err != nil {
			t.Fatal(err)
		}
	}
	x, _ := a.Encode()
	y, _ := b.Encode()
	if !bytes.Equal(x, y) {
		t.Error("the same references make two files")
	}
}

func TestTheSamePhotoTwiceIsOneReference(t *testing.T) {
	g := gallery.New(embed.ColourLayout{})
	crop := pack(red, white, 1)
	n, err := g.Enrol(context.Background(), embed.ColourLayout{}, cola, "", []vision.Frame{crop, crop}, []string{"a", "b"})
	if err != nil || n != 1 {
		t.Errorf("added %d, %v; want 1", n, err)
	}
}

func TestMatch(t *testing.T) {
	g := filled(t)
	e := embed.ColourLayout{}
	for _, c := range []struct {
		name string
		crop vision.Frame
		want shelf.GTIN
	}{
		{"as enrolled", pack(red, white, 1), cola},
		{"in less light", pack(red, white, 0.55), cola},
		{"the other one", pack(yellow, green, 0.9), tonic},
		{"near to nothing", pack([3]byte{200, 60, 60}, [3]byte{60, 0, 90}, 1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := e.Embed(context.Background(), []vision.Frame{c.crop})
			if err != nil {
				t.Fatal(err)
			}
			m := g.Match(v[0])
			if m.GTIN != c.want {
				t.Errorf("got %q (%+v), want %q", m.GTIN, m, c.want)
			}
			if (m.Confidence > 0.5) != (c.want != "") {
				t.Errorf("confidence %v", m.Confidence)
			}
		})
	}
	if m := gallery.New(e).Match(make([]float32, e.ID().Dim)); m.GTIN != "" {
		t.Errorf("an empty gallery names %q", m.GTIN)
	}
}

func TestLead(t *testing.T) {
	g := filled(t)
	e := embed.ColourLayout{}
	v, err := e.Embed(context.Background(), []vision.Frame{pack(red, white, 1)})
	if err != nil {
		t.Fatal(err)
	}
	m := g.Match(v[0])
	is := func(want shelf.GTIN) func(shelf.GTIN) bool { return func(got shelf.GTIN) bool { return got == want } }
	if got := m.Lead(is(cola)); got != 0 {
		t.Errorf("the nearest leads itself by %v", got)
	}
	if got := m.Lead(is(tonic)); got <= 0 || got >= 1 || (m.Near[1].GTIN == tonic && got != m.Margin) {
		t.Errorf("it leads the other by %v, margin %v", got, m.Margin)
	}
	if got := m.Lead(is("9002490100070")); got != 1 {
		t.Errorf("it leads what is not in the gallery by %v, want 1", got)
	}
}

// other is a colour layout that calls itself another embedder.
type other struct{ embed.ColourLayout }

func (other) ID() vision.EmbedderID {
	id := embed.ColourLayout{}.ID()
	id.Version = "2"
	return id
}

func TestAGalleryOfAnotherEmbedderIsRefusedAndCanBeMadeAnew(t *testing.T) {
	g := filled(t)
	if _, err := gallery.NewRecogniser(other{}, g); !errors.Is(err, gallery.ErrEmbedder) {
		t.Fatalf("got %v, want %v", err, gallery.ErrEmbedder)
	}
	if _, err := g.Enrol(context.Background(), other{}, cola, "", nil, nil); !errors.Is(err, gallery.ErrEmbedder) {
		t.Errorf("enrol: got %v, want %v", err, gallery.ErrEmbedder)
	}
	if err := g.Reembed(context.Background(), other{}); err != nil {
		t.Fatal(err)
	}
	if _, err := gallery.NewRecogniser(other{}, g); err != nil {
		t.Errorf("embedded again: %v", err)
	}
}

func TestDamageIsFound(t *testing.T) {
	data, err := filled(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gallery.Decode(data[:len(data)/2]); !errors.Is(err, gallery.ErrFormat) {
		t.Errorf("cut in half: %v", err)
	}
	if _, err := gallery.Decode([]byte("hello")); !errors.Is(err, gallery.ErrFormat) {
		t.Errorf("text: %v", err)
	}
	undetected := 0
	for i := 0; i < len(data); i += 101 {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		if g, err := gallery.Decode(bad); err == nil {
			again, _ := g.Encode()
			if !bytes.Equal(again, data) { // a flip in a time stamp or a comment harms nothing
				undetected++
			}
		}
	}
	if undetected > 0 {
		t.Errorf("%d flipped bits changed the gallery unnoticed", undetected)
	}
}

func TestUnchangedFacingsAreNotEmbeddedAgain(t *testing.T) {
	r, err := gallery.NewRecogniser(embed.ColourLayout{}, filled(t))
	if err != nil {
		t.Fatal(err)
	}
	scene := func(second vision.Frame) vision.Frame {
		f := vision.Frame{Width: 200, Height: 130, BGR: make([]byte, 3*200*130)}
		for i, p := range []vision.Frame{pack(red, white, 0.9), second} {
			for y := range p.Height {
				copy(f.BGR[3*((y+5)*200+10+90*i):], p.BGR[3*y*p.Width:3*(y+1)*p.Width])
			}
		}
		return f
	}
	boxes := []shelf.Box{{X: 10, Y: 5, W: 60, H: 120}, {X: 100, Y: 5, W: 60, H: 120}}
	steps := []struct {
		name   string
		frame  vision.Frame
		forget bool
		want   []shelf.GTIN
		embeds int
	}{
		{"first", scene(pack(yellow, green, 0.9)), false, []shelf.GTIN{cola, tonic}, 2},
		{"the same again", scene(pack(yellow, green, 0.9)), false, []shelf.GTIN{cola, tonic}, 2},
		{"one has changed", scene(pack(red, white, 0.9)), false, []shelf.GTIN{cola, cola}, 3},
		{"another camera", scene(pack(red, white, 0.9)), true, []shelf.GTIN{cola, cola}, 5},
	}
	for _, s := range steps {
		if s.forget {
			r.Forget()
		}
		got, err := r.Name(context.Background(), s.frame, boxes)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.want {
			if got[i].GTIN != s.want[i] {
				t.Errorf("%s: facing %d is %q, want %q", s.name, i, got[i].GTIN, s.want[i])
			}
		}
		if r.Embedded() != s.embeds {
			t.Errorf("%s: %d crops embedded so far, want %d", s.name, r.Embedded(), s.embeds)
		}
	}
}

// A second look by parts is paid for only where the first leaves a doubt, and not again while nothing changes.
func TestOnlyADoubtIsLookedAtAgain(t *testing.T) {
	r, err := gallery.NewRecogniser(embed.ColourLayout{}, filled(t))
	if err != nil {
		t.Fatal(err)
	}
	box := []shelf.Box{{W: 60, H: 120}}
	for _, step := range []struct {
		name  string
		frame vision.Frame
		again int
	}{
		{"as enrolled", pack(red, white, 0.9), 0},
		{"near to nothing", pack([3]byte{200, 60, 60}, [3]byte{60, 0, 90}, 1), 1},
		{"still there", pack([3]byte{200, 60, 60}, [3]byte{60, 0, 90}, 1), 1},
	} {
		if _, err := r.Name(context.Background(), step.frame, box); err != nil {
			t.Fatal(err)
		}
		if got := r.LookedAgain(); got != step.again {
			t.Errorf("%s: looked again %d times so far, want %d", step.name, got, step.again)
		}
	}
}

// A camera's noise, a flickering tube and a detector's trembling boxes are not a change.
func TestATremblingPictureIsNotEmbeddedAgain(t *testing.T) {
	r, err := gallery.NewRecogniser(embed.ColourLayout{}, filled(t))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(8, 8))
	still := pack(red, white, 0.8)
	for frame := range 40 {
		f := vision.Frame{Width: 80, Height: 140, BGR: make([]byte, 3*80*140)}
		light := 1 + 0.04*math.Sin(float64(frame))
		for y := range still.Height {
			for i := range 3 * still.Width {
				v := light*float64(still.BGR[3*y*still.Width+i]) + 4*rng.NormFloat64()
				f.BGR[3*((y+8)*f.Width+8)+i] = byte(math.Min(255, math.Max(0, v)))
			}
		}
		box := shelf.Box{X: 8 + rng.IntN(5) - 2, Y: 8 + rng.IntN(5) - 2, W: 60 + rng.IntN(5) - 2, H: 120 + rng.IntN(5) - 2}
		got, err := r.Name(context.Background(), f, []shelf.Box{box})
		if err != nil || got[0].GTIN != cola {
			t.Fatalf("frame %d: %+v, %v", frame, got, err)
		}
	}
	if r.Embedded() != 1 {
		t.Errorf("one facing that stands still was embedded %d times in 40 frames", r.Embedded())
	}
}

func TestFront(t *testing.T) {
	plain := vision.Frame{Width: 100, Height: 100, BGR: bytes.Repeat([]byte{240}, 3*100*100)}
	for y := 20; y < 80; y++ {
		for x := 30; x < 60; x++ {
			plain.BGR[3*(y*100+x)] = 10
		}
	}
	busy := pack(red, white, 1)
	det := func(x0, y0, x1, y1, s float64, weak bool) vision.Detection {
		return vision.Detection{X0: x0, Y0: y0, X1: x1, Y1: y1, Score: s, Weak: weak}
	}
	for _, c := range []struct {
		name  string
		photo vision.Frame
		found []vision.Detection
		want  shelf.Box
	}{
		{"a product shot on a plain ground", plain, []vision.Detection{det(0, 0, 20, 20, 0.9, false)}, shelf.Box{X: 30, Y: 20, W: 30, H: 60}},
		{"nothing found: the whole photo", busy, nil, busy.Bounds()},
		{"the pack in the middle, not a small one beside", busy, []vision.Detection{det(0, 0, 14, 14, 0.95, false), det(15, 30, 45, 90, 0.8, false)}, shelf.Box{X: 15, Y: 30, W: 30, H: 60}},
		{"a weak one is the pack where nothing else is", busy, []vision.Detection{det(15, 30, 45, 90, 0.2, true)}, shelf.Box{X: 15, Y: 30, W: 30, H: 60}},
		{"the weakest do not count", busy, []vision.Detection{det(15, 30, 45, 90, 0.1, true)}, busy.Bounds()},
		{"a pack that fills it: the whole photo", busy, []vision.Detection{det(2, 3, 58, 118, 0.8, false)}, busy.Bounds()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := gallery.Front(c.photo, c.found); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestAPhotoIsSeenInSeveralParts(t *testing.T) {
	plain := vision.Frame{Width: 100, Height: 100, BGR: bytes.Repeat([]byte{240}, 3*100*100)}
	for y := 20; y < 80; y++ {
		for x := 30; x < 60; x++ {
			plain.BGR[3*(y*100+x)] = 10
		}
	}
	if got := gallery.Views(plain, nil); len(got) != 1 || got[0] != (shelf.Box{X: 30, Y: 20, W: 30, H: 60}) {
		t.Errorf("a product shot on a plain ground: %v, want the product alone", got)
	}
	busy := pack(red, white, 1)
	found := []vision.Detection{{X0: 15, Y0: 30, X1: 45, Y1: 90, Score: 0.8}}
	views := gallery.Views(busy, found)
	if len(views) != 5 || views[0] != gallery.Front(busy, found) {
		t.Fatalf("got %v, want the found pack and four parts more", views)
	}
	for i, v := range views {
		if v.W <= 0 || v.H <= 0 || v.Intersect(busy.Bounds()) != v {
			t.Errorf("part %d is %v, not within %v", i, v, busy.Bounds())
		}
	}
	if v := views[1]; v.Intersect(views[0]) != v {
		t.Errorf("the pack without its outline is %v, not within %v", v, views[0])
	}
	for _, v := range gallery.Views(vision.Frame{Width: 1, Height: 2, BGR: []byte{0, 0, 0, 255, 255, 255}}, nil) {
		if v.W < 1 || v.H < 1 {
			t.Errorf("a part of a picture of two pixels is %v", v)
		}
	}
}

// One view that shows something else is outvoted.
func TestViewsAreNamedTogether(t *testing.T) {
	g, e := filled(t), embed.ColourLayout{}
	views, err := e.Embed(context.Background(), []vision.Frame{pack(red, white, 0.9), pack(red, white, 0.6), pack(yellow, green, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.MatchViews(views).Nearest; got != cola {
		t.Errorf("two of three views show %s, named %q", cola, got)
	}
	if one, same := g.MatchViews(views[:1]), g.Match(views[0]); one.GTIN != same.GTIN || math.Abs(one.Similarity-same.Similarity) > 1e-5 {
		t.Errorf("one view: %+v, by itself %+v", one, same)
	}
	if m := g.MatchViews(nil); m.GTIN != "" || m.Nearest != "" {
		t.Errorf("no view at all is named: %+v", m)
	}
}

func FuzzDecode(f *testing.F) {
	data, err := filled(f).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := gallery.Decode(data)
		if err != nil {
			if !errors.Is(err, gallery.ErrFormat) && !errors.Is(err, gallery.ErrDamaged) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		once, err := g.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := gallery.Decode(once)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if twice, _ := again.Encode(); !bytes.Equal(once, twice) {
			t.Fatal("not canonical")
		}
	})
}
