package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/coldshelf/coldshelf/vision/board"
	"github.com/coldshelf/coldshelf/vision/lens"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// The limits within which a calibration can be relied on.
const (
	leastViews   = 6
	leastTurnDeg = 12.0 // between the two boards whose directions differ most; with less, focal length and distance cannot be told apart
	mostRMSPx    = 2.0
	wellCovered  = 0.6
	// A view is left out if its error is outlierRatio times the median view's, and at least outlierPx pixels.
	outlierRatio, outlierPx = 3.0, 0.8
	// fisheyeGain is the factor by which the fisheye's error must be smaller for it to be chosen: a pinhole has
	// fewer ways to be wrong where no board was seen.
	fisheyeGain = 0.7
)

// boardView is the board as seen in one picture.
type boardView struct {
	picture string
	corners [][2]float64
}

// viewReport says how well one picture fits.
type viewReport struct {
	Picture string  `json:"picture"`
	RMSPx   float64 `json:"rms_px"`
	LeftOut bool    `json:"left_out,omitempty"`
}

// calibration is a lens, with a measure of how well the pictures fit it.
type calibration struct {
	profile lens.Profile
	views   []viewReport
}

// solve fits a lens of the given kind, or of whichever kind fits better.
func solve(kind string, views []boardView, w, h int) (*calibration, error) {
	if len(views) < leastViews {
		return nil, withHint(fmt.Errorf("the board was found in %d pictures, %d are needed", len(views), leastViews),
			"take ten to twenty, sharp, with the whole board and its white border in each")
	}
	if kind != kindAuto {
		return solveKind(kind, views, w, h)
	}
	pinhole, pinholeErr := solveKind(lens.KindPinhole, views, w, h)
	fisheye, fisheyeErr := solveKind(lens.KindFisheye, views, w, h)
	switch {
	case pinholeErr != nil && fisheyeErr != nil:
		return nil, pinholeErr
	case pinholeErr != nil, fisheyeErr == nil && fisheye.profile.RMSPx < fisheyeGain*pinhole.profile.RMSPx:
		return fisheye, nil
	}
	return pinhole, nil
}

func solveKind(kind string, views []boardView, w, h int) (*calibration, error) {
	fit, err := fitLens(kind, views, w, h)
	if err != nil {
		return nil, err
	}
	reports := make([]viewReport, len(views))
	var errorsPx []float64
	for i, off := range fit.Off {
		reports[i] = viewReport{Picture: views[i].picture, RMSPx: rms(off)}
		errorsPx = append(errorsPx, reports[i].RMSPx)
	}
	slices.Sort(errorsPx)
	limit := math.Max(outlierPx, outlierRatio*errorsPx[len(errorsPx)/2])
	var kept []boardView
	var at []int
	for i := range reports {
		if reports[i].LeftOut = reports[i].RMSPx > limit; !reports[i].LeftOut {
			kept, at = append(kept, views[i]), append(at, i)
		}
	}
	if len(kept) < leastViews {
		return nil, withHint(fmt.Errorf("only %d of %d pictures fit one lens", len(kept), len(views)), "is the board flat, and are all pictures of one camera at one zoom?")
	}
	if len(kept) < len(views) {
		if fit, err = fitLens(kind, kept, w, h); err != nil {
			return nil, err
		}
		for i, off := range fit.Off {
			reports[at[i]].RMSPx = rms(off)
		}
	}
	c := &calibration{fit.Profile, reports}
	c.profile.RMSPx = math.Round(1e4*rms(slices.Concat(fit.Off...))) / 1e4
	c.profile.Covered = math.Round(1e3*covered(kept, w, h)) / 1e3
	switch turn := widestTurn(fit.Turns); {
	case turn < leastTurnDeg:
		return nil, withHint(fmt.Errorf("all boards face the camera alike, within %.0f°", turn), "tilt the board by 20 to 40 degrees, each time another way")
	case c.profile.RMSPx > mostRMSPx:
		return nil, withHint(fmt.Errorf("the best %s lens is %.1f px off", kind, c.profile.RMSPx), "is the board flat, are the pictures sharp, and is --kind right?")
	}
	return c, nil
}

// fitLens fits as many terms as still give a valid lens over the whole picture: where no board held it, the
// sixth-order term may fold the corners over.
func fitLens(kind string, views []boardView, w, h int) (*opencv.LensFit, error) {
	seen := make([][][2]float64, len(views))
	for i, v := range views {
		seen[i] = v.corners
	}
	var faults []error
	for _, withK3 := range []bool{true, false} {
		fit, err := opencv.FitLens(kind, withK3, board.Corners(), seen, w, h)
		if err == nil {
			err = fit.Profile.Validate()
		}
		if err == nil {
			return fit, nil
		}
		faults = append(faults, err)
		if kind == lens.KindFisheye {
			break
		}
	}
	return nil, withHint(errors.Join(faults...), "take more pictures, with the board at the edges and corners of the picture too, or try another --kind")
}

func rms(off [][2]float64) float64 {
	sum := 0.0
	for _, o := range off {
		sum += o[0]*o[0] + o[1]*o[1]
	}
	return math.Sqrt(sum / float64(max(1, len(off))))
}

// covered returns the share of the cells of an 8×6 grid in which a corner was seen.
func covered(views []boardView, w, h int) float64 {
	const columns, rows = 8, 6
	seen := map[[2]int]bool{}
	for _, v := range views {
		for _, c := range v.corners {
			seen[[2]int{int(c[0] * columns / float64(w)), int(c[1] * rows / float64(h))}] = true
		}
	}
	return float64(len(seen)) / (columns * rows)
}

// widestTurn returns the largest angle, in degrees, between the directions that two boards face.
func widestTurn(turns [][3]float64) float64 {
	normals := make([]lens.Vec3, len(turns))
	for i, t := range turns {
		normals[i] = facing(lens.Vec3{X: t[0], Y: t[1], Z: t[2]})
	}
	least := 1.0
	for i, a := range normals {
		for _, b := range normals[i+1:] {
			least = math.Min(least, a.Dot(b))
		}
	}
	return math.Acos(math.Max(-1, least)) * 180 / math.Pi
}

// facing returns the board's normal, rotated by a rotation vector. Source: Rodrigues' formula.
func facing(turn lens.Vec3) lens.Vec3 {
	z := lens.Vec3{Z: 1}
	angle := turn.Len()
	if angle == 0 {
		return z
	}
	axis := turn.Scale(1 / angle)
	sin, cos := math.Sincos(angle)
	return z.Scale(cos).Add(axis.Cross(z).Scale(sin)).Add(axis.Scale(axis.Dot(z) * (1 - cos)))
}
