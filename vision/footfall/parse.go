package footfall

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParsePoints reads points as people write them: x,y,x,y,… in pixels.
func ParsePoints(text string) ([]Point, error) {
	fields := strings.Split(text, ",")
	if len(fields)%2 != 0 {
		return nil, fmt.Errorf("%q has an odd number of numbers", text)
	}
	var out []Point
	for i := 0; i < len(fields); i += 2 {
		x, errX := strconv.ParseFloat(strings.TrimSpace(fields[i]), 64)
		y, errY := strconv.ParseFloat(strings.TrimSpace(fields[i+1]), 64)
		if err := errors.Join(errX, errY); err != nil {
			return nil, err
		}
		if math.IsNaN(x+y) || math.Abs(x) > maxPixel || math.Abs(y) > maxPixel {
			return nil, fmt.Errorf("%q holds no place in a picture", text)
		}
		out = append(out, Point{X: x, Y: y})
	}
	return out, nil
}

// maxPixel is beyond every picture's edge.
const maxPixel = 1 << 16
