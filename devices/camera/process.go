package camera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/vision"
)

// Process is a camera in a child process. It is used from one goroutine.
type Process struct {
	command func() *exec.Cmd
	stall   time.Duration
	child   *child
	ended   error
}

// NewProcess makes a camera of the program that command gives, which must run Serve on its standard
// input and output. No child is started before the first Capture. After stall without a sign of life
// the child is killed; opening a network stream must fit into it as well.
func NewProcess(command func() *exec.Cmd, stall time.Duration) *Process {
	return &Process{command: command, stall: stall}
}

// Capture asks for a frame. ErrEnd is final. After ErrStalled and ErrLost the child is gone, and the
// next Capture starts another one. Other errors are of this frame only.
func (p *Process) Capture(ctx context.Context) (vision.Frame, error) {
	if p.ended != nil {
		return vision.Frame{}, p.ended
	}
	if p.child != nil && p.child.settle() {
		p.reap()
	}
	if p.child == nil {
		c, err := start(p.command())
		if err != nil {
			return vision.Frame{}, fmt.Errorf("start capture worker: %w: %w", ErrLost, err)
		}
		p.child = c
	}
	f, err := p.capture(ctx)
	if errors.Is(err, ErrEnd) {
		p.ended = err
	}
	if err != nil && !errors.Is(err, errFault) {
		text := p.reap()
		if text != "" && !errors.Is(err, ErrEnd) && ctx.Err() == nil { // what the library wrote of it
			err = fmt.Errorf("%w (%s)", err, text)
		}
	}
	return f, err
}

// errFault marks an error of one frame.
var errFault = errors.New("capture")

func (p *Process) capture(ctx context.Context) (vision.Frame, error) {
	_, _ = p.child.in.Write([]byte{ask}) // a child that has gone has said why, or its messages end
	timer := time.NewTimer(p.stall)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return vision.Frame{}, ctx.Err()
		case <-timer.C:
			return vision.Frame{}, fmt.Errorf("%w: no frame in %v", ErrStalled, p.stall)
		case m, ok := <-p.child.messages:
			if !ok {
				return vision.Frame{}, fmt.Errorf("%w: capture worker ended", ErrLost)
			}
			switch m.kind {
			case kindHeartbeat:
				timer.Reset(p.stall)
			case kindFrame:
				m.frame.CapturedAt = time.Now()
				return check(m.frame)
			case kindFault:
				return vision.Frame{}, fmt.Errorf("%w: %s", errFault, m.text)
			case kindEnd:
				return vision.Frame{}, fmt.Errorf("%w: %s", ErrEnd, m.text)
			case kindLost:
				return vision.Frame{}, fmt.Errorf("%w: %s", ErrLost, m.text)
			}
		}
	}
}

// Close ends the child.
func (p *Process) Close() error {
	if p.child != nil {
		p.reap()
	}
	return nil
}

// reap ends the child and gives the last line that it wrote on standard error.
func (p *Process) reap() string {
	text := p.child.end()
	p.child = nil
	return text
}

// child is one running worker with the goroutine that reads from it.
type child struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	messages chan message
	stop     chan struct{}
	reader   sync.WaitGroup
	stderr   tail
}

func start(cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, messages: make(chan message, 4), stop: make(chan struct{})}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = &c.stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.in = in
	c.reader.Go(func() {
		defer close(c.messages)
		for {
			m, err := readMessage(out)
			if err != nil {
				return
			}
			if m.kind == kindHeartbeat {
				select { // one that nobody waits for is not kept
				case c.messages <- m:
				default:
				}
				continue
			}
			select {
			case c.messages <- m:
			case <-c.stop:
				return
			}
		}
	})
	return c, nil
}

// settle throws away what came since the last capture and reports whether the child has gone.
func (c *child) settle() (gone bool) {
	for {
		select {
		case m, ok := <-c.messages:
			if !ok || m.kind == kindLost {
				return true
			}
		default:
			return false
		}
	}
}

// end kills the child, which may hang in a call that nothing else ends.
func (c *child) end() string {
	close(c.stop)
	c.in.Close()
	c.cmd.Process.Kill()
	c.reader.Wait()
	c.cmd.Wait()
	return c.stderr.last()
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const tailBytes = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if n := len(t.data) - tailBytes; n > 0 {
		t.data = bytes.Clone(t.data[n:])
	}
	return len(p), nil
}

// last gives the last line with anything in it.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.data)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
