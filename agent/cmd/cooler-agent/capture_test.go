//go:build customenv

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/devices/camera"
)

// clip writes a Motion JPEG video of n grey frames, each brighter than the one before.
func clip(t *testing.T, n int) string {
	t.Helper()
	chunk := func(id string, data []byte) []byte {
		out := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data)))
		out = append(out, data...)
		if len(data)%2 == 1 {
			out = append(out, 0)
		}
		return out
	}
	list := func(kind string, parts ...[]byte) []byte {
		return chunk("LIST", append([]byte(kind), bytes.Join(parts, nil)...))
	}
	words := func(v ...uint32) (out []byte) {
		for _, w := range v {
			out = binary.LittleEndian.AppendUint32(out, w)
		}
		return out
	}
	const width, height, fps = 64, 48, 10
	var frames [][]byte
	var index []byte
	at := uint32(4)
	for i := range n {
		img := image.NewGray(image.Rect(0, 0, width, height))
		for p := range img.Pix {
			img.Pix[p] = uint8(40 + 6*i)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		c := chunk("00dc", b.Bytes())
		index = append(append(index, "00dc"...), words(0x10, at, uint32(b.Len()))...)
		at += uint32(len(c))
		frames = append(frames, c)
	}
	avih := words(1000000/fps, 0, 0, 0x10, uint32(n), 0, 1, 0, width, height, 0, 0, 0, 0)
	strh := append([]byte("vidsMJPG"), words(0, 0, 0, 1, fps, 0, uint32(n), 0, 0xffffffff, 0, 0, width|height<<16)...)
	strf := append(words(40, width, height, 1|24<<16), append([]byte("MJPG"), words(width*height*3, 0, 0, 0, 0)...)...)
	hdrl := list("hdrl", chunk("avih", avih), list("strl", chunk("strh", strh), chunk("strf", strf)))
	avi := chunk("RIFF", bytes.Join([][]byte{[]byte("AVI "), hdrl, list("movi", frames...), chunk("idx1", index)}, nil))
	path := filepath.Join(t.TempDir(), "clip.avi")
	if err := os.WriteFile(path, avi, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read captures until an error and gives the frames' brightness.
func read(t *testing.T, c config.Camera) (seen []int, err error) {
	t.Helper()
	if c.Stall == 0 {
		c.Stall = 30 * time.Second
	}
	c.Step = max(1, c.Step)
	cam, err := openCamera(c)
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	for len(seen) < 100 {
		f, err := cam.Capture(context.Background())
		if err != nil {
			return seen, err
		}
		if f.Width != 64 || f.Height != 48 {
			t.Fatalf("frame of %d×%d", f.Width, f.Height)
		}
		seen = append(seen, int(f.BGR[0]))
	}
	return seen, nil
}

func TestAVideoFileThroughTheChild(t *testing.T) {
	seen, err := read(t, config.Camera{Source: "file:" + clip(t, 12)})
	if !errors.Is(err, camera.ErrEnd) || len(seen) != 12 {
		t.Fatalf("%d frames, then %v", len(seen), err)
	}
	for i, v := range seen {
		if want := 40 + 6*i; v < want-3 || v > want+3 {
			t.Errorf("frame %d is %d bright, want %d", i, v, want)
		}
	}
	seen, err = read(t, config.Camera{Source: "file:" + clip(t, 12), Step: 5})
	if !errors.Is(err, camera.ErrEnd) || len(seen) != 3 {
		t.Errorf("every fifth frame: %d frames, then %v", len(seen), err)
	}
}

func TestVideosThatCannotBeRead(t *testing.T) {
	cutShort := clip(t, 40)
	data, err := os.ReadFile(cutShort)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cutShort, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("garbage "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ source, says string }{
		"cut short":  {"file:" + cutShort, "cut short"},
		"garbage":    {"file:" + garbage, "cannot be opened"},
		"not there":  {"file:/nowhere/clip.mp4", "no such file"},
		"no device":  {"v4l2:/dev/video-nowhere", "no such file"},
		"no stream":  {"rtsp://127.0.0.1:1/shelf", "cannot be opened"},
		"a password": {"rtsp://user:secret@127.0.0.1:1/shelf", "rtsp://user:xxxxx@127.0.0.1:1/shelf"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, config.Camera{Source: c.source})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the camera's password: %v", err)
			}
		})
	}
}

// networkCamera is a Motion JPEG camera over HTTP that can hang, and hang up.
type networkCamera struct {
	hang, gone atomic.Bool
	frames     atomic.Int64
}

func (c *networkCamera) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.gone.Load() {
		http.Error(w, "gone", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
	img := image.NewGray(image.Rect(0, 0, 64, 48))
	for r.Context().Err() == nil && !c.gone.Load() {
		if c.hang.Load() {
			<-r.Context().Done()
			return
		}
		for p := range img.Pix {
			img.Pix[p] = uint8(40 + c.frames.Load()%100)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", b.Len(), b.Bytes()); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		c.frames.Add(1)
		time.Sleep(20 * time.Millisecond) // its pace
	}
}

// A network camera that hangs, and one that is unplugged, are noticed, and seen again when they are back.
func TestANetworkCameraThatIsLost(t *testing.T) {
	stream := &networkCamera{}
	server := httptest.NewServer(stream)
	defer server.Close()
	defer stream.gone.Store(true)
	cam, err := openCamera(config.Camera{Source: server.URL + "/shelf", Step: 1, Stall: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	capture := func() error { _, err := cam.Capture(t.Context()); return err }
	again := func(what string) {
		t.Helper()
		for i := 0; ; i++ {
			if err := capture(); err == nil {
				return
			} else if i == 10 {
				t.Fatalf("%s: %v", what, err)
			}
		}
	}
	again("at first")
	stream.hang.Store(true)
	err = nil
	for range 50 { // what was under way still comes
		if err = capture(); err != nil {
			break
		}
	}
	if !errors.Is(err, camera.ErrStalled) && !errors.Is(err, camera.ErrLost) {
		t.Errorf("a camera that hangs: got %v", err)
	}
	server.CloseClientConnections()
	stream.hang.Store(false)
	again("after it hung")

	stream.gone.Store(true)
	server.CloseClientConnections()
	err = nil
	for range 50 {
		if err = capture(); err != nil {
			break
		}
	}
	if !errors.Is(err, camera.ErrLost) && !errors.Is(err, camera.ErrStalled) {
		t.Errorf("a camera that is unplugged: got %v", err)
	}
	stream.gone.Store(false)
	again("plugged in again")
}
