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

// expectation is expected.json: what a watcher of the day should and should not say.
type expectation struct {
	Sequence string           `json:"sequence_id"`
	Cooler   string           `json:"cooler_id"`
	Frames   []expectedFrame  `json:"frames"`
	Alerts   []expectedAlerts `json:"alerts"`
}

type expectedFrame struct {
	FrameID     string            `json:"frame_id"`
	TimeMin     int               `json:"time_min"`
	Condition   synth.Condition   `json:"condition"`
	Disturbance synth.Disturbance `json:"disturbance,omitempty"`
	Readable    bool              `json:"readable"` // false: every slot is unknown, nothing opens or closes
}

type expectedAlerts struct {
	SlotID  string      `json:"slot_id"`
	GTIN    string      `json:"gtin"`
	State   synth.State `json:"state"`
	First   int         `json:"first_frame"`
	Seen    int         `json:"opened_after_frame"`
	After   int         `json:"over_at_frame"`
	Cleared int         `json:"closed_after_frame"`
}

func day(ctx context.Context, o options, c *synth.Catalogue, set *synth.Dataset, w, h int) error {
	id := "D1"
	d, err := synth.NewDay(synth.DayConfig{ID: id, Seed: o.seed, Catalogue: c, Width: w, Height: h, Rows: 4})
	if err != nil {
		return err
	}
	name := "day1"
	exp := expectation{Sequence: name, Cooler: id}
	b := bar(o, len(d.Moments), "day")
	defer b.Close()
	for f, err := range d.All(ctx) {
		if err != nil {
			return err
		}
		_ = b.Add(1)
		fid := fmt.Sprintf("%s_%02d", name, f.Index)
		jpeg, err := f.EncodeJPEG(82)
		if err != nil {
			return err
		}
		minute, restock := f.Minute, f.Restock
		if err := set.Add(synth.Meta{FrameID: fid, Quality: 82, Sequence: &name, TimeMin: &minute, Restock: &restock}, &d.Scene.Planogram, f.Frame, jpeg); err != nil {
			return err
		}
		exp.Frames = append(exp.Frames, expectedFrame{fid, f.Minute, f.Condition, f.Disturbance, f.Readable})
	}
	for _, e := range d.Episodes {
		exp.Alerts = append(exp.Alerts, expectedAlerts{e.SlotID, string(e.GTIN), e.State, e.First, e.Seen, e.After, e.Cleared})
	}
	out, err := json.MarshalIndent(exp, "", " ")
	if err != nil {
		return fmt.Errorf("encode expectation: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.out, "expected.json"), append(out, '\n'), 0o644); err != nil {
		return fmt.Errorf("write expectation: %w", err)
	}
	return references(ctx, o, c, d.Scene.Planogram.Products, set)
}
