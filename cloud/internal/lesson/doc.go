// Package lesson keeps what people teach on the page: a product with photos of it, or with facings that a
// cooler saw and could not name. It keeps them until a program that has the networks (cooler-agent enroll
// --from-cloud) has put them into a gallery and reported the outcome.
//
// It only checks that a picture is one; the program that embeds it decides how useful it is. It holds no
// gallery and no signing key: what is taught reaches boards as a signed bundle of package release. If an
// outcome is reported twice, the later one counts.
package lesson

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Limits of what is kept.
const (
	MaxPhotos     = 12       // of one lesson
	MaxPhotoBytes = 6 << 20  // of one photo
	MaxPixels     = 24 << 20 // of one photo
	MinSide       = 32       // pixels of a photo, 8 of a facing in one
	minFacing     = 8
	MaxTenant     = 512 << 20 // bytes of all photos of a tenant
	maxLessons    = 2000      // of a tenant
)

// Errors that callers may branch on.
var (
	ErrLesson  = errors.New("the lesson is not understood")
	ErrPhoto   = errors.New("the photo cannot be used")
	ErrFull    = errors.New("no more lessons can be kept")
	ErrMissing = errors.New("photos of it have not come yet")
)

// Tables are the tables of this package.
var Tables = state.Migrations{Name: "lesson", Steps: []string{`
CREATE TABLE lessons (
	id         AUTOID,
	tenant     TEXT NOT NULL,
	gtin       TEXT NOT NULL,
	name       TEXT NOT NULL,
	device     TEXT NOT NULL,
	photos     BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	result     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX lessons_by_tenant ON lessons (tenant, id);
CREATE TABLE lesson_photos (
	tenant TEXT NOT NULL,
	lesson BIGINT NOT NULL,
	n      BIGINT NOT NULL,
	type   TEXT NOT NULL,
	x      BIGINT NOT NULL,
	y      BIGINT NOT NULL,
	w      BIGINT NOT NULL,
	h      BIGINT NOT NULL,
	bytes  BLOB NOT NULL,
	PRIMARY KEY (tenant, lesson, n)
);
`}}

// Status says how far a lesson is.
type Status string

// The statuses of a lesson.
const (
	Incomplete Status = "incomplete" // photos are missing
	Waiting    Status = "waiting"    // to be taught
	Taught     Status = "taught"     // a gallery holds it
	Refused    Status = "refused"    // no photo of it could be used
)

// Lesson is one product, with what shows it.
type Lesson struct {
	ID        int64      `json:"id"`
	GTIN      shelf.GTIN `json:"gtin"`
	Name      string     `json:"name"`
	Device    string     `json:"device,omitempty"` // the cooler that saw it; "": photos were sent
	Photos    int        `json:"photos"`           // that are expected
	Arrived   int        `json:"arrived"`          // that have arrived
	Status    Status     `json:"status"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	Result    *Result    `json:"result,omitempty"`
}

// Result is the outcome of a lesson, as reported by whoever taught it.
type Result struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Added  int       `json:"added"`      // references that came from the lesson
	Held   int       `json:"references"` // that the gallery now holds of this product
	Faults []string  `json:"faults"`     // of photos that could not be used
	Alike  []Alike   `json:"alike"`      // products for which it may be mistaken
	In     Gallery   `json:"gallery"`
	Bundle string    `json:"bundle,omitempty"` // version of the signed bundle that contains it; "": none was sent
}

// Alike is a product that looks much like the one taught.
type Alike struct {
	GTIN       shelf.GTIN `json:"gtin"`
	Name       string     `json:"name"`
	Similarity float64    `json:"similarity"` // cosine of the nearest references
}

// Gallery is the file that contains the lesson.
type Gallery struct {
	Version    uint64 `json:"version"`   // 0: it is not signed
	SignedBy   string `json:"signed_by"` // the key; "": it is not signed
	Products   int    `json:"products"`
	References int    `json:"references"`
	Embedder   string `json:"embedder"`
}

// Photo is a picture of a lesson.
type Photo struct {
	Type   string     // media type
	Facing *shelf.Box // the pack in it; nil: it has to be found
	Bytes  []byte
}

const (
	maxName  = 200
	maxWords = 500 // characters of one fault
	maxList  = 50  // of faults, and of products alike
)

// validate returns an error that names what is wrong with a new lesson, and shortens its GTIN.
func (l *Lesson) validate() error {
	g, err := shelf.ParseGTIN(string(l.GTIN))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrLesson, err)
	case l.Name == "" || len(l.Name) > maxName || !utf8.ValidString(l.Name):
		return fmt.Errorf("%w: name is missing, or longer than %d bytes", ErrLesson, maxName)
	case l.Photos < 1 || l.Photos > MaxPhotos:
		return fmt.Errorf("%w: it has %d photos, want 1 to %d", ErrLesson, l.Photos, MaxPhotos)
	}
	l.GTIN = g
	return nil
}

// Validate names what is wrong with a result.
func (r *Result) Validate() error {
	switch {
	case r.Added < 0 || r.Held < 0 || r.In.Products < 0 || r.In.References < 0:
		return fmt.Errorf("%w: a number is negative", ErrLesson)
	case r.Added > r.Held || r.Held > r.In.References:
		return fmt.Errorf("%w: it added %d, and of %d references of the gallery %d are of the product", ErrLesson, r.Added, r.In.References, r.Held)
	case len(r.Faults) > maxList || len(r.Alike) > maxList:
		return fmt.Errorf("%w: more than %d faults, or products alike", ErrLesson, maxList)
	case len(r.Bundle) > 100 || len(r.In.SignedBy) > 100 || len(r.In.Embedder) > 200:
		return fmt.Errorf("%w: a name is too long", ErrLesson)
	}
	for i, f := range r.Faults {
		r.Faults[i] = string([]rune(f)[:min(maxWords, len([]rune(f)))])
	}
	for _, a := range r.Alike {
		if _, err := shelf.ParseGTIN(string(a.GTIN)); err != nil || len(a.Name) > maxName || a.Similarity < -1.01 || a.Similarity > 1.01 {
			return fmt.Errorf("%w: product alike %q", ErrLesson, a.GTIN)
		}
	}
	if r.Faults == nil {
		r.Faults = []string{}
	}
	if r.Alike == nil {
		r.Alike = []Alike{}
	}
	return nil
}

// status returns how far a lesson is, by what is known about it.
func (l *Lesson) status() Status {
	switch {
	case l.Result != nil && l.Result.Held > 0:
		return Taught
	case l.Result != nil:
		return Refused
	case l.Arrived < l.Photos:
		return Incomplete
	}
	return Waiting
}
