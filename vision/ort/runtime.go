//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"

	"github.com/coldshelf/coldshelf/vision"
)

// Runtime is the loaded ONNX Runtime library.
type Runtime struct{ library string }

// loading guards ONNX Runtime's environment, of which a process has only one.
var loading struct {
	sync.Mutex
	library string
}

// Open loads the library that Find gives for path and starts its environment.
func Open(path string) (*Runtime, error) {
	library, err := Find(path)
	if err != nil {
		return nil, err
	}
	loading.Lock()
	defer loading.Unlock()
	switch loading.library {
	case library:
		return &Runtime{library}, nil
	case "":
	default:
		return nil, fmt.Errorf("ONNX Runtime is loaded already from %s", loading.library)
	}
	onnx.SetSharedLibraryPath(library)
	if err := onnx.InitializeEnvironment(onnx.WithLogLevelError()); err != nil {
		return nil, fmt.Errorf("%w: load %s: %w", ErrNoLibrary, library, err)
	}
	loading.library = library
	return &Runtime{library}, nil
}

// Version names the runtime with its version: "ONNX Runtime 1.22.0, cpu".
func (r *Runtime) Version() string { return "ONNX Runtime " + onnx.GetVersion() + ", cpu" }

// OpenNetwork loads an ONNX model that uses up to threads threads per pass; below 1 the runtime chooses.
func (r *Runtime) OpenNetwork(model []byte, threads int) (vision.Network, error) {
	return open(r, model, threads, false)
}

// OpenSparing is OpenNetwork for a program that looks only now and then, for years: its peak memory is a third
// lower and is given back after each pass, but a pass takes a third longer.
func (r *Runtime) OpenSparing(model []byte, threads int) (vision.Network, error) {
	return open(r, model, threads, true)
}

func open(r *Runtime, model []byte, threads int, sparing bool) (vision.Network, error) {
	if len(model) == 0 {
		return nil, errors.New("the model file is empty")
	}
	ins, outs, err := onnx.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	options, err := onnx.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	defer func() { _ = options.Destroy() }()
	if threads > 0 {
		if err := options.SetIntraOpNumThreads(threads); err != nil {
			return nil, fmt.Errorf("set threads: %w", err)
		}
	}
	// Minutes pass between frames: threads that spin for work would only heat the board.
	if err := options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); err != nil {
		return nil, fmt.Errorf("stop spinning: %w", err)
	}
	if sparing {
		if err := spare(options); err != nil {
			return nil, fmt.Errorf("give memory back: %w", err)
		}
	}
	n := &network{version: r.Version(), inputs: names(ins), outputs: names(outs)}
	n.session, err = onnx.NewDynamicAdvancedSessionWithONNXData(model, n.inputs, n.outputs, options)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	return n, nil
}

// spare keeps no memory pool between passes, and disables the blocked layout of planes, whose padded copies are
// the largest allocations of a pass.
func spare(options *onnx.SessionOptions) error {
	return errors.Join(options.SetCpuMemArena(false), options.SetMemPattern(false),
		options.SetGraphOptimizationLevel(onnx.GraphOptimizationLevelEnableExtended))
}

func names(infos []onnx.InputOutputInfo) []string {
	out := make([]string, len(infos))
	for i, info := range infos {
		out[i] = info.Name
	}
	return out
}

// network is one model in a session of its own.
type network struct {
	session         *onnx.DynamicAdvancedSession
	version         string
	inputs, outputs []string
}

func (n *network) Runtime() string { return n.version }

func (n *network) Forward(ctx context.Context, inputs map[string]vision.Tensor, outputs []string) (map[string]vision.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if n.session == nil {
		return nil, errors.New("network is closed")
	}
	if len(outputs) == 0 {
		return nil, errors.New("no outputs asked for")
	}
	for name := range inputs {
		if !slices.Contains(n.inputs, name) {
			return nil, fmt.Errorf("the model has no input %q, it has %q", name, n.inputs)
		}
	}
	for _, name := range outputs {
		if !slices.Contains(n.outputs, name) {
			return nil, fmt.Errorf("the model has no output %q, it has %q", name, n.outputs)
		}
	}
	in := make([]onnx.Value, len(n.inputs))
	defer destroy(in)
	for i, name := range n.inputs {
		t, ok := inputs[name]
		if !ok {
			return nil, fmt.Errorf("input %q is missing", name)
		}
		if err := t.Check(); err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
		tensor, err := onnx.NewTensor(shape(t), t.Data)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
		in[i] = tensor
	}
	out := make([]onnx.Value, len(n.outputs))
	defer destroy(out)
	if err := n.session.Run(in, out); err != nil {
		return nil, fmt.Errorf("ONNX Runtime: %w", err)
	}
	return n.collect(out, outputs)
}

// collect copies the requested outputs into Go's memory.
func (n *network) collect(out []onnx.Value, wanted []string) (map[string]vision.Tensor, error) {
	result := make(map[string]vision.Tensor, len(wanted))
	for _, name := range wanted {
		tensor, ok := out[slices.Index(n.outputs, name)].(*onnx.Tensor[float32])
		if !ok {
			return nil, fmt.Errorf("output %s does not hold 32-bit floats", name)
		}
		t := vision.Tensor{Data: slices.Clone(tensor.GetData())}
		for _, d := range tensor.GetShape() {
			t.Shape = append(t.Shape, int(d))
		}
		result[name] = t
	}
	return result, nil
}

func shape(t vision.Tensor) onnx.Shape {
	dims := make([]int64, len(t.Shape))
	for i, d := range t.Shape {
		dims[i] = int64(d)
	}
	return onnx.NewShape(dims...)
}

func destroy(values []onnx.Value) {
	for _, v := range values {
		if v != nil {
			_ = v.Destroy() // only frees memory: it can fail only when called twice
		}
	}
}

// Close frees the session. A second Close does nothing.
func (n *network) Close() error {
	if n.session == nil {
		return nil
	}
	session := n.session
	n.session = nil
	return session.Destroy()
}
