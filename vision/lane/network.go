package lane

import (
	"context"
	"fmt"

	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
)

// Network judges with a trained network of weights.LaneBare. It belongs to one goroutine at a time.
type Network struct {
	net   vision.Network
	spec  weights.Network
	input vision.Tensor
}

// NewNetwork makes a judge of a network and its manifest entry. It does not close net.
func NewNetwork(net vision.Network, spec weights.Network) (*Network, error) {
	if spec.Task != weights.LaneBare {
		return nil, fmt.Errorf("network %s is for %s, not for %s", spec.Name, spec.Task, weights.LaneBare)
	}
	if spec.Input.Width != Width || spec.Input.Height != Height {
		return nil, fmt.Errorf("network %s takes %d×%d pixels, this program gives %d×%d", spec.Name, spec.Input.Width, spec.Input.Height, Width, Height)
	}
	return &Network{net: net, spec: spec, input: vision.NewTensor(1, planes, Height, Width)}, nil
}

// Model names the network and its version.
func (n *Network) Model() string { return n.spec.Name + " " + n.spec.Version }

// Threshold is the probability from which a lane may be told as bare, measured on coolers that the network
// never saw.
func (n *Network) Threshold() float64 { return n.spec.Thresholds.Score }

// Bare gives for each lane the probability that nothing stands in it, front to back.
func (n *Network) Bare(ctx context.Context, scene Scene, lanes []Shape) ([]float64, error) {
	out := make([]float64, len(lanes))
	for i, l := range lanes {
		Cut(scene, l).Planes(n.input.Data)
		result, err := n.net.Forward(ctx, map[string]vision.Tensor{n.spec.Input.Name: n.input}, n.spec.Outputs)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", n.spec.Name, err)
		}
		v := result[n.spec.Outputs[0]].Data
		if len(v) != 1 {
			return nil, fmt.Errorf("%s gave %d numbers, want one", n.spec.Name, len(v))
		}
		out[i] = float64(v[0])
	}
	return out, nil
}
