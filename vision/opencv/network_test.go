//go:build customenv

package opencv_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/networktest"
	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/probe"
)

// TestMain lets the test binary be the child in which models are tried.
func TestMain(m *testing.M) {
	if os.Getenv("COLDSHELF_PROBE_CHILD") != "" {
		err := probe.Child(context.Background(), os.Stdin, func(_ string, onnx []byte) (vision.Network, error) {
			return opencv.OpenNetwork(onnx, opencv.CPU)
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, "model:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func open(onnx []byte) (vision.Network, error) { return opencv.OpenNetwork(onnx, opencv.CPU) }

func TestNetworkConforms(t *testing.T) { networktest.Run(t, open) }

func TestTargets(t *testing.T) {
	_, onnx := networktest.Detector(t)
	if _, err := opencv.OpenNetwork(onnx, "abacus"); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("target abacus: got %v", err)
	}
}

func TestBadModelsAreRefusedWithoutAnAbort(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("COLDSHELF_PROBE_CHILD", "1")
	spec, good := networktest.Detector(t)
	cut := good[:len(good)/2]
	flipped := append([]byte(nil), good...)
	for i := 200; i < len(flipped); i += 997 {
		flipped[i] ^= 0x5a
	}
	cases := []struct {
		name string
		onnx []byte
		ok   bool
	}{
		{"the shipped detector", good, true},
		{"cut short", cut, false},
		{"bits flipped", flipped, false},
		{"text", []byte("this is no model"), false},
		{"empty", nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := probe.Prober{Command: []string{self}, Cache: t.TempDir()}
			model := probe.Model{ONNX: c.onnx, Inputs: map[string][]int{spec.Input.Name: {1, 3, 64, 96}}, Outputs: spec.Outputs}
			err := p.Try(context.Background(), model, "OpenCV")
			if c.ok {
				if err != nil {
					t.Fatal(err)
				}
				// The verdict is kept: a command that cannot be started is not needed any more.
				p.Command = []string{"/nonexistent"}
				if err := p.Try(context.Background(), model, "OpenCV"); err != nil {
					t.Errorf("the verdict was not kept: %v", err)
				}
				return
			}
			if !errors.Is(err, probe.ErrRefused) {
				t.Fatalf("got %v, want %v", err, probe.ErrRefused)
			}
			t.Log(err)
		})
	}
}
