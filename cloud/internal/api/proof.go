package api

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// proofAnswer says where an alert's slot is in the pictures of its moments; null if there is no picture.
type proofAnswer struct {
	Before *proofLook `json:"before"`
	After  *proofLook `json:"after"`
	End    *proofLook `json:"end"`
}

type proofLook struct {
	Boot       uint32     `json:"boot"`
	Seq        uint64     `json:"seq"`
	CapturedAt time.Time  `json:"captured_at"`
	Box        shelf.Box  `json:"box"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	KeptUntil  *time.Time `json:"kept_until"` // null: no picture of it has come
	Crop       string     `json:"crop"`
	Picture    string     `json:"picture"`
}

func (a *api) proof(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	al, crops, err := a.crops(r, tenant)
	if err != nil {
		return nil, err
	}
	look := func(m alert.Moment) *proofLook {
		c, ok := crops[m]
		if !ok {
			return nil
		}
		out := &proofLook{Boot: c.Look.Boot, Seq: c.Look.Seq, CapturedAt: c.Look.At, Box: c.Box, Width: c.Width, Height: c.Height,
			Crop: "/v1/alerts/" + al.ID + "/proof/" + string(m), Picture: pictureOf(al, c.Look.Key)}
		if !c.KeptUntil.IsZero() {
			out.KeptUntil = &c.KeptUntil
		}
		return out
	}
	return proofAnswer{look(alert.MomentBefore), look(alert.MomentAfter), look(alert.MomentEnd)}, nil
}

// pictureOf returns the address of the whole picture of a look.
func pictureOf(al *alert.Alert, k alert.Key) string {
	return fmt.Sprintf("/v1/coolers/%s/picture?boot=%d&seq=%d", al.Device, k.Boot, k.Seq)
}

func (a *api) crops(r *http.Request, tenant string) (*alert.Alert, map[alert.Moment]alert.Crop, error) {
	al, err := alert.Get(r.Context(), a.DB, tenant, r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	crops, err := alert.Crops(r.Context(), a.DB, al)
	return al, crops, err
}

// proofCrop returns the alert's slot, cropped from the picture of a moment.
func (a *api) proofCrop(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	al, crops, err := a.crops(r, tenant)
	if err != nil {
		return nil, err
	}
	m := alert.Moment(r.PathValue("moment"))
	c, known := crops[m]
	if why := noProof(al, m, c, known); why != nil {
		return nil, why
	}
	pic, err := state.GetPicture(r.Context(), a.DB, tenant, al.Device, state.Order(c.Look.Key))
	if errors.Is(err, state.ErrNotFound) {
		return nil, &Problem{http.StatusGone, problem.PictureGone, "the picture is no more: it was kept until " + c.KeptUntil.Format(time.RFC3339),
			"pictures that an alert rests on are kept for 30 days from when it opened, changed or ended: fetch them before"}
	}
	if err != nil {
		return nil, err
	}
	select {
	case cutting <- struct{}{}:
		defer func() { <-cutting }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	cut, err := cutOut(pic.JPEG, c)
	if err != nil {
		return nil, &Problem{http.StatusNotFound, problem.SlotNotCut, "the slot cannot be cut out: " + err.Error(), "the picture as the board sent it: GET " + pictureOf(al, c.Look.Key)}
	}
	// A better picture of the moment may come, which is then that of another look.
	return &blob{contentType: "image/jpeg", etag: fmt.Sprintf("%d-%d", pic.Boot, pic.Seq), maxAge: "private, no-cache", bytes: cut}, nil
}

// cutting bounds how many pictures are decoded at a time: each takes up to maxPixels times 3 bytes.
var cutting = make(chan struct{}, 2)

// noProof says why there is nothing to show of a moment; nil if there may be something.
func noProof(al *alert.Alert, m alert.Moment, c alert.Crop, known bool) *Problem {
	var at *uint64
	switch m {
	case alert.MomentBefore:
		at = al.Evidence.BeforeSeq
	case alert.MomentAfter:
		at = al.Evidence.AfterSeq
	case alert.MomentEnd:
		at = al.Evidence.EndSeq
	default:
		return &Problem{http.StatusNotFound, problem.NotFound, fmt.Sprintf("there is no moment %q", m), "ask for before, after or end"}
	}
	none := func(text, hint string) *Problem { return &Problem{http.StatusNotFound, problem.NoProof, text, hint} }
	switch {
	case al.Slot == "":
		return none("the alert is not about a slot", "its pictures: GET /v1/coolers/"+al.Device+"/picture with boot and seq of its evidence")
	case at == nil && m == alert.MomentBefore:
		return none("the slot was never seen well before", "the alert says so too: last_seen_good is null")
	case at == nil && al.State != alert.StatusResolved:
		return none("the alert is not over", "ask again once it is resolved")
	case at == nil:
		return none("no look of the board shows this moment", "GET /v1/alerts/"+al.ID+" says what the alert rests on")
	case !known:
		return none("where the slot was then is not known: it was not in that look, or the look is not kept any more", "the whole picture, if it is there: GET /v1/coolers/"+al.Device+"/picture with boot and seq of the evidence")
	case c.KeptUntil.IsZero():
		return none("no picture of this moment has come", "a board sends pictures as its configuration says, and none while somebody stands before the shelf; one may come yet")
	}
	return nil
}

const (
	maxPixels   = 16 << 20 // of a picture that is decoded; a JPEG of a few bytes can claim 4 G
	cropQuality = 90
)

// cutOut crops a slot from a picture, which may be smaller than the one that was judged.
func cutOut(data []byte, c alert.Crop) ([]byte, error) {
	if c.Width <= 0 || c.Height <= 0 || c.Box.W <= 0 || c.Box.H <= 0 {
		return nil, errors.New("the board did not say where the slot is")
	}
	head, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the board's picture is no JPEG: %w", err)
	}
	if head.Width*head.Height > maxPixels {
		return nil, fmt.Errorf("the board's picture is %d × %d pixels, more than are unpacked here", head.Width, head.Height)
	}
	pic, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the board's picture is no whole JPEG: %w", err)
	}
	scale := func(v, of, to int) int { return int(int64(v) * int64(to) / int64(of)) }
	x0, y0 := scale(c.Box.X, c.Width, head.Width), scale(c.Box.Y, c.Height, head.Height)
	x1, y1 := scale(c.Box.X+c.Box.W, c.Width, head.Width), scale(c.Box.Y+c.Box.H, c.Height, head.Height)
	spot := image.Rect(x0, y0, max(x1, x0+1), max(y1, y0+1)).Add(pic.Bounds().Min).Intersect(pic.Bounds())
	if spot.Empty() {
		return nil, errors.New("the slot was out of the picture")
	}
	cut := image.NewRGBA(image.Rect(0, 0, spot.Dx(), spot.Dy()))
	draw.Draw(cut, cut.Bounds(), pic, spot.Min, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, cut, &jpeg.Options{Quality: cropQuality}); err != nil {
		return nil, fmt.Errorf("pack the crop: %w", err)
	}
	return out.Bytes(), nil
}
