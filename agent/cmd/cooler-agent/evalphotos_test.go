package main

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision/synth"
)

// photosOf renders photos of n products into train/ and val/ of folders named by product: turned packs
// on a plain ground, the last of each asked about.
func photosOf(t *testing.T, n int) string {
	t.Helper()
	cat, err := synth.NewCatalogue(21, n)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, sku := range cat.SKUs {
		yaws := synth.ReferenceYaws()
		for k, yaw := range yaws {
			img, err := cat.Reference(t.Context(), sku, float64(yaw))
			if err != nil {
				t.Fatal(err)
			}
			half := "train"
			if k == len(yaws)-1 {
				half = "val"
			}
			write(t, filepath.Join(dir, half, "drinks", string(sku.GTIN), strconv.Itoa(k)+".jpg"), jpegOf(t, img))
		}
	}
	return dir
}

func TestEvalNamesPhotos(t *testing.T) {
	dir := photosOf(t, 6)
	status, out, errs := call(t, "eval", "--json", "--data", dir)
	if status != exitDone {
		t.Fatalf("status %d\n%s", status, errs)
	}
	var r photoReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Photos != 6 || r.Products != 6 || r.Enrolled != 6*(len(synth.ReferenceYaws())-1) {
		t.Errorf("%d photos of %d products asked, %d enrolled", r.Photos, r.Products, r.Enrolled)
	}
	if r.Top1All < 0.8 || r.Top1Few < 0.8 {
		t.Errorf("named right: %v, from five each %v; want 0.8", r.Top1All, r.Top1Few)
	}
	if sum := r.Named + r.Misnamed + r.Unknown; sum < 0.999 || sum > 1.001 {
		t.Errorf("right, wrong and unknown make %v, want 1", sum)
	}
	status, out, errs = call(t, "eval", "--data", dir)
	if status != exitDone || !strings.Contains(out, "6 photos of 6 products") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

func TestAPhotoOfAProductThatIsNotEnrolledIsToldOf(t *testing.T) {
	dir := photosOf(t, 2)
	write(t, filepath.Join(dir, "val", "drinks", "96385074", "a.jpg"), tinyJPEG(t))
	status, _, errs := call(t, "eval", "--data", dir)
	if status != exitFailed || !strings.Contains(errs, "96385074") {
		t.Errorf("status %d, stderr %q; want the product's name in it", status, errs)
	}
}
