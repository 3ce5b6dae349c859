package cloud_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/backup"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestRestoredService: a service comes back from a backup in a new folder. Whoever was told what the backup does not
// hold is told so, on each way, and is told what comes since; whoever was not goes on.
func TestRestoredService(t *testing.T) {
	docs := readContracts(t)
	bodies := make(chan []byte, 100)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if data, err := io.ReadAll(r.Body); err == nil {
			bodies <- data
		}
	}))
	defer endpoint.Close()
	type message struct {
		ID, Sequence string
		Data         struct{ Below, Above string }
	}
	seen := map[string]bool{} // what the webhook took, and the backup may not know of
	told := func(schema, want string) (m message) {
		t.Helper()
		for m = (message{}); m.ID == "" || seen[m.ID]; {
			select {
			case data := <-bodies:
				if err := json.Unmarshal(data, &m); err != nil {
					t.Fatal(err)
				}
				if seen[m.ID] {
					continue
				}
				docs.hold(t, schema, data)
				if !strings.Contains(string(data), want) {
					t.Fatalf("the webhook is told %s, want %s", data, want)
				}
			case <-time.After(patience):
				t.Fatalf("the webhook is not told %s", want)
			}
		}
		seen[m.ID] = true
		return m
	}
	sellOut := func(s *cloud.Server, device string) string {
		t.Helper()
		b := newBoard(t, "mqtt://"+s.MQTTAddr(), device)
		for _, state := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty} {
			b.say(t, state)
		}
		b.drain(t)
		return told("schema/event.json", `"device":"`+device+`"`).Sequence
	}
	private := func(c *config.Config) { c.Alerts.PrivateWebhooks = true }
	s, c, stop := serve(t, private)
	newPerson(t, "http://"+s.Addr()).must(t, 201, "POST", "/v1/webhooks", map[string]any{"url": endpoint.URL})
	kept := sellOut(s, "d1")
	var file bytes.Buffer
	if _, err := backup.Write(t.Context(), c.DataDir, &file, time.Now()); err != nil {
		t.Fatal(err)
	}
	lost := sellOut(s, "d2")
	stop()

	dir := filepath.Join(t.TempDir(), "new")
	if _, err := backup.Restore(&file, dir); err != nil {
		t.Fatal(err)
	}
	s, _, _ = serve(t, func(c *config.Config) { private(c); c.DataDir = dir })
	seam := told("schema/restored.json", `"org.coldshelf.restored"`)
	if seam.Data.Below != kept {
		t.Errorf("it holds up to %s, want %s", seam.Data.Below, kept)
	}
	since := sellOut(s, "d3")
	if len(since) <= len(lost) {
		t.Errorf("%s comes after %s", since, lost)
	}

	p := newPerson(t, "http://"+s.Addr())
	if answer := p.must(t, 400, "GET", "/v1/events?after="+lost, nil); answer["code"] != "bad_cursor" {
		t.Errorf("after what was lost: %v", answer)
	}
	if events := p.must(t, 200, "GET", "/v1/events?after="+kept, nil)["events"].([]any); len(events) != 1 || events[0].(map[string]any)["sequence"] != since {
		t.Errorf("after what was kept: %v", events)
	}
	for cursor, want := range map[string]string{lost: "resync", kept: "changes"} {
		ws, _, err := websocket.DefaultDialer.Dial("ws://"+s.Addr()+"/v1/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		ws.SetReadDeadline(time.Now().Add(patience))
		if err := ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"subscribe","cursor":%q}`, cursor)); err != nil {
			t.Fatal(err)
		}
		var m struct{ Type string }
		for m.Type == "" || m.Type == "hello" {
			if err := ws.ReadJSON(&m); err != nil {
				t.Fatal(err)
			}
		}
		if m.Type != want {
			t.Errorf("from %s the live stream says %s, want %s", cursor, m.Type, want)
		}
	}

	subscriber := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + s.MQTTAddr()).SetClientID("erp"))
	if token := subscriber.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	defer subscriber.Disconnect(0)
	heard := make(chan []byte, 100)
	subscriber.Subscribe("coldshelf/v1/t/alerts/#", 1, func(_ mqtt.Client, m mqtt.Message) {
		if m.Topic() == "coldshelf/v1/t/alerts/restored" {
			heard <- m.Payload()
		}
	})
	select {
	case data := <-heard:
		docs.hold(t, "schema/restored.json", data)
	case <-time.After(patience):
		t.Error("a subscriber by MQTT is not told of the restore")
	}
}
