package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/coldshelf/coldshelf/vision/synth"
)

func evaluation(ctx context.Context, o options, c *synth.Catalogue, set *synth.Dataset, w, h int) error {
	if w == 0 {
		w, h = 1280, 960
	}
	e, err := synth.NewEvaluation(c, o.seed, w, h)
	if err != nil {
		return err
	}
	e.Light = o.model()
	b := bar(o, o.frames, "frames")
	err = ordered(ctx, o.frames, o.jobs, func(ctx context.Context, k int) (encoded, error) {
		s, err := e.Render(ctx, k, 1)
		if err != nil {
			return encoded{}, fmt.Errorf("frame %d: %w", k, err)
		}
		j, err := s.Frame.EncodeJPEG(s.Quality)
		return encoded{s, j}, err
	}, func(k int, s encoded) error {
		_ = b.Add(1)
		m := synth.Meta{FrameID: fmt.Sprintf("eval_%03d", k/2), Quality: s.Quality}
		if s.Variant {
			of := m.FrameID
			m.VariantOf, m.FrameID = &of, of+"v"
		}
		return set.Add(m, s.Planogram, s.Frame, s.jpeg)
	})
	b.Close()
	if err != nil {
		return err
	}
	return references(ctx, o, c, e.Range, set)
}

// expectation is one cooler's part of expected.json: what whoever watches the day should report, and should
// not.
type expectation struct {
	Sequence string          `json:"sequence_id"`
	Cooler   string          `json:"cooler_id"`
	Frames   []expectedFrame `json:"frames"`
	Alerts   []expectedAlert `json:"alerts"`
}

type expectedFrame struct {
	FrameID     string            `json:"frame_id"`
	TimeMin     int               `json:"time_min"`
	Condition   synth.Condition   `json:"condition"`
	Disturbance synth.Disturbance `json:"disturbance,omitempty"`
	Readable    bool              `json:"readable"` // false: every slot is unknown, nothing opens or closes
}

type expectedAlert struct {
	SlotID  string      `json:"slot_id"`
	GTIN    string      `json:"gtin"`
	State   synth.State `json:"state"`
	First   int         `json:"first_frame"`
	Seen    int         `json:"opened_after_frame"`
	After   int         `json:"over_at_frame"`
	Cleared int         `json:"closed_after_frame"`
}

// mixedCameras stands for another kind of camera for each cooler.
const mixedCameras = "mixed"

// dayCameras are the kinds that a day may be seen through, in the order in which a mixed set takes them.
var dayCameras = []synth.CameraKind{synth.CameraFisheye, synth.CameraFront, synth.CameraOblique, synth.CameraWhole}

// dayCamera is the kind for the k-th cooler.
func (o options) dayCamera(k int) synth.CameraKind {
	if o.camera == mixedCameras {
		return dayCameras[k%len(dayCameras)]
	}
	return synth.CameraKind(o.camera)
}

// days writes a shop day of every cooler. The coolers share a range, and what one does not sell may stand in it
// as a foreign product.
func days(ctx context.Context, o options, c *synth.Catalogue, set *synth.Dataset, w, h int) error {
	pool := c.Assortment(o.seed, 18)
	var all []expectation
	listed := map[*synth.SKU]bool{}
	var skus []*synth.SKU
	for k := range o.coolers {
		d, err := synth.NewDay(synth.DayConfig{
			ID: fmt.Sprintf("D%d", k+1), Seed: o.seed + uint64(k)*1000, Catalogue: c, Pool: pool, Rows: 4,
			Camera: o.dayCamera(k), Step: o.step, Stockouts: o.stockouts, Width: w, Height: h, Workers: o.jobs,
		})
		if err != nil {
			return err
		}
		exp, err := day(ctx, o, d, fmt.Sprintf("day%d", k+1), set)
		if err != nil {
			return err
		}
		all = append(all, exp)
		for _, s := range d.Scene.Planogram.Products {
			if !listed[s] {
				listed[s] = true
				skus = append(skus, s)
			}
		}
	}
	out, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return fmt.Errorf("encode expectation: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.out, "expected.json"), append(out, '\n'), 0o644); err != nil {
		return fmt.Errorf("write expectation: %w", err)
	}
	return references(ctx, o, c, skus, set)
}

func day(ctx context.Context, o options, d *synth.Day, name string, set *synth.Dataset) (expectation, error) {
	const quality = 82
	exp := expectation{Sequence: name, Cooler: d.Scene.Planogram.CoolerID}
	b := bar(o, len(d.Moments), name)
	defer b.Close()
	for f, err := range d.All(ctx) {
		if err != nil {
			return exp, err
		}
		_ = b.Add(1)
		id := fmt.Sprintf("%s_%02d", name, f.Index)
		jpeg, err := f.EncodeJPEG(quality)
		if err != nil {
			return exp, err
		}
		m := synth.Meta{FrameID: id, Quality: quality, Sequence: &name, TimeMin: &f.Minute, Restock: &f.Restock}
		if err := set.Add(m, &d.Scene.Planogram, f.Frame, jpeg); err != nil {
			return exp, err
		}
		exp.Frames = append(exp.Frames, expectedFrame{id, f.Minute, f.Condition, f.Disturbance, f.Readable})
	}
	for _, e := range d.Episodes {
		exp.Alerts = append(exp.Alerts, expectedAlert{e.SlotID, string(e.GTIN), e.State, e.First, e.Seen, e.After, e.Cleared})
	}
	return exp, nil
}
