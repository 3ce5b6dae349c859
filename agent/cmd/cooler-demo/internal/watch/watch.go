// Package watch follows the live stream of a running cooler-cloud as any outside program would: over its public
// WebSocket, keeping the cursor, and resuming there when the connection breaks.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// Alert is the part of an alert that the demo reads.
type Alert struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Device string `json:"device"`
	Store  string `json:"store"`
	Slot   string `json:"slot"`
	State  string `json:"state"`

	Product struct {
		Name string `json:"name"`
	} `json:"product"`
	Duration *struct {
		MinS float64  `json:"min_s"`
		MaxS *float64 `json:"max_s"` // nil: nobody saw when it began
	} `json:"duration"`
}

// Event is one entry of the alert log, a CloudEvent.
type Event struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Time     time.Time `json:"time"`
	Sequence string    `json:"sequence"`
	Data     Alert     `json:"data"`
}

type message struct {
	Type   string  `json:"type"`
	Cursor string  `json:"cursor"`
	Events []Event `json:"events"`
	Error  string  `json:"error"`
	Hint   string  `json:"hint"`
}

// Live follows the alerts at url ("ws://…/v1/live") from the log's beginning until ctx ends, and passes each
// event to on, in order. A broken connection is resumed at the cursor. A cursor that goes backwards or an event
// that comes twice is an error, because subscribers rely on neither happening.
func Live(ctx context.Context, url string, on func(Event)) error {
	cursor, seen := "0", map[string]bool{}
	for {
		err := follow(ctx, url, &cursor, func(e Event) error {
			if seen[e.ID] {
				return fatal{fmt.Errorf("event %s was told twice", e.ID)}
			}
			seen[e.ID] = true
			on(e)
			return nil
		})
		var bad fatal
		if errors.As(err, &bad) {
			return bad.error
		}
		retry := time.NewTimer(200 * time.Millisecond)
		select {
		case <-ctx.Done():
			retry.Stop()
			return nil
		case <-retry.C:
		}
	}
}

type fatal struct{ error }

func follow(ctx context.Context, url string, cursor *string, on func(Event) error) error {
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, url, http.Header{})
	if err != nil {
		return err
	}
	resp.Body.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()

	subscribe := map[string]any{"type": "subscribe", "cursor": *cursor, "coolers": false}
	if err := conn.WriteJSON(subscribe); err != nil {
		return err
	}
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(data, &m); err != nil {
			return fatal{fmt.Errorf("live stream: %w", err)}
		}
		if m.Type == "error" {
			return fatal{fmt.Errorf("live stream: %s (%s)", m.Error, m.Hint)}
		}
		for _, e := range m.Events {
			if err := on(e); err != nil {
				return err
			}
		}
		if m.Cursor != "" {
			*cursor = m.Cursor
		}
	}
}
