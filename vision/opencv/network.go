//go:build customenv

package opencv

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"gocv.io/x/gocv"

	"github.com/coldshelf/coldshelf/vision"
)

// Built reports whether OpenCV is compiled in.
func Built() bool { return true }

// Version returns OpenCV's version, for example "4.6.0".
func Version() string { return gocv.OpenCVVersion() }

// SetThreads bounds the number of threads that OpenCV uses for one forward pass, in the whole process. Below 1
// there are as many as processors.
func SetThreads(n int) {
	if n < 1 {
		n = -1
	}
	C.coldshelf_set_threads(C.int(n))
}

// network is one model on OpenCV's DNN module.
type network struct {
	net    gocv.Net
	target string
	inputs map[string]*gocv.Mat // kept between frames, and made anew when a shape changes
	shapes map[string][]int
	closed bool
}

// OpenNetwork loads an ONNX model for a target (CPU or CUDA). A model that OpenCV cannot take ends the process,
// so only pass it what package probe has tried.
func OpenNetwork(onnx []byte, target string) (vision.Network, error) {
	if len(onnx) == 0 {
		return nil, errors.New("the model file is empty")
	}
	net, err := gocv.ReadNetFromONNXBytes(onnx)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	if net.Empty() {
		return nil, errors.Join(errors.New("the model has no layers"), net.Close())
	}
	backend, device := gocv.NetBackendOpenCV, gocv.NetTargetCPU
	switch target {
	case CPU, "":
		target = CPU
	case CUDA:
		backend, device = gocv.NetBackendCUDA, gocv.NetTargetCUDA
	default:
		return nil, errors.Join(fmt.Errorf("target %q is neither %q nor %q", target, CPU, CUDA), net.Close())
	}
	if err := errors.Join(net.SetPreferableBackend(backend), net.SetPreferableTarget(device)); err != nil {
		return nil, errors.Join(fmt.Errorf("choose target %s: %w", target, err), net.Close())
	}
	return &network{net: net, target: target, inputs: map[string]*gocv.Mat{}, shapes: map[string][]int{}}, nil
}

func (n *network) Runtime() string {
	return fmt.Sprintf("OpenCV %s DNN, %s", strings.TrimSpace(gocv.OpenCVVersion()), n.target)
}

func (n *network) Forward(ctx context.Context, inputs map[string]vision.Tensor, outputs []string) (map[string]vision.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if n.closed {
		return nil, errors.New("network is closed")
	}
	if len(outputs) == 0 {
		return nil, errors.New("no outputs asked for")
	}
	for name, t := range inputs {
		if err := n.setInput(name, t); err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
	}
	mats := make([]gocv.Mat, len(outputs))
	for i := range mats {
		mats[i] = gocv.NewMat()
		defer mats[i].Close()
	}
	if err := n.forward(outputs, mats); err != nil {
		return nil, err
	}
	result := make(map[string]vision.Tensor, len(outputs))
	for i, name := range outputs {
		data, err := mats[i].DataPtrFloat32()
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
		result[name] = vision.Tensor{Shape: mats[i].Size(), Data: slices.Clone(data)}
	}
	return result, nil
}

// setInput copies t into a Mat with OpenCV's own memory. The net refers to it until the next input is set, and
// memory that belongs to Go must not be lent for so long.
func (n *network) setInput(name string, t vision.Tensor) error {
	if err := t.Check(); err != nil {
		return err
	}
	blob := n.inputs[name]
	if blob == nil || !slices.Equal(n.shapes[name], t.Shape) {
		if blob != nil {
			if err := blob.Close(); err != nil {
				return err
			}
		}
		fresh := gocv.NewMatWithSizes(t.Shape, gocv.MatTypeCV32F)
		blob = &fresh
		n.inputs[name], n.shapes[name] = blob, slices.Clone(t.Shape)
	}
	data, err := blob.DataPtrFloat32()
	if err != nil {
		return err
	}
	copy(data, t.Data)
	n.net.SetInput(*blob, name)
	return nil
}

// forward runs the net through the shim, because gocv's ForwardLayers aborts on an exception and leaks the
// names that it is given, a hundred bytes per frame. The only way to the C++ net is gocv.Net's unexported
// field.
func (n *network) forward(outputs []string, mats []gocv.Mat) error {
	const room = 1024
	count := C.size_t(len(outputs))
	pointer := C.size_t(unsafe.Sizeof(uintptr(0)))
	names := (*[1 << 16]*C.char)(C.malloc(count * pointer))[:len(outputs):len(outputs)]
	defer C.free(unsafe.Pointer(&names[0]))
	into := (*[1 << 16]unsafe.Pointer)(C.malloc(count * pointer))[:len(outputs):len(outputs)]
	defer C.free(unsafe.Pointer(&into[0]))
	for i, name := range outputs {
		names[i] = C.CString(name)
		defer C.free(unsafe.Pointer(names[i]))
		into[i] = unsafe.Pointer(mats[i].Ptr())
	}
	message := (*C.char)(C.malloc(room))
	defer C.free(unsafe.Pointer(message))
	net := *(*unsafe.Pointer)(unsafe.Pointer(&n.net))
	if C.coldshelf_forward(net, &names[0], &into[0], C.int(len(outputs)), message, room) != 0 {
		return fmt.Errorf("OpenCV: %s", strings.TrimSpace(C.GoString(message)))
	}
	return nil
}

// Close frees the net. Closing twice is allowed.
func (n *network) Close() error {
	if n.closed {
		return nil
	}
	n.closed = true
	var faults []error
	for _, blob := range n.inputs {
		faults = append(faults, blob.Close())
	}
	return errors.Join(append(faults, n.net.Close())...)
}
