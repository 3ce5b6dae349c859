package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/coldshelf/coldshelf/models/atomicfile"
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
	return atomicfile.Write(c.path, data)
}
