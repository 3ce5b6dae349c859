package shelf_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
)

var update = flag.Bool("update", false, "write what the scenarios give into their files; read the difference before committing it")

// TestScenarios runs every file of testdata/scenarios: a planogram, what a camera can judge and the
// facings that it saw, then the slot states and KPIs that must come of it.
func TestScenarios(t *testing.T) {
	for _, path := range files(t, "testdata/scenarios/*.txt") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			s := readSections(t, path)
			plan, err := shelf.DecodePlanogram([]byte(s.text("planogram")))
			if err != nil {
				t.Fatal(err)
			}
			o := &shelf.Observation{Facings: parseFacings(t, s.text("facings"))}
			o.Slots = shelf.Compare(plan, o.Facings, parseView(t, s.text("view")))
			s.check(t, path, "slots", slotLines(o.Slots))
			s.check(t, path, "kpis", kpiLines(plan, o))
		})
	}
}

func slotLines(slots []shelf.SlotReading) string {
	var b strings.Builder
	for _, s := range slots {
		fmt.Fprintf(&b, "%s %s", s.SlotID, s.State)
		if s.State == shelf.Unknown {
			fmt.Fprintf(&b, " %s", s.Reason)
		}
		fmt.Fprintf(&b, " %d of %d", s.Present, s.Due)
		if s.Hidden > 0 {
			fmt.Fprintf(&b, ", %d hidden", s.Hidden)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func kpiLines(p *shelf.Planogram, o *shelf.Observation) string {
	var b strings.Builder
	share := shelf.ShareOfShelf(p, o)
	osa := shelf.OSA(o.Slots)
	for _, k := range []struct {
		name  string
		ratio shelf.Ratio
	}{
		{"share of shelf, own", share.Own}, {"share of shelf, competitor", share.Competitor},
		{"share of shelf, unknown", share.Unknown}, {"share of shelf, empty", share.Empty},
		{"purity", shelf.Purity(p, o)}, {"occupancy", shelf.Occupancy(o.Slots)},
		{"assortment", shelf.Assortment(p, o)}, {"on-shelf availability", osa},
		{"out-of-stock rate", shelf.OutOfStockRate(o.Slots)},
		{"planogram compliance", shelf.Compliance(p, o, shelf.ComplianceWeights{})},
		{"perfect store, availability 3 to own share 1", shelf.PerfectStore([]shelf.Weighted{{Score: osa, Weight: 3}, {Score: share.Own, Weight: 1}})},
	} {
		fmt.Fprintf(&b, "%s: %s\n", k.name, k.ratio)
	}
	return b.String()
}

// parseView reads "picture W H", "slot ID X Y W H [in SHARE]", "lanes ID X Y W H, X Y W H",
// "blind REASON X Y W H" and "whole REASON".
func parseView(t *testing.T, text string) shelf.View {
	t.Helper()
	v := shelf.View{Slots: map[string]shelf.SlotView{}}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		switch w[0] {
		case "picture":
			v.Width, v.Height = number(t, w[1]), number(t, w[2])
		case "slot":
			at := shelf.SlotView{Box: box(t, w[2:6]), InFrame: 1}
			if len(w) > 6 {
				at.InFrame = real(t, w[7])
			}
			v.Slots[w[1]] = at
		case "lanes":
			at := v.Slots[w[1]]
			for lane := range strings.SplitSeq(strings.Join(w[2:], " "), ",") {
				at.Lanes = append(at.Lanes, box(t, strings.Fields(lane)))
			}
			v.Slots[w[1]] = at
		case "blind":
			v.Blind = append(v.Blind, shelf.Blind{Box: box(t, w[2:6]), Reason: reason(t, w[1])})
		case "whole":
			v.Whole = reason(t, w[1])
		default:
			t.Fatalf("view: %q", line)
		}
	}
	return v
}

// parseFacings reads one facing a line: "X Y W H GTIN|?", then in any order "shelf N", "position N",
// "mm N", "depth N".
func parseFacings(t *testing.T, text string) (facings []shelf.Facing) {
	t.Helper()
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		f := shelf.Facing{Box: box(t, w[:4]), Score: 0.9, SKUScore: 0.9}
		if w[4] != "?" {
			if err := f.GTIN.UnmarshalText([]byte(w[4])); err != nil {
				t.Fatal(err)
			}
		}
		for i := 5; i+1 < len(w); i += 2 {
			*map[string]*int{"shelf": &f.Shelf, "position": &f.Position, "mm": &f.XMM, "depth": &f.Depth}[w[i]] = number(t, w[i+1])
		}
		facings = append(facings, f)
	}
	return facings
}

func box(t *testing.T, w []string) shelf.Box {
	t.Helper()
	if len(w) != 4 {
		t.Fatalf("box %v: want x y w h", w)
	}
	return shelf.Box{X: number(t, w[0]), Y: number(t, w[1]), W: number(t, w[2]), H: number(t, w[3])}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func real(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func reason(t *testing.T, s string) (r shelf.Reason) {
	t.Helper()
	if err := r.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return r
}

// files gives what a glob matches; none is a fault.
func files(t *testing.T, glob string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.FromSlash(glob))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s matches no file (%v)", glob, err)
	}
	return paths
}

// sections of a test file: prose, then "--- name" lines each with the text below them.
type sections struct{ names, texts []string }

func readSections(t *testing.T, path string) *sections {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &sections{names: []string{""}, texts: []string{""}}
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "--- "); ok {
			s.names, s.texts = append(s.names, strings.TrimSpace(name)), append(s.texts, "")
		} else {
			s.texts[len(s.texts)-1] += line
		}
	}
	if strings.TrimSpace(s.texts[0]) == "" {
		t.Errorf("%s does not say what it is about", path)
	}
	return s
}

func (s *sections) text(name string) string {
	for i, n := range s.names {
		if n == name {
			return s.texts[i]
		}
	}
	return ""
}

// check compares a section with got, or writes got into the file with -update.
func (s *sections) check(t *testing.T, path, name, got string) {
	t.Helper()
	want := s.text(name)
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s:\n%swant\n%s", name, got, want)
		return
	}
	at := -1
	for i, n := range s.names {
		if n == name {
			at = i
		}
	}
	if at < 0 {
		s.names, s.texts, at = append(s.names, name), append(s.texts, ""), len(s.names)
	}
	s.texts[at] = got
	var b strings.Builder
	for i, n := range s.names {
		if i > 0 {
			fmt.Fprintf(&b, "--- %s\n", n)
		}
		b.WriteString(s.texts[i])
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
