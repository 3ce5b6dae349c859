package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

var (
	grey  = color.RGBA{128, 128, 128, 255}
	green = color.RGBA{0, 160, 0, 255}
	red   = color.RGBA{200, 0, 0, 255}
)

// painted is a picture of one colour with a rectangle of another.
func painted(t *testing.T, w, h int, spot image.Rectangle, c color.Color) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Bounds(), image.NewUniform(grey), image.Point{}, draw.Src)
	draw.Draw(m, spot, image.NewUniform(c), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// witness sends looks at one slot, and pictures of them, as the ingester would judge and store them.
type witness struct {
	d      *desk
	engine *alert.Engine
	id     wire.Identity
	at     time.Time
	seq    uint64
}

func (d *desk) witness(tenant, device string, now time.Time) *witness {
	rules := alert.Rules{alert.Stockout: {Bad: 2, Of: 2, Good: 2, Severity: alert.Critical}}
	w := &witness{d: d, id: wire.Identity{Tenant: tenant, Store: "s1", Device: device}, at: now}
	w.engine = alert.NewEngine(alert.Config{Rules: rules, Now: func() time.Time { return w.at }, Log: slog.New(slog.DiscardHandler)})
	return w
}

// look says what the slot holds and where it is in a picture of 640 × 480, and gives the look's number.
func (w *witness) look(s shelf.State, box shelf.Box) uint64 {
	w.d.t.Helper()
	w.seq++
	w.at = w.at.Add(time.Minute)
	r := shelf.SlotReading{SlotID: "A", Shelf: 1, GTIN: cola, State: s, Due: 1, Box: box}
	if s == shelf.OK {
		r.Present = 1
	}
	w.step(nil, &wire.Envelope{Identity: w.id, Boot: 1, Seq: w.seq, CapturedAt: w.at, Clock: telemetry.NTP, Body: &wire.Observation{Observation: shelf.Observation{
		CapturedAt: w.at, Width: 640, Height: 480, PlanogramID: "p", PlanogramVersion: 2, Model: "m", Slots: []shelf.SlotReading{r}}}})
	return w.seq
}

// keptPictures is of how many pictures a board has beside those that are proof.
const keptPictures = 2

func (w *witness) picture(of uint64, data []byte) {
	w.d.t.Helper()
	w.seq++
	p := state.Picture{Tenant: w.id.Tenant, Device: w.id.Device, Order: state.Order{Boot: 1, Seq: w.seq}, ObservationSeq: of, CapturedAt: w.at, Width: 320, Height: 240, JPEG: data}
	w.step(&p, &wire.Envelope{Identity: w.id, Boot: 1, Seq: w.seq, CapturedAt: w.at, Clock: telemetry.NTP,
		Body: &wire.Picture{ObservationSeq: of, Width: 320, Height: 240, JPEG: data}})
}

func (w *witness) step(p *state.Picture, env *wire.Envelope) {
	w.d.t.Helper()
	ctx := w.d.t.Context()
	err := w.d.db.Write(ctx, func(tx *state.Tx) error {
		var stored error
		if p != nil {
			stored = state.PutPicture(ctx, tx, *p, keptPictures)
		}
		return errors.Join(stored, w.engine.Step(ctx, tx, env))
	})
	if err != nil {
		w.d.t.Fatal(err)
	}
}

// alert is the device's only one.
func (w *witness) alert() alert.Alert {
	w.d.t.Helper()
	list, _, err := alert.List(w.d.t.Context(), w.d.db, alert.Filter{Tenant: w.id.Tenant, Devices: []string{w.id.Device}, Limit: 9})
	if err != nil || len(list) != 1 {
		w.d.t.Fatalf("%d alerts, %v", len(list), err)
	}
	return list[0]
}

// crop holds an answer to a size and to the colour in its middle.
func (d *desk) crop(path string, w, h int, c color.RGBA) {
	d.t.Helper()
	status, head, body := d.ask("GET", path, "")
	if status != 200 || head.Get("Content-Type") != "image/jpeg" {
		d.t.Errorf("%s: status %d: %.200s", path, status, body)
		return
	}
	m, err := jpeg.Decode(strings.NewReader(body))
	if err != nil {
		d.t.Errorf("%s: %v", path, err)
		return
	}
	if m.Bounds().Dx() != w || m.Bounds().Dy() != h {
		d.t.Errorf("%s is %v, want %d × %d", path, m.Bounds(), w, h)
	}
	// The corners too: all that is cut out is the slot.
	for _, p := range []image.Point{{w / 2, h / 2}, {1, 1}, {w - 2, h - 2}} {
		got := color.RGBAModel.Convert(m.At(p.X, p.Y)).(color.RGBA)
		if far(got.R, c.R) || far(got.G, c.G) || far(got.B, c.B) {
			d.t.Errorf("%s at %v is %v, want %v", path, p, got, c)
		}
	}
}

func far(a, b uint8) bool { return max(a, b)-min(a, b) > 24 }

// TestProof: the slot is cut out of the pictures of its moments, each where it was then, by who may see the
// alert; what there is not is said with its reason.
func TestProof(t *testing.T) {
	d := newDesk(t)
	w := d.witness("t", "d9", time.Now().UTC().Add(-time.Hour))
	first, moved := shelf.Box{X: 40, Y: 60, W: 80, H: 120}, shelf.Box{X: 100, Y: 60, W: 80, H: 120}
	shows := func(b shelf.Box, c color.Color) []byte { // pictures are sent half as large as they were judged
		return painted(t, 320, 240, image.Rect(b.X/2, b.Y/2, (b.X+b.W)/2, (b.Y+b.H)/2), c)
	}
	gone := func(path, want string, code int) {
		t.Helper()
		if status, _, body := d.ask("GET", path, ""); status != code || !strings.Contains(body, want) {
			t.Errorf("%s: status %d: %s, want %d with %q", path, status, body, code, want)
		}
	}

	w.picture(w.look(shelf.OK, first), shows(first, green))
	w.look(shelf.OK, first) // nothing has changed: the board sends no picture
	after := w.look(shelf.Empty, moved)
	w.look(shelf.Empty, moved)
	al := w.alert()
	base := "/v1/alerts/" + al.ID + "/proof"
	if al.Proof == nil || al.Proof.Before != base+"/before" || al.Proof.After != base+"/after" || al.Proof.End != "" {
		t.Errorf("the alert links to %+v", al.Proof)
	}
	d.crop(al.Proof.Before, 40, 60, green)
	gone(al.Proof.After, "no picture of this moment has come", 404)
	gone(base+"/end", "the alert is not over", 404)
	gone(base+"/middle", `there is no moment \"middle\"`, 404)
	w.picture(after, shows(moved, red)) // late
	d.crop(al.Proof.After, 40, 60, red)

	var said struct {
		Before, After *struct {
			Seq           uint64
			Box           shelf.Box
			Width, Height int
			KeptUntil     *time.Time `json:"kept_until"`
			Picture       string
		}
		End any
	}
	if status, _, body := d.ask("GET", base, ""); status != 200 || json.Unmarshal([]byte(body), &said) != nil {
		t.Fatalf("status %d: %s", status, body)
	}
	if b, a := said.Before, said.After; b.Seq != 1 || b.Box != first || b.Width != 640 || a.Seq != after || a.Box != moved || b.KeptUntil == nil || a.KeptUntil == nil || said.End != nil {
		t.Errorf("got %+v, %+v, %v", b, a, said.End)
	}
	if status, _, _ := d.ask("GET", said.Before.Picture, ""); status != 200 {
		t.Errorf("the whole picture: status %d", status)
	}

	// Who restocks stands before the shelf: the picture of the end comes when he has gone.
	w.look(shelf.OK, first)
	w.look(shelf.OK, first)
	end := w.alert().Proof.End
	gone(end, "no picture of this moment has come", 404)
	w.picture(w.look(shelf.OK, moved), shows(moved, green))
	d.crop(end, 40, 60, green)

	// Many looks and pictures later the looks are forgotten; where the slot was is not.
	for range 260 {
		w.picture(w.look(shelf.OK, first), shows(first, grey))
	}
	d.crop(al.Proof.Before, 40, 60, green)
	d.crop(al.Proof.After, 40, 60, red)
	d.crop(end, 40, 60, green)

	other, _, err := alert.List(t.Context(), d.db, alert.Filter{Tenant: "other", Limit: 1})
	if err != nil || len(other) != 1 {
		t.Fatalf("%v, %v", other, err)
	}
	gone("/v1/alerts/"+other[0].ID+"/proof/after", "not found", 404)
	gone("/v1/alerts/"+other[0].ID+"/proof", "not found", 404)
	gone("/v1/alerts/al_none/proof/after", "not found", 404)
	gone(base+"/after?size=9", "size", 400)
	if status, _, _ := d.ask("GET", al.Proof.After, "", "Authorization", "Bearer wrong"); status != 401 {
		t.Errorf("with a wrong token: status %d", status)
	}
}

// TestProofEnds: pictures are kept for their time and then are gone, which is another word than never having
// been there.
func TestProofEnds(t *testing.T) {
	d := newDesk(t)
	box := shelf.Box{X: 40, Y: 60, W: 80, H: 120}
	w := d.witness("t", "d9", time.Now().UTC().Add(-alert.ProofFor-24*time.Hour))
	pic := painted(t, 320, 240, image.Rect(20, 30, 60, 90), red)
	w.picture(w.look(shelf.Empty, box), pic)
	w.look(shelf.Empty, box)
	a := w.alert()
	if a.Proof.Before != "" {
		t.Errorf("a slot that was never seen filled links to %s", a.Proof.Before)
	}
	d.crop(a.Proof.After, 40, 60, red)
	for range keptPictures + 1 {
		w.picture(w.look(shelf.Unknown, box), pic)
	}
	if status, _, body := d.ask("GET", a.Proof.After, ""); status != 410 || !strings.Contains(body, "it was kept until "+w.at.Add(alert.ProofFor-3*time.Minute).Format("2006-01-02T15:04")) {
		t.Errorf("status %d: %s", status, body)
	}
	if status, _, body := d.ask("GET", "/v1/alerts/"+a.ID+"/proof/before", ""); status != 404 || !strings.Contains(body, "never seen well before") {
		t.Errorf("status %d: %s", status, body)
	}
}

// TestProofOfHostilePictures: what a board calls a JPEG is unpacked with care.
func TestProofOfHostilePictures(t *testing.T) {
	whole := painted(t, 320, 240, image.Rect(20, 30, 60, 90), red)
	// A picture that claims 65,500 × 65,500 pixels: the size stands behind the marker FFC0.
	bomb := bytes.Clone(whole)
	at := bytes.Index(bomb, []byte{0xff, 0xc0})
	copy(bomb[at+5:], []byte{0xff, 0xdc, 0xff, 0xdc})
	for _, c := range []struct {
		name string
		jpeg []byte
		box  shelf.Box
		want string
	}{
		{"no picture", []byte("\xff\xd8\xff\xe0 a picture \xff\xd9"), shelf.Box{W: 80, H: 120}, "is no JPEG"},
		{"cut short", whole[:len(whole)/2], shelf.Box{W: 80, H: 120}, "is no whole JPEG"},
		{"a bomb", bomb, shelf.Box{W: 80, H: 120}, "65500 × 65500 pixels"},
		{"out of the picture", whole, shelf.Box{X: -500, Y: 10, W: 80, H: 120}, "out of the picture"},
		{"nowhere", whole, shelf.Box{}, "did not say where"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			w := d.witness("t", "d9", time.Now().UTC())
			w.picture(w.look(shelf.Empty, c.box), c.jpeg)
			w.look(shelf.Empty, c.box)
			status, _, body := d.ask("GET", w.alert().Proof.After, "")
			if status != 404 || !strings.Contains(body, c.want) || !strings.Contains(body, "/v1/coolers/d9/picture?boot=1") {
				t.Errorf("status %d: %s, want %q", status, body, c.want)
			}
		})
	}
}
