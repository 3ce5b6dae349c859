package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Meta is what a data set records about a frame besides its truth.
type Meta struct {
	FrameID   string
	Quality   int     // of the JPEG, 1 to 100
	VariantOf *string // the frame that this one shows under other conditions
	Sequence  *string
	TimeMin   *int // minutes after midnight
	Restock   *bool
}

// Dataset writes frames with their truth to a folder in the layout of FORMAT.md: images, instances.json (COCO),
// frames.json, sequences.json, skus.json, planograms and references. Images and planograms are written as they
// come, the indices by Close. It must be used by one goroutine at a time.
type Dataset struct {
	dir       string
	about     string
	images    []jsonImage
	instances []jsonInstance
	frames    []jsonFrame
	sequences []jsonSequence
	plans     map[string]bool
	skus      map[shelf.GTIN]bool
	skuList   []jsonSKU
}

// NewDataset makes the folder and its subfolders. about describes the set in instances.json.
func NewDataset(dir, about string) (*Dataset, error) {
	for _, sub := range []string{"images", "planograms", "references"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("make data set: %w", err)
		}
	}
	return &Dataset{dir: dir, about: about, plans: map[string]bool{}, skus: map[shelf.GTIN]bool{}}, nil
}

// EncodeJPEG returns the frame's picture as JPEG; quality is 1 to 100.
func (f *Frame) EncodeJPEG(quality int) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, f.Image, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return b.Bytes(), nil
}

// Add writes the frame's picture, given as JPEG bytes, and keeps its truth for Close.
func (d *Dataset) Add(m Meta, p *Planogram, f *Frame, picture []byte) error {
	name := "images/" + m.FrameID + ".jpg"
	if err := os.WriteFile(filepath.Join(d.dir, name), picture, 0o644); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	id := len(d.images) + 1
	size := f.Image.Rect
	d.images = append(d.images, jsonImage{id, name, size.Dx(), size.Dy(), m.FrameID})
	for _, a := range f.Truth.Annotations {
		d.AddSKU(a.SKU)
		d.instances = append(d.instances, jsonInstance{
			ID: len(d.instances) + 1, ImageID: id, BBox: a.Box, Area: a.Area, CategoryID: 1, GTIN: a.SKU.GTIN,
			VisibleFraction: a.VisibleFraction, Truncated: a.Truncated, LaneID: a.LaneID, SlotID: a.SlotID,
			DepthInLane: a.DepthInLane, OrderInLane: a.OrderInLane, Facing: a.Facing, Fallen: a.Fallen, YawDeg: a.YawDeg, Ignore: a.Ignore,
		})
	}
	fr := jsonFrame{FrameID: m.FrameID, ImageID: id, FileName: name, CoolerID: p.CoolerID, PlanogramID: p.ID, Camera: f.Truth.Camera,
		Condition: f.Truth.Condition, Quality: m.Quality, VariantOf: m.VariantOf, Sequence: m.Sequence, TimeMin: m.TimeMin, Restock: m.Restock}
	for _, s := range f.Truth.Slots {
		js := jsonSlot{s.SlotID, s.Row, s.Expected.GTIN, s.FacingsExpected, s.FacingsPresent, s.ItemsLeft, s.Capacity, s.State, s.ViewFraction, s.Occluded, s.Box, nil}
		for _, l := range s.Lanes {
			jl := jsonLane{LaneID: l.LaneID, State: l.State, Items: l.Items, Capacity: l.Capacity, WrongItems: l.WrongItems,
				FrontVisible: l.FrontVisible, ViewFraction: l.ViewFraction, Box: l.Box}
			if l.Front != nil {
				jl.FrontGTIN, jl.FrontDepth = &l.Front.GTIN, &l.FrontDepth
			}
			js.Lanes = append(js.Lanes, jl)
		}
		fr.Slots = append(fr.Slots, js)
	}
	d.frames = append(d.frames, fr)
	if m.Sequence != nil {
		n := len(d.sequences)
		if n == 0 || d.sequences[n-1].SequenceID != *m.Sequence {
			d.sequences = append(d.sequences, jsonSequence{SequenceID: *m.Sequence})
			n++
		}
		d.sequences[n-1].Frames = append(d.sequences[n-1].Frames, m.FrameID)
	}
	return d.addPlanogram(p)
}

func (d *Dataset) addPlanogram(p *Planogram) error {
	if d.plans[p.ID] {
		return nil
	}
	d.plans[p.ID] = true
	type slot struct {
		SlotID   string     `json:"slot_id"`
		Row      int        `json:"row"`
		Expected shelf.GTIN `json:"expected_gtin"`
		Facings  int        `json:"facings_expected"`
		Lanes    []string   `json:"lanes"`
	}
	type lane struct {
		LaneID   string     `json:"lane_id"`
		SlotID   string     `json:"slot_id"`
		Row      int        `json:"row"`
		X        float64    `json:"x"`
		W        float64    `json:"w"`
		Z        float64    `json:"z"`
		Clear    float64    `json:"clear"`
		Capacity int        `json:"capacity"`
		Expected shelf.GTIN `json:"expected_gtin"`
	}
	out := struct {
		ID       string       `json:"planogram_id"`
		Cooler   string       `json:"cooler_id"`
		Width    float64      `json:"width_m"`
		Depth    float64      `json:"depth_m"`
		Height   float64      `json:"height_m"`
		ShelfZ   []float64    `json:"shelf_z"`
		Products []shelf.GTIN `json:"product_gtins"`
		Slots    []slot       `json:"slots"`
		Lanes    []lane       `json:"lanes"`
	}{ID: p.ID, Cooler: p.CoolerID, Width: round(p.Width, 4), Depth: round(p.Depth, 4), Height: round(p.Height, 4)}
	for _, z := range p.ShelfZ {
		out.ShelfZ = append(out.ShelfZ, round(z, 4))
	}
	for _, s := range p.Products {
		d.AddSKU(s)
		out.Products = append(out.Products, s.GTIN)
	}
	for _, s := range p.Slots {
		js := slot{s.ID, s.Row, s.Expected.GTIN, len(s.Lanes), nil}
		for _, l := range s.Lanes {
			js.Lanes = append(js.Lanes, p.Lanes[l].ID)
		}
		out.Slots = append(out.Slots, js)
	}
	for _, l := range p.Lanes {
		out.Lanes = append(out.Lanes, lane{l.ID, l.SlotID, l.Row, round(l.X, 4), round(l.W, 4), round(l.Z, 4), round(l.Clear, 4), l.Capacity, l.Expected.GTIN})
	}
	return writeJSON(filepath.Join(d.dir, "planograms", p.ID+".json"), out)
}

// AddSKU adds the SKU to skus.json. It need be called only once for each SKU.
func (d *Dataset) AddSKU(s *SKU) {
	if d.skus[s.GTIN] {
		return
	}
	d.skus[s.GTIN] = true
	d.skuList = append(d.skuList, jsonSKU{s.GTIN, s.Name, s.Brand, s.BrandZH, s.Flavour, s.FlavourZH, s.Own, s.Pack, s.Net})
}

// AddReference writes the k-th reference picture of the SKU.
func (d *Dataset) AddReference(s *SKU, k int, yawDeg int, picture []byte) error {
	d.AddSKU(s)
	dir := filepath.Join(d.dir, "references", string(s.GTIN))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make references: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d_yaw%+d.jpg", k, yawDeg)), picture, 0o644); err != nil {
		return fmt.Errorf("write reference: %w", err)
	}
	return nil
}

// Close writes the indices.
func (d *Dataset) Close() error {
	type category struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	coco := struct {
		Info        map[string]string `json:"info"`
		Images      []jsonImage       `json:"images"`
		Categories  []category        `json:"categories"`
		Annotations []jsonInstance    `json:"annotations"`
	}{map[string]string{"description": d.about}, d.images, []category{{1, "product"}}, d.instances}
	for _, f := range []struct {
		name string
		v    any
	}{{"instances.json", coco}, {"frames.json", d.frames}, {"sequences.json", d.sequences}, {"skus.json", d.skuList}} {
		if err := writeJSON(filepath.Join(d.dir, f.name), f.v); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write truth: %w", err)
	}
	return nil
}
