package embed

import (
	"context"
	"fmt"
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
)

// Network embeds crops with a trained network of the task weights.PackEmbedding.
type Network struct {
	net   vision.Network
	spec  weights.Network
	input vision.Tensor
}

// NewNetwork returns an embedder that uses net as its manifest entry describes it. The caller keeps net and
// closes it.
func NewNetwork(net vision.Network, spec weights.Network) (*Network, error) {
	if spec.Task != weights.PackEmbedding {
		return nil, fmt.Errorf("network %s is for %s, not for %s", spec.Name, spec.Task, weights.PackEmbedding)
	}
	return &Network{net: net, spec: spec, input: vision.NewTensor(1, 3, spec.Input.Height, spec.Input.Width)}, nil
}

// ID returns the network's name and version with the hash of its file.
func (n *Network) ID() vision.EmbedderID {
	return vision.EmbedderID{Name: n.spec.Name, Version: n.spec.Version, SHA256: n.spec.SHA256, Dim: n.spec.Dim}
}

// Open returns the thresholds from the manifest, where they were measured.
func (n *Network) Open() vision.Open {
	return vision.Open{Threshold: n.spec.Thresholds.Open, Margin: n.spec.Thresholds.Margin}
}

// Embed runs one pass per crop: on a processor a batch saves nothing, and OpenCV sets itself up anew for each
// size of batch.
func (n *Network) Embed(ctx context.Context, crops []vision.Frame) ([][]float32, error) {
	out := make([][]float32, len(crops))
	for i, crop := range crops {
		if err := crop.Check(); err != nil {
			return nil, fmt.Errorf("crop %d: %w", i+1, err)
		}
		n.fill(crop)
		result, err := n.net.Forward(ctx, map[string]vision.Tensor{n.spec.Input.Name: n.input}, n.spec.Outputs)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", n.spec.Name, err)
		}
		v := result[n.spec.Outputs[0]].Data
		if len(v) != n.spec.Dim {
			return nil, fmt.Errorf("%s gave %d numbers, the manifest says %d", n.spec.Name, len(v), n.spec.Dim)
		}
		unit(v)
		out[i] = v
	}
	return out, nil
}

func (n *Network) fill(crop vision.Frame) {
	in := n.spec.Input
	w, h, x, y := in.Width, in.Height, 0, 0
	if in.Keep {
		scale := math.Min(float64(w)/float64(crop.Width), float64(h)/float64(crop.Height))
		w = min(w, max(1, int(math.Round(float64(crop.Width)*scale))))
		h = min(h, max(1, int(math.Round(float64(crop.Height)*scale))))
		x, y = (in.Width-w)/2, (in.Height-h)/2
		vision.PadPlanes(n.input.Data, in.Width, in.Height, shelf.Box{X: x, Y: y, W: w, H: h}, float64(in.Pad), in.Mean, in.Scale)
	}
	crop.Resize(w, h).Planes(n.input.Data, in.Width, in.Height, x, y, in.Mean, in.Scale)
}
