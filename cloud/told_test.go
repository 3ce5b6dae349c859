package cloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestPeopleAreTold: a board's looks reach those who hold a role for its store, once, over a restart of
// the service; and the API tells who was told.
func TestPeopleAreTold(t *testing.T) {
	docs := readContracts(t)
	bodies := make(chan []byte, 100)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if data, err := io.ReadAll(r.Body); err == nil {
			bodies <- data
		}
	}))
	defer endpoint.Close()
	file := filepath.Join(t.TempDir(), "rules.yml")
	rules := fmt.Sprintf(`version: 1
recipients:
- {role: manager, stores: [s1], name: Li, format: events, url: %q, secret: whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}
notify:
- {roles: [manager], types: [stockout], escalate: [{after: 1h, roles: [manager]}]}
`, endpoint.URL)
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	configure := func(c *config.Config) { c.Alerts.Rules, c.Alerts.PrivateWebhooks = file, true }
	s, c, stop := serve(t, configure)
	next := func(kind string) {
		t.Helper()
		select {
		case data := <-bodies:
			docs.hold(t, "schema/notice.json", data)
			if !strings.Contains(string(data), `"kind":"`+kind+`"`) {
				t.Errorf("got %s, want %s", data, kind)
			}
		case <-time.After(patience):
			t.Fatalf("nobody is told: %s", kind)
		}
	}
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	for _, state := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty} {
		b.say(t, state)
	}
	b.drain(t)
	next("opened")
	stop()

	s, _, _ = serve(t, func(n *config.Config) { configure(n); n.DataDir = c.DataDir })
	seq := b.seq
	b = newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	b.seq = seq
	for range 2 {
		b.say(t, shelf.OK)
	}
	b.drain(t)
	next("over")
	for end := time.Now().Add(patience); ; {
		resp, err := http.Get("http://" + s.Addr() + "/v1/notices")
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		docs.hold(t, "openapi.yaml#/paths/~1v1~1notices/get/responses/200/content/application~1json/schema", data)
		var list struct {
			Notices []struct{ Kind, State string }
		}
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, n := range list.Notices {
			got[n.Kind] = n.State
		}
		if len(list.Notices) == 3 && got["opened"] == "sent" && got["over"] == "sent" && got["escalated"] == "pending" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("got %+v", list.Notices)
		}
	}
	if len(bodies) > 0 {
		t.Errorf("told once more: %s", <-bodies)
	}
}
