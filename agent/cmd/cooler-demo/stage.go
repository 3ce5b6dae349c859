package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/process"
	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/shop"
)

// programs are the running programs, with their data folder and the log of their output.
type programs struct {
	data     string
	log      *os.File
	children []*process.Child
}

// stage makes an empty folder for the programs: every run begins with an empty cloud and empty boards, so that
// alerts of an earlier run cannot confuse.
func (d *demo) stage() (*programs, error) {
	data := filepath.Join(d.dir, "run")
	if err := os.RemoveAll(data); err != nil {
		return nil, fmt.Errorf("clear the last run: %w", err)
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(data, "programs.log"))
	if err != nil {
		return nil, err
	}
	return &programs{data: data, log: log}, nil
}

func (p *programs) start(name, program string, args ...string) error {
	c, err := process.Start(name, p.log, program, args...)
	if err != nil {
		return err
	}
	p.children = append(p.children, c)
	return nil
}

// end stops the programs, agents first so that what they saw still arrives.
func (p *programs) end() {
	for _, c := range slices.Backward(p.children) {
		if err := c.Stop(patience); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
		}
	}
	p.log.Close()
}

// startCloud starts the service and waits until it answers.
func (d *demo) startCloud(ctx context.Context, p *programs) error {
	config, err := cloudConfig(p.data)
	if err != nil {
		return err
	}
	err = p.start("cloud", d.program("cooler-cloud"), "serve", "--config", config, "--listen", d.http, "--mqtt-listen", d.mqtt,
		"--data", filepath.Join(p.data, "cloud"), "--tenant", "demo")
	if err != nil {
		return err
	}
	return d.ready(ctx, p.children[0])
}

func (d *demo) startAgent(p *programs, c shop.Cooler, pace time.Duration, loop bool) error {
	config, err := c.AgentConfig(filepath.Join(p.data, c.Device), "tcp://"+d.mqtt, pace, loop)
	if err != nil {
		return err
	}
	args := []string{"run", "--config", config}
	if !loop {
		args = append(args, "--until-end")
	}
	return p.start(c.Device, d.program("cooler-agent"), args...)
}
