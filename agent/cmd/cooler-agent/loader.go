package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/ort"
	"github.com/coldshelf/coldshelf/vision/probe"
)

// probeName is the hidden subcommand in which a model file is tried.
const probeName = "probe-model"

// loader loads networks under one runtime, each tried in a child process first.
type loader struct {
	opts    sightOptions
	ort     *ort.Runtime // nil: OpenCV
	runtime string       // with its version, as it stands in the log and in the probe's verdicts
	prober  probe.Prober
}

func newLoader(o sightOptions) (*loader, error) {
	rt, err := chooseRuntime(o)
	if err != nil {
		return nil, err
	}
	l := &loader{opts: o, ort: rt}
	if rt != nil {
		l.runtime = rt.Version()
	} else {
		target := o.Target
		if target == "" {
			target = opencv.CPU
		}
		l.runtime = "OpenCV " + strings.TrimSpace(opencv.Version()) + ", " + target
		opencv.SetThreads(o.Threads)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	command := []string{self, probeName}
	if o.Library != "" {
		command = append(command, "--onnxruntime", o.Library)
	}
	l.prober = probe.Prober{Command: command, Cache: cacheDir()}
	return l, nil
}

// load checks a network's hash, tries it in a child process, and loads it.
func (l *loader) load(ctx context.Context, set *weights.Set, spec weights.Network) (vision.Network, error) {
	onnx, err := set.Load(spec)
	if err != nil {
		return nil, withHint(err, "fetch the weights again, or leave --weights out to use the built-in ones")
	}
	if err := l.prober.Try(ctx, probe.Model{ONNX: onnx, Inputs: map[string][]int{spec.Input.Name: tryShape(spec.Input)}, Outputs: spec.Outputs}, l.runtime); err != nil {
		return nil, withHint(fmt.Errorf("network %s of %s: %w", spec.Name, set.From(), err), "use other weights (--weights) or another --runtime")
	}
	return openNetwork(l.ort, onnx, l.opts)
}

func openNetwork(rt *ort.Runtime, onnx []byte, o sightOptions) (vision.Network, error) {
	switch {
	case rt != nil && o.Sparing:
		return rt.OpenSparing(onnx, o.Threads)
	case rt != nil:
		return rt.OpenNetwork(onnx, o.Threads)
	}
	return opencv.OpenNetwork(onnx, o.Target)
}

// tryShape returns the smallest input that the network must take.
func tryShape(in weights.Input) []int {
	if in.Width > 0 && in.Height > 0 {
		return []int{1, max(3, in.Planes), in.Height, in.Width}
	}
	return []int{1, 3, 2 * in.Multiple, 3 * in.Multiple}
}

// probeCommand is the child process in which a model is tried.
func probeCommand() *cobra.Command {
	var library string
	cmd := &cobra.Command{
		Use: probeName, Hidden: true, Args: cobra.NoArgs,
		Short: "Try the model file on standard input and end",
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := probe.Child(cmd.Context(), os.Stdin, func(runtime string, onnx []byte) (vision.Network, error) {
				if strings.HasPrefix(runtime, "ONNX Runtime") {
					rt, err := ort.Open(library)
					if err != nil {
						return nil, err
					}
					return rt.OpenNetwork(onnx, 1)
				}
				if !strings.HasPrefix(runtime, "OpenCV") {
					return nil, errors.New("asked for an unknown runtime")
				}
				_, target, _ := strings.Cut(runtime, ", ")
				return opencv.OpenNetwork(onnx, target)
			})
			if err != nil {
				return fmt.Errorf("model: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&library, "onnxruntime", "", "ONNX Runtime's library")
	return cmd
}
