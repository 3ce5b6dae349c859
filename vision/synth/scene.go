package synth

import (
	"errors"
	"fmt"
)

// Config describes a scene. Where a field is zero, a value is drawn at random from Seed.
type Config struct {
	ID        string // of the cooler; "": made from the seed
	Seed      uint64
	Catalogue *Catalogue // required
	Pool      []*SKU     // the SKUs that the planogram may hold; empty: 8 to 40 SKUs of a few families
	Foreign   []*SKU     // the SKUs that may stand there although they do not belong; empty: drawn
	Rows      int        // shelves, 1 to 8; 0: drawn
	Width     float64    // inner width in metres, 0.3 to 3; 0: drawn
	Cooler    bool       // certainly a closed cooler; otherwise also open chillers and plain shelves
	Tidy      bool       // full lanes with labels to the front, as a simulation starts
	Light     LightModel // how the scene is lit
}

// Scene is a cooler, its planogram and its stock. Change Stock and render again to show another moment of the
// same cooler. A Scene must be used by one goroutine at a time, but separate scenes of one catalogue may be
// used at once.
type Scene struct {
	Planogram Planogram
	Stock     Stock

	seed      uint64
	catalogue *Catalogue
	furniture furniture
	fixture   []solid
	lamps     []strip
	inner     aabb
	room      room
	target    float64 // brightness of white packs in front
	light     LightModel
	stocking  stocking

	cached  *world // the world made for stockOf
	stockOf Stock
}

// NewScene builds the scene that cfg describes.
func NewScene(cfg Config) (*Scene, error) {
	if cfg.Catalogue == nil || len(cfg.Catalogue.SKUs) == 0 {
		return nil, errors.New("scene needs a catalogue with SKUs")
	}
	if cfg.Rows < 0 || cfg.Rows > 8 {
		return nil, fmt.Errorf("rows %d, want 1 to 8", cfg.Rows)
	}
	if cfg.Width != 0 && (cfg.Width < 0.3 || cfg.Width > 3) {
		return nil, fmt.Errorf("width %g m, want 0.3 to 3", cfg.Width)
	}
	r := newRandom(cfg.Seed, 1)
	s := &Scene{seed: cfg.Seed, catalogue: cfg.Catalogue}
	pool, foreign := cfg.Pool, cfg.Foreign
	if len(pool) == 0 {
		pool = cfg.Catalogue.assortment(newRandom(cfg.Seed, 2), r.between(8, 40))
	}
	if len(foreign) == 0 {
		foreign = cfg.Catalogue.strangers(newRandom(cfg.Seed, 3), pool, 8)
	}
	width, rows := cfg.Width, cfg.Rows
	if width == 0 {
		width = pick(r, r.in(0.45, 0.7), r.in(0.6, 0.95), r.in(0.8, 1.3))
	}
	if rows == 0 {
		rows = r.between(2, 6)
	}
	height := 0.35 + r.in(0.22, 0.36)*float64(rows)
	id := cfg.ID
	if id == "" {
		id = fmt.Sprintf("C%08X", uint32(mix(cfg.Seed)))
	}
	s.furniture = newFurniture(newRandom(cfg.Seed, 4), cfg.Catalogue.letters)
	if cfg.Cooler {
		for k := uint64(0); s.furniture.style != styleCooler; k++ {
			s.furniture = newFurniture(newRandom(cfg.Seed, 1000+k), cfg.Catalogue.letters)
		}
	}
	if s.light = cfg.Light; s.light == LightTraced {
		s.furniture.polish(newRandom(cfg.Seed, 9))
	}
	front := s.furniture.railY + r.in(0.004, 0.03)
	pl := planner{r: newRandom(cfg.Seed, 5), pool: pool, uniform: r.chance(0.45), gap: pick(r, r.in(0.002, 0.008), r.in(0.004, 0.02)), maxFaces: r.between(1, 4)}
	s.Planogram = pl.plan(id, width, r.in(0.34, 0.58), height, front, rows)
	if len(s.Planogram.Lanes) == 0 {
		return nil, fmt.Errorf("no pack of the pool fits a cooler %.2f m wide", width)
	}
	s.fixture, s.lamps, s.inner = s.furniture.build(newRandom(cfg.Seed, 6), &s.Planogram)
	s.room = newRoom(newRandom(cfg.Seed, 7), s.Planogram.Depth, s.furniture.style)
	r = newRandom(cfg.Seed, 8)
	s.stocking = stocking{r: r, full: r.in(0.2, 0.95), empty: r.in(0, 0.5), gravity: r.chance(0.4), wrong: r.in(0, 0.08), foreign: r.in(0, 0.08),
		fallen: r.in(0, 0.05), yaw: r.in(3, 14), turned: r.in(0, 0.3), sideways: r.in(0.2, 0.9), others: foreign}
	if cfg.Tidy {
		s.stocking.full, s.stocking.wrong, s.stocking.foreign, s.stocking.fallen, s.stocking.turned = 1, 0, 0, 0, 0.05
	}
	s.Stock = s.stocking.fill(&s.Planogram)
	s.target = r.in(0.5, 0.95)
	return s, nil
}

// world prepares the present stock, and what stands in front of it, for rays.
func (s *Scene) world(front []solid) *world {
	if len(front) == 0 && s.cached != nil && sameStock(s.stockOf, s.Stock) {
		return s.cached
	}
	var packs []*pack
	for i, lane := range s.Stock {
		for k := range lane {
			it := &lane[k]
			p := newPack(it.SKU, s.catalogue.skin(it.SKU), it.place(&s.Planogram, &s.Planogram.Lanes[i]))
			p.lane, p.order = i, k
			packs = append(packs, p)
		}
	}
	fixture := append(append([]solid(nil), s.fixture...), front...)
	w := newWorld(packs, fixture, s.lamps, s.room, s.inner, s.seed)
	w.front = len(w.solids) - len(front)
	if len(front) == 0 {
		s.cached, s.stockOf = w, s.Stock.clone()
	}
	return w
}

func sameStock(a, b Stock) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for k := range a[i] {
			if a[i][k] != b[i][k] {
				return false
			}
		}
	}
	return true
}
