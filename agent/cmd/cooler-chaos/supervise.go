package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// program is a process that is started again whenever it ends, as systemd would do, until it exits with status
// 0 or is stopped.
type program struct {
	kind, name string
	command    func() *exec.Cmd
	log        *os.File

	mu      sync.Mutex
	process *os.Process // nil while there is none
	starts  int
	kills   int

	stop context.CancelFunc
	done chan struct{}
}

// pauseToRestart is the time between the end of a process and its next start.
const pauseToRestart = 150 * time.Millisecond

// supervise starts the program. It is stopped when ctx ends.
func supervise(ctx context.Context, kind, name string, log *os.File, command func() *exec.Cmd) *program {
	ctx, stop := context.WithCancel(ctx)
	p := &program{kind: kind, name: name, command: command, log: log, stop: stop, done: make(chan struct{})}
	go p.run(ctx)
	return p
}

func (p *program) run(ctx context.Context) {
	defer close(p.done)
	for ctx.Err() == nil {
		cmd := p.command()
		if cmd.Stdout == nil {
			cmd.Stdout = p.log
		}
		cmd.Stderr = p.log
		if cmd.SysProcAttr == nil {
			cmd.SysProcAttr = &syscall.SysProcAttr{}
		}
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
		if err := cmd.Start(); err != nil {
			fmt.Fprintf(p.log, "start %s: %v\n", p.name, err)
		} else {
			p.mu.Lock()
			p.process = cmd.Process
			p.starts++
			p.mu.Unlock()
			gone := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGINT) }) // a process that has ended needs none
			err := cmd.Wait()
			gone()
			p.mu.Lock()
			p.process = nil
			p.mu.Unlock()
			if err == nil {
				return
			}
			fmt.Fprintf(p.log, "%s ended: %v\n", p.name, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pauseToRestart):
		}
	}
}

// kill ends the process with SIGKILL, and reports whether there was one.
func (p *program) kill() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil || p.process.Signal(syscall.SIGKILL) != nil {
		return false
	}
	p.process = nil
	p.kills++
	return true
}

// end stops the program for good and waits.
func (p *program) end() {
	p.stop()
	<-p.done
}
