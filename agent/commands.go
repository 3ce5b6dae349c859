package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/wire"
)

// commands queues what the cloud asks for, and remembers across restarts which command IDs were carried out:
// MQTT may deliver a command twice, and a restart that is carried out at every start would never end.
type commands struct {
	queue chan *wire.Command
	path  string   // "": the IDs are not kept
	ids   []string // oldest first
}

// maxRemembered bounds the remembered IDs; the oldest are forgotten first.
const maxRemembered = 128

func newCommands(dir string) *commands {
	c := &commands{queue: make(chan *wire.Command, 32)}
	if dir == "" {
		return c
	}
	c.path = filepath.Join(dir, "commands.json")
	if data, err := os.ReadFile(c.path); err == nil {
		if json.Unmarshal(data, &c.ids) != nil {
			c.ids = nil // the file is torn: start over. Commands also expire by themselves
		}
	}
	return c
}

// put queues a command. When the queue is full the command is dropped, and the cloud sees no answer to it.
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
