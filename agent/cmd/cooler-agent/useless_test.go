//go:build customenv

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// A set-up of another cooler is loaded like one's own, and says nothing of this one: doctor tells so.
func TestDoctorFindsASetUpOfAnotherCooler(t *testing.T) {
	s := stock(t, synth.Clean)
	dir := t.TempDir()
	data, err := os.ReadFile(s.picture)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "frames", "1.jpg"), data)
	other := filepath.Join(dir, "other.gallery")
	references, err := filepath.Glob(filepath.Join(s.references, "*", "0.jpg"))
	if err != nil || len(references) == 0 {
		t.Fatal("no references", err)
	}
	if status, _, errs := call(t, "enroll", "--gallery", other, "--gtin", "96385074", "--name", "Tonic", references[0]); status != exitDone {
		t.Fatal(errs)
	}
	own, err := os.ReadFile(s.mount)
	if err != nil {
		t.Fatal(err)
	}
	away, err := mount.Decode(own)
	if err != nil {
		t.Fatal(err)
	}
	away.Camera.TargetM[1] = -away.Camera.TargetM[1] - 50 // it looks the other way
	hangs, err := away.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "away.yaml"), hangs)
	config := func(hangs string) string {
		path := filepath.Join(dir, "agent.yml")
		write(t, path, []byte(smallest+"camera: {source: 'dir:frames'}\nplanogram: "+s.planogram+"\nvision: {mount: "+hangs+", gallery: "+other+"}\n"))
		return path
	}
	_, fits := examined(t, config(s.mount))
	if f := fits["picture"]; f.Verdict != good || strings.Contains(f.Detail, " 0 of ") {
		t.Errorf("its own mount: %+v", f)
	}
	if f := fits["references"]; f.Verdict != poor || !strings.Contains(f.Detail, "products due are not in the gallery: ") || !strings.Contains(f.Hint, "cooler-agent enroll") {
		t.Errorf("a gallery of other products: %+v", f)
	}
	_, off := examined(t, config(filepath.Join(dir, "away.yaml")))
	if f := off["picture"]; f.Verdict != poor || !strings.Contains(f.Detail, " 0 of ") || !strings.Contains(f.Hint, "vision.mount") {
		t.Errorf("a mount that looks elsewhere: %+v", f)
	}
}
