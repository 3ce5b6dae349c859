package synth

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// DayConfig describes a shop day of one cooler. A zero value stands for the default given with the field.
type DayConfig struct {
	ID        string
	Seed      uint64
	Catalogue *Catalogue // required
	Pool      []*SKU     // as in Config
	Foreign   []*SKU     // as in Config
	Rows      int        // as in Config
	Inner     float64    // inner width of the cooler in metres; 0.7 to 1.1
	Camera    CameraKind // default: whole
	Open      int        // minutes after midnight; default: 9:00
	Close     int        // minutes after midnight; default: 21:00
	Step      int        // minutes from frame to frame; default: 30
	Width     int        // pixels; default: 1280
	Height    int        // pixels; default: 960
	Stockouts int        // number of slots that sell out; default: 2, or fewer if the camera sees fewer
	Workers   int        // as in Shot
}

// Disturbance is a reason other than its condition why a frame of a day cannot be trusted.
type Disturbance string

const (
	Frozen  Disturbance = "frozen"  // the camera repeats an old picture
	Shifted Disturbance = "shifted" // the camera was knocked out of place
)

// Moment is one frame of a day before it is rendered.
type Moment struct {
	Index       int
	Minute      int // after midnight
	Condition   Condition
	Disturbance Disturbance // empty: none
	Restock     bool        // the shelf was refilled since the frame before
	Readable    bool        // false: the stock cannot be read off this frame, and no alert may open or close because of it

	stock  Stock
	shown  Stock // what the picture shows: an older stock if the camera is frozen
	camera lens.Spec
	seed   uint64
}

// Episode is a stretch of a day in which a slot is in a state that calls for an alert.
type Episode struct {
	SlotID string
	GTIN   shelf.GTIN // the product that belongs there
	State  State      // empty, foreign or misplaced
	// First and After are moments: the state lasts from First until just before After. After is −1 if it lasts
	// beyond the end of the day.
	First, After int
	// Seen is the first readable moment of the episode and Cleared the first one after it; −1: there is none.
	Seen, Cleared int
}

// Day is a simulated shop day: customers take packs from the front of the lanes, slots sell out, somebody
// reaches in, the lens fogs, the shelf is refilled.
type Day struct {
	Scene    *Scene
	Moments  []Moment
	Episodes []Episode

	cfg DayConfig
}

// NewDay simulates the day that cfg describes, without rendering anything yet.
func NewDay(cfg DayConfig) (*Day, error) {
	if cfg.Camera == "" {
		cfg.Camera = CameraWhole
	}
	setDefault(&cfg.Open, 9*60)
	setDefault(&cfg.Close, 21*60)
	setDefault(&cfg.Step, 30)
	setDefault(&cfg.Width, 1280)
	setDefault(&cfg.Height, 960)
	setDefault(&cfg.Stockouts, 2)
	if cfg.Step < 1 || cfg.Close-cfg.Open < 8*cfg.Step {
		return nil, fmt.Errorf("a day from minute %d to %d in steps of %d has fewer than eight frames", cfg.Open, cfg.Close, cfg.Step)
	}
	if cfg.Inner == 0 {
		cfg.Inner = newRandom(cfg.Seed, 43).in(0.7, 1.1)
	}
	s, err := NewScene(Config{Width: cfg.Inner, ID: cfg.ID, Seed: cfg.Seed, Catalogue: cfg.Catalogue, Pool: cfg.Pool, Foreign: cfg.Foreign, Rows: cfg.Rows, Cooler: true, Tidy: true})
	if err != nil {
		return nil, err
	}
	d := &Day{Scene: s, cfg: cfg}
	if err := d.simulate(); err != nil {
		return nil, err
	}
	d.judge()
	return d, nil
}

func setDefault(v *int, to int) {
	if *v == 0 {
		*v = to
	}
}

// Render renders moment k.
func (d *Day) Render(ctx context.Context, k int) (*Frame, error) {
	if k < 0 || k >= len(d.Moments) {
		return nil, fmt.Errorf("moment %d of a day of %d", k, len(d.Moments))
	}
	m := &d.Moments[k]
	d.Scene.Stock = m.shown
	f, err := d.Scene.Render(ctx, Shot{Camera: m.camera, Condition: m.Condition, Width: d.cfg.Width, Height: d.cfg.Height, Seed: m.seed, Device: mix(d.cfg.Seed), Workers: d.cfg.Workers})
	if err != nil {
		return nil, fmt.Errorf("moment %d: %w", k, err)
	}
	if m.Disturbance == Frozen { // the picture is old, but the slots are in their present state
		now := d.Scene
		now.Stock = m.stock
		cam, err := m.camera.Camera(d.cfg.Width, d.cfg.Height)
		if err != nil {
			return nil, err
		}
		f.Truth.Slots = now.slotTruth(now.world(nil), cam, nil)
	}
	return f, nil
}

// DayFrame is a moment with its picture and truth.
type DayFrame struct {
	*Moment
	*Frame
}

// All renders the moments in order and stops after the first error.
func (d *Day) All(ctx context.Context) iter.Seq2[DayFrame, error] {
	return func(yield func(DayFrame, error) bool) {
		for k := range d.Moments {
			f, err := d.Render(ctx, k)
			if !yield(DayFrame{&d.Moments[k], f}, err) || err != nil {
				return
			}
		}
	}
}

// judge finds the episodes of every slot.
func (d *Day) judge() {
	s := d.Scene
	open := map[string]int{} // slot → index of its open episode
	for k := range d.Moments {
		m := &d.Moments[k]
		s.Stock = m.stock
		states := s.States()
		for _, slot := range s.Planogram.Slots {
			state := states[slot.ID]
			at, isOpen := open[slot.ID]
			if isOpen && d.Episodes[at].State != state {
				d.Episodes[at].After = k
				delete(open, slot.ID)
				isOpen = false
			}
			if !isOpen && (state == StateEmpty || state == StateForeign || state == StateMisplaced) {
				open[slot.ID] = len(d.Episodes)
				d.Episodes = append(d.Episodes, Episode{SlotID: slot.ID, GTIN: slot.Expected.GTIN, State: state, First: k, After: -1})
			}
		}
	}
	for i := range d.Episodes {
		e := &d.Episodes[i]
		e.Seen, e.Cleared = -1, -1
		for k := range d.Moments {
			if !d.Moments[k].Readable {
				continue
			}
			if k >= e.First && (e.After < 0 || k < e.After) && e.Seen < 0 {
				e.Seen = k
			}
			if e.After >= 0 && k >= e.After && e.Cleared < 0 {
				e.Cleared = k
			}
		}
	}
}

// errNoSlotInView says that the day's camera sees no slot well enough to tell a stockout.
var errNoSlotInView = errors.New("the camera sees no slot well enough; take another seed or camera")
