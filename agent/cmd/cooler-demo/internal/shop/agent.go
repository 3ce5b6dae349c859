package shop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// AgentConfig writes the configuration of the cooler's agent and returns its path. The agent takes a picture
// every pace, and starts the day again at its end if loop is set.
func (c Cooler) AgentConfig(data, broker string, pace time.Duration, loop bool) (string, error) {
	text, err := yaml.Marshal(yaml.MapSlice{
		{Key: "tenant", Value: "demo"},
		{Key: "store", Value: c.Store},
		{Key: "device", Value: c.Device},
		{Key: "data_dir", Value: data},
		{Key: "clock", Value: "trusted"},
		{Key: "planogram", Value: filepath.Join(c.Dir, "planogram.yaml")},
		{Key: "camera", Value: yaml.MapSlice{{Key: "source", Value: "dir:" + filepath.Join(c.Dir, "frames")}, {Key: "loop", Value: loop}}},
		{Key: "schedule", Value: yaml.MapSlice{{Key: "every", Value: pace.String()}}},
		{Key: "vision", Value: yaml.MapSlice{
			{Key: "gallery", Value: filepath.Join(c.Dir, "gallery.zip")},
			{Key: "mount", Value: filepath.Join(c.Dir, "mount.yaml")},
		}},
		{Key: "picture", Value: yaml.MapSlice{{Key: "send", Value: "always"}}},
		{Key: "devices", Value: yaml.MapSlice{{Key: "sim", Value: true}, {Key: "interval", Value: "5s"}}},
		{Key: "uplink", Value: yaml.MapSlice{{Key: "broker", Value: broker}, {Key: "ack_timeout", Value: "5s"}}},
	})
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(data, "agent.yaml")
	return path, os.WriteFile(path, text, 0o644)
}

// Enrol has the agent program enrol the cooler's products from their photos, unless that has been done.
func (c Cooler) Enrol(ctx context.Context, agent string) error {
	gallery := filepath.Join(c.Dir, "gallery.zip")
	if _, err := os.Stat(gallery); err == nil {
		return nil
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, agent, "enroll", "--gallery", gallery, "--from", filepath.Join(c.Dir, "photos"))
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("enrol the products of %s: %w\n%s", c.Device, err, strings.TrimSpace(out.String()))
	}
	return nil
}
