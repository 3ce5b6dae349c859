// Package process starts the real programs as child processes, keeps what they print, and ends them. The demo
// and the end-to-end test share it, so that the test covers what the demo does.
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

// Start runs the program in its own process group, so that Ctrl-C at the terminal reaches only this program and
// the children can be ended in order. What the program prints goes to log line by line, preceded by its name.
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
		_ = c.cmd.Wait() // ProcessState, which Ended reports, says how it ended
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

// Done is closed when the program has ended and all its output has been read.
func (c *Child) Done() <-chan struct{} { return c.done }

// Succeeded reports whether the program exited with status 0. It must not be called before Done is closed.
func (c *Child) Succeeded() bool { return c.cmd.ProcessState.Success() }

// Ended returns an error that says how the program ended, with the last lines that it printed.
func (c *Child) Ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := ""
	for _, line := range c.tail[max(0, len(c.tail)-8):] {
		text += "\n    " + line
	}
	return fmt.Errorf("%s ended by itself (%v)%s", c.Name, c.cmd.ProcessState, text)
}

// Stop asks the program to exit and waits. If that takes longer than patience, the program is killed, which is
// an error.
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
	// The group may be gone already, in which case nothing is left to kill.
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.done
}
