package detect

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// In a wide view of many doors, packs become too small to be found when the frame is scaled down to the
// network's input. Such a frame is looked at again in tiles, at the scale at which the median facing is
// goodPack pixels tall.
const (
	smallPack = 48   // input pixels: if the median facing is lower than this, tiles are worth their passes
	goodPack  = 72   // input pixels: the height of the median facing in the tiles, if the frame has that many
	fewPacks  = 8    // the fewest facings whose median is meaningful
	lessScale = 0.8  // if the whole frame was shown at more than this share of the tiles' scale, tiles would show little more
	lap       = 0.15 // share of a tile that its neighbour repeats, so that a pack cut by one tile is whole in the next
	cutBy     = 16.0 // a box that ends within so many pixels of a tile's inner edge counts as cut
	mostTiles = 16   // upper bound on the passes per frame, so that a huge picture cannot stall the board
)

// tiles returns the parts of a frame to look at again, or nil if its packs are large enough.
func (d *Detector) tiles(f vision.Frame, found []vision.Detection) []shelf.Box {
	whole := layOut(d.spec.Input, f.Width, f.Height)
	scale := float64(whole.w) / float64(f.Width)
	var tall []float64
	for _, b := range found {
		if b.Score >= d.spec.Thresholds.Score {
			tall = append(tall, b.Y1-b.Y0)
		}
	}
	if d.spec.Input.MaxSide <= 0 || len(tall) < fewPacks {
		return nil
	}
	sort.Float64s(tall)
	middle := tall[len(tall)/2]
	near := math.Min(1, goodPack/middle) // the tiles' scale
	if middle*scale >= smallPack || scale >= lessScale*near {
		return nil
	}
	side := float64(d.spec.Input.MaxSide) / near
	columns, rows := counts(float64(f.Width), side), counts(float64(f.Height), side)
	for columns*rows > mostTiles {
		side *= 1.1
		columns, rows = counts(float64(f.Width), side), counts(float64(f.Height), side)
	}
	var out []shelf.Box
	for r := range rows {
		for c := range columns {
			x, w := stretch(f.Width, side, c, columns)
			y, h := stretch(f.Height, side, r, rows)
			out = append(out, shelf.Box{X: x, Y: y, W: w, H: h})
		}
	}
	return out
}

// counts returns how many tiles of the given side cover a length if each repeats the share lap of the one
// before.
func counts(length, side float64) int {
	if length <= side {
		return 1
	}
	return 1 + int(math.Ceil((length-side)/(side*(1-lap))))
}

// stretch returns the k-th of n evenly spread tiles along one axis.
func stretch(length int, side float64, k, n int) (from, size int) {
	size = min(length, int(math.Round(side)))
	if n == 1 {
		return 0, size
	}
	return (length - size) * k / (n - 1), size
}

// closer runs the network on each tile. A box cut by an inner edge of a tile is dropped: if it is no larger
// than what two tiles share, the neighbouring tile has it whole, and if it is larger, the pass over the whole
// frame has found it.
func (d *Detector) closer(ctx context.Context, f vision.Frame, tiles []shelf.Box, found []vision.Detection) ([]vision.Detection, error) {
	var all []vision.Detection
	for _, b := range found {
		if math.Max(b.X1-b.X0, b.Y1-b.Y0) > lap*float64(max(tiles[0].W, tiles[0].H)) {
			all = append(all, b)
		}
	}
	for i, tile := range tiles {
		inside, err := d.pass(ctx, f.Crop(tile))
		if err != nil {
			return nil, fmt.Errorf("tile %d of %d: %w", i+1, len(tiles), err)
		}
		for _, b := range inside {
			b.X0, b.X1 = b.X0+float64(tile.X), b.X1+float64(tile.X)
			b.Y0, b.Y1 = b.Y0+float64(tile.Y), b.Y1+float64(tile.Y)
			if !cut(b, tile, f) {
				all = append(all, b)
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Score > all[j].Score })
	return suppress(all, d.spec.Thresholds.NMS), nil
}

// cut reports whether the box ends at an edge of the tile that is not also an edge of the frame.
func cut(b vision.Detection, tile shelf.Box, f vision.Frame) bool {
	return (tile.X > 0 && b.X0 < float64(tile.X)+cutBy) || (tile.Y > 0 && b.Y0 < float64(tile.Y)+cutBy) ||
		(tile.X+tile.W < f.Width && b.X1 > float64(tile.X+tile.W)-cutBy) || (tile.Y+tile.H < f.Height && b.Y1 > float64(tile.Y+tile.H)-cutBy)
}
