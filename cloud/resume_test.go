package cloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// follower is a subscriber that keeps its cursor and every event that it was given.
type follower struct {
	cursor string
	ids    []string // of events
	open   map[string]alert.Status
}

// follow reads the live stream of a service from the follower's cursor until enough says so.
func (f *follower) follow(t *testing.T, s *cloud.Server, enough func() bool) {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+s.Addr()+"/v1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteJSON(map[string]any{"type": "subscribe", "cursor": f.cursor}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); !enough(); {
		conn.SetReadDeadline(deadline)
		var m struct {
			Type, Cursor string
			Events       []alert.Event
		}
		if err := conn.ReadJSON(&m); err != nil {
			t.Fatalf("after %d events: %v", len(f.ids), err)
		}
		if m.Cursor != "" {
			f.cursor = m.Cursor
		}
		for _, e := range m.Events {
			var a alert.Alert
			if err := json.Unmarshal(e.Data, &a); err != nil {
				t.Fatal(err)
			}
			f.ids = append(f.ids, e.ID)
			f.open[a.Subject+" "+string(a.Type)] = a.State
		}
	}
}

// TestSubscriberKeepsItsPlace: boards sell out and are restocked while the service and the subscriber
// are stopped and started again in turns. The subscriber, by its cursor, gets each event once, and
// what it knows in the end is what REST says.
func TestSubscriberKeepsItsPlace(t *testing.T) {
	mosq := mosquitto.Start(t)
	dir := t.TempDir()
	same := func(c *config.Config) { c.MQTT.Broker, c.MQTT.ClientID, c.DataDir = mosq.URL(), "ingest-1", dir }
	s, _, stop := serve(t, same)

	var boards []*board
	for i := range 4 {
		boards = append(boards, newBoard(t, mosq.URL(), fmt.Sprint("d", i)))
	}
	say := func(states ...shelf.State) {
		for range 3 { // enough for every rule
			for _, b := range boards {
				b.say(t, states...)
			}
		}
	}
	f := &follower{cursor: "0", open: map[string]alert.Status{}}
	const each = 4 // boards
	say(shelf.OK, shelf.OK)
	say(shelf.Empty, shelf.OK)
	f.follow(t, s, func() bool { return len(f.ids) >= each })

	stop()
	say(shelf.Empty, shelf.Empty) // into Mosquitto, which keeps it
	s, _, stop = serve(t, same)
	f.follow(t, s, func() bool { return len(f.ids) >= 2*each })

	say(shelf.OK, shelf.Empty) // nobody follows
	for _, b := range boards {
		b.drain(t)
	}
	stop()
	s, _, _ = serve(t, same)
	f.follow(t, s, func() bool { return len(f.ids) >= 3*each })

	if got := len(slices.Compact(slices.Sorted(slices.Values(f.ids)))); got != len(f.ids) || got != 3*each {
		t.Errorf("%d events, of which %d are different, want %d", len(f.ids), got, 3*each)
	}
	resp, err := http.Get("http://" + s.Addr() + "/v1/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Alerts []alert.Alert
		Cursor string
	}
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Alerts) != len(f.open) || list.Cursor != f.cursor {
		t.Errorf("REST has %d alerts at %s, the stream told of %d at %s", len(list.Alerts), list.Cursor, len(f.open), f.cursor)
	}
	for _, a := range list.Alerts {
		if got := f.open[a.Subject+" "+string(a.Type)]; got != a.State {
			t.Errorf("%s is %s, the stream said %q", a.Subject, a.State, got)
		}
	}
}
