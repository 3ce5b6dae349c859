// Package person finds people in single frames with a network. It is the alternative to following what moves
// (package footfall), and the yardstick for it. The networks that it reads were trained by others and are not
// part of this repository; FastestDet and YoloFastest name the files.
//
// Apart from the vision.Network that it is given, it is pure Go.
package person

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
)

const (
	// worthTelling is the score below which a box is dropped as noise.
	worthTelling = 0.15
	// sameOverlap is the intersection over union from which two boxes are taken to be the same person.
	sameOverlap = 0.45
)

// Form describes what input a network expects and how its output is read.
type Form struct {
	Name    string
	Side    int // side of its square input, in pixels
	Input   string
	Outputs []string
	Sure    float64 // score from which on it is certainly a person
	rgb     bool    // the input is RGB, not BGR
	read    func(vision.Tensor) ([]footfall.Found, error)
}

// Finder finds people. It belongs to one goroutine.
type Finder struct {
	net  vision.Network
	form Form
}

// New returns a finder for a network of the given form. The caller keeps net and closes it.
func New(net vision.Network, form Form) *Finder { return &Finder{net, form} }

// Find returns the people in a frame, best first, in pixels of the frame. The frame is stretched to the
// network's square input.
func (d *Finder) Find(ctx context.Context, f vision.Frame) ([]footfall.Found, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	out, err := d.net.Forward(ctx, map[string]vision.Tensor{d.form.Input: d.form.tensor(f)}, d.form.Outputs)
	if err != nil {
		return nil, err
	}
	var all []footfall.Found
	for _, name := range d.form.Outputs {
		found, err := d.form.read(out[name])
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
		all = append(all, found...)
	}
	for i := range all {
		all[i].Sure = all[i].Score >= d.form.Sure
		b := &all[i].Box
		b.X, b.W, b.Y, b.H = b.X*float64(f.Width), b.W*float64(f.Width), b.Y*float64(f.Height), b.H*float64(f.Height)
	}
	return once(all), nil
}

// tensor returns the frame as the network expects it: three planes of numbers from 0 to 1.
func (m Form) tensor(f vision.Frame) vision.Tensor {
	small := f.Resize(m.Side, m.Side)
	t := vision.NewTensor(1, 3, m.Side, m.Side)
	plane := m.Side * m.Side
	for i := range plane {
		for c := range 3 {
			to := c
			if m.rgb {
				to = 2 - c
			}
			t.Data[to*plane+i] = float32(small.BGR[3*i+c]) / 255
		}
	}
	return t
}

// once keeps the best box of each person.
func once(all []footfall.Found) []footfall.Found {
	sort.SliceStable(all, func(a, b int) bool { return all[a].Score > all[b].Score })
	var kept []footfall.Found
next:
	for _, f := range all {
		for _, k := range kept {
			if k.Overlap(f.Box) > sameOverlap {
				continue next
			}
		}
		kept = append(kept, f)
	}
	return kept
}

// FastestDet is dog-qiuqiu's detector of the 80 COCO classes, of which persons are the first
// (fastestdet-coco.onnx). Its output is a grid of 22×22 cells, each with objectness, the centre, width and
// height of a box, and its class.
var FastestDet = Form{Name: "FastestDet", Side: 352, Input: "input.1", Outputs: []string{"758"}, Sure: 0.7, read: readGrid}

// The score is objectness^0.6 · class^0.4, as its author defines it.
const objectPower, classPower, classes = 0.6, 0.4, 80

func readGrid(t vision.Tensor) ([]footfall.Found, error) {
	if len(t.Shape) != 4 || t.Shape[0] != 1 || t.Shape[1] != 5+classes {
		return nil, fmt.Errorf("shape %v, want 1×%d×h×w", t.Shape, 5+classes)
	}
	h, w := t.Shape[2], t.Shape[3]
	var found []footfall.Found
	for i := range h * w {
		at := func(channel int) float64 { return float64(t.Data[channel*h*w+i]) }
		if !personsCell(at) {
			continue
		}
		score := math.Pow(at(0), objectPower) * math.Pow(at(5), classPower)
		if score < worthTelling {
			continue
		}
		bw, bh := sigmoid(at(3)), sigmoid(at(4))
		x, y := (math.Tanh(at(1))+float64(i%w))/float64(w), (math.Tanh(at(2))+float64(i/w))/float64(h)
		found = append(found, footfall.Found{Box: footfall.Box{X: x - bw/2, Y: y - bh/2, W: bw, H: bh}, Score: score})
	}
	return found, nil
}

// personsCell reports whether no class is more likely than a person.
func personsCell(at func(int) float64) bool {
	for c := 1; c < classes; c++ {
		if at(5+c) > at(5) {
			return false
		}
	}
	return true
}

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// YoloFastest is dog-qiuqiu's Yolo-Fastest 1.1 for people alone (yolo-fastest-1.1_body.cfg and .weights,
// Darknet's format), with the output as OpenCV gives it: rows of centre, width, height, objectness and score.
var YoloFastest = Form{Name: "Yolo-Fastest", Side: 320, Input: "", Outputs: []string{"yolo_121", "yolo_130"}, Sure: 0.25, rgb: true, read: readRows}

func readRows(t vision.Tensor) ([]footfall.Found, error) {
	const columns = 6
	if len(t.Shape) != 2 || t.Shape[1] != columns {
		return nil, fmt.Errorf("shape %v, want n×%d", t.Shape, columns)
	}
	var found []footfall.Found
	for i := range t.Shape[0] {
		r := t.Data[i*columns : (i+1)*columns]
		x, y, w, h, score := float64(r[0]), float64(r[1]), float64(r[2]), float64(r[3]), float64(r[5])
		if score >= worthTelling {
			found = append(found, footfall.Found{Box: footfall.Box{X: x - w/2, Y: y - h/2, W: w, H: h}, Score: score})
		}
	}
	return found, nil
}
