package live

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// event is a log entry with its JSON, which is made once for all connections.
type event struct {
	alert.Entry
	json json.RawMessage
}

func encodeEvents(entries []alert.Entry) ([]event, error) {
	events := make([]event, len(entries))
	for i, e := range entries {
		data, err := json.Marshal(e.Event())
		if err != nil {
			return nil, fmt.Errorf("encode event %s: %w", e.EventID, err)
		}
		events[i] = event{e, data}
	}
	return events, nil
}

// frame is what one group of connections is sent for one part of the log: after prev, up to and including
// cursor. Its bytes are made once.
type frame struct {
	prev, cursor int64
	events       []event
	coolers      []json.RawMessage
	rollouts     json.RawMessage
	figures      int64

	once     sync.Once
	prepared *websocket.PreparedMessage
	err      error
}

// message returns the frame, ready to be sent to any number of connections.
func (f *frame) message() (*websocket.PreparedMessage, error) {
	f.once.Do(func() {
		var data []byte
		if data, f.err = json.Marshal(f.changes(f.prev)); f.err == nil {
			f.prepared, f.err = websocket.NewPreparedMessage(websocket.TextMessage, data)
		}
	})
	return f.prepared, f.err
}

// changes returns the frame for a client that has everything up to after.
func (f *frame) changes(after int64) Changes {
	c := Changes{Type: "changes", Cursor: formatCursor(f.cursor), Events: []json.RawMessage{}, Coolers: f.coolers, Rollouts: f.rollouts, Figures: f.figures}
	if c.Coolers == nil {
		c.Coolers = []json.RawMessage{}
	}
	for _, e := range f.events {
		if e.Cursor > after {
			c.Events = append(c.Events, e.json)
		}
	}
	return c
}

// beside reports whether the frame contains something that is sent beside the log. Such a frame contains no
// events.
func (f *frame) beside() bool { return len(f.coolers) > 0 || f.rollouts != nil || f.figures != 0 }

func formatCursor(c int64) string { return strconv.FormatInt(c, 10) }

// selected returns the frame for one selection, or nil if it contains nothing for it.
func selected(s *selection, prev, cursor int64, events []event, rows []coolerRow, aside besides) *frame {
	f := &frame{prev: prev, cursor: cursor}
	if s.rollouts {
		f.rollouts = aside.rollouts[s.tenant]
	}
	if s.figures {
		f.figures = aside.figures[s.tenant]
	}
	for _, e := range events {
		if s.entry(&e.Entry) {
			f.events = append(f.events, e)
		}
	}
	for _, r := range rows {
		if s.cooler(r.tenant, r.store, r.device) {
			f.coolers = append(f.coolers, r.json)
		}
	}
	if len(f.events) == 0 && !f.beside() {
		return nil
	}
	return f
}
