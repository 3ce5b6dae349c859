package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/picture"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// stocked is a tidy cooler on disk: its picture, its planogram, its mount, and references of its products.
type stocked struct {
	picture, planogram, mount, references string
	truth                                 synth.Truth
}

func stock(t *testing.T, condition synth.Condition) stocked {
	t.Helper()
	dir := t.TempDir()
	cat, err := synth.NewCatalogue(5, 12)
	if err != nil {
		t.Fatal(err)
	}
	scene, err := synth.NewScene(synth.Config{Catalogue: cat, Seed: 4, Cooler: true, Tidy: true, Rows: 4})
	if err != nil {
		t.Fatal(err)
	}
	spec := scene.Camera(synth.CameraWhole, 2)
	frame, err := scene.Render(t.Context(), synth.Shot{Camera: spec, Condition: condition, Width: 1280, Height: 960, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	s := stocked{filepath.Join(dir, "cooler.jpg"), filepath.Join(dir, "plan.yaml"), filepath.Join(dir, "mount.yaml"), filepath.Join(dir, "references"), frame.Truth}
	plan := scene.Planogram.Shelf()
	planogram, err := plan.EncodeYAML()
	if err != nil {
		t.Fatal(err)
	}
	m := mount.FromCamera(spec, 1280, 960)
	front := int(1000 * scene.Planogram.Front)
	m.FrontMM = &front
	hangs, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.picture, jpegOf(t, frame.Image))
	write(t, s.planogram, planogram)
	write(t, s.mount, hangs)
	for _, sku := range scene.Planogram.Products {
		for k, yaw := range synth.ReferenceYaws() {
			img, err := cat.Reference(t.Context(), sku, float64(yaw))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(s.references, string(sku.GTIN), strconv.Itoa(k)+".jpg"), jpegOf(t, img))
		}
	}
	return s
}

func jpegOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// The whole way with the shipped networks: enrol from photos, look at a picture, judge the slots.
func TestACoolerIsEnrolledSeenAndJudged(t *testing.T) {
	s := stock(t, synth.Clean)
	dir := t.TempDir()
	g := filepath.Join(dir, "g.gallery")
	status, out, errs := call(t, "enroll", "--json", "--gallery", g, "--from", s.references)
	if status != exitDone {
		t.Fatalf("enroll: status %d\n%s%s", status, out, errs)
	}
	drawn := filepath.Join(dir, "out.png")
	status, out, errs = call(t, "detect", "--json", "--gallery", g, "--planogram", s.planogram, "--mount", s.mount, "--draw", drawn, s.picture)
	if status != exitDone || errs != "" {
		t.Fatalf("detect: status %d\n%s", status, errs)
	}
	var seen imageReport
	dec := json.NewDecoder(strings.NewReader(out))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&seen); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var facings, found, named int
	for _, a := range s.truth.Annotations {
		if !a.Facing || a.Ignore || a.VisibleFraction < 0.6 {
			continue
		}
		facings++
		box := shelf.Box{X: a.Box[0], Y: a.Box[1], W: a.Box[2], H: a.Box[3]}
		for _, f := range seen.Facings {
			if f.Box.IoU(box) >= 0.5 {
				found++
				if string(f.GTIN) == string(a.SKU.GTIN) {
					named++
				}
				break
			}
		}
	}
	t.Logf("%d facings, %d found, %d named right", facings, found, named)
	if float64(found) < 0.9*float64(facings) {
		t.Errorf("%d of %d facings are found, want 90 %%", found, facings)
	}
	if float64(named) < 0.9*float64(found) {
		t.Errorf("%d of %d found facings are named right, want 90 %%", named, found)
	}
	if k := seen.KPIs; k == nil || !k.OSA.Known || k.OSA.Value < 0.8 || k.OSA.Coverage < 0.5 || k.ShareOfShelf.Own.Value < 0.5 {
		t.Errorf("KPIs of a full cooler are %+v, want nearly all of them", k)
	}
	if len(seen.Slots) == 0 {
		t.Fatal("no slots are judged")
	}
	for _, slot := range seen.Slots {
		if slot.State == shelf.Empty {
			t.Errorf("slot %s is said to be empty in a full cooler", slot.SlotID)
		}
	}
	if f, err := picture.Read(drawn); err != nil || f.Width != 1280 {
		t.Errorf("the drawing: %v, %d pixels wide", err, f.Width)
	}
}

func TestABadPictureMakesNoStockout(t *testing.T) {
	for _, condition := range []synth.Condition{synth.Fog, synth.Blocked, synth.Dark} {
		t.Run(string(condition), func(t *testing.T) {
			s := stock(t, condition)
			status, out, errs := call(t, "detect", "--json", "--planogram", s.planogram, "--mount", s.mount, s.picture)
			if status != exitDone {
				t.Fatal(errs)
			}
			var seen imageReport
			if err := json.Unmarshal([]byte(out), &seen); err != nil {
				t.Fatal(err)
			}
			for _, slot := range seen.Slots {
				if slot.State == shelf.Empty {
					t.Errorf("slot %s is said to be empty in a full cooler", slot.SlotID)
				}
			}
		})
	}
}

func TestOneBadFileDoesNotSpoilTheOthers(t *testing.T) {
	dir := t.TempDir()
	img := image.NewRGBA(image.Rect(0, 0, 200, 150))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7)
	}
	img.Set(3, 3, color.White)
	good := jpegOf(t, img)
	write(t, filepath.Join(dir, "good.jpg"), good)
	write(t, filepath.Join(dir, "cut.jpg"), good[:len(good)/3])
	write(t, filepath.Join(dir, "text.jpg"), []byte("no picture"))
	status, out, errs := call(t, "detect", "--json",
		filepath.Join(dir, "cut.jpg"), filepath.Join(dir, "good.jpg"), filepath.Join(dir, "text.jpg"), filepath.Join(dir, "none.jpg"))
	if status != exitFailed {
		t.Errorf("status %d, want %d", status, exitFailed)
	}
	if n := strings.Count(out, "\n"); n != 1 || !strings.Contains(out, "good.jpg") {
		t.Errorf("stdout has %d lines, want the good picture's alone:\n%s", n, out)
	}
	if n := strings.Count(errs, "error: "); n != 4 {
		t.Errorf("%d errors, want one a bad file and one in all:\n%s", n, errs)
	}
	if n := strings.Count(errs, "hint: "); n != 4 {
		t.Errorf("%d hints, want 4:\n%s", n, errs)
	}
}

func TestWrongUseOfTheEyesIsStatus2(t *testing.T) {
	for name, args := range map[string][]string{
		"enroll without a GTIN":            {"enroll", "a.jpg"},
		"enroll without photos":            {"enroll", "--gtin", "4006381333931"},
		"enroll from a folder and photos":  {"enroll", "--from", "x", "a.jpg"},
		"a box that is none":               {"enroll", "--gtin", "4006381333931", "--box", "1,2,3", "a.jpg"},
		"eval without data":                {"eval"},
		"a planogram without a mount":      {"detect", "--planogram", "p.yaml", "a.jpg"},
		"detect with a flag nobody knows":  {"detect", "--loud", "a.jpg"},
		"eval with a word that is nothing": {"eval", "--data", "x", "y"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, out, errs := call(t, args...); status != exitUsage || out != "" || !strings.Contains(errs, "hint: ") {
				t.Errorf("status %d\nstdout %q\nstderr %q", status, out, errs)
			}
		})
	}
}

func TestFaultsOfTheEyesAreTold(t *testing.T) {
	dir := t.TempDir()
	photo, folder := filepath.Join(dir, "p.jpg"), filepath.Join(dir, "set")
	write(t, photo, jpegOf(t, image.NewRGBA(image.Rect(0, 0, 64, 64))))
	write(t, filepath.Join(folder, "readme.txt"), []byte("no set"))
	write(t, filepath.Join(dir, "bad.gallery"), []byte("no gallery"))
	write(t, filepath.Join(dir, "w", "manifest.json"), []byte(`{"format":1,"networks":[{"name":"x","version":"1","task":"facing-detection","file":"x.onnx","sha256":"`+
		strings.Repeat("0", 64)+`","input":{"name":"image","scale":1,"multiple":32},"outputs":["heat","ltrb"],"stride":8}]}`))
	write(t, filepath.Join(dir, "w", "x.onnx"), []byte("no network"))
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"GTIN with a wrong digit": {[]string{"enroll", "--gtin", "4006381333932", photo}, "check digit"},
		"gallery that is none":    {[]string{"detect", "--gallery", filepath.Join(dir, "bad.gallery"), photo}, "not a gallery"},
		"gallery that is missing": {[]string{"detect", "--gallery", filepath.Join(dir, "no.gallery"), photo}, "no such file"},
		"weights of another hash": {[]string{"detect", "--weights", filepath.Join(dir, "w"), photo}, "SHA-256"},
		"set of no format":        {[]string{"eval", "--data", folder}, "frames.json"},
		"runtime nobody has":      {[]string{"detect", "--runtime", "abacus", photo}, "abacus"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, errs := call(t, c.args...)
			if status != exitFailed || !strings.Contains(errs, c.want) || !strings.HasPrefix(errs, "error: ") {
				t.Errorf("status %d, stderr %q; want %q in it", status, errs, c.want)
			}
		})
	}
}

// A network whose file is what the manifest says, but no network, is refused and not died of.
func TestAModelFileThatIsNoneIsRefused(t *testing.T) {
	for _, runtime := range runtimesBuilt() {
		t.Run(runtime, func(t *testing.T) {
			dir := t.TempDir()
			photo := filepath.Join(dir, "p.jpg")
			write(t, photo, jpegOf(t, image.NewRGBA(image.Rect(0, 0, 64, 64))))
			write(t, filepath.Join(dir, "x.onnx"), []byte("no network"))
			write(t, filepath.Join(dir, "manifest.json"), []byte(`{"format":1,"networks":[{"name":"x","version":"1","task":"facing-detection","file":"x.onnx",`+
				`"sha256":"86c3a0e1c5aa0ad8ff70a31ee3e6ee2a5ee4a5ad3ff53de0b4ae2b43eebd09b1","input":{"name":"image","scale":1,"multiple":32},"outputs":["heat","ltrb"],"stride":8}]}`))
			fixHash(t, dir)
			status, _, errs := call(t, "detect", "--runtime", runtime, "--weights", dir, photo)
			if status != exitFailed || !strings.Contains(errs, "model refused") || !strings.Contains(errs, "hint: ") {
				t.Errorf("status %d\n%s", status, errs)
			}
		})
	}
}

// A facing that nobody knew is named from the picture in which it was seen.
func TestAnUnknownFacingGetsItsNameFromAPicture(t *testing.T) {
	s := stock(t, synth.Clean)
	g := filepath.Join(t.TempDir(), "g.gallery")
	var a synth.Annotation
	for _, c := range s.truth.Annotations {
		if c.Facing && !c.Truncated && c.VisibleFraction > a.VisibleFraction {
			a = c
		}
	}
	box := strconv.Itoa(a.Box[0]) + "," + strconv.Itoa(a.Box[1]) + "," + strconv.Itoa(a.Box[2]) + "," + strconv.Itoa(a.Box[3])
	if status, _, errs := call(t, "enroll", "--gallery", g, "--gtin", string(a.SKU.GTIN), "--name", "Found", "--box", box, s.picture); status != exitDone {
		t.Fatal(errs)
	}
	status, out, errs := call(t, "detect", "--gallery", g, s.picture)
	if status != exitDone || !strings.Contains(out, "Found") {
		t.Errorf("status %d %s\n%s", status, errs, out)
	}
	if status, _, errs := call(t, "enroll", "--gallery", g, "--gtin", string(a.SKU.GTIN), "--box", "1200,900,200,200", s.picture); status != exitFailed || !strings.Contains(errs, "reaches out") {
		t.Errorf("a box outside of the picture: status %d %s", status, errs)
	}
}
