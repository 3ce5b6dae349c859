package api

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"net/http"
	"strconv"

	"github.com/coldshelf/coldshelf/cloud/internal/lesson"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// lessons returns the addresses for teaching products.
func (a *api) lessons() map[string]handler {
	return map[string]handler{
		"GET /v1/lessons":                 a.listLessons,
		"POST /v1/lessons":                a.postLesson,
		"GET /v1/lessons/{id}":            a.lesson,
		"DELETE /v1/lessons/{id}":         a.deleteLesson,
		"GET /v1/lessons/{id}/photos/{n}": a.lessonPhoto,
		"PUT /v1/lessons/{id}/photos/{n}": a.putLessonPhoto,
		"POST /v1/lessons/{id}/result":    a.postLessonResult,
	}
}

func (a *api) listLessons(r *http.Request, tenant string) (any, error) {
	p := query(r, "status")
	status := lesson.Status(p.text("status"))
	switch status {
	case "", lesson.Incomplete, lesson.Waiting, lesson.Taught, lesson.Refused:
	default:
		p.fault("parameter status is %q, want incomplete, waiting, taught or refused", status)
	}
	if p.err != nil {
		return nil, p.err
	}
	list, err := lesson.List(r.Context(), a.DB, tenant, status)
	return map[string]any{"lessons": list}, err
}

// lessonBody begins a lesson: with a number of photos that will be sent, or with facings in a cooler's picture.
type lessonBody struct {
	GTIN   shelf.GTIN `json:"gtin"`
	Name   string     `json:"name"`
	Photos int        `json:"photos"`
	Seen   *seenBody  `json:"seen"`
}

// seenBody names facings in a look whose picture is stored here. Boxes are in pixels of a picture of Width ×
// Height.
type seenBody struct {
	Device  string      `json:"device"`
	Boot    uint32      `json:"boot"`
	Seq     uint64      `json:"seq"`
	Width   int         `json:"width"`
	Height  int         `json:"height"`
	Facings []shelf.Box `json:"facings"`
}

func (a *api) postLesson(r *http.Request, tenant string) (any, error) {
	var body lessonBody
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	l := &lesson.Lesson{GTIN: body.GTIN, Name: body.Name, Photos: body.Photos, CreatedBy: a.recordedAs(r)}
	var photos []*lesson.Photo
	if body.Seen != nil {
		if body.Photos != 0 {
			return nil, &Problem{http.StatusBadRequest, problem.BadLesson, "a lesson has photos or seen, not both", "leave photos out: the cooler's picture is here"}
		}
		var err error
		if photos, err = a.seenPhotos(r, tenant, body.Seen); err != nil {
			return nil, err
		}
		l.Device, l.Photos = body.Seen.Device, len(photos)
	}
	var made *lesson.Lesson
	err := a.DB.Write(r.Context(), func(tx *state.Tx) (err error) {
		made, err = lesson.Add(r.Context(), tx, tenant, l, photos, a.Now())
		return err
	})
	if err != nil {
		return nil, lessonProblem(err)
	}
	return created{made}, nil
}

// seenPhotos returns the picture of a look once for each facing that is meant, because the cooler's own
// pictures are deleted after a while but those of a lesson are not.
func (a *api) seenPhotos(r *http.Request, tenant string, seen *seenBody) ([]*lesson.Photo, error) {
	if seen.Width <= 0 || seen.Height <= 0 || seen.Width > 1<<15 || seen.Height > 1<<15 || len(seen.Facings) == 0 {
		return nil, &Problem{http.StatusBadRequest, problem.BadLesson, "seen lacks width, height or facings", "they stand in the cooler's observation"}
	}
	if err := a.known(r, tenant, seen.Device); err != nil {
		return nil, err
	}
	picture, err := state.GetPicture(r.Context(), a.DB, tenant, seen.Device, state.Order{Boot: seen.Boot, Seq: seen.Seq})
	if errors.Is(err, state.ErrNotFound) {
		return nil, &Problem{http.StatusConflict, problem.NoPicture, "the picture of that look is not here", "capture one now, and name the facing in it"}
	}
	if err != nil {
		return nil, err
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(picture.JPEG))
	if err != nil {
		return nil, lessonProblem(fmt.Errorf("%w: %w", lesson.ErrPhoto, err))
	}
	if len(seen.Facings) > lesson.MaxPhotos {
		return nil, lessonProblem(fmt.Errorf("%w: %d facings, at most %d", lesson.ErrLesson, len(seen.Facings), lesson.MaxPhotos))
	}
	var photos []*lesson.Photo
	for _, f := range seen.Facings {
		f = lesson.Scaled(f, seen.Width, seen.Height, size.Width, size.Height)
		p, err := lesson.NewPhoto(picture.JPEG, &f)
		if err != nil {
			return nil, lessonProblem(err)
		}
		photos = append(photos, p)
	}
	return photos, nil
}

// lessonProblem says what somebody can do about a lesson that is refused.
func lessonProblem(err error) error {
	switch {
	case errors.Is(err, lesson.ErrPhoto):
		return &Problem{http.StatusBadRequest, problem.BadPhoto, err.Error(), "send a JPEG or PNG on which the pack can be seen"}
	case errors.Is(err, lesson.ErrLesson):
		return &Problem{http.StatusBadRequest, problem.BadLesson, err.Error(), "see docs/openapi.yaml"}
	case errors.Is(err, lesson.ErrFull):
		return &Problem{http.StatusConflict, problem.TooManyLessons, err.Error(), "remove lessons that are taught: the gallery keeps what it learned"}
	case errors.Is(err, lesson.ErrMissing):
		return &Problem{http.StatusConflict, problem.PhotosMissing, err.Error(), "send the photos that are missing first"}
	}
	return err
}

// number reads a number in the address. Anything else names nothing that exists.
func number(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s %q: %w", name, r.PathValue(name), state.ErrNotFound)
	}
	return n, nil
}

// lessonDetail is a lesson, with where its product is in its photos.
type lessonDetail struct {
	*lesson.Lesson
	Facings map[string]shelf.Box `json:"facings"` // by the photo's number
}

func (a *api) lesson(r *http.Request, tenant string) (any, error) {
	id, err := number(r, "id")
	if err != nil {
		return nil, err
	}
	l, err := lesson.Get(r.Context(), a.DB, tenant, id)
	if err != nil {
		return nil, err
	}
	at, err := lesson.Facings(r.Context(), a.DB, tenant, id)
	d := lessonDetail{l, map[string]shelf.Box{}}
	for n, f := range at {
		d.Facings[strconv.Itoa(n)] = f
	}
	return d, err
}

func (a *api) deleteLesson(r *http.Request, tenant string) (any, error) {
	id, err := number(r, "id")
	if err != nil {
		return nil, err
	}
	return map[string]any{}, a.DB.Write(r.Context(), func(tx *state.Tx) error {
		return lesson.Remove(r.Context(), tx, tenant, id, a.recordedAs(r), a.Now())
	})
}

// photoNumber reads which photo of which lesson is meant.
func photoNumber(r *http.Request) (lesson int64, n int, err error) {
	if lesson, err = number(r, "id"); err != nil {
		return 0, 0, err
	}
	which, err := number(r, "n")
	return lesson, int(which), err
}

func (a *api) lessonPhoto(r *http.Request, tenant string) (any, error) {
	id, n, err := photoNumber(r)
	if err != nil {
		return nil, err
	}
	p, err := lesson.GetPhoto(r.Context(), a.DB, tenant, id, n)
	if err != nil {
		return nil, err
	}
	return &blob{contentType: p.Type, maxAge: "private, no-cache", bytes: p.Bytes}, nil
}

func (a *api) putLessonPhoto(r *http.Request, tenant string) (any, error) {
	id, n, err := photoNumber(r)
	if err != nil {
		return nil, err
	}
	data, err := read(r, lesson.MaxPhotoBytes)
	if err != nil {
		return nil, err
	}
	p, err := lesson.NewPhoto(data, nil)
	if err != nil {
		return nil, lessonProblem(err)
	}
	var l *lesson.Lesson
	err = a.DB.Write(r.Context(), func(tx *state.Tx) (err error) {
		l, err = lesson.PutPhoto(r.Context(), tx, tenant, id, n, p)
		return err
	})
	return l, lessonProblem(err)
}

// postLessonResult takes the outcome of a lesson from a program that has the networks.
func (a *api) postLessonResult(r *http.Request, tenant string) (any, error) {
	id, err := number(r, "id")
	if err != nil {
		return nil, err
	}
	var body struct {
		Added  int            `json:"added"`
		Held   int            `json:"references"`
		Faults []string       `json:"faults"`
		Alike  []lesson.Alike `json:"alike"`
		In     lesson.Gallery `json:"gallery"`
		Bundle string         `json:"bundle"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	result := &lesson.Result{At: a.Now().UTC(), By: a.recordedAs(r), Added: body.Added, Held: body.Held, Faults: body.Faults, Alike: body.Alike, In: body.In, Bundle: body.Bundle}
	var l *lesson.Lesson
	err = a.DB.Write(r.Context(), func(tx *state.Tx) (err error) {
		l, err = lesson.Tell(r.Context(), tx, tenant, id, result)
		return err
	})
	return l, lessonProblem(err)
}
