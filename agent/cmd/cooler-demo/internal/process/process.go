// Package process starts the real programs as children, keeps what they print, and ends them. The
// demo and the end-to-end test use it alike, so that the test proves what the demo does.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Child is one running program.
type Child struct {
	Name string
	cmd  *exec.Cmd
	done chan struct{}

	mu   sync.Mutex
	tail []string // the last lines it printed
}

const tailLines = 40

// Start runs the program in its own process group, so that a Ctrl-C at the terminal reaches this
// program only and the children end in order. What it prints goes to log line by line, after its name.
func Start(name string, log io.Writer, program string, args ...string) (*Child, error) {
	c := &Child{Name: name, cmd: exec.Command(program, args...), done: make(chan struct{})}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c.cmd.Stdout, c.cmd.Stderr = in, in
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), in.Close(), out.Close())
	}
	in.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.copyLines(out, log)
	}()
	go func() {
		_ = c.cmd.Wait() // how it ended is in ProcessState, which Ended tells
		<-read
		out.Close()
		close(c.done)
	}()
	return c, nil
}

func (c *Child) copyLines(from io.Reader, log io.Writer) {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for lines.Scan() {
		c.mu.Lock()
		c.tail = append(c.tail, lines.Text())
		c.tail = c.tail[max(0, len(c.tail)-tailLines):]
		c.mu.Unlock()
		fmt.Fprintf(log, "%s | %s\n", c.Name, lines.Text())
	}
}

// Done is closed when the program has ended and all that it printed was read.
func (c *Child) Done() <-chan struct{} { return c.done }

// Succeeded tells, once the program has ended, whether it did with status 0.
func (c *Child) Succeeded() bool { return c.cmd.ProcessState.Success() }

// Ended says why a program that was not asked to end has done so, with the last lines it printed.
func (c *Child) Ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := ""
	for _, line := range c.tail[max(0, len(c.tail)-8):] {
		text += "\n    " + line
	}
	return fmt.Errorf("%s ended by itself (%v)%s", c.Name, c.cmd.ProcessState, text)
}

// Stop asks the program to end and waits; after patience it is killed, which is an error.
func (c *Child) Stop(patience time.Duration) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", c.Name, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		c.Kill()
		return fmt.Errorf("stop %s: it did not end within %v and was killed", c.Name, patience)
	}
}

// Kill ends the program and whatever it started at once, as a power cut would, and waits for it.
func (c *Child) Kill() {
	// The group may be gone already; then there is nothing left to kill.
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.done
}
