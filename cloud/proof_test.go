package cloud_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// picture sends a picture of a look, half as large as it was judged, in one colour, and gives it.
func (b *board) picture(t *testing.T, of uint64, c color.Color) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 320, 240))
	draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	var data bytes.Buffer
	if err := jpeg.Encode(&data, m, nil); err != nil {
		t.Fatal(err)
	}
	b.seq++
	payload, err := wire.Encode(&wire.Envelope{Identity: b.id, Boot: 1, Seq: b.seq, CapturedAt: time.Now().UTC().Truncate(time.Microsecond), Clock: telemetry.NTP,
		Body: &wire.Picture{ObservationSeq: of, JPEG: data.Bytes(), Width: 320, Height: 240, Purpose: wire.PurposeEvidence}})
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.open[b.seq] = payload
	b.mu.Unlock()
	b.client.Publish(b.id.Topic(wire.KindPicture), 1, false, payload)
	b.drain(t)
	return data.Bytes()
}

// TestProofThroughTheService: a board sells out over MQTT, and sends pictures only when something changes.
// Whoever gets the event by MQTT fetches the slot before and after by the links in it.
func TestProofThroughTheService(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) { c.Keep.Pictures = 2 })
	told := make(chan []byte, 10)
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	if token := b.client.Subscribe("coldshelf/v1/t/alerts/#", 1, func(_ mqtt.Client, m mqtt.Message) { told <- m.Payload() }); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	look := func(s shelf.State) uint64 {
		t.Helper()
		b.say(t, s)
		b.drain(t)
		return b.seq
	}
	c := client.Client{Base: "http://" + s.Addr()}
	type links struct{ Before, After, End string }
	event := func() (kind string, l links) {
		t.Helper()
		var e struct {
			Type string
			Data struct{ Proof links }
		}
		select {
		case data := <-told:
			if err := json.Unmarshal(data, &e); err != nil {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatal("no event came by MQTT")
		}
		return e.Type, e.Data.Proof
	}
	shows := func(path string, want color.RGBA) {
		t.Helper()
		data, err := c.Proof(t.Context(), path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		m, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		got := color.RGBAModel.Convert(m.At(2, 2)).(color.RGBA)
		off := func(a, b uint8) bool { return max(a, b)-min(a, b) > 8 }
		if m.Bounds().Dx() != 5 || m.Bounds().Dy() != 10 || off(got.R, want.R) || off(got.G, want.G) || off(got.B, want.B) { // the box is 10 × 20
			t.Errorf("%s is %v, %v; want %v", path, m.Bounds(), got, want)
		}
	}
	green, red, blue := color.RGBA{0, 160, 0, 255}, color.RGBA{200, 0, 0, 255}, color.RGBA{0, 0, 200, 255}
	b.picture(t, look(shelf.OK), green)
	look(shelf.OK)
	b.picture(t, look(shelf.Empty), red)
	look(shelf.Empty)
	kind, proof := event()
	if kind != "org.coldshelf.alert.opened" || proof.End != "" {
		t.Errorf("got %s with %+v", kind, proof)
	}
	shows(proof.Before, green)
	shows(proof.After, red)
	var refused *client.Error
	if _, err := c.Proof(t.Context(), strings.Replace(proof.After, "after", "end", 1)); !errors.As(err, &refused) || refused.Status != 404 || refused.Text != "the alert is not over" {
		t.Errorf("of an end that is not there: %v", err)
	}
	if _, err := c.Proof(t.Context(), "https://elsewhere.example/v1/alerts/x"); err == nil {
		t.Error("a link to elsewhere was followed")
	}
	b.picture(t, look(shelf.OK), blue)
	look(shelf.OK)
	kind, proof = event()
	if kind != "org.coldshelf.alert.resolved" {
		t.Errorf("got %s", kind)
	}
	for range 4 { // more than are kept
		b.picture(t, look(shelf.OK), color.RGBA{9, 9, 9, 255})
	}
	shows(proof.Before, green)
	shows(proof.After, red)
	shows(proof.End, blue)
}
