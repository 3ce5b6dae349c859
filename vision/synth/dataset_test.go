package synth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/coldshelf/coldshelf/vision/synth"
)

// keys lists the fields of the first element of a JSON list.
func keys(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("empty list")
	}
	var out []string
	for k := range list[0] {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func TestDatasetLayout(t *testing.T) {
	dir := t.TempDir()
	c := catalogue(t, 100)
	set, err := synth.NewDataset(dir, "a test")
	if err != nil {
		t.Fatal(err)
	}
	e, err := synth.NewEvaluation(c, 3, 128, 96)
	if err != nil {
		t.Fatal(err)
	}
	name, minute, restock := "day", 540, false
	for k := range 2 {
		s, err := e.Render(context.Background(), k, 0)
		if err != nil {
			t.Fatal(err)
		}
		j, err := s.Frame.EncodeJPEG(s.Quality)
		if err != nil {
			t.Fatal(err)
		}
		if img, err := jpeg.Decode(bytes.NewReader(j)); err != nil || img.Bounds().Dx() != 128 {
			t.Fatalf("picture: %v", err)
		}
		m := synth.Meta{FrameID: []string{"f0", "f1"}[k], Quality: s.Quality, Sequence: &name, TimeMin: &minute, Restock: &restock}
		if err := set.Add(m, s.Planogram, s.Frame, j); err != nil {
			t.Fatal(err)
		}
	}
	if err := set.AddReference(c.SKUs[0], 1, -20, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"images/f0.jpg", "images/f1.jpg", "planograms/P-E1.json", "references/" + string(c.SKUs[0].GTIN) + "/1_yaw-20.jpg", "sequences.json"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
			t.Error(err)
		}
	}
	read := func(name string) json.RawMessage {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var coco map[string]json.RawMessage
	if err := json.Unmarshal(read("instances.json"), &coco); err != nil {
		t.Fatal(err)
	}
	var frames []struct{ Slots json.RawMessage }
	if err := json.Unmarshal(read("frames.json"), &frames); err != nil {
		t.Fatal(err)
	}
	var slots []struct{ Lanes json.RawMessage }
	if err := json.Unmarshal(frames[0].Slots, &slots); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		raw  json.RawMessage
		want []string
	}{
		{"images", coco["images"], []string{"file_name", "frame_id", "height", "id", "width"}},
		{"annotations", coco["annotations"], []string{"area", "bbox", "category_id", "depth_in_lane", "facing", "fallen", "gtin", "id", "ignore",
			"image_id", "iscrowd", "lane_id", "order_in_lane", "slot_id", "truncated", "visible_fraction", "yaw_deg"}},
		{"frames", read("frames.json"), []string{"camera", "condition", "cooler_id", "file_name", "frame_id", "image_id", "jpeg_quality",
			"planogram_id", "restock", "sequence", "slots", "time_min", "variant_of"}},
		{"slots", frames[0].Slots, []string{"box", "capacity", "expected_gtin", "facings_expected", "facings_present", "items_left", "lanes",
			"occluded", "row", "slot_id", "state", "view_fraction"}},
		{"lanes", slots[0].Lanes, []string{"box", "capacity", "front_depth", "front_gtin", "front_visible", "items", "lane_id", "state",
			"view_fraction", "wrong_items"}},
		{"skus", read("skus.json"), []string{"brand", "brand_zh", "flavour", "flavour_zh", "gtin", "name", "net", "own", "pack"}},
	} {
		if got := keys(t, c.raw); !slices.Equal(got, c.want) {
			t.Errorf("%s have fields %v, want %v", c.name, got, c.want)
		}
	}
}
