package shelf_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestBadPlanograms wants each file of testdata/planogram to be refused for what its first line
// says: "# want: …", one line for each part of the message.
func TestBadPlanograms(t *testing.T) {
	for _, path := range files(t, "testdata/planogram/*.bad.yml") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".bad.yml"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := shelf.DecodePlanogram(data)
			if err == nil {
				t.Fatalf("accepted: %+v", p)
			}
			wants := 0
			for line := range strings.Lines(string(data)) {
				want, ok := strings.CutPrefix(line, "# want: ")
				if !ok {
					break
				}
				wants++
				if want = strings.TrimSpace(want); !strings.Contains(err.Error(), want) {
					t.Errorf("got:  %v\nwant: %s", err, want)
				}
			}
			if wants == 0 {
				t.Error("the file does not begin with # want:")
			}
		})
	}
}

// TestGoodPlanograms wants each file to be read, and to be the same after it was written as YAML and JSON.
func TestGoodPlanograms(t *testing.T) {
	for _, path := range files(t, "testdata/planogram/*.good.*") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := shelf.DecodePlanogram(data)
			if err != nil {
				t.Fatal(err)
			}
			checkRoundTrip(t, p)
			if slot, row, ok := p.Slot("cola"); !ok || row != 0 || slot.GTIN != "036000291452" {
				t.Errorf("slot cola: got %+v on shelf %d, %v", slot, row+1, ok)
			}
			if product, ok := p.Product("96385074"); !ok || product.Name == "" {
				t.Errorf("product 96385074: got %+v, %v", product, ok)
			}
			if !p.Fills("036000291452", "4006381333931") || p.Fills("036000291452", "96385074") {
				t.Error("interchangeable: the new cola fills the old one's slot, and nothing else does")
			}
		})
	}
}

func checkRoundTrip(t *testing.T, p *shelf.Planogram) {
	t.Helper()
	asYAML, err := p.EncodeYAML()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := p.EncodeJSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"YAML": asYAML, "JSON": asJSON} {
		back, err := shelf.DecodePlanogram(data)
		if err != nil {
			t.Fatalf("%s of an accepted planogram is refused: %v\n%s", name, err, data)
		}
		if !reflect.DeepEqual(back, p) {
			t.Errorf("after %s\n%+v\nwant\n%+v\n%s", name, back, p, data)
		}
	}
}

func TestPlanogramTooLarge(t *testing.T) {
	if _, err := shelf.DecodePlanogram(make([]byte, shelf.MaxPlanogramBytes+1)); err == nil || !strings.Contains(err.Error(), "the limit is") {
		t.Errorf("got %v", err)
	}
}

// FuzzDecodePlanogram: what is accepted is valid, and the same after it was written.
func FuzzDecodePlanogram(f *testing.F) {
	paths, err := filepath.Glob(filepath.FromSlash("testdata/planogram/*"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no planograms in testdata (%v)", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := shelf.DecodePlanogram(data)
		if err != nil {
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("accepted, but not valid: %v", err)
		}
		checkRoundTrip(t, p)
	})
}
