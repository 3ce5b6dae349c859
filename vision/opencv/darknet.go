//go:build customenv

package opencv

import (
	"errors"
	"fmt"

	"gocv.io/x/gocv"

	"github.com/coldshelf/coldshelf/vision"
)

// OpenDarknet loads a network in Darknet's format, to run on the processor. A file that OpenCV cannot read ends
// the process, so this is for evaluations and not for boards.
func OpenDarknet(config, weights []byte) (vision.Network, error) {
	if len(config) == 0 || len(weights) == 0 {
		return nil, errors.New("the network's configuration or its weights are empty")
	}
	net, err := gocv.ReadNetBytes("darknet", weights, config)
	if err != nil {
		return nil, fmt.Errorf("load network: %w", err)
	}
	if net.Empty() {
		return nil, errors.Join(errors.New("the network has no layers"), net.Close())
	}
	return &network{net: net, target: CPU, inputs: map[string]*gocv.Mat{}, shapes: map[string][]int{}}, nil
}
