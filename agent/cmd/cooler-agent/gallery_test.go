package main

import (
	"bytes"
	"encoding/json"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/embed"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

const lemon = "4006381333931"

// taught writes an unsigned gallery of one product that the built-in networks did not make.
func taught(t *testing.T, path string) {
	t.Helper()
	e := embed.ColourLayout{}
	g := gallery.New(e)
	crop := vision.FromImage(image.NewRGBA(image.Rect(0, 0, 40, 80)))
	if _, err := g.Enrol(t.Context(), e, lemon, "Lemon", []vision.Frame{crop}, []string{"front.jpg"}); err != nil {
		t.Fatal(err)
	}
	if err := g.Save(path); err != nil {
		t.Fatal(err)
	}
}

// keyPair makes a key pair with the command, and gives the files.
func keyPair(t *testing.T, dir, name string) (secret, public string) {
	t.Helper()
	secret = filepath.Join(dir, name)
	if status, _, errs := call(t, "gallery", "keygen", "--out", secret); status != exitDone {
		t.Fatal(errs)
	}
	return secret, secret + ".pub"
}

func TestAGalleryIsSignedCheckedAndShown(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "g.gallery")
	taught(t, path)
	secret, public := keyPair(t, dir, "acme.key")
	stranger, strange := keyPair(t, dir, "other.key")
	if info, err := os.Stat(secret); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret key has mode %v, %v", info.Mode(), err)
	}
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"not signed yet", []string{"verify", "--key", public, path}, exitFailed, "not signed"},
		{"signed", []string{"sign", "--key", secret, path}, exitDone, "version 1"},
		{"right", []string{"verify", "--key", public, path}, exitDone, "version 1"},
		{"shown", []string{"show", path}, exitDone, "Lemon"},
		{"of another key", []string{"verify", "--key", strange, path}, exitFailed, "trusted"},
		{"signed by a stranger", []string{"sign", "--key", stranger, path}, exitFailed, "trusted"},
		{"signed again", []string{"sign", "--key", secret, path}, exitDone, "version 2"},
		{"signed as version 9", []string{"sign", "--key", secret, "--version", "9", path}, exitDone, "version 9"},
		{"not counted down", []string{"sign", "--key", secret, "--version", "9", path}, exitFailed, "version 9 already"},
		{"the secret key where the public one is due", []string{"verify", "--key", secret, path}, exitFailed, "PUBLIC KEY"},
		{"a key that is there", []string{"keygen", "--out", secret}, exitFailed, "exists"},
		{"told nothing", nil, exitUsage, "keygen"},
		{"no key", []string{"sign", path}, exitUsage, "key"},
	} {
		status, out, errs := call(t, append([]string{"gallery"}, c.args...)...)
		if status != c.status || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: status %d, want %d with %q in it\n%s%s", c.name, status, c.status, c.want, out, errs)
		}
	}
	var s shown
	if _, out, _ := call(t, "gallery", "show", "--json", path); json.Unmarshal([]byte(out), &s) != nil || s.Version != 9 || len(s.Products) != 1 || s.Products[0].References != 1 {
		t.Errorf("shown: %+v", s)
	}
}

func TestEnrollKeepsAGallerySigned(t *testing.T) {
	dir := t.TempDir()
	path, photo := filepath.Join(dir, "g.gallery"), filepath.Join(dir, "p.png")
	secret, public := keyPair(t, dir, "acme.key")
	stranger, _ := keyPair(t, dir, "other.key")
	write(t, photo, noise(t, 1))
	enroll := func(more ...string) (int, string, string) {
		return call(t, append([]string{"enroll", "--gallery", path, "--gtin", lemon, photo}, more...)...)
	}
	for _, want := range []string{"version 1", "version 2"} {
		if status, _, errs := enroll("--sign-key", secret); status != exitDone {
			t.Fatal(errs)
		}
		if status, out, errs := call(t, "gallery", "verify", "--key", public, path); status != exitDone || !strings.Contains(out, want) {
			t.Fatalf("want %s: %s%s", want, out, errs)
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, errs := enroll(); status != exitFailed || !strings.Contains(errs, "--sign-key") {
		t.Errorf("without the key: status %d %s", status, errs)
	}
	if status, _, errs := enroll("--sign-key", stranger); status != exitFailed || !strings.Contains(errs, "trusted") {
		t.Errorf("with another key: status %d %s", status, errs)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed: %v", err)
	}
}

// noise is a picture of which no two are alike.
func noise(t *testing.T, seed int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 60, 120))
	for i := range img.Pix {
		img.Pix[i] = byte((i + seed) * (i + 7*seed) >> 3)
	}
	return jpegOf(t, img)
}

// A board with a key takes the gallery that is signed by it, and neither another nor an older one.
func TestABoardTakesOnlyASignedGallery(t *testing.T) {
	path := configure(t, smallest+"data_dir: data\ncamera: {source: 'dir:frames'}\nvision: {gallery: g.gallery, gallery_key: acme.key.pub}\n")
	dir := filepath.Dir(path)
	file := filepath.Join(dir, "g.gallery")
	secret, _ := keyPair(t, dir, "acme.key")
	taught(t, file)
	run := func() (int, string) {
		status, _, errs := call(t, "run", "--config", path, "--until-end")
		return status, errs
	}
	if status, errs := run(); status != exitFailed || !strings.Contains(errs, "not signed") || !strings.Contains(errs, "hint: ") {
		t.Errorf("not signed: status %d\n%s", status, errs)
	}
	if _, checks := examined(t, path); checks["networks"].Verdict == good || !strings.Contains(checks["networks"].Detail, "not signed") {
		t.Errorf("doctor says %+v", checks["networks"])
	}
	sign := func() {
		t.Helper()
		if status, _, errs := call(t, "gallery", "sign", "--key", secret, file); status != exitDone {
			t.Fatal(errs)
		}
	}
	sign()
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sign()
	if status, errs := run(); status != exitDone {
		t.Fatalf("signed: status %d\n%s", status, errs)
	}
	write(t, file, old)
	if status, errs := run(); status != exitFailed || !strings.Contains(errs, "version 2 has been in use") {
		t.Errorf("rolled back: status %d\n%s", status, errs)
	}
}
