package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/vision/synth"
)

// send asks the cloud for something and reads its answer.
func send(t *testing.T, method, url string, body []byte, want int, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: %s, want %d: %s (%v)", method, url, resp.Status, want, data, err)
	}
	if into != nil {
		if err := json.Unmarshal(data, into); err != nil {
			t.Fatal(err)
		}
	}
}

// toldLesson is a lesson as the cloud shows it.
type toldLesson struct {
	ID     int64
	Status string
	Result *lessonResult
}

// What is taught on the page: one product by photos, one by a facing that the cooler saw. The desk puts both
// into a signed gallery and sends a bundle back; the board then names what it did not know.
func TestLessonsOfThePageReachTheShelf(t *testing.T) {
	site, broker := startCloud(t)
	s := stock(t, synth.Clean)
	a := clearest(s.truth)
	config := configure(t, smallest+"camera: {source: 'dir:shelf'}\npicture: {send: always}\nuplink: {broker: '"+broker+"'}\n")
	shot, err := os.ReadFile(s.picture)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(filepath.Dir(config), "shelf", "1.jpg"), shot)
	runToEnd(t, config)
	var cooler struct {
		Observation struct {
			Boot          uint32
			Seq           uint64
			Width, Height int
		}
	}
	send(t, "GET", site+"/v1/coolers/cooler-1", nil, 200, &cooler)
	o := cooler.Observation
	seen := func(x, y, w, h int) []byte {
		return fmt.Appendf(nil, `{"gtin":%q,"name":"Found","seen":{"device":"cooler-1","boot":%d,"seq":%d,"width":%d,"height":%d,"facings":[[%d,%d,%d,%d]]}}`,
			a.SKU.GTIN, o.Boot, o.Seq, o.Width, o.Height, x, y, w, h)
	}
	send(t, "POST", site+"/v1/lessons", seen(o.Width-20, 0, 40, 40), 400, nil)
	var found, sent, blank toldLesson
	send(t, "POST", site+"/v1/lessons", seen(a.Box[0], a.Box[1], a.Box[2], a.Box[3]), 201, &found)

	other := pick(t, s.references, string(a.SKU.GTIN))
	gtin, photos := filepath.Base(filepath.Dir(other[0])), fmt.Sprint(len(other))
	send(t, "POST", site+"/v1/lessons", []byte(`{"gtin":"`+gtin+`","name":"By photos","photos":`+photos+`}`), 201, &sent)
	for i, path := range other {
		if sent.Status != "incomplete" {
			t.Errorf("%s before photo %d", sent.Status, i+1)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		send(t, "PUT", fmt.Sprintf("%s/v1/lessons/%d/photos/%d", site, sent.ID, i+1), data, 200, &sent)
	}
	// One whose photos never come all is left alone.
	send(t, "POST", site+"/v1/lessons", []byte(`{"gtin":"4006381333931","name":"Half","photos":2}`), 201, &blank)

	dir := t.TempDir()
	keys, g := filepath.Join(dir, "keys"), filepath.Join(dir, "g.gallery")
	for _, args := range [][]string{{"bundle", "init", "--keys", keys}, {"gallery", "keygen", "--out", filepath.Join(dir, "acme.key")}} {
		if status, _, errs := call(t, args...); status != exitDone {
			t.Fatal(errs)
		}
	}
	teach := []string{"enroll", "--from-cloud", site, "--gallery", g, "--sign-key", filepath.Join(dir, "acme.key"), "--bundle-keys", keys}
	if status, _, errs := call(t, teach...); status != exitFailed || !strings.Contains(errs, "no root") {
		t.Errorf("without a root: status %d\n%s", status, errs)
	}
	root, err := os.ReadFile(filepath.Join(keys, "1.root.json"))
	if err != nil {
		t.Fatal(err)
	}
	send(t, "PUT", site+"/v1/bundles/root", root, 200, nil)
	status, out, errs := call(t, teach...)
	if status != exitDone || !strings.Contains(out, "bundle gallery ") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	var bundles struct {
		Bundles []struct{ Kind, Version string }
	}
	send(t, "GET", site+"/v1/bundles", nil, 200, &bundles)
	if len(bundles.Bundles) != 1 || bundles.Bundles[0].Kind != "gallery" {
		t.Fatalf("bundles: %+v", bundles)
	}
	for _, l := range []*toldLesson{&found, &sent, &blank} {
		send(t, "GET", fmt.Sprintf("%s/v1/lessons/%d", site, l.ID), nil, 200, l)
	}
	for _, l := range []toldLesson{found, sent} {
		// The gallery was written before the root was there, so these references are no news the second time.
		if r := l.Result; l.Status != "taught" || r.References == 0 || r.Bundle != bundles.Bundles[0].Version || r.Gallery.Version != 2 || r.Gallery.SignedBy == "" || r.Gallery.Products != 2 {
			t.Errorf("lesson %d: %s, %+v", l.ID, l.Status, r)
		}
	}
	if blank.Status != "incomplete" {
		t.Errorf("the lesson without its photos is %s", blank.Status)
	}
	if status, out, errs := call(t, teach...); status != exitDone || out != "no lesson waits\n" {
		t.Errorf("once more: status %d\n%s%s", status, out, errs)
	}

	again := filepath.Join(filepath.Dir(config), "again.yml")
	write(t, again, []byte(strings.Replace(readText(t, config), "camera:", "vision: {gallery: "+g+", gallery_key: "+filepath.Join(dir, "acme.key.pub")+"}\ncamera:", 1)))
	runToEnd(t, again)
	named := false
	for _, f := range lastFacings(t, site+"/v1/coolers/cooler-1") {
		named = named || f.Box.IoU(boxOf(a)) > 0.5 && f.GTIN == a.SKU.GTIN
	}
	if !named {
		t.Error("the board does not name what it was taught")
	}
}

// pick gives the photos of a product other than one, out of folders of references.
func pick(t *testing.T, references, but string) []string {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(references, "*"))
	if err != nil {
		t.Fatal(err)
	}
	folders = slices.DeleteFunc(folders, func(f string) bool { return filepath.Base(f) == but })
	if len(folders) == 0 {
		t.Fatal("no folder of another product")
	}
	photos, err := picturesIn(folders[0])
	if err != nil || len(photos) == 0 {
		t.Fatalf("no photos: %v", err)
	}
	return photos
}

func TestVersionAfter(t *testing.T) {
	now := time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC)
	for newest, want := range map[string]string{
		"": "2026-11-30", "2026-11-29": "2026-11-30", "0.4": "2026-11-30",
		"2026-11-30": "2026-11-30.2", "2026-11-30.9": "2026-11-30.10", "2030-01-01": "2030-01-01.1",
	} {
		if got := versionAfter(newest, now); got != want {
			t.Errorf("after %q: %q, want %q", newest, got, want)
		}
	}
}

func TestWrongUseOfFromCloud(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"with a photo":   {[]string{"--from-cloud", "http://127.0.0.1:1", "x.jpg"}, exitUsage, "goes without photos"},
		"follow nothing": {[]string{"--follow", "--gtin", lemon, "x.jpg"}, exitUsage, "--from-cloud"},
		"no address":     {[]string{"--from-cloud", "cloud.example"}, exitFailed, "no URL"},
		"nobody answers": {[]string{"--from-cloud", "http://" + freeAddress(t)}, exitFailed, "refused"},
		"no such token":  {[]string{"--from-cloud", "http://127.0.0.1:1", "--token-file", filepath.Join(t.TempDir(), "none")}, exitFailed, "open token"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, errs := call(t, append([]string{"enroll"}, c.args...)...)
			if status != c.status || !strings.Contains(errs, c.want) {
				t.Errorf("status %d, want %d with %q in\n%s", status, c.status, c.want, errs)
			}
		})
	}
}
