package synth

import (
	"context"
	"image"
	"slices"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// Camera is where the day's camera hangs, as a calibration would tell it: single frames are off by
// less than a millimetre, except Shifted ones.
func (d *Day) Camera() lens.Spec { return d.Scene.Camera(d.cfg.Camera, d.cfg.Seed) }

// SKUs lists every product that is due or is seen on the day, by GTIN.
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
