// Package probe tries a model file in a child process before this process loads it, because a runtime written
// in C++ may abort, crash or exhaust the memory on a bad file. It is used when the agent starts, before the
// first frame. A model that has passed is remembered by its SHA-256, so that only the first start after an
// update costs a child process.
//
// Whatever the bytes are, Try returns an error and never aborts the process. It does not judge whether the
// network is any good.
package probe

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/vision"
)

// ErrRefused is wrapped if the runtime cannot take the model, whether it said so or crashed on it.
var ErrRefused = errors.New("model refused")

// timeout allows for a small board with a slow card. Loading and one pass take a second on a Pi 4.
const timeout = 60 * time.Second

// maxModel bounds the bytes that a child reads.
const maxModel = 256 << 20

// Model is a model file and the shapes that it must be able to run on.
type Model struct {
	ONNX    []byte
	Inputs  map[string][]int // the input shapes to try
	Outputs []string
}

// Prober tries models.
type Prober struct {
	// Command starts a program that calls Child on its standard input: usually this program with a hidden
	// subcommand.
	Command []string
	// Cache is the folder in which verdicts are kept, or "" to keep none.
	Cache string
}

// request is sent to the child as 4 bytes of length and JSON, followed by the model file up to the end of the
// stream.
type request struct {
	Runtime string           `json:"runtime"`
	Inputs  map[string][]int `json:"inputs"`
	Outputs []string         `json:"outputs"`
}

// Try loads the model in a child process and runs it once under a runtime ("OpenCV 4.6.0 cpu"), unless that has
// succeeded before. The error wraps ErrRefused and quotes the runtime.
func (p Prober) Try(ctx context.Context, m Model, runtime string) error {
	mark := p.mark(m, runtime)
	if mark != "" {
		if _, err := os.Stat(mark); err == nil {
			return nil
		}
	}
	if err := p.run(ctx, m, runtime); err != nil {
		return err
	}
	if mark != "" {
		// If the verdict cannot be kept, the next start takes half a second longer, and that is all.
		if os.MkdirAll(filepath.Dir(mark), 0o755) == nil {
			_ = os.WriteFile(mark, []byte(runtime+"\n"), 0o644)
		}
	}
	return nil
}

// mark returns the path of the file whose presence records that the model has passed.
func (p Prober) mark(m Model, runtime string) string {
	if p.Cache == "" {
		return ""
	}
	h := sha256.New()
	h.Write(m.ONNX)
	fmt.Fprint(h, "\n", runtime, m.Inputs, m.Outputs)
	return filepath.Join(p.Cache, hex.EncodeToString(h.Sum(nil))+".ok")
}

func (p Prober) run(ctx context.Context, m Model, runtime string) error {
	if len(p.Command) == 0 {
		return errors.New("probe: no command to start a child with")
	}
	head, err := json.Marshal(request{runtime, m.Inputs, m.Outputs})
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	child := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...)
	child.Stdin = io.MultiReader(
		bytes.NewReader(binary.BigEndian.AppendUint32(nil, uint32(len(head)))), bytes.NewReader(head), bytes.NewReader(m.ONNX))
	var said bytes.Buffer
	child.Stderr = &limited{&said, 64 << 10}
	child.WaitDelay = time.Second
	err = child.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("try model: %w", context.Cause(ctx))
	case errors.As(err, &exit):
		return fmt.Errorf("%w by %s: %s", ErrRefused, runtime, reason(said.String(), exit))
	}
	return fmt.Errorf("start child process to try model: %w", err)
}

// reason picks the most informative line of what the child wrote before it ended.
func reason(said string, exit *exec.ExitError) string {
	if m := regexp.MustCompile(`(?m)^(?:error: )?(model: .*)$`).FindStringSubmatch(said); m != nil {
		return strings.TrimPrefix(m[1], "model: ")
	}
	// OpenCV: "  what():  OpenCV(4.6.0) …: error: (-210:…) words in function 'name'"
	if m := regexp.MustCompile(`error: (\([^)]*\) [^\n]*)`).FindStringSubmatch(said); m != nil {
		return m[1]
	}
	return "the runtime died of it: " + exit.Error()
}

// limited keeps the first bytes that are written to it and drops the rest: what a dying runtime writes may be
// long.
type limited struct {
	to   *bytes.Buffer
	room int
}

func (l *limited) Write(p []byte) (int, error) {
	l.to.Write(p[:min(len(p), max(0, l.room-l.to.Len()))])
	return len(p), nil
}

// Child is the child's side: it reads a request and the model from in, loads the network under the requested
// runtime, and runs it once on zeros. If it returns an error, the program must write the error to standard
// error after "model: " and exit with a status other than 0.
func Child(ctx context.Context, in io.Reader, open func(runtime string, onnx []byte) (vision.Network, error)) error {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > 1<<20 {
		return fmt.Errorf("request of %d bytes", n)
	}
	head := make([]byte, n)
	if _, err := io.ReadFull(in, head); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	var req request
	if err := json.Unmarshal(head, &req); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	onnx, err := io.ReadAll(io.LimitReader(in, maxModel))
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	net, err := open(req.Runtime, onnx)
	if err != nil {
		return err
	}
	defer net.Close()
	inputs := map[string]vision.Tensor{}
	for name, shape := range req.Inputs {
		inputs[name] = vision.NewTensor(shape...)
	}
	_, err = net.Forward(ctx, inputs, req.Outputs)
	return err
}
