// Package shop lays out an invented shop day on disk as an installer would find and leave it: pictures as a
// camera takes them, the planogram, the mount, photos of the products to enrol, and an agent's configuration
// for each cooler. It also knows the truth: which alerts the day calls for.
package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"reflect"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// Cooler is one cooler of the shop, laid out under Dir.
type Cooler struct {
	Device, Store, Name string
	Dir                 string
	Frames              int
	Expect              []Expectation
}

// Expectation is one alert that the day calls for, or that it allows.
type Expectation struct {
	Type     string     `json:"type"` // as the alert log names it: stockout, foreign_product or misplaced
	Slot     string     `json:"slot"`
	GTIN     shelf.GTIN `json:"gtin"`
	Resolves bool       `json:"resolves"` // the day shows it mended, for long enough to be certain
	Must     bool       `json:"must"`     // shown for long enough that it must be reported; otherwise it may be
}

// Plan describes the day.
type Plan struct {
	Range         uint64   // seed of the brand's range of products
	Days          []uint64 // seed of each cooler and its day
	Width, Height int
	Step          int // minutes of the shop's day from picture to picture
	Quality       int // of the JPEGs
}

// sure is how many plain pictures in a row a state must last to be reported for certain: one more than the
// three of the alert rule, since one of them may be judged low instead of empty.
const sure = 4

// names are for people to read; the names of the devices follow from their number.
var names = []string{"Corner shop, front cooler", "Station kiosk", "Campus store, till side"}

// layout is written last: a folder that contains it is complete and was made by the same plan.
type layout struct {
	Plan    Plan
	Coolers []Cooler
}

// Open lays the plan out under dir, or finds it there from an earlier run. progress is called with the number
// of pictures that are done and the number of all.
func Open(ctx context.Context, dir string, plan Plan, progress func(done, all int)) ([]Cooler, error) {
	path := filepath.Join(dir, "layout.json")
	if data, err := os.ReadFile(path); err == nil {
		var found layout
		if json.Unmarshal(data, &found) == nil && reflect.DeepEqual(found.Plan, plan) {
			return found.Coolers, nil
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("lay out the shop: %w", err)
	}
	made := layout{Plan: plan}
	days, all, err := simulate(plan)
	if err != nil {
		return nil, err
	}
	done := 0
	for i, day := range days {
		c := Cooler{
			Device: fmt.Sprintf("cooler-%02d", i+1), Store: fmt.Sprintf("shop-%02d", i+1), Name: names[i%len(names)],
			Frames: len(day.Moments), Expect: expectations(day),
		}
		if c.Dir, err = filepath.Abs(filepath.Join(dir, c.Device)); err != nil {
			return nil, err
		}
		if err := writeCooler(ctx, c, day, plan, func() { done++; progress(done, all) }); err != nil {
			return nil, fmt.Errorf("lay out %s: %w", c.Device, err)
		}
		made.Coolers = append(made.Coolers, c)
	}
	data, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return nil, err
	}
	return made.Coolers, os.WriteFile(path, data, 0o644)
}

// simulate draws the days without rendering anything yet.
func simulate(plan Plan) (days []*synth.Day, pictures int, err error) {
	catalogue, err := synth.NewCatalogue(plan.Range, 400)
	if err != nil {
		return nil, 0, err
	}
	pool := catalogue.Assortment(plan.Range, 26) // one brand's range: the same products in every shop
	for i, seed := range plan.Days {
		day, err := synth.NewDay(synth.DayConfig{
			ID: fmt.Sprintf("cooler-%02d", i+1), Seed: seed, Catalogue: catalogue,
			Rows: 3, Pool: pool, Step: plan.Step, Width: plan.Width, Height: plan.Height,
		})
		if err != nil {
			return nil, 0, err
		}
		days = append(days, day)
		pictures += len(day.Moments)
	}
	return days, pictures, nil
}

func writeCooler(ctx context.Context, c Cooler, day *synth.Day, plan Plan, tick func()) error {
	for _, sub := range []string{"frames", "photos"} {
		if err := os.MkdirAll(filepath.Join(c.Dir, sub), 0o755); err != nil {
			return err
		}
	}
	planogram := day.Scene.Planogram.Shelf()
	planogram.Name = c.Name
	text, err := planogram.EncodeYAML()
	if err != nil {
		return err
	}
	sight, err := mounted(day, plan)
	if err != nil {
		return err
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(c.Dir, "planogram.yaml"), text, 0o644),
		os.WriteFile(filepath.Join(c.Dir, "mount.yaml"), sight, 0o644),
		writePhotos(ctx, c.Dir, day),
	)
	if err != nil {
		return err
	}
	for frame, err := range day.All(ctx) {
		if err != nil {
			return err
		}
		data, err := frame.EncodeJPEG(plan.Quality)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.Dir, "frames", fmt.Sprintf("%03d.jpg", frame.Index)), data, 0o644); err != nil {
			return err
		}
		tick()
	}
	return nil
}

// mounted returns what an installer finds out with a calibration and a ruler.
func mounted(day *synth.Day, plan Plan) ([]byte, error) {
	m := mount.FromCamera(day.Camera(), plan.Width, plan.Height)
	front := int(math.Round(day.Scene.Planogram.Front * 1000))
	m.FrontMM = &front
	return m.Encode()
}

// writePhotos renders what a shop assistant would photograph to enrol the planogram's products, one folder per
// GTIN.
func writePhotos(ctx context.Context, dir string, day *synth.Day) error {
	for _, sku := range day.SKUs() {
		folder := filepath.Join(dir, "photos", string(sku.GTIN))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, "name.txt"), []byte(sku.Name+"\n"), 0o644); err != nil {
			return err
		}
		for _, yaw := range synth.ReferenceYaws() {
			img, err := day.Reference(ctx, sku, float64(yaw))
			if err != nil {
				return err
			}
			f, err := os.Create(filepath.Join(folder, fmt.Sprintf("yaw%+03d.jpg", yaw)))
			if err != nil {
				return err
			}
			if err := errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: 92}), f.Close()); err != nil {
				return err
			}
		}
	}
	return nil
}

// expectations derives from the truth which alerts the pictures call for.
func expectations(day *synth.Day) []Expectation {
	types := map[synth.State]string{synth.StateEmpty: "stockout", synth.StateForeign: "foreign_product", synth.StateMisplaced: "misplaced"}
	var out []Expectation
	for _, e := range day.Episodes {
		kind, ok := types[e.State]
		if !ok || e.Seen < 0 {
			continue
		}
		out = append(out, Expectation{
			Type: kind, Slot: e.SlotID, GTIN: e.GTIN,
			Must:     readable(day, e.Seen, e.After) >= sure,
			Resolves: e.Cleared >= 0 && readable(day, e.Cleared, -1) >= sure,
		})
	}
	return out
}

// readable counts the moments in [first, after) that show the stock; after is −1 for the end of the day.
func readable(day *synth.Day, first, after int) (n int) {
	if after < 0 {
		after = len(day.Moments)
	}
	for _, m := range day.Moments[first:after] {
		if m.Readable {
			n++
		}
	}
	return n
}
