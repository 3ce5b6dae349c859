// Package models_test holds the whole module to the import arrows of its design: pixel → facing →
// observation → outbox → broker → store → alert → screen, with plugs at the rim.
package models_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/coldshelf/coldshelf/"

// rule says what the packages under a folder may import of ours, and what nobody else may import.
type rule struct {
	folder string   // "a/" is a and all below
	may    []string // of ours; the most particular folder's rule counts
}

// The first rule whose folder holds a package is its rule, so the particular come before the general.
var rules = []rule{
	{"models/", []string{"models/"}},
	{"vision/", []string{"models/", "vision/"}},
	{"devices/", []string{"models/", "vision/", "devices/"}},
	{"agent/cmd/", []string{"models/", "vision/", "devices/", "agent/"}}, // a main wires organs to plugs
	{"agent/", []string{"models/", "vision/", "agent/"}},
	{"cloud/cmd/", []string{"models/", "cloud/"}},
	{"cloud/", []string{"models/", "cloud/"}},
}

// plugs are packages that organs must not see: only mains do, and plugs of the same folder.
var plugs = []rule{
	{"vision/opencv/", []string{"vision/opencv/", "vision/synth/cmd/", "agent/cmd/"}},
	{"vision/ort/", []string{"vision/ort/", "vision/synth/cmd/", "agent/cmd/"}},
}

// adapters are libraries that one folder each wraps, whole and alone.
var adapters = []rule{
	{"gocv.io/x/gocv/", []string{"vision/opencv/"}},
	{"github.com/yalue/onnxruntime_go/", []string{"vision/ort/"}},
	{"periph.io/x/", []string{"devices/", "agent/cmd/"}},
	{"github.com/mochi-mqtt/server/", []string{"cloud/"}},
	{"github.com/influxdata/", []string{"cloud/"}},
}

type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestImportArrows(t *testing.T) {
	for _, tags := range []string{"", "customenv"} {
		t.Run("tags="+tags, func(t *testing.T) {
			packages := list(t, tags)
			if len(packages) < 3 {
				t.Fatalf("go list found %d packages of ours", len(packages))
			}
			wraps := false
			for _, p := range packages {
				from := strings.TrimPrefix(p.ImportPath, module)
				for _, to := range p.Imports {
					wraps = wraps || within(from, "vision/opencv/") && within(to, "gocv.io/x/gocv/")
					if fault := arrowFault(from, to); fault != "" {
						t.Error(fault)
					}
				}
				// Tests may see plugs, so that they run on the real thing; the great borders hold for them too.
				for _, to := range append(p.TestImports, p.XTestImports...) {
					checkBorder(t, from, to)
				}
			}
			if tags == "customenv" && !wraps {
				t.Error("vision/opencv does not import gocv with -tags customenv: this test would not see a second importer")
			}
		})
	}
}

// arrowFault judges one import of a package that is not a test; "" where it may be.
func arrowFault(from, to string) string {
	ours, isOurs := strings.CutPrefix(to, module)
	if !isOurs {
		for _, a := range adapters {
			if within(to, a.folder) && !withinAny(from, a.may) {
				return fmt.Sprintf("%s imports %s: only %s does", from, to, strings.Join(a.may, ", "))
			}
		}
		return ""
	}
	for _, plug := range plugs {
		if within(ours, plug.folder) && !withinAny(from, plug.may) {
			return fmt.Sprintf("%s imports %s: a plug is for mains only", from, ours)
		}
	}
	for _, r := range rules {
		if within(from, r.folder) {
			if !withinAny(ours, r.may) {
				return fmt.Sprintf("%s imports %s: %s may import %s only", from, ours, r.folder, strings.Join(r.may, ", "))
			}
			break
		}
	}
	return ""
}

// checkBorder judges an import of a test: models knows nobody, agent and cloud do not know each other.
func checkBorder(t *testing.T, from, to string) {
	t.Helper()
	ours, ok := strings.CutPrefix(to, module)
	if !ok {
		return
	}
	for _, border := range []struct{ from, to string }{
		{"models/", "vision/"}, {"models/", "devices/"}, {"models/", "agent/"}, {"models/", "cloud/"},
		{"vision/", "agent/"}, {"vision/", "cloud/"}, {"devices/", "agent/"}, {"devices/", "cloud/"},
		{"agent/", "cloud/"}, {"cloud/", "agent/"}, {"cloud/", "devices/"},
	} {
		if within(from, border.from) && within(ours, border.to) {
			t.Errorf("a test of %s imports %s", from, ours)
		}
	}
}

// TestRulesBite runs the rules on arrows that must not be, so that a slip in a rule is seen.
func TestRulesBite(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"models/wire", module + "models/shelf", true},
		{"models/wire", module + "vision", false},
		{"vision/pipeline", module + "vision/opencv", false},
		{"vision/pipeline", "gocv.io/x/gocv", false},
		{"vision/opencv", "gocv.io/x/gocv", true},
		{"agent", module + "devices/door", false},
		{"agent", module + "cloud/internal/state", false},
		{"agent/cmd/cooler-agent", module + "devices/door", true},
		{"agent/cmd/cooler-agent", module + "cloud/internal/state", false},
		{"cloud/internal/ingest", module + "agent/internal/outbox", false},
		{"cloud/cmd/cooler-cloud", module + "vision", false},
		{"devices/door", module + "agent", false},
		{"devicesandmore", module + "agent", true},
	} {
		if fault := arrowFault(c.from, c.to); (fault == "") != c.allowed {
			t.Errorf("%s → %s: got %q, want allowed %v", c.from, c.to, fault, c.allowed)
		}
	}
}

// within reports whether path is the folder or below it.
func within(path, folder string) bool { return strings.HasPrefix(path+"/", folder) }

func withinAny(path string, folders []string) bool {
	for _, f := range folders {
		if within(path, f) {
			return true
		}
	}
	return false
}

// list asks go for every package of the module, those that do not build yet as well: what keeps them
// from building is for their own tests to say.
func list(t *testing.T, tags string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-tags="+tags, "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = ".."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, p)
	}
}
