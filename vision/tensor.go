package vision

import (
	"context"
	"fmt"
)

// Tensor is a dense array of 32-bit floats in row-major order: the last dimension varies fastest.
type Tensor struct {
	Shape []int
	Data  []float32
}

// NewTensor returns a tensor of zeros.
func NewTensor(shape ...int) Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return Tensor{Shape: shape, Data: make([]float32, n)}
}

// Check returns an error if a dimension is not positive, or if the number of data does not match the shape.
func (t Tensor) Check() error {
	n := 1
	for _, d := range t.Shape {
		if d <= 0 {
			return fmt.Errorf("tensor of shape %v", t.Shape)
		}
		n *= d
	}
	if n != len(t.Data) {
		return fmt.Errorf("tensor of shape %v holds %d numbers", t.Shape, len(t.Data))
	}
	return nil
}

// Network runs one loaded model. OpenCV's DNN module and ONNX Runtime implement it, and both pass the
// conformance suite in networktest.
//
// A Network must be used by one goroutine at a time. Forward does not keep its inputs, and the outputs belong
// to the caller. The input shape may change from call to call, at the cost of a set-up. Forward cannot be
// interrupted: ctx is only checked before it starts. After Close, Forward returns an error.
type Network interface {
	// Runtime names the runtime for the log, for example "OpenCV 4.6.0 DNN, cpu".
	Runtime() string
	Forward(ctx context.Context, inputs map[string]Tensor, outputs []string) (map[string]Tensor, error)
	Close() error
}
