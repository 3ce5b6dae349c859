package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/devices/camera"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// captureWorkerName is the hidden subcommand in which the camera runs.
const captureWorkerName = "capture-worker"

// openCamera returns the camera that the configuration describes. With a lens profile, its pictures are
// rectified.
func openCamera(c config.Camera) (agent.Camera, error) {
	straight, err := openLens(c.Lens)
	if err != nil {
		return nil, err
	}
	cam, err := openSource(c)
	if err != nil || straight == nil {
		return cam, err
	}
	return &straightCamera{cam, straight}, nil
}

// openSource opens a folder or a simulated cooler in this process. Everything else is opened by OpenCV in a
// child process, which starts with the first capture.
func openSource(c config.Camera) (agent.Camera, error) {
	opts := camera.Options{Width: c.Width, Height: c.Height, FPS: c.FPS, Step: c.Step, Loop: c.Loop}
	if dir, ok := strings.CutPrefix(c.Source, "dir:"); ok {
		cam, err := camera.OpenDir(dir, opts)
		return cam, withHint(err, "camera.source names a folder with .jpg or .png pictures")
	}
	if name, ok := strings.CutPrefix(c.Source, "sim:"); ok {
		return openSimCamera(name, c)
	}
	if !opencv.Built() {
		return nil, withHint(fmt.Errorf("camera %s: %w", c.Source, opencv.ErrNotBuilt), "build with `make build`; a dir: camera works without")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return camera.NewProcess(func() *exec.Cmd {
		return exec.Command(self, captureWorkerName, "--source", c.Source, //nolint:noctx // camera.Process ends it
			"--width", strconv.Itoa(c.Width), "--height", strconv.Itoa(c.Height), "--fps", strconv.FormatFloat(c.FPS, 'g', -1, 64),
			"--step", strconv.Itoa(c.Step), "--loop="+strconv.FormatBool(c.Loop))
	}, c.Stall), nil
}

// captureWorkerCommand is the child process. It exits as soon as its parent has gone, even out of a call that
// hangs.
func captureWorkerCommand() *cobra.Command {
	var source string
	var opts camera.Options
	cmd := &cobra.Command{
		Use: captureWorkerName, Hidden: true, Args: cobra.NoArgs,
		Short: "Read a camera for the process that started this one",
		RunE: func(*cobra.Command, []string) error {
			gone, done := camera.Serve(os.Stdin, os.Stdout, opencv.Live(source), opts, func() (camera.Grabber, error) {
				return opencv.OpenCapture(source, opencv.CaptureOptions{Width: opts.Width, Height: opts.Height, FPS: opts.FPS})
			})
			select {
			case <-gone:
				return nil
			case err := <-done:
				return err
			}
		},
	}
	f := cmd.Flags()
	f.StringVar(&source, "source", "", "")
	f.IntVar(&opts.Width, "width", 0, "")
	f.IntVar(&opts.Height, "height", 0, "")
	f.Float64Var(&opts.FPS, "fps", 0, "")
	f.IntVar(&opts.Step, "step", 1, "")
	f.BoolVar(&opts.Loop, "loop", false, "")
	return cmd
}
