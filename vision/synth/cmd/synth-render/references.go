package main

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"

	"github.com/coldshelf/coldshelf/vision/synth"
)

// references renders and writes the reference pictures of the SKUs.
func references(ctx context.Context, o options, c *synth.Catalogue, skus []*synth.SKU, set *synth.Dataset) error {
	b := bar(o, len(skus), "references")
	defer b.Close()
	yaws := synth.ReferenceYaws()
	return ordered(ctx, len(skus), o.jobs, func(ctx context.Context, k int) ([][]byte, error) {
		var out [][]byte
		for _, yaw := range yaws {
			img, err := c.Reference(ctx, skus[k], float64(yaw))
			if err != nil {
				return nil, fmt.Errorf("reference of %s: %w", skus[k].GTIN, err)
			}
			var buf bytes.Buffer
			if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 92}); err != nil {
				return nil, err
			}
			out = append(out, buf.Bytes())
		}
		return out, nil
	}, func(k int, pictures [][]byte) error {
		_ = b.Add(1)
		for i, p := range pictures {
			if err := set.AddReference(skus[k], i, yaws[i], p); err != nil {
				return err
			}
		}
		return nil
	})
}
