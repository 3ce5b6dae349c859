package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coldshelf/coldshelf/models/weights"
)

// thresholdNames are the thresholds of networks that a desired state may change.
var thresholdNames = map[string]func(*weights.Thresholds) *float64{
	"detector_permille": func(t *weights.Thresholds) *float64 { return &t.Score },
	"nms_permille":      func(t *weights.Thresholds) *float64 { return &t.NMS },
	"name_permille":     func(t *weights.Thresholds) *float64 { return &t.Open },
	"margin_permille":   func(t *weights.Thresholds) *float64 { return &t.Margin },
}

// override replaces a network's own thresholds by the given ones.
func override(t *weights.Thresholds, with map[string]int64) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(with)) {
		field, permille := thresholdNames[name], with[name]
		switch {
		case field == nil:
			errs = append(errs, fmt.Errorf("thresholds: there is no %q, only %s", name, strings.Join(slices.Sorted(maps.Keys(thresholdNames)), ", ")))
		case permille < 1 || permille > 999:
			errs = append(errs, fmt.Errorf("thresholds: %s is %d, must be 1 to 999", name, permille))
		default:
			*field(t) = float64(permille) / 1000
		}
	}
	return errors.Join(errs...)
}
