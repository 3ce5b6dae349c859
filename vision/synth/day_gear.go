package synth

import (
	"context"
	"image"
	"slices"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// Camera returns the day's camera as a calibration would find it. The camera of a single frame is off by less
// than a millimetre, except in Shifted frames.
func (d *Day) Camera() lens.Spec { return d.Scene.Camera(d.cfg.Camera, d.cfg.Seed) }

// SKUs returns every product that belongs in the cooler or is seen on the day, by GTIN.
func (d *Day) SKUs() []*SKU {
	skus := append([]*SKU(nil), d.Scene.Planogram.Products...)
	for _, m := range d.Moments {
		for _, lane := range m.stock {
			for _, item := range lane {
				skus = append(skus, item.SKU)
			}
		}
	}
	slices.SortFunc(skus, func(a, b *SKU) int {
		if a.GTIN < b.GTIN {
			return -1
		}
		if a.GTIN > b.GTIN {
			return 1
		}
		return 0
	})
	return slices.Compact(skus)
}

// Reference renders a product of the day as Catalogue.Reference does.
func (d *Day) Reference(ctx context.Context, s *SKU, yaw float64) (*image.RGBA, error) {
	return d.cfg.Catalogue.Reference(ctx, s, yaw)
}
