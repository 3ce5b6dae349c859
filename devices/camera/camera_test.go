package camera_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/devices/camera"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// A test binary that is started again with this variable is a capture worker of the mood it names.
const moodVariable = "COLDSHELF_TEST_CAPTURE_WORKER"

func TestMain(m *testing.M) {
	if mood := os.Getenv(moodVariable); mood != "" {
		work(mood)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work is the child.
func work(mood string) {
	live := strings.HasPrefix(mood, "live")
	opts := camera.Options{Loop: strings.Contains(mood, "loop"), Step: 1}
	if strings.Contains(mood, "step3") {
		opts.Step = 3
	}
	gone, done := camera.Serve(os.Stdin, os.Stdout, live, opts, func() (camera.Grabber, error) {
		if mood == "absent" {
			fmt.Fprintln(os.Stderr, "no such device: 7")
			return nil, errors.New("cannot open")
		}
		return &source{mood: mood}, nil
	})
	select {
	case <-gone:
	case <-done:
	}
}

// source counts its frames in their first byte.
type source struct {
	mood string
	n    int
}

func (s *source) Grab() error {
	s.n++
	switch {
	case s.mood == "live hangs" && s.n == 200:
		select {}
	case s.mood == "live crashes" && s.n == 200:
		fmt.Fprintln(os.Stderr, "terminate called after throwing an instance of 'cv::Exception'")
		os.Exit(134)
	case s.mood == "live unplugged" && s.n == 200:
		return errors.New("no frame")
	case strings.HasPrefix(s.mood, "file") && s.n > 5:
		return fmt.Errorf("clip has ended: %w", io.EOF)
	}
	if strings.HasPrefix(s.mood, "live") {
		time.Sleep(time.Millisecond) // a camera's own pace
	}
	return nil
}

func (s *source) Retrieve() (vision.Frame, error) {
	if s.mood == "file torn" && s.n == 2 {
		return vision.Frame{}, errors.New("frame cannot be decoded")
	}
	f := vision.Frame{Width: 40, Height: 30, BGR: make([]byte, 3*40*30)}
	f.BGR[0] = byte(s.n)
	return f, nil
}

func (s *source) Close() error { return nil }

// process is a camera whose child is this test binary in a mood.
func process(t *testing.T, mood string, stall time.Duration) *camera.Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := camera.NewProcess(func() *exec.Cmd {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), moodVariable+"="+mood)
		return cmd
	}, stall)
	t.Cleanup(func() { p.Close() })
	return p
}

// capture gives the number of the frame.
func capture(t *testing.T, c interface {
	Capture(context.Context) (vision.Frame, error)
}) (int, error) {
	t.Helper()
	f, err := c.Capture(context.Background())
	if err != nil {
		return 0, err
	}
	if f.CapturedAt.IsZero() {
		t.Error("frame has no time")
	}
	return int(f.BGR[0]), nil
}

const patience = 20 * time.Second

func TestAFileGivesEachFrameAndEnds(t *testing.T) {
	for mood, want := range map[string]string{
		"file":            "1 2 3 4 5 end end",
		"file step3":      "1 4 end end",
		"file torn":       "1 fault 3 4 5 end end",
		"file loop":       "1 2 3 4 5 1 2 3 4 5 1 2",
		"file loop step3": "1 4 2 5 3 1", // the steps go on over the end
	} {
		t.Run(mood, func(t *testing.T) {
			p := process(t, mood, patience)
			var got []string
			for range strings.Count(want, " ") + 1 {
				n, err := capture(t, p)
				switch {
				case errors.Is(err, camera.ErrEnd):
					got = append(got, "end")
				case err != nil:
					got = append(got, "fault")
				default:
					got = append(got, fmt.Sprint(n))
				}
			}
			if s := strings.Join(got, " "); s != want {
				t.Errorf("got %s, want %s", s, want)
			}
		})
	}
}

func TestALiveCameraGivesWhatIsThereNow(t *testing.T) {
	p := process(t, "live", patience)
	last := 0
	for range 5 {
		n, err := capture(t, p)
		if err != nil {
			t.Fatal(err)
		}
		if n == last {
			t.Errorf("frame %d came twice", n)
		}
		last = n
	}
}

// The camera works, fails in its way, is told, and works again with another child.
func TestACameraThatFailsIsStartedAgain(t *testing.T) {
	for mood, want := range map[string]error{
		"live hangs":     camera.ErrStalled,
		"live crashes":   camera.ErrLost,
		"live unplugged": camera.ErrLost,
	} {
		t.Run(mood, func(t *testing.T) {
			p := process(t, mood, 3*time.Second)
			if _, err := capture(t, p); err != nil {
				t.Fatalf("first capture: %v", err)
			}
			var failed error
			for range 400 {
				if _, failed = capture(t, p); failed != nil {
					break
				}
			}
			// A child that left between two captures is replaced without a word.
			if failed != nil && !errors.Is(failed, want) {
				t.Errorf("got %v, want %v", failed, want)
			}
			if mood == "live hangs" && failed == nil {
				t.Error("a camera that hangs was not noticed")
			}
			if _, err := capture(t, p); err != nil {
				t.Errorf("after it was started again: %v", err)
			}
		})
	}
}

func TestAnAbsentCameraSaysWhy(t *testing.T) {
	p := process(t, "absent", patience)
	for range 2 {
		_, err := capture(t, p)
		if !errors.Is(err, camera.ErrLost) || !strings.Contains(err.Error(), "cannot open") || !strings.Contains(err.Error(), "no such device: 7") {
			t.Errorf("got %v, want ErrLost with the library's own words", err)
		}
	}
}

func TestAProgramThatIsNoWorker(t *testing.T) {
	for name, command := range map[string][]string{
		"not there":  {"/nonexistent/worker"},
		"says other": {"sh", "-c", "echo this is not the protocol at all; cat"},
		"leaves":     {"true"},
	} {
		t.Run(name, func(t *testing.T) {
			p := camera.NewProcess(func() *exec.Cmd { return exec.Command(command[0], command[1:]...) }, 5*time.Second)
			defer p.Close()
			if _, err := capture(t, p); !errors.Is(err, camera.ErrLost) {
				t.Errorf("got %v, want ErrLost", err)
			}
		})
	}
}

func TestACaptureThatIsGivenUp(t *testing.T) {
	p := process(t, "live hangs", time.Hour)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var err error
	for err == nil {
		_, err = p.Capture(ctx)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's end", err)
	}
}

func pictures(t *testing.T, greys map[string]uint8) string {
	t.Helper()
	dir := t.TempDir()
	for name, v := range greys {
		img := image.NewGray(image.Rect(0, 0, 32, 24))
		for i := range img.Pix {
			img.Pix[i] = v
		}
		img.SetGray(31, 23, color.Gray{Y: v})
		data, err := picture.PNG(img)
		if err != nil {
			t.Fatal(err)
		}
		if v == 0 {
			data = data[:len(data)/2]
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAFolderInTheOrderOfItsNames(t *testing.T) {
	dir := pictures(t, map[string]uint8{"b.png": 2, "a.PNG": 1, "c.png": 0, "d.png": 4, "notes.txt": 9, "e.png": 5})
	read := func(opts camera.Options, n int) string {
		d, err := camera.OpenDir(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		var got []string
		for range n {
			v, err := capture(t, d)
			switch {
			case errors.Is(err, camera.ErrEnd):
				got = append(got, "end")
			case err != nil:
				if !strings.Contains(err.Error(), "c.png") || !errors.Is(err, picture.ErrDamaged) {
					t.Errorf("error does not name the picture: %v", err)
				}
				got = append(got, "fault")
			default:
				got = append(got, fmt.Sprint(v))
			}
		}
		return strings.Join(got, " ")
	}
	for _, c := range []struct {
		opts camera.Options
		want string
	}{
		{camera.Options{}, "1 2 fault 4 5 end end"},
		{camera.Options{Step: 3}, "1 4 end end"},
		{camera.Options{Loop: true}, "1 2 fault 4 5 1 2"},
	} {
		if got := read(c.opts, strings.Count(c.want, " ")+1); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.opts, got, c.want)
		}
	}
}

func TestAFolderThatGivesNothing(t *testing.T) {
	for name, dir := range map[string]string{"empty": t.TempDir(), "not there": filepath.Join(t.TempDir(), "no")} {
		if _, err := camera.OpenDir(dir, camera.Options{}); !errors.Is(err, camera.ErrLost) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v, want ErrLost that names the folder", name, err)
		}
	}
}
