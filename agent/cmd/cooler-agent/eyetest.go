package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// The eye test is a rendered shelf (synth-render --kind cooler-val-like --seed 501 --size 640x480, its first
// frame) and the boxes, [x, y, width, height] in its pixels, of the facings of which at least 0.6 is visible.
var (
	//go:embed eyetest/shelf.jpg
	eyeTestPicture []byte
	//go:embed eyetest/facings.json
	eyeTestFacings []byte
)

// errBlind is wrapped where networks run and yet do not see.
var errBlind = errors.New("blind")

// eyeTestShare is what a network must find of the eye test: the shipped one finds nearly all, and one of
// another shop's goods should not be refused for a few.
const eyeTestShare = 0.5

// eyeTest refuses a detector that runs and does not see: a network that was trained for other pictures, read
// with the wrong scale or thresholds, or damaged before it was signed. Nothing else would tell a board that
// all its slots are unknown for its own fault.
func eyeTest(ctx context.Context, d vision.Detector) error {
	frame, err := picture.Decode(eyeTestPicture)
	if err != nil {
		return fmt.Errorf("eye test: %w", err)
	}
	var there [][4]int
	if err := json.Unmarshal(eyeTestFacings, &there); err != nil {
		return fmt.Errorf("eye test: %w", err)
	}
	found, err := d.Detect(ctx, frame)
	if err != nil {
		return fmt.Errorf("eye test: %w", err)
	}
	seen, told := 0, 0
	for _, f := range found {
		if !f.Weak {
			told++
		}
	}
	for _, b := range there {
		truth := shelf.Box{X: b[0], Y: b[1], W: b[2], H: b[3]}
		for _, f := range found {
			box := shelf.Box{X: int(f.X0), Y: int(f.Y0), W: int(f.X1 - f.X0), H: int(f.Y1 - f.Y0)}
			if !f.Weak && box.IoU(truth) >= 0.5 {
				seen++
				break
			}
		}
	}
	if float64(seen) < eyeTestShare*float64(len(there)) || told > 2*len(there) {
		return withHint(fmt.Errorf("%w: %s finds %d of %d facings of the built-in test picture, %d boxes in all", errBlind, d.Model(), seen, len(there), told),
			"send another network, or thresholds nearer to the network's own")
	}
	return nil
}
