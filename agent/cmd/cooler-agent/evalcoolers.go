package main

import (
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// The files of a cooler set: frames.json, instances.json, sequences.json, planograms/, skus.json. The judgement
// is given only what a calibration and a planogram would tell; the rest is truth to score by.

type coolerFrame struct {
	FrameID     string    `json:"frame_id"`
	ImageID     int       `json:"image_id"`
	FileName    string    `json:"file_name"`
	PlanogramID string    `json:"planogram_id"`
	Camera      lens.Spec `json:"camera"`
	Condition   string    `json:"condition"`
	Slots       []struct {
		SlotID   string      `json:"slot_id"`
		State    shelf.State `json:"state"`
		Occluded bool        `json:"occluded"`
		Lanes    []struct {
			LaneID string      `json:"lane_id"`
			State  shelf.State `json:"state"`
			Items  int         `json:"items"`
			View   float64     `json:"view_fraction"`
		} `json:"lanes"`
	} `json:"slots"`
}

type coolerPlan struct {
	ID       string    `json:"planogram_id"`
	WidthM   float64   `json:"width_m"`
	DepthM   float64   `json:"depth_m"`
	ShelfZ   []float64 `json:"shelf_z"`
	Products []string  `json:"product_gtins"`
	Slots    []struct {
		SlotID   string     `json:"slot_id"`
		Row      int        `json:"row"`
		GTIN     shelf.GTIN `json:"expected_gtin"`
		Facings  int        `json:"facings_expected"`
		Lanes    []string   `json:"lanes"`
		Capacity int        `json:"capacity"`
	} `json:"slots"`
	Lanes []struct {
		LaneID   string  `json:"lane_id"`
		X        float64 `json:"x"`
		W        float64 `json:"w"`
		Capacity int     `json:"capacity"`
		PackMM   int     `json:"pack_mm"`
	} `json:"lanes"`
}

type coolerSKU struct {
	GTIN  shelf.GTIN `json:"gtin"`
	Name  string     `json:"name"`
	Brand string     `json:"brand"`
}

func (s *evalSet) readCoolers() error {
	var frames []coolerFrame
	if err := readJSON(filepath.Join(s.dir, "frames.json"), &frames); err != nil {
		return err
	}
	order, err := s.sequences()
	if err != nil {
		return err
	}
	if err := s.readPlans(); err != nil {
		return err
	}
	known := map[int]*evalFrame{}
	s.frames = make([]evalFrame, len(frames))
	for i, f := range frames {
		spec := f.Camera
		e := &s.frames[i]
		*e = evalFrame{id: f.FrameID, path: filepath.Join(s.dir, filepath.FromSlash(f.FileName)), condition: f.Condition, plan: f.PlanogramID, camera: &spec}
		if at, ok := order[f.FrameID]; ok {
			e.sequence, e.order = at.sequence, at.order
		}
		if s.plans[f.PlanogramID] == nil {
			return fmt.Errorf("frame %s: planogram %s is not there", f.FrameID, f.PlanogramID)
		}
		for _, slot := range f.Slots {
			e.slots = append(e.slots, evalSlot{id: slot.SlotID, state: slot.State, hidden: slot.Occluded})
			for _, lane := range slot.Lanes {
				e.lanes = append(e.lanes, evalSlot{lane.LaneID, lane.State, slot.Occluded || lane.View < hiddenLane, lane.Items, lane.View})
			}
		}
		known[f.ImageID] = e
	}
	if err := s.readCOCO(filepath.Join(s.dir, "instances.json"), known); err != nil {
		return err
	}
	if dir := filepath.Join(s.dir, "references"); isDir(dir) {
		s.references = dir
	}
	s.sortFrames()
	return nil
}

// hiddenLane is the share of a lane's front in view below which its truth counts as hidden, as the sets define
// it for slots.
const hiddenLane = 0.25

type turn struct {
	sequence string
	order    int
}

func (s *evalSet) sequences() (map[string]turn, error) {
	out := map[string]turn{}
	path := filepath.Join(s.dir, "sequences.json")
	if _, err := os.Stat(path); err != nil {
		return out, nil
	}
	var list []struct {
		ID     string   `json:"sequence_id"`
		Frames []string `json:"frames"`
	}
	if err := readJSON(path, &list); err != nil {
		return nil, err
	}
	for _, q := range list {
		for i, id := range q.Frames {
			out[id] = turn{q.ID, i}
		}
	}
	return out, nil
}

func (s *evalSet) readPlans() error {
	var skus []coolerSKU
	if err := readJSON(filepath.Join(s.dir, "skus.json"), &skus); err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(s.dir, "planograms", "*.json"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		var c coolerPlan
		if err := readJSON(path, &c); err != nil {
			return err
		}
		plan, err := c.plans(skus)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		s.plans[c.ID] = plan
	}
	return nil
}

// plans converts metres from the cooler's middle to a planogram in millimetres from the left wall, once by
// slots and once by lanes. A product that belongs in no slot here is a competitor's.
func (c coolerPlan) plans(skus []coolerSKU) (*evalPlan, error) {
	out := &evalPlan{laneSlot: map[string]string{}}
	own := map[string]bool{}
	for _, g := range c.Products {
		own[g] = true
	}
	var products []shelf.Product
	for _, k := range skus {
		products = append(products, shelf.Product{GTIN: k.GTIN, Name: k.Name, Brand: k.Brand, Own: own[string(k.GTIN)]})
	}
	mm := func(m float64) int { return int(math.Round(m * 1000)) }
	blank := func() *shelf.Planogram {
		p := &shelf.Planogram{ID: c.ID, Version: 1, WidthMM: mm(c.WidthM), DepthMM: mm(c.DepthM), Products: products}
		for _, z := range c.ShelfZ {
			p.Shelves = append(p.Shelves, shelf.Shelf{HeightMM: mm(z)})
		}
		return p
	}
	out.slots, out.lanes = blank(), blank()
	for _, slot := range c.Slots {
		if slot.Row < 1 || slot.Row > len(c.ShelfZ) {
			return nil, fmt.Errorf("slot %s is on shelf %d of %d", slot.SlotID, slot.Row, len(c.ShelfZ))
		}
		left, right, capacity, pack := math.Inf(1), math.Inf(-1), 0, 0
		for _, lane := range c.Lanes {
			if !contains(slot.Lanes, lane.LaneID) {
				continue
			}
			x0, x1 := lane.X-lane.W/2+c.WidthM/2, lane.X+lane.W/2+c.WidthM/2
			left, right, capacity, pack = math.Min(left, x0), math.Max(right, x1), capacity+lane.Capacity, lane.PackMM
			row := &out.lanes.Shelves[slot.Row-1]
			row.Slots = append(row.Slots, shelf.Slot{ID: lane.LaneID, GTIN: slot.GTIN, Facings: 1, Capacity: lane.Capacity,
				XMM: mm(x0), WidthMM: mm(x1) - mm(x0), PackMM: pack})
			out.laneSlot[lane.LaneID] = slot.SlotID
		}
		row := &out.slots.Shelves[slot.Row-1]
		row.Slots = append(row.Slots, shelf.Slot{ID: slot.SlotID, GTIN: slot.GTIN, Facings: slot.Facings, Capacity: capacity,
			XMM: mm(left), WidthMM: mm(right) - mm(left), PackMM: pack})
	}
	for _, p := range []*shelf.Planogram{out.slots, out.lanes} {
		for i := range p.Shelves {
			rounded(p.Shelves[i].Slots)
		}
	}
	for _, p := range []*shelf.Planogram{out.slots, out.lanes} {
		if err := p.Validate(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rounded corrects the millimetre by which neighbours that touch may overlap after rounding. A larger overlap
// is a fault of the set, which Validate reports.
func rounded(slots []shelf.Slot) {
	sort.Slice(slots, func(a, b int) bool { return slots[a].XMM < slots[b].XMM })
	for i := 1; i < len(slots); i++ {
		if over := slots[i-1].XMM + slots[i-1].WidthMM - slots[i].XMM; over > 0 && over <= 2 {
			slots[i-1].WidthMM -= over
		}
	}
}

func contains(list []string, want string) bool {
	for _, s := range list {
		if s == want {
			return true
		}
	}
	return false
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// pictureSize reads a picture's size without decoding it.
func pictureSize(path string) (w, h int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	config, _, err := image.DecodeConfig(file)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	return config.Width, config.Height, nil
}
