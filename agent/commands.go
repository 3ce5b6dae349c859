package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/coldshelf/coldshelf/models/wire"
)

// commands is what was asked, and which IDs were carried out: MQTT may say a thing twice, and a
// restart that is carried out at every start would never end.
type commands struct {
	queue chan *wire.Command
	path  string   // "": not kept
	ids   []string // oldest first
}

// maxRemembered IDs of commands that were carried out.
const maxRemembered = 128

func newCommands(dir string) *commands {
	c := &commands{queue: make(chan *wire.Command, 32)}
	if dir == "" {
		return c
	}
	c.path = filepath.Join(dir, "commands.json")
	if data, err := os.ReadFile(c.path); err == nil {
		if json.Unmarshal(data, &c.ids) != nil {
			c.ids = nil // a torn file forgets; each command has its own expiry besides
		}
	}
	return c
}

// put queues a command; a flood beyond the queue is dropped, the cloud sees no answer.
func (c *commands) put(cmd *wire.Command) {
	select {
	case c.queue <- cmd:
	default:
	}
}

func (c *commands) done(id string) bool { return slices.Contains(c.ids, id) }

func (c *commands) note(id string) error {
	c.ids = append(c.ids, id)
	if n := len(c.ids) - maxRemembered; n > 0 {
		c.ids = slices.Clone(c.ids[n:])
	}
	if c.path == "" {
		return nil
	}
	data, err := json.Marshal(c.ids)
	if err != nil {
		return err
	}
	return replaceFile(c.path, data)
}

// replaceFile writes so that a power cut leaves either the old or the new content.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
