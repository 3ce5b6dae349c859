package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
	"github.com/coldshelf/coldshelf/vision/score"
)

// evalSet is a folder of pictures with their truth. What a format does not say is left empty.
type evalSet struct {
	dir        string
	frames     []evalFrame
	plans      map[string]*evalPlan
	references string // contains one folder per GTIN
}

// evalFrame is one picture.
type evalFrame struct {
	id, path         string
	width, height    int // 0: not given
	condition        string
	plan             string
	camera           *lens.Spec
	sequence         string
	order            int
	truth            []score.Truth
	lane             []string // of each truth; "" if not given
	slots, lanes     []evalSlot
	hasTruth, coarse bool // coarse: there are only boxes, all of them facings
}

// evalSlot is the truth about one slot or lane.
type evalSlot struct {
	id     string
	state  shelf.State
	hidden bool
	items  int     // of a lane
	view   float64 // share of a lane's front that is visible
}

// evalPlan is a planogram by slots, and the same planogram with every lane as a slot of its own.
type evalPlan struct {
	slots, lanes *shelf.Planogram
	laneSlot     map[string]string
}

// readEvalSet recognises the folder's format by its files.
func readEvalSet(dir string) (*evalSet, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", dir)
	}
	s := &evalSet{dir: dir, plans: map[string]*evalPlan{}}
	exists := func(name string) bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil }
	switch {
	case exists("frames.json"):
		return s, s.readCoolers()
	case exists("images") && exists("labels"):
		return s, s.readYOLO(dir)
	case exists("valid/images") && exists("valid/labels"):
		return s, s.readYOLO(filepath.Join(dir, "valid"))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	more, _ := filepath.Glob(filepath.Join(dir, "annotations", "*.json"))
	for _, path := range append(files, more...) {
		if err := s.readCOCO(path, nil); err == nil && len(s.frames) > 0 {
			return s, nil
		}
	}
	return nil, withHint(fmt.Errorf("%s holds neither frames.json, nor images/ with labels/, nor COCO annotations", dir), "see cooler-agent eval --help for the formats")
}

// readJSON reads one file of a set.
func readJSON(path string, into any) error {
	data, err := readSmall(path, 1<<30)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readYOLO reads images/NAME.jpg with labels/NAME.txt: a class with the centre and size as shares of the
// picture, or with a polygon.
func (s *evalSet) readYOLO(dir string) error {
	images, err := picturesIn(filepath.Join(dir, "images"))
	if err != nil {
		return err
	}
	for _, path := range images {
		name := filepath.Base(path)
		base := strings.TrimSuffix(name, filepath.Ext(name))
		f := evalFrame{id: base, path: path, condition: "all", hasTruth: true, coarse: true}
		f.width, f.height, err = pictureSize(path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, "labels", base+".txt"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for n, line := range strings.Split(string(data), "\n") {
			if strings.TrimSpace(line) == "" {
				continue
			}
			box, err := yoloBox(strings.Fields(line), f.width, f.height)
			if err != nil {
				return fmt.Errorf("labels of %s, line %d: %w", name, n+1, err)
			}
			f.truth = append(f.truth, score.Truth{Box: box, Visible: 1})
		}
		s.frames = append(s.frames, f)
	}
	if len(s.frames) == 0 {
		return fmt.Errorf("%s holds no pictures", filepath.Join(dir, "images"))
	}
	return nil
}

func yoloBox(fields []string, w, h int) (shelf.Box, error) {
	var v []float64
	for _, f := range fields {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return shelf.Box{}, fmt.Errorf("%q is not a number", f)
		}
		v = append(v, x)
	}
	var x0, y0, x1, y1 float64
	switch {
	case len(v) == 5:
		x0, y0, x1, y1 = v[1]-v[3]/2, v[2]-v[4]/2, v[1]+v[3]/2, v[2]+v[4]/2
	case len(v) >= 7 && len(v)%2 == 1:
		x0, y0, x1, y1 = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
		for i := 1; i < len(v); i += 2 {
			x0, y0, x1, y1 = math.Min(x0, v[i]), math.Min(y0, v[i+1]), math.Max(x1, v[i]), math.Max(y1, v[i+1])
		}
	default:
		return shelf.Box{}, fmt.Errorf("%d numbers, want 5 or a polygon", len(v))
	}
	x, y := int(math.Round(x0*float64(w))), int(math.Round(y0*float64(h)))
	return shelf.Box{X: x, Y: y, W: int(math.Round(x1*float64(w))) - x, H: int(math.Round(y1*float64(h))) - y}, nil
}

// cocoFile is the part of a COCO file that is read, with the fields that cooler sets add.
type cocoFile struct {
	Images []struct {
		ID       int    `json:"id"`
		FileName string `json:"file_name"`
		Width    int    `json:"width"`
		Height   int    `json:"height"`
	} `json:"images"`
	Annotations []struct {
		ImageID int        `json:"image_id"`
		BBox    [4]float64 `json:"bbox"`
		Crowd   int        `json:"iscrowd"`
		GTIN    string     `json:"gtin"`
		Visible *float64   `json:"visible_fraction"`
		Facing  *bool      `json:"facing"`
		Ignore  bool       `json:"ignore"`
		LaneID  string     `json:"lane_id"`
	} `json:"annotations"`
}

// readCOCO adds the pictures of a COCO file, or completes the frames that are known by their image ID.
func (s *evalSet) readCOCO(path string, known map[int]*evalFrame) error {
	var c cocoFile
	if err := readJSON(path, &c); err != nil {
		return err
	}
	byID := map[int]*evalFrame{}
	fresh := make([]*evalFrame, 0, len(c.Images))
	for _, img := range c.Images {
		f := known[img.ID]
		if f == nil {
			if known != nil {
				continue
			}
			f = &evalFrame{id: img.FileName, path: s.find(img.FileName), condition: "all", coarse: true}
			fresh = append(fresh, f)
		}
		f.width, f.height, f.hasTruth = img.Width, img.Height, true
		byID[img.ID] = f
	}
	for _, a := range c.Annotations {
		f := byID[a.ImageID]
		if f == nil {
			continue
		}
		t := score.Truth{Visible: 1, Neutral: a.Ignore || a.Crowd != 0 || (a.Facing != nil && !*a.Facing)}
		x, y := int(math.Round(a.BBox[0])), int(math.Round(a.BBox[1]))
		t.Box = shelf.Box{X: x, Y: y, W: int(math.Round(a.BBox[0]+a.BBox[2])) - x, H: int(math.Round(a.BBox[1]+a.BBox[3])) - y}
		if a.Visible != nil {
			t.Visible = *a.Visible
		}
		if a.GTIN != "" {
			g, err := shelf.ParseGTIN(a.GTIN)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			t.GTIN = g
		}
		f.truth, f.lane = append(f.truth, t), append(f.lane, a.LaneID)
	}
	for _, f := range fresh {
		s.frames = append(s.frames, *f)
	}
	return nil
}

// find looks for a COCO picture beside the file or under images/.
func (s *evalSet) find(name string) string {
	for _, dir := range []string{s.dir, filepath.Join(s.dir, "images")} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return filepath.Join(s.dir, filepath.FromSlash(name))
}

// sortFrames puts single pictures before sequences, and the pictures of a sequence in order.
func (s *evalSet) sortFrames() {
	sort.SliceStable(s.frames, func(i, j int) bool {
		a, b := s.frames[i], s.frames[j]
		if a.sequence != b.sequence {
			return a.sequence < b.sequence
		}
		return a.sequence != "" && a.order < b.order
	})
}
