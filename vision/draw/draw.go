// Package draw shows people what an observation says: it draws facings with their names, slots with their
// states and blind parts with their reasons over the frame that they were seen in. Nothing on the way from a
// frame to an alert depends on it. It is plain Go and does not modify what it draws.
package draw

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"strings"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// Names maps a product to the name to show for it.
type Names map[shelf.GTIN]string

// The colours of slot states, chosen so that people with red-green blindness can tell them apart (after Okabe
// and Ito).
var (
	named    = color.NRGBA{0x2d, 0xd4, 0xa7, 255}
	unnamed  = color.NRGBA{0xf5, 0xb7, 0x31, 255}
	empty    = color.NRGBA{0xf0, 0x4e, 0x3e, 255}
	low      = color.NRGBA{0xf2, 0x8c, 0x28, 255}
	wrong    = color.NRGBA{0xc0, 0x6b, 0xe8, 255}
	blind    = color.NRGBA{0xa9, 0xb4, 0xc2, 255}
	chipBack = color.NRGBA{0x10, 0x16, 0x1f, 0xd8}
	chipText = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

func stateColour(s shelf.State) color.NRGBA {
	switch s {
	case shelf.OK:
		return named
	case shelf.Low:
		return low
	case shelf.Empty:
		return empty
	case shelf.Misplaced, shelf.Foreign:
		return wrong
	}
	return blind
}

// Observation returns a copy of the frame with obs drawn over it.
func Observation(f vision.Frame, obs *shelf.Observation, names Names) *image.RGBA {
	c := newCanvas(f.Image())
	for _, b := range obs.Quality.Blind {
		c.hatch(b.Box, blind)
	}
	for _, fc := range obs.Facings {
		ink := unnamed
		if fc.GTIN != "" {
			ink = named
		}
		c.frame(fc.Box, ink, c.unit*1.6)
	}
	for _, s := range obs.Slots {
		// The facings of a slot that is as it should be say enough.
		if s.State != shelf.OK && s.Box.Area() > 0 {
			c.dashed(s.Box, stateColour(s.State), c.unit*2)
		}
	}
	for _, s := range obs.Slots {
		if s.State != shelf.OK && s.Box.Area() > 0 {
			c.chip(s.Box, slotWords(s), stateColour(s.State), atTop)
		}
	}
	for _, fc := range obs.Facings {
		ink, text := unnamed, "?"
		switch {
		case fc.GTIN != "":
			ink, text = named, nameOf(names, fc.GTIN)
		case !anyNamed(obs):
			continue // without a gallery, a question mark on every pack would say nothing
		}
		c.chip(fc.Box, text, ink, atBottom)
	}
	if len(obs.Slots) == 0 {
		for _, b := range obs.Quality.Blind {
			c.chip(b.Box, b.Reason.String(), blind, atTop)
		}
	}
	c.headline(headline(obs))
	return c.img
}

// Places adds, to a drawing, the outline and the name of each slot that is in order, to show whether the slot
// lies where it should.
func Places(img *image.RGBA, obs *shelf.Observation) {
	c := newCanvas(img)
	for _, s := range obs.Slots {
		if s.State == shelf.OK && s.Box.Area() > 0 {
			c.dashed(s.Box, chipBack, c.unit*2)
			c.chip(s.Box, s.SlotID, named, atTop)
		}
	}
}

func anyNamed(obs *shelf.Observation) bool {
	for _, f := range obs.Facings {
		if f.GTIN != "" {
			return true
		}
	}
	return false
}

func slotWords(s shelf.SlotReading) string {
	if s.State == shelf.Unknown {
		return s.SlotID + " " + strings.ReplaceAll(s.Reason.String(), "_", " ")
	}
	return s.SlotID + " " + s.State.String()
}

// nameOf returns the product's name, or its GTIN if it has none.
func nameOf(names Names, g shelf.GTIN) string {
	if n := names[g]; n != "" {
		return n
	}
	return string(g)
}

func headline(obs *shelf.Observation) string {
	words := []string{fmt.Sprintf("%d facings", len(obs.Facings))}
	known := 0
	for _, f := range obs.Facings {
		if f.GTIN != "" {
			known++
		}
	}
	if known > 0 {
		words = append(words, fmt.Sprintf("%d named", known))
	}
	count := map[shelf.State]int{}
	for _, s := range obs.Slots {
		count[s.State]++
	}
	for _, s := range []shelf.State{shelf.Empty, shelf.Low, shelf.Misplaced, shelf.Foreign, shelf.Unknown} {
		if count[s] > 0 {
			words = append(words, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	if obs.Quality.Reason != shelf.NoReason {
		words = append(words, "picture "+obs.Quality.Reason.String())
	}
	return strings.Join(words, " · ")
}

// Encode returns the picture as JPEG if ext is ".jpg" or ".jpeg", else as PNG.
func Encode(img image.Image, ext string) ([]byte, error) {
	switch strings.ToLower(ext) {
	case ".png", "":
		return picture.PNG(img)
	case ".jpg", ".jpeg":
		var out bytes.Buffer
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 90}); err != nil {
			return nil, fmt.Errorf("encode JPEG: %w", err)
		}
		return out.Bytes(), nil
	}
	return nil, fmt.Errorf("drawings are written as .png or .jpg, not %q", ext)
}

// over blends a uniform colour into dst through a mask.
func over(dst *image.RGBA, r image.Rectangle, ink color.Color, mask *image.Alpha) {
	draw.DrawMask(dst, r, image.NewUniform(ink), image.Point{}, mask, image.Point{}, draw.Over)
}
