package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// runtimesBuilt are those that this test binary can use.
func runtimesBuilt() []string {
	if opencv.Built() {
		return []string{runtimeOpenCV, runtimeONNX}
	}
	return []string{runtimeONNX}
}

// fixHash puts the hash of x.onnx into the manifest beside it.
func fixHash(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "manifest.json")
	manifest, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	onnx, err := os.ReadFile(filepath.Join(dir, "x.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(onnx)
	before, rest, _ := strings.Cut(string(manifest), `"sha256":"`)
	write(t, path, []byte(before+`"sha256":"`+hex.EncodeToString(sum[:])+rest[64:]))
}

// The same boxes told as YOLO and as COCO must give the same figures.
func TestEvalReadsBoxesOfBothFormats(t *testing.T) {
	s := stock(t, synth.Clean)
	picture, err := os.ReadFile(s.picture)
	if err != nil {
		t.Fatal(err)
	}
	yolo, coco := filepath.Join(t.TempDir(), "yolo"), filepath.Join(t.TempDir(), "coco")
	write(t, filepath.Join(yolo, "images", "a.jpg"), picture)
	write(t, filepath.Join(coco, "a.jpg"), picture)
	var labels strings.Builder
	type annotation struct {
		Image int    `json:"image_id"`
		BBox  [4]int `json:"bbox"`
	}
	var annotations []annotation
	for _, a := range s.truth.Annotations {
		if !a.Facing || a.Ignore {
			continue
		}
		b := a.Box
		fmt.Fprintf(&labels, "0 %.9f %.9f %.9f %.9f\n", (float64(b[0])+float64(b[2])/2)/1280, (float64(b[1])+float64(b[3])/2)/960, float64(b[2])/1280, float64(b[3])/960)
		annotations = append(annotations, annotation{1, b})
	}
	write(t, filepath.Join(yolo, "labels", "a.txt"), []byte(labels.String()))
	file, err := json.Marshal(map[string]any{
		"images":      []map[string]any{{"id": 1, "file_name": "a.jpg", "width": 1280, "height": 960}},
		"annotations": annotations,
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(coco, "instances.json"), file)
	var figures [2]map[string]any
	for i, dir := range []string{yolo, coco} {
		status, out, errs := call(t, "eval", "--json", "--data", dir)
		if status != exitDone {
			t.Fatalf("status %d\n%s", status, errs)
		}
		if err := json.Unmarshal([]byte(out), &figures[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"ap50", "ap75", "recall50", "count_mae", "sku_top1", "unknown_rate", "slot_confusion", "stockout", "by_condition", "images", "seconds"} {
		if _, ok := figures[0][key]; !ok {
			t.Errorf("%s is missing", key)
		}
	}
	if a, b := figures[0]["ap50"], figures[1]["ap50"]; a != b || a.(float64) < 0.6 {
		t.Errorf("AP50 is %v by YOLO and %v by COCO, want the same, and 0.6 at least", a, b)
	}
	if figures[0]["sku_top1"] != nil {
		t.Errorf("names are scored without any: %v", figures[0]["sku_top1"])
	}
}

func TestEvalNamesWhatIsWrongWithASet(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"labels that are no numbers": {map[string]string{"images/a.jpg": "", "labels/a.txt": "0 a b c d"}, "a.txt"},
		"frames.json that is none":   {map[string]string{"frames.json": "{"}, "frames.json"},
		"a planogram that is missing": {map[string]string{"frames.json": `[{"frame_id":"f","image_id":1,"file_name":"a.jpg","planogram_id":"P","camera":{}}]`,
			"skus.json": "[]", "instances.json": `{}`}, "planogram P"},
		"a slot of a state nobody knows": {map[string]string{"frames.json": `[{"frame_id":"f","slots":[{"slot_id":"S","state":"sold"}]}]`}, "sold"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, content := range c.files {
				data := []byte(content)
				if strings.HasSuffix(path, ".jpg") {
					data = tinyJPEG(t)
				}
				write(t, filepath.Join(dir, path), data)
			}
			status, _, errs := call(t, "eval", "--data", dir)
			if status != exitFailed || !strings.Contains(errs, strings.TrimSuffix(c.want, ".txt")) {
				t.Errorf("status %d, stderr %q; want %q in it", status, errs, c.want)
			}
		})
	}
}

// Evidence of a set without cameras would be noughts: it is refused before anything is written.
func TestEvidenceNeedsCameras(t *testing.T) {
	for name, files := range map[string][]string{
		"a YOLO folder":          {"images/a.jpg", "labels/a.txt"},
		"photos of single packs": {"train/cola/a.jpg", "val/cola/b.jpg"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := t.TempDir(), filepath.Join(t.TempDir(), "evidence.csv")
			for _, path := range files {
				data := tinyJPEG(t)
				if strings.HasSuffix(path, ".txt") {
					data = []byte("0 0.5 0.5 0.5 0.5")
				}
				write(t, filepath.Join(dir, path), data)
			}
			status, _, errs := call(t, "eval", "--data", dir, "--evidence", file)
			if status != exitFailed || !strings.Contains(errs, "error: ") || !strings.Contains(errs, "hint: --evidence needs a cooler set") {
				t.Errorf("status %d, stderr %q; want an error and a hint", status, errs)
			}
			if _, err := os.Stat(file); !os.IsNotExist(err) {
				t.Errorf("the file of the evidence was made: %v", err)
			}
		})
	}
}

func tinyJPEG(t *testing.T) []byte {
	t.Helper()
	return jpegOf(t, image.NewRGBA(image.Rect(0, 0, 32, 32)))
}
