package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/picture"
)

const (
	fewPhotos = 5 // photos of each product, for the results with few references
	fewDraws  = 5 // random draws over which those results are averaged
)

// photoSet is a folder of photos of one pack each: those in train/ are enrolled, those in val/ are named. A
// photo's product is the folder in which it lies.
type photoSet struct{ train, val map[string][]string }

// readPhotoSet reads such a folder; ok is false if it is none.
func readPhotoSet(dir string) (s photoSet, ok bool, err error) {
	if !isDir(filepath.Join(dir, "train")) || !isDir(filepath.Join(dir, "val")) {
		return s, false, nil
	}
	if s.train, err = photosByFolder(filepath.Join(dir, "train")); err != nil {
		return s, false, err
	}
	if s.val, err = photosByFolder(filepath.Join(dir, "val")); err != nil {
		return s, false, err
	}
	for product := range s.val {
		if len(s.train[product]) == 0 {
			return s, false, withHint(fmt.Errorf("%s: product %s is in val/ but not in train/", dir, product), "a product's photos lie in folders of one name in both")
		}
	}
	return s, len(s.val) > 0, nil
}

func photosByFolder(dir string) (map[string][]string, error) {
	found := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || path == dir {
			return err
		}
		photos, err := picturesIn(path)
		if len(photos) > 0 {
			found[filepath.Base(path)] = append(found[filepath.Base(path)], photos...)
		}
		return err
	})
	return found, err
}

// photoReport is what eval --json prints for such a set.
type photoReport struct {
	Photos     int     `json:"photos"`
	Products   int     `json:"products"`
	Enrolled   int     `json:"enrolled"` // photos in train/
	Top1All    figure  `json:"top1_all"`
	Top1Few    figure  `json:"top1_five"`
	OneViewAll figure  `json:"one_view_top1_all"`  // named by the found pack alone
	OneViewFew figure  `json:"one_view_top1_five"` // the same, from five references each
	Named      figure  `json:"named_right"`        // above the threshold and right, as a share of all
	Misnamed   figure  `json:"named_wrong"`
	Unknown    figure  `json:"unknown_rate"`
	Model      string  `json:"model"`
	Runtime    string  `json:"runtime"`
	Seconds    float64 `json:"seconds"`
}

// asked is a photo of val/ with the vectors of its views.
type asked struct {
	product shelf.GTIN
	views   [][]float32
}

// photos enrols train/ and names val/.
func (o evalOptions) photos(ctx context.Context, set photoSet, out, errs io.Writer) error {
	start := time.Now()
	s, err := openSight(ctx, o.sight)
	if err != nil {
		return err
	}
	defer s.Close()
	all := gallery.New(s.Embedder)
	r := photoReport{Products: len(set.train), Model: s.Embedder.ID().Name + " " + s.Embedder.ID().Version, Runtime: s.Runtime}
	for _, product := range sorted(set.train) {
		r.Enrolled += len(set.train[product])
		_, faults := teach(ctx, s, all, lesson{gtin: shelf.GTIN(product), photos: set.train[product]})
		for _, err := range faults {
			fmt.Fprintln(errs, "error:", err)
		}
	}
	var questions []asked
	for _, product := range sorted(set.val) {
		for _, path := range set.val[product] {
			views, err := vectorsOf(ctx, s, path)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			questions = append(questions, asked{shelf.GTIN(product), views})
		}
	}
	r.Photos = len(questions)
	r.score(all, questions)
	r.Seconds = math.Round(time.Since(start).Seconds()*10) / 10
	if o.card != "" {
		var text bytes.Buffer
		fmt.Fprintf(&text, "### %s\n\n%s\n\n", setName(o.data), r.Model)
		r.table(&text)
		if err := writeCard(o.card, setName(o.data), text.Bytes()); err != nil {
			return err
		}
	}
	if o.asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	r.table(out)
	fmt.Fprintf(out, "\n%s on %s, %.1f s.\n", r.Model, r.Runtime, r.Seconds)
	return nil
}

// vectorsOf embeds the views of a photo, the found pack first.
func vectorsOf(ctx context.Context, s *sight, path string) ([][]float32, error) {
	photo, err := picture.Read(path)
	if err != nil {
		return nil, err
	}
	views, err := viewsOf(ctx, s, photo, nil)
	if err != nil {
		return nil, err
	}
	crops := make([]vision.Frame, len(views))
	for i, v := range views {
		crops[i] = photo.Crop(v)
	}
	return s.Embedder.Embed(ctx, crops)
}

func (r *photoReport) score(all *gallery.Gallery, questions []asked) {
	right, unknown := 0, 0
	for _, q := range questions {
		switch all.MatchViews(q.views).GTIN {
		case q.product:
			right++
		case "":
			unknown++
		}
	}
	n := float64(len(questions))
	r.Named, r.Unknown = figure(float64(right)/n), figure(float64(unknown)/n)
	r.Misnamed = figure(float64(len(questions)-right-unknown) / n)
	r.Top1All, r.OneViewAll = top1(all, questions, 0), top1(all, questions, 1)
	rng := rand.New(rand.NewPCG(5, 5))
	for range fewDraws {
		few := fewOf(all, rng)
		r.Top1Few += top1(few, questions, 0) / fewDraws
		r.OneViewFew += top1(few, questions, 1) / fewDraws
	}
}

// top1 returns the share of photos whose nearest product is the right one, using the first views of each; 0
// uses all.
func top1(g *gallery.Gallery, questions []asked, views int) figure {
	right := 0
	for _, q := range questions {
		v := q.views
		if views > 0 {
			v = v[:views]
		}
		if g.MatchViews(v).Nearest == q.product {
			right++
		}
	}
	return figure(float64(right) / float64(len(questions)))
}

// fewOf returns the gallery with fewPhotos random references of each product.
func fewOf(all *gallery.Gallery, rng *rand.Rand) *gallery.Gallery {
	few := &gallery.Gallery{Embedder: all.Embedder, Open: all.Open, Names: all.Names}
	for _, gtin := range all.GTINs() {
		var photos []string
		for _, r := range all.References {
			if r.GTIN == gtin && !slices.Contains(photos, r.Source) {
				photos = append(photos, r.Source)
			}
		}
		slices.Sort(photos)
		rng.Shuffle(len(photos), func(i, j int) { photos[i], photos[j] = photos[j], photos[i] })
		chosen := photos[:min(fewPhotos, len(photos))]
		for _, r := range all.References {
			if r.GTIN == gtin && slices.Contains(chosen, r.Source) {
				few.References = append(few.References, r)
			}
		}
	}
	return few
}

func (r *photoReport) table(out io.Writer) {
	fmt.Fprintf(out, "%d photos of %d products, each asked by itself; the right product is nearest, by all views of a photo and by the pack that the detector finds in it:\n\n", r.Photos, r.Products)
	fmt.Fprintf(out, "| enrolled | all views | found pack |\n|---|---|---|\n")
	fmt.Fprintf(out, "| all %d photos | %v | %v |\n", r.Enrolled, r.Top1All, r.OneViewAll)
	fmt.Fprintf(out, "| %d of each product, mean of %d draws | %v | %v |\n", fewPhotos, fewDraws, r.Top1Few, r.OneViewFew)
	fmt.Fprintf(out, "\nWith the threshold, from all photos and by all views: %v named right, %v wrong, %v unknown.\n", r.Named, r.Misnamed, r.Unknown)
}

func sorted(m map[string][]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
