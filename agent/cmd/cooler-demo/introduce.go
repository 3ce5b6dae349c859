package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/shop"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// places are where the demo's shops stand on the page's map: latitude and longitude.
var places = [][2]float64{{31.2304, 121.4737}, {31.1979, 121.4365}, {31.2989, 121.5036}}

// introduce sets up the cloud over its API as a brand would: shops, planograms, and which cooler stands where
// with which planogram.
func (d *demo) introduce(ctx context.Context, coolers []shop.Cooler) error {
	for i, c := range coolers {
		text, err := os.ReadFile(filepath.Join(c.Dir, "planogram.yaml"))
		if err != nil {
			return err
		}
		planogram, err := shelf.DecodePlanogram(text)
		if err != nil {
			return err
		}
		asJSON, err := planogram.EncodeJSON()
		if err != nil {
			return err
		}
		place := places[i%len(places)]
		store, err := json.Marshal(map[string]any{"name": c.Name, "lat": place[0], "lon": place[1], "tz": "Asia/Shanghai"})
		if err != nil {
			return err
		}
		cooler, err := json.Marshal(map[string]any{"name": c.Name, "store": c.Store, "planogram": planogram.ID})
		if err != nil {
			return err
		}
		for _, put := range []struct {
			path string
			body []byte
		}{
			{"/v1/stores/" + c.Store, store},
			{"/v1/planograms/" + planogram.ID, asJSON},
			{"/v1/coolers/" + c.Device, cooler},
		} {
			if err := d.request(ctx, "PUT", put.path, string(put.body)); err != nil {
				return fmt.Errorf("tell the cloud of %s: %w", c.Device, err)
			}
		}
	}
	return nil
}
