//go:build customenv

package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHelpTakesNoCommandForAType: pflag takes what stands in backquotes for what a flag takes.
func TestHelpTakesNoCommandForAType(t *testing.T) {
	for _, args := range [][]string{{"detect"}, {"enroll"}, {"gallery", "sign"}} {
		if _, out, _ := call(t, append(args, "--help")...); strings.Contains(out, "-gallery cooler-agent") || strings.Contains(out, "keys cooler-agent") || strings.Contains(out, "key cooler-agent") {
			t.Errorf("%v:\n%s", args, out)
		}
	}
}

// TestAFailedEnrolmentLeavesNoGallery, and says neither that others were enrolled nor that one photo is several.
func TestAFailedEnrolmentLeavesNoGallery(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "text.jpg"), []byte("no picture"))
	g := filepath.Join(dir, "g.gallery")
	status, _, errs := call(t, "enroll", "--gallery", g, "--gtin", "96385074", filepath.Join(dir, "text.jpg"))
	if _, err := os.Stat(g); status != exitFailed || err == nil || strings.Contains(errs, "others are") || !strings.Contains(errs, "1 photo could not be used") {
		t.Errorf("status %d, gallery: %v\n%s", status, err, errs)
	}
	if status, _, errs := call(t, "detect", filepath.Join(dir, "text.jpg")); status != exitFailed || strings.Contains(errs, "the others") {
		t.Errorf("detect: status %d\n%s", status, errs)
	}
	img := image.NewRGBA(image.Rect(0, 0, 200, 150))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7)
	}
	photo := filepath.Join(dir, "photo.jpg")
	write(t, photo, jpegOf(t, img))
	for _, want := range []string{"references added", "nothing new"} {
		if status, out, errs := call(t, "enroll", "--gallery", g, "--gtin", "96385074", photo); status != exitDone || !strings.Contains(out, want) {
			t.Errorf("status %d, want %q in %s%s", status, want, out, errs)
		}
	}
	drawn := filepath.Join(dir, "out.png")
	if status, out, errs := call(t, "detect", "--draw", drawn, photo); status != exitDone || !strings.Contains(out, "drawn in "+drawn) || !strings.Contains(errs, "without --gallery") {
		t.Errorf("detect --draw: status %d\n%s%s", status, out, errs)
	}
	write(t, filepath.Join(dir, "agent.yml"), []byte(smallest))
	if _, checks := examined(t, filepath.Join(dir, "agent.yaml")); !strings.Contains(checks["config"].Hint, "did you mean "+filepath.Join(dir, "agent.yml")) {
		t.Errorf("agent.yaml for agent.yml: %+v", checks["config"])
	}
}
