package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/picture"
)

const (
	// pollEvery is how often --follow asks for new lessons.
	pollEvery = 10 * time.Second
	// deskTimeout bounds one request: a gallery of hundreds of megabytes is sent in a single one.
	deskTimeout = 15 * time.Minute
)

// cloudLesson is an entry of GET /v1/lessons, as far as it is needed here.
type cloudLesson struct {
	ID      int64                `json:"id"`
	GTIN    shelf.GTIN           `json:"gtin"`
	Name    string               `json:"name"`
	Photos  int                  `json:"photos"`
	Facings map[string]shelf.Box `json:"facings"` // by the photo's number; in the other photos the pack has to be found
}

// lessonResult tells the cloud what came of a lesson.
type lessonResult struct {
	Added      int           `json:"added"`
	References int           `json:"references"`
	Faults     []string      `json:"faults"`
	Alike      []lessonAlike `json:"alike"`
	Gallery    lessonGallery `json:"gallery"`
	Bundle     string        `json:"bundle"`
}

type lessonAlike struct {
	GTIN       shelf.GTIN `json:"gtin"`
	Name       string     `json:"name"`
	Similarity float64    `json:"similarity"`
}

type lessonGallery struct {
	Version    uint64 `json:"version"`
	SignedBy   string `json:"signed_by"`
	Products   int    `json:"products"`
	References int    `json:"references"`
	Embedder   string `json:"embedder"`
}

// desk enrols the lessons given on the page into a gallery, on the machine that holds the signing keys.
type desk struct {
	enrollOptions
	cloud  *cloudClient
	base   *url.URL
	out    io.Writer
	errs   io.Writer
	see    *sight
	quiet  bool   // it has been said that there is nothing to do
	before string // the last round's fault, so that a repeated one is printed once
}

// fromCloudLessons enrols the lessons that wait in the cloud, once or, with follow, until ctx ends.
func (o enrollOptions) fromCloudLessons(ctx context.Context, out, errs io.Writer) error {
	base, err := url.Parse(o.cloud)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return withHint(fmt.Errorf("--from-cloud %q is no URL", o.cloud), "it is the address of the page, such as https://cloud.example")
	}
	token, err := readToken(o.token)
	if err != nil {
		return err
	}
	d := &desk{enrollOptions: o, cloud: newCloudClient(token), base: base, out: out, errs: errs}
	d.cloud.http.Timeout = deskTimeout
	defer d.cloud.http.CloseIdleConnections()
	defer func() {
		if d.see != nil {
			d.see.Close()
		}
	}()
	for {
		err := d.round(ctx)
		switch {
		case ctx.Err() != nil:
			return nil // the user asked to stop
		case !o.follow:
			return err
		case err != nil && err.Error() != d.before:
			fmt.Fprintln(errs, "error:", err)
			d.before = err.Error()
		case err == nil:
			d.before = ""
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pollEvery):
		}
	}
}

// round enrols all waiting lessons. The gallery is written once, and only then is the cloud told. If it ends in
// between, the lessons are enrolled again, which changes nothing: a reference is kept only once.
func (d *desk) round(ctx context.Context) error {
	var waiting struct {
		Lessons []cloudLesson `json:"lessons"`
	}
	if err := d.cloud.getJSON(ctx, d.at("/v1/lessons", url.Values{"status": {"waiting"}}), &waiting); err != nil {
		return err
	}
	if len(waiting.Lessons) == 0 {
		if !d.quiet {
			fmt.Fprintln(d.out, "no lesson waits")
		}
		d.quiet = true
		return nil
	}
	d.quiet = false
	save, err := d.saving(d.enrollOptions.sight.Gallery)
	if err != nil {
		return err
	}
	g, err := d.openGallery(ctx)
	if err != nil {
		return err
	}
	results := make([]lessonResult, len(waiting.Lessons))
	for i := len(results) - 1; i >= 0; i-- { // the oldest first
		if results[i], err = d.teach(ctx, g, &waiting.Lessons[i]); err != nil {
			return fmt.Errorf("lesson %d: %w", waiting.Lessons[i].ID, err)
		}
	}
	if len(g.References) > 0 {
		if err := save(g); err != nil {
			return err
		}
	}
	version, err := d.publish(ctx)
	if err != nil {
		return fmt.Errorf("the gallery %s is written, its bundle did not reach the cloud: %w", d.enrollOptions.sight.Gallery, err)
	}
	for i := len(results) - 1; i >= 0; i-- {
		if err := d.report(ctx, g, &waiting.Lessons[i], results[i], version); err != nil {
			return err
		}
	}
	return nil
}

// openGallery reads the gallery again, because somebody may have enrolled photos meanwhile.
func (d *desk) openGallery(ctx context.Context) (*gallery.Gallery, error) {
	if d.see != nil {
		d.see.Close()
		d.see = nil
	}
	o := d.enrollOptions.sight
	if _, err := os.Stat(o.Gallery); errors.Is(err, os.ErrNotExist) {
		o.Gallery = ""
	}
	s, err := openSight(ctx, o)
	if err != nil {
		return nil, err
	}
	d.see = s
	if s.Recogniser != nil {
		return s.Recogniser.Gallery(), nil
	}
	return gallery.New(s.Embedder), nil
}

// teach fetches a lesson's photos and enrols what they show. What is wrong with a photo is recorded as a fault
// of the lesson. An error means that the connection failed, and the lesson goes on waiting.
func (d *desk) teach(ctx context.Context, g *gallery.Gallery, l *cloudLesson) (lessonResult, error) {
	r := lessonResult{Faults: []string{}, Alike: []lessonAlike{}}
	if err := d.cloud.getJSON(ctx, d.at(fmt.Sprintf("/v1/lessons/%d", l.ID), nil), l); err != nil {
		return r, err
	}
	learn := lesson{gtin: l.GTIN, name: l.Name}
	for n := 1; n <= l.Photos; n++ {
		data, err := d.cloud.get(ctx, d.at(fmt.Sprintf("/v1/lessons/%d/photos/%d", l.ID, n), nil), picture.MaxBytes)
		if err != nil {
			return r, err
		}
		if err := d.view(ctx, &learn, l, n, data); err != nil {
			r.Faults = append(r.Faults, fmt.Sprintf("photo %d: %v", n, err))
		}
	}
	added, faults := teach(ctx, d.see, g, learn)
	r.Added = added
	for _, err := range faults {
		r.Faults = append(r.Faults, err.Error())
	}
	return r, ctx.Err()
}

// view adds what one photo shows of the product.
func (d *desk) view(ctx context.Context, learn *lesson, l *cloudLesson, n int, data []byte) error {
	frame, err := picture.Decode(data)
	if err != nil {
		return err
	}
	var box *shelf.Box
	if b, ok := l.Facings[fmt.Sprint(n)]; ok {
		box = &b
	}
	views, err := viewsOf(ctx, d.see, frame, box)
	if err != nil {
		return err
	}
	for _, v := range views {
		learn.crops = append(learn.crops, frame.Crop(v))
		learn.sources = append(learn.sources, fmt.Sprintf("lesson %d photo %d", l.ID, n))
	}
	return nil
}

// report tells the cloud, and the user, what came of a lesson.
func (d *desk) report(ctx context.Context, g *gallery.Gallery, l *cloudLesson, r lessonResult, version string) error {
	for _, ref := range g.References {
		if ref.GTIN == l.GTIN {
			r.References++
		}
	}
	for _, a := range g.LookAlikes() {
		other := a.B
		if a.B == l.GTIN {
			other = a.A
		}
		if a.A == l.GTIN || a.B == l.GTIN {
			r.Alike = append(r.Alike, lessonAlike{other, g.Names[other], a.Similarity})
		}
	}
	r.Gallery = lessonGallery{Version: g.Version, SignedBy: d.signer(), Products: len(g.GTINs()), References: len(g.References), Embedder: g.Embedder.Name + " " + g.Embedder.Version}
	if r.References > 0 {
		r.Bundle = version
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := d.cloud.post(ctx, d.at(fmt.Sprintf("/v1/lessons/%d/result", l.ID), nil), "application/json", bytes.NewReader(body)); err != nil {
		return fmt.Errorf("lesson %d is in the gallery, the cloud could not be told: %w", l.ID, err)
	}
	fmt.Fprintf(d.out, "lesson %d, %s %s: %d references added, %d of it in all\n", l.ID, l.GTIN, l.Name, r.Added, r.References)
	for _, f := range r.Faults {
		fmt.Fprintln(d.errs, "  error:", f)
	}
	return nil
}

// signer returns the key with which the gallery has just been signed.
func (d *desk) signer() string {
	if d.key == "" {
		return ""
	}
	g, err := gallery.Load(d.enrollOptions.sight.Gallery)
	if err != nil {
		return ""
	}
	return g.SignedBy
}

// publish makes a signed bundle of the gallery and sends it to the cloud, if there are keys to sign it with.
func (d *desk) publish(ctx context.Context) (version string, err error) {
	if d.keys == "" {
		return "", nil
	}
	if _, err := os.Stat(d.enrollOptions.sight.Gallery); errors.Is(err, os.ErrNotExist) {
		return "", nil // nothing was enrolled
	}
	if version, err = d.nextVersion(ctx); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "coldshelf-lessons-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "gallery.bundle")
	o := bundle.Order{Release: bundle.Release{Kind: bundle.Gallery, Version: version}, Expires: 365 * 24 * time.Hour}
	if err := fillOrder(&o, d.enrollOptions.sight.Gallery); err != nil {
		return "", err
	}
	if _, err := bundle.Make(path, d.keys, o, time.Now()); err != nil {
		return "", withHint(err, "`cooler-agent bundle init --keys "+d.keys+"` makes keys")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := d.cloud.post(ctx, d.at("/v1/bundles", nil), "application/zip", f); err != nil {
		return "", err
	}
	fmt.Fprintf(d.out, "bundle gallery %s is in the cloud: start a staged update there\n", version)
	return version, nil
}

// nextVersion returns today's date, with a number appended if the cloud has a bundle of this or a later
// version.
func (d *desk) nextVersion(ctx context.Context) (string, error) {
	var have struct {
		Bundles []bundle.Release `json:"bundles"`
	}
	if err := d.cloud.getJSON(ctx, d.at("/v1/bundles", nil), &have); err != nil {
		return "", err
	}
	newest := ""
	for _, b := range have.Bundles {
		if b.Kind == bundle.Gallery && bundle.Compare(b.Version, newest) > 0 {
			newest = b.Version
		}
	}
	return versionAfter(newest, time.Now()), nil
}

// versionAfter returns a version for a day that sorts after newest.
func versionAfter(newest string, now time.Time) string {
	day := now.UTC().Format(time.DateOnly)
	if bundle.Compare(day, newest) > 0 {
		return day
	}
	for n := 2; n < 1000; n++ {
		if v := fmt.Sprintf("%s.%d", day, n); bundle.Compare(v, newest) > 0 {
			return v
		}
	}
	return newest + ".1" // somebody used the date of a day to come
}

func (d *desk) at(path string, q url.Values) *url.URL {
	u := d.base.JoinPath(path)
	u.RawQuery = q.Encode()
	return u
}
