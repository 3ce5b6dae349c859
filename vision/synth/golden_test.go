package synth_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision/synth"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden holds one small frame to its recorded look and truth. Colours are means over blocks and
// may differ by two steps in 255, since processors round differently; the truth must be the same.
func TestGolden(t *testing.T) {
	s := scene(t, catalogue(t, 200), 2026)
	f := render(t, s, synth.Shot{Camera: s.Camera(synth.CameraFisheye, 1), Width: 96, Height: 72, Seed: 1})
	var out bytes.Buffer
	fmt.Fprintln(&out, "# mean red, green, blue of blocks of 12×12 pixels; then the annotations")
	const block = 12
	for y := 0; y < 72; y += block {
		for x := 0; x < 96; x += block {
			var sum [3]int
			for j := range block {
				for i := range block {
					for k := range sum {
						sum[k] += int(f.Image.Pix[(y+j)*f.Image.Stride+4*(x+i)+k])
					}
				}
			}
			fmt.Fprintf(&out, "%d %d %d\n", sum[0]/(block*block), sum[1]/(block*block), sum[2]/(block*block))
		}
	}
	for _, a := range f.Truth.Annotations {
		fmt.Fprintln(&out, a)
	}
	const path = "testdata/frame.golden"
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n")
	if len(got) != len(wanted) {
		t.Fatalf("%d lines, want %d; if the change is meant: go test -run TestGolden -update", len(got), len(wanted))
	}
	for i := range got {
		if !alike(got[i], wanted[i]) {
			t.Errorf("line %d: %s, want %s", i+1, got[i], wanted[i])
		}
	}
}

// alike compares lines; lines of three numbers may differ by two in each.
func alike(a, b string) bool {
	fa, fb := strings.Fields(a), strings.Fields(b)
	if a == b || len(fa) != 3 || len(fb) != 3 {
		return a == b
	}
	for i := range fa {
		x, errX := strconv.Atoi(fa[i])
		y, errY := strconv.Atoi(fb[i])
		if errX != nil || errY != nil || x-y > 2 || y-x > 2 {
			return false
		}
	}
	return true
}
