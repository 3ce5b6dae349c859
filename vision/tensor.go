package vision

import (
	"context"
	"fmt"
)

// Tensor is a dense array of 32-bit floats, last dimension fastest.
type Tensor struct {
	Shape []int
	Data  []float32
}

// NewTensor makes a tensor of zeros.
func NewTensor(shape ...int) Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return Tensor{Shape: shape, Data: make([]float32, n)}
}

// Check reports whether the data are as many as the shape says.
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

// Network runs one loaded model. OpenCV's DNN module and ONNX Runtime implement it; the suite in
// networktest holds both to it.
//
// A Network belongs to one goroutine at a time. Forward does not keep its inputs; the outputs belong
// to the caller. Another input shape than before is allowed and costs a set-up. Forward cannot be
// interrupted: ctx is looked at before it starts. After Close, Forward gives an error.
type Network interface {
	// Runtime says what runs it, for the log: "OpenCV 4.6.0 DNN, cpu".
	Runtime() string
	Forward(ctx context.Context, inputs map[string]Tensor, outputs []string) (map[string]Tensor, error)
	Close() error
}
