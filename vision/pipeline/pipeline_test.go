package pipeline_test

import (
	"cmp"
	"context"
	"errors"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/pipeline"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// cooler is a tidy one, seen from the front, with the truth at hand.
type cooler struct {
	scene *synth.Scene
	plan  *shelf.Planogram
	mount *mount.Mount
}

const width, height = 720, 540

func newCooler(t *testing.T) *cooler {
	t.Helper()
	cat, err := synth.NewCatalogue(5, 12)
	if err != nil {
		t.Fatal(err)
	}
	scene, err := synth.NewScene(synth.Config{Catalogue: cat, Seed: 4, Cooler: true, Tidy: true, Rows: 3})
	if err != nil {
		t.Fatal(err)
	}
	plan := scene.Planogram.Shelf()
	m := mount.FromCamera(scene.Camera(synth.CameraWhole, 2), width, height)
	front := int(1000 * scene.Planogram.Front)
	m.FrontMM = &front
	return &cooler{scene, &plan, m}
}

func (c *cooler) shoot(t *testing.T, condition synth.Condition, seed uint64) (vision.Frame, synth.Truth) {
	t.Helper()
	fr, err := c.scene.Render(t.Context(), synth.Shot{Camera: c.scene.Camera(synth.CameraWhole, 2), Condition: condition, Width: width, Height: height, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return vision.FromImage(fr.Image), fr.Truth
}

// clear empties the lanes of a slot.
func (c *cooler) clear(id string) {
	for i, lane := range c.scene.Planogram.Lanes {
		if lane.SlotID == id {
			c.scene.Stock[i] = nil
		}
	}
}

// seer finds and names what the truth says, but for the slots it is told to overlook; of those it sees
// something weak if it is told so.
type seer struct {
	truth    synth.Truth
	overlook map[string]bool
	halfSee  bool
	faint    float64 // the score of what is half seen; 0: too low wherever it stands
	lift     float64 // pixels by which it hangs in the air
	asked    int
	misname  string // the slot whose packs are named by like
	like     gallery.Match
	forgot   int
}

func (s *seer) Model() string { return "seer" }
func (s *seer) Forget()       { s.forgot++ }

func (s *seer) Detect(context.Context, vision.Frame) ([]vision.Detection, error) {
	var out []vision.Detection
	for _, a := range s.truth.Annotations {
		if !a.Facing || a.Ignore {
			continue
		}
		d := vision.Detection{X0: float64(a.Box[0]), Y0: float64(a.Box[1]), X1: float64(a.Box[0] + a.Box[2]), Y1: float64(a.Box[1] + a.Box[3]), Score: 0.9}
		if s.overlook[a.SlotID] {
			if !s.halfSee {
				continue
			}
			d.Score, d.Weak = cmp.Or(s.faint, 0.16), true
			d.Y0, d.Y1 = d.Y0-s.lift, d.Y1-s.lift
		}
		out = append(out, d)
	}
	return out, nil
}

func (s *seer) Name(_ context.Context, _ vision.Frame, boxes []shelf.Box) ([]gallery.Match, error) {
	out := make([]gallery.Match, len(boxes))
	for i, b := range boxes {
		for _, a := range s.truth.Annotations {
			if a.Facing && b == (shelf.Box{X: a.Box[0], Y: a.Box[1], W: a.Box[2], H: a.Box[3]}) {
				out[i] = gallery.Match{GTIN: a.SKU.GTIN, Confidence: 0.99, Nearest: a.SKU.GTIN, Similarity: 0.99}
				if a.SlotID == s.misname {
					out[i] = s.like
				}
			}
		}
	}
	return out, nil
}

func (s *seer) Threshold() float64 { return 0.5 }

// Ask says that everything looks like the due product where halfSee is set, like nothing otherwise.
func (s *seer) Ask(_ context.Context, _ vision.Frame, boxes []shelf.Box) ([]gallery.Match, error) {
	s.asked += len(boxes)
	out := make([]gallery.Match, len(boxes))
	if s.halfSee {
		for i := range out {
			out[i] = gallery.Match{Nearest: "96385074", Similarity: 0.95}
		}
	}
	return out, nil
}

func look(t *testing.T, c *cooler, s *seer, f vision.Frame) map[string]shelf.SlotReading {
	t.Helper()
	p, err := pipeline.New(pipeline.Config{Detector: s, Recogniser: s, Mount: c.mount, Planogram: c.plan})
	if err != nil {
		t.Fatal(err)
	}
	obs, err := p.Look(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]shelf.SlotReading{}
	for _, r := range obs.Slots {
		out[r.SlotID] = r
	}
	return out
}

// middle is a slot of the middle shelf that is straight ahead of the camera.
func (c *cooler) middle() string {
	slots := c.plan.Shelves[1].Slots
	best, off := "", c.plan.WidthMM
	for _, s := range slots {
		if d := max(s.XMM+s.WidthMM/2-c.plan.WidthMM/2, c.plan.WidthMM/2-s.XMM-s.WidthMM/2); d < off {
			best, off = s.ID, d
		}
	}
	return best
}

func TestAFullCoolerHasNoEmptySlot(t *testing.T) {
	c := newCooler(t)
	f, truth := c.shoot(t, synth.Clean, 1)
	right := 0
	slots := look(t, c, &seer{truth: truth}, f)
	for id, r := range slots {
		switch r.State {
		case shelf.Empty, shelf.Foreign, shelf.Misplaced:
			t.Errorf("slot %s is %v", id, r.State)
		case shelf.OK:
			right++
		}
	}
	if right < len(slots)*2/3 {
		t.Errorf("%d of %d slots are ok", right, len(slots))
	}
}

func TestASoldOutSlotIsEmpty(t *testing.T) {
	c := newCooler(t)
	id := c.middle()
	c.clear(id)
	f, truth := c.shoot(t, synth.Clean, 1)
	s := &seer{truth: truth}
	if got := look(t, c, s, f)[id]; got.State != shelf.Empty {
		t.Errorf("slot %s is %v %v, want empty", id, got.State, got.Reason)
	}
	if s.asked == 0 {
		t.Error("the recogniser was not asked before a stockout was told")
	}
}

// TestANameAgainstThePlanogramNeedsMore: what is nearly as like the due product is no stranger, and has no name; what is far
// more like another one is.
func TestANameAgainstThePlanogramNeedsMore(t *testing.T) {
	const stranger = shelf.GTIN("96385074")
	c := newCooler(t)
	id := c.middle()
	slot, _, _ := c.plan.Slot(id)
	f, truth := c.shoot(t, synth.Clean, 1)
	near := func(similarity, due float64) gallery.Match {
		return gallery.Match{GTIN: stranger, Confidence: 0.9, Nearest: stranger, Similarity: similarity, Near: []gallery.Likeness{{GTIN: stranger, Score: similarity}, {GTIN: slot.GTIN, Score: due}}}
	}
	for name, v := range map[string]struct {
		like gallery.Match
		want shelf.State
	}{
		"clearly another":              {near(0.9, 0.5), shelf.Foreign},
		"a look-alike of the due one":  {near(0.9, 0.8), shelf.Unknown},
		"like nothing, due one least":  {near(0.55, 0.1), shelf.Unknown},
		"the due one was not compared": {gallery.Match{GTIN: stranger, Nearest: stranger, Similarity: 0.9, Near: []gallery.Likeness{{GTIN: stranger, Score: 0.9}}}, shelf.Foreign},
	} {
		t.Run(name, func(t *testing.T) {
			got := look(t, c, &seer{truth: truth, misname: id, like: v.like}, f)[id]
			if got.State != v.want || (v.want == shelf.Unknown && got.Reason != shelf.Unrecognised) {
				t.Errorf("slot %s is %v %v, want %v", id, got.State, got.Reason, v.want)
			}
		})
	}
}

func TestPacksThatTheDetectorMissedMakeDoubtNotEmptiness(t *testing.T) {
	c := newCooler(t)
	id := c.middle()
	f, truth := c.shoot(t, synth.Clean, 1)
	s := &seer{truth: truth, overlook: map[string]bool{id: true}, halfSee: true}
	if got := look(t, c, s, f)[id]; got.State != shelf.Unknown || got.Reason != shelf.Uncertain {
		t.Errorf("slot %s is %v %v, want unknown, uncertain", id, got.State, got.Reason)
	}
}

// What the detector half sees is told where a pack would look like it, and not where none could stand.
func TestWhereADetectionStandsWeighs(t *testing.T) {
	c := newCooler(t)
	id := c.middle()
	f, truth := c.shoot(t, synth.Clean, 1)
	standing := &seer{truth: truth, overlook: map[string]bool{id: true}, halfSee: true, faint: 0.27}
	if got := look(t, c, standing, f)[id]; got.State != shelf.OK {
		t.Errorf("half seen where it stands: slot %s is %v %v, want ok", id, got.State, got.Reason)
	}
	p, err := pipeline.New(pipeline.Config{Detector: &seer{truth: truth, overlook: map[string]bool{id: true}, halfSee: true, faint: 0.27, lift: 60}, Mount: c.mount, Planogram: c.plan})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Look(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	hanging := 0
	for _, d := range p.Found() {
		if d.Score < 0.5 {
			hanging++
			if d.Told {
				t.Errorf("a weak detection that hangs in the air at %+v is told, with a chance of %.2f", d.Box, d.Chance)
			}
		}
	}
	if hanging == 0 {
		t.Error("nothing hung in the air")
	}
}

func TestBadPicturesGiveUnknownNotEmpty(t *testing.T) {
	c := newCooler(t)
	for _, condition := range []synth.Condition{synth.Fog, synth.Blocked, synth.Dark, synth.Over, synth.Blur} {
		t.Run(string(condition), func(t *testing.T) {
			f, truth := c.shoot(t, condition, 2)
			// A detector that finds nothing at all, as one does in bad pictures.
			truth.Annotations = nil
			for id, r := range look(t, c, &seer{truth: truth}, f) {
				truly, _ := truth.Slot(id)
				if r.State == shelf.Empty && string(truly.State) != "empty" && (condition == synth.Fog || condition == synth.Blocked) {
					t.Errorf("slot %s is said to be empty", id)
				}
			}
		})
	}
}

func TestAPersonBeforeTheSlotIsNotAStockout(t *testing.T) {
	c := newCooler(t)
	id := c.middle()
	f, truth := c.shoot(t, synth.Clean, 1)
	box := look(t, c, &seer{truth: truth}, f)[id].Box
	// A patterned shirt over the slot and its shelf's edge: enough detail to be no fog.
	for y := max(0, box.Y-60); y < min(height, box.Y+box.H+60); y++ {
		for x := max(0, box.X-60); x < min(width, box.X+box.W+60); x++ {
			v := byte(60 + 90*((x/7+y/5)%2) + (x*13+y*7)%23)
			for k := range 3 {
				f.BGR[3*(y*width+x)+k] = v
			}
		}
	}
	s := &seer{truth: truth, overlook: map[string]bool{id: true}}
	if got := look(t, c, s, f)[id]; got.State == shelf.Empty {
		t.Errorf("slot %s is said to be empty behind a person", id)
	}
}

func TestWithoutAMountThereAreRowsAndNoSlots(t *testing.T) {
	c := newCooler(t)
	f, truth := c.shoot(t, synth.Clean, 1)
	p, err := pipeline.New(pipeline.Config{Detector: &seer{truth: truth}})
	if err != nil {
		t.Fatal(err)
	}
	obs, err := p.Look(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[int]bool{}
	for _, fc := range obs.Facings {
		rows[fc.Shelf] = true
	}
	if len(obs.Slots) != 0 || !rows[1] || !rows[2] || !rows[3] || rows[0] {
		t.Errorf("%d slots, rows %v; want none, and the three shelves", len(obs.Slots), rows)
	}
}

func TestPartsThatDoNotFitAreRefusedAtTheStart(t *testing.T) {
	c := newCooler(t)
	flat := *c.plan
	flat.WidthMM = 0
	if _, err := pipeline.New(pipeline.Config{}); err == nil {
		t.Error("no detector, no error")
	}
	if _, err := pipeline.New(pipeline.Config{Detector: &seer{}, Mount: c.mount, Planogram: &flat}); !errors.Is(err, mount.ErrPlanogram) {
		t.Errorf("got %v, want %v", err, mount.ErrPlanogram)
	}
	p, err := pipeline.New(pipeline.Config{Detector: &seer{}, Mount: c.mount, Planogram: c.plan})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetPlanogram(&flat); !errors.Is(err, mount.ErrPlanogram) {
		t.Errorf("got %v, want %v", err, mount.ErrPlanogram)
	}
	f, _ := c.shoot(t, synth.Clean, 1)
	if obs, err := p.Look(t.Context(), f); err != nil || obs.PlanogramID != c.plan.ID {
		t.Errorf("after a refused planogram the old one does not stand: %v", err)
	}
	if _, err := p.Look(t.Context(), vision.Frame{Width: 3, Height: 3}); !errors.Is(err, vision.ErrFrame) {
		t.Errorf("got %v, want %v", err, vision.ErrFrame)
	}
}

func TestVideoTellsRemovals(t *testing.T) {
	c := newCooler(t)
	id := c.middle()
	s := &seer{}
	p, err := pipeline.New(pipeline.Config{Detector: s, Recogniser: s, Mount: c.mount, Planogram: c.plan, Video: true})
	if err != nil {
		t.Fatal(err)
	}
	var events int
	for k := range 4 {
		if k == 2 {
			c.clear(id)
		}
		f, truth := c.shoot(t, synth.Clean, uint64(k))
		s.truth = truth
		if _, err := p.Look(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Events() {
			if e.Slot == id && e.Kind == "removal" && e.To == 0 {
				events++
			}
		}
	}
	if events != 1 {
		t.Errorf("%d removals of slot %s, want 1", events, id)
	}
	if s.forgot != 0 {
		t.Errorf("the recogniser forgot %d times between frames of one camera", s.forgot)
	}
}
