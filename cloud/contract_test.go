package cloud_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/goccy/go-yaml"
	"github.com/gorilla/websocket"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/api"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const docs = "../docs/"

// contracts are the files of docs, made strict: what a file does not describe must not be sent, so
// that a field that is added is also written down. For readers they stay open.
type contracts struct {
	compiler *jsonschema.Compiler
	openapi  map[string]any
	asyncapi map[string]any
}

func readContracts(t *testing.T) *contracts {
	t.Helper()
	c := &contracts{compiler: jsonschema.NewCompiler()}
	c.compiler.AssertFormat()
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	files, err := filepath.Glob(docs + "schema/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas found (%v)", err)
	}
	for _, f := range append(files, docs+"openapi.yaml", docs+"asyncapi.yaml") {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f, ".yaml") {
			if data, err = yaml.YAMLToJSON(data); err != nil {
				t.Fatal(err)
			}
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		closeObjects(doc)
		name := strings.TrimPrefix(f, docs)
		if err := c.compiler.AddResource("http://docs/"+name, doc); err != nil {
			t.Fatal(err)
		}
		switch name {
		case "openapi.yaml":
			c.openapi = doc.(map[string]any)
		case "asyncapi.yaml":
			c.asyncapi = doc.(map[string]any)
		}
	}
	for _, f := range files { // a broken reference in any of them is found
		c.compile(t, strings.TrimPrefix(f, docs))
	}
	return c
}

// closeObjects forbids fields that an object schema does not name.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"]; ok && v["type"] == "object" {
			if _, said := v["additionalProperties"]; !said {
				v["additionalProperties"] = false
			}
		}
		for _, child := range v {
			closeObjects(child)
		}
	case []any:
		for _, child := range v {
			closeObjects(child)
		}
	}
}

func (c *contracts) compile(t *testing.T, ref string) *jsonschema.Schema {
	t.Helper()
	s, err := c.compiler.Compile("http://docs/" + ref)
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
	return s
}

// hold holds a JSON text to a schema.
func (c *contracts) hold(t *testing.T, ref string, body []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = c.compile(t, ref).Validate(v)
	}
	if err != nil {
		t.Errorf("%s is broken: %v\nby %.1500s", ref, err, body)
	}
}

var pointer = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")

// TestContracts: everything that the service says over REST, the live stream, MQTT and webhooks is as
// the files of docs describe it, and everything that they describe is said.
func TestContracts(t *testing.T) {
	c := readContracts(t)
	s, _, _ := serve(t, func(c *config.Config) { c.Alerts.PrivateWebhooks = true })
	base := "http://" + s.Addr()
	asked := map[string]bool{} // METHOD path, as in openapi.yaml

	var header http.Header // of the next requests
	// ask sends a request and holds the answer to what openapi.yaml says of it.
	ask := func(method, pattern string, vars map[string]string, query, body string, want int) []byte {
		t.Helper()
		path := pattern
		for name, value := range vars {
			path = strings.ReplaceAll(path, "{"+name+"}", value)
		}
		req, err := http.NewRequest(method, base+path+query, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name := range header {
			req.Header.Set(name, header.Get(name))
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want {
			t.Errorf("%s %s: status %d, want %d: %s", method, path, resp.StatusCode, want, data)
			return data
		}
		if want < 400 {
			asked[method+" "+pattern] = true
		}
		ref := fmt.Sprintf("openapi.yaml#/paths/%s/%s/responses/%d", pointer.Replace(pattern), strings.ToLower(method), want)
		kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
		if want >= 400 {
			ref = "openapi.yaml#/components/responses/Problem"
		}
		ref += "/content/" + pointer.Replace(kind) + "/schema"
		if kind == "application/json" {
			c.hold(t, ref, data)
		} else {
			c.compile(t, ref) // it is described; what is in it is not JSON
		}
		return data
	}

	hooked := make(chan []byte, 100) // more than there are events, also after a replay
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if data, err := io.ReadAll(r.Body); err == nil {
			hooked <- data
		}
	}))
	defer endpoint.Close()
	plan := `{"id":"p","version":1,"width_mm":400,"shelves":[{"slots":[{"id":"a","gtin":"4006381333931","facings":1,"x_mm":0,"width_mm":80}]}],"products":[{"gtin":"4006381333931","name":"Cola","name_zh":"可乐","brand":"B","own":true}]}`
	ask("PUT", "/v1/planograms/{id}", map[string]string{"id": "p"}, "", plan, 201)
	ask("PUT", "/v1/planograms/{id}", map[string]string{"id": "p"}, "", plan, 200)
	ask("PUT", "/v1/coolers/{device}", map[string]string{"device": "d1"}, "", `{"name":"Entrance","store":"s1","planogram":"p","model":"GX-400"}`, 201)
	ask("PUT", "/v1/stores/{store}", map[string]string{"store": "s1"}, "", `{"name":"North","lat":31.2,"lon":121.5,"tz":"Asia/Shanghai","hours":"07:00-23:00","region":"east","channel":"convenience","class":"A"}`, 200)
	var hook struct{ ID string }
	if err := json.Unmarshal(ask("POST", "/v1/webhooks", nil, "", fmt.Sprintf(`{"url":%q,"types":["stockout"]}`, endpoint.URL), 201), &hook); err != nil {
		t.Fatal(err)
	}

	published := make(chan mqtt.Message, 100)
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	if token := b.client.Subscribe("coldshelf/v1/t/alerts/#", 1, func(_ mqtt.Client, m mqtt.Message) { published <- m }); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	live := listen(t, c, s.Addr())
	for _, state := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty} {
		b.say(t, state)
	}
	b.drain(t)
	live.until(t, "changes")

	wait := func(what string, ch <-chan []byte) []byte {
		t.Helper()
		select {
		case data := <-ch:
			return data
		case <-time.After(patience):
			t.Fatalf("nothing came by %s", what)
			return nil
		}
	}
	c.hold(t, "asyncapi.yaml#/channels/webhook/messages/event/payload", wait("webhook", hooked))
	select {
	case m := <-published:
		c.hold(t, "asyncapi.yaml#/channels/alerts/messages/event/payload", m.Payload())
		if want := "coldshelf/v1/t/alerts/s1/d1/stockout/a"; m.Topic() != want {
			t.Errorf("published on %s, want %s", m.Topic(), want)
		}
	case <-time.After(patience):
		t.Fatal("nothing came by MQTT")
	}

	device := map[string]string{"device": "d1"}
	ask("GET", "/v1/coolers", nil, "", "", 200)
	ask("GET", "/v1/coolers/{device}", device, "", "", 200)
	ask("GET", "/v1/coolers/{device}/picture", device, "", "", 404)
	ask("GET", "/v1/coolers/{device}/observations", device, "", "", 200)
	for _, kind := range []string{"temperature", "door", "footfall", "osa"} {
		for _, from := range []string{"", "&from=2026-08-01T00:00:00Z&to=2026-08-10T00:00:00Z", "&from=2026-01-01T00:00:00Z&to=2026-08-01T00:00:00Z"} { // readings, hours, days
			ask("GET", "/v1/coolers/{device}/series", device, "?kind="+kind+from, "", 200)
		}
	}
	ask("GET", "/v1/fleet", nil, "", "", 200)
	ask("POST", "/v1/coolers/{device}/commands", device, "", `{"name":"dance"}`, 400)
	ask("POST", "/v1/coolers/{device}/commands", device, "", `{"name":"picture"}`, 409)
	b.present(t)
	b.drain(t)
	ask("POST", "/v1/coolers/{device}/commands", device, "", `{"name":"picture"}`, 201)
	askCare(t, ask)
	asked["POST /v1/coolers/{device}/desired/attempts"] = true // TestDesiredState asks for it
	ask("GET", "/v1/stores", nil, "", "", 200)
	ask("GET", "/v1/stores/{store}", map[string]string{"store": "s1"}, "", "", 200)
	ask("GET", "/v1/planograms", nil, "", "", 200)
	ask("GET", "/v1/planograms/{id}", map[string]string{"id": "p"}, "", "", 200)
	ask("GET", "/v1/products", nil, "", "", 200)
	askLessons(t, ask)
	askKPIs(t, ask)
	asked["POST /v1/suggestions/{id}"] = true // nothing is suggested here; the test of package replenish decides
	var list struct{ Alerts []struct{ ID string } }
	if err := json.Unmarshal(ask("GET", "/v1/alerts", nil, "?state=open&limit=5", "", 200), &list); err != nil || len(list.Alerts) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	id := map[string]string{"id": list.Alerts[0].ID}
	ask("GET", "/v1/alerts/{id}/proof", id, "", "", 200)
	moment := map[string]string{"id": list.Alerts[0].ID, "moment": "before"}
	ask("GET", "/v1/alerts/{id}/proof/{moment}", moment, "", "", 404)
	b.picture(t, 1, color.White)
	ask("GET", "/v1/alerts/{id}/proof/{moment}", moment, "", "", 200)
	ask("GET", "/v1/alerts/{id}/proof", id, "", "", 200)
	ask("GET", "/v1/coolers/{device}/picture", device, "", "", 200)
	ask("POST", "/v1/alerts/{id}/ack", id, "", `{"by":"Ann","note":"on my way"}`, 200)
	ask("POST", "/v1/alerts/{id}/assign", id, "", `{"by":"Ann","to":"Bo"}`, 200)
	ask("POST", "/v1/alerts/{id}/mute", id, "", fmt.Sprintf(`{"by":"Ann","until":%q}`, time.Now().Add(time.Hour).Format(time.RFC3339)), 200)
	ask("POST", "/v1/alerts/{id}/comments", id, "", `{"by":"Bo","text":"the van is late"}`, 200)
	ask("POST", "/v1/alerts/bulk", nil, "", fmt.Sprintf(`{"ids":[%q,"al_x"],"action":"mute","until":null}`, id["id"]), 200)
	for range 2 {
		b.say(t, shelf.OK)
	}
	b.drain(t)
	live.until(t, "changes")
	ask("GET", "/v1/alerts/{id}", id, "", "", 200)
	ask("POST", "/v1/alerts/{id}/ack", id, "", `{}`, 409)
	ask("GET", "/v1/alerts", nil, "?stat=open", "", 400)
	ask("GET", "/v1/events", nil, "?after=0&limit=2", "", 200)
	ask("GET", "/v1/events", nil, "?after=999999", "", 400)
	ask("GET", "/v1/notices", nil, "?state=sent", "", 200)
	ask("GET", "/v1/notices", nil, "?state=lost", "", 400)
	ask("GET", "/v1/rules", nil, "", "", 200)
	ask("PUT", "/v1/rules", nil, "", "version: 1\nrules:\n- {types: [door_busy], enabled: false}\n", 200)
	ask("PUT", "/v1/rules", nil, "", "version: 1\nrules:\n- {types: [dor_busy], enabled: false}\n", 400)
	ask("GET", "/v1/rules", nil, "", "", 200)
	ask("GET", "/v1/rules/versions", nil, "", "", 200)
	ask("GET", "/v1/rules/versions/{version}", map[string]string{"version": "1"}, "", "", 200)
	ask("GET", "/v1/rules/versions/{version}", map[string]string{"version": "9"}, "", "", 404)
	tested := make(chan []byte, 2)
	tester := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if data, err := io.ReadAll(r.Body); err == nil {
			tested <- data
		}
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short and stout")
	}))
	defer tester.Close()
	trial := ask("POST", "/v1/rules/recipients/test", nil, "", fmt.Sprintf(`{"format":"events","url":%q,"secret":"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`, tester.URL), 200)
	if !strings.Contains(string(trial), `"delivered":false,"status":418,"answer":"short and stout"`) {
		t.Errorf("the trial: %s", trial)
	}
	c.hold(t, "asyncapi.yaml#/channels/webhook/messages/test/payload", wait("the test button", tested))
	ask("POST", "/v1/rules/recipients/test", nil, "", `{"format":"email","url":"https://host/"}`, 400)
	ask("POST", "/v1/rules/test", nil, "?days=1", "version: 1\nrules:\n- {types: [stockout], open: {bad: 1, of: 1}}\n", 200)
	ask("POST", "/v1/rules/test", nil, "", "version: 1\nrules:\n- {types: [stokout]}\n", 400)

	askSales(t, ask, &header)

	id = map[string]string{"id": hook.ID}
	ask("GET", "/v1/webhooks", nil, "", "", 200)
	ask("POST", "/v1/webhooks/{id}/replay", id, "", `{"cursor":"0"}`, 200)
	ask("GET", "/v1/webhooks/{id}/dead", id, "", "", 200)
	if trial := ask("POST", "/v1/webhooks/{id}/test", id, "", "", 200); !strings.Contains(string(trial), `"delivered":true,"status":200`) {
		t.Errorf("the trial: %s", trial)
	}
	ask("POST", "/v1/webhooks/{id}/test", map[string]string{"id": "wh_none"}, "", "", 404)
	ask("DELETE", "/v1/webhooks/{id}", id, "", "", 200)

	b.client.Publish("coldshelf/v1/t/s1/d1/up/observation", 1, false, "rubbish").WaitTimeout(patience)
	for end := time.Now().Add(patience); ; {
		if data := ask("GET", "/v1/quarantine", nil, "", "", 200); strings.Contains(string(data), "malformed") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("nothing is quarantined")
		}
	}
	ask("GET", "/v1/quarantine/{id}", map[string]string{"id": "1"}, "", "", 200)

	ask("POST", "/v1/live/tickets", nil, "", "", 201)
	live.sayWrong(t)
	for _, kind := range []string{"hello", "snapshot", "changes", "resync", "error"} {
		if !live.seen[kind] {
			t.Errorf("the live stream never said %s", kind)
		}
	}
	described := []string{}
	for path, item := range c.openapi["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	for _, d := range described {
		if !asked[d] && !slices.Contains(access.Patterns(), d) { // TestPeople asks for these
			t.Errorf("openapi.yaml describes %s, and this test does not ask for it", d)
		}
	}
	for _, pattern := range append(api.Patterns(), access.Patterns()...) {
		if !slices.Contains(described, pattern) {
			t.Errorf("openapi.yaml does not describe %s", pattern)
		}
	}
	if _, ok := c.asyncapi["channels"].(map[string]any)["live"]; !ok {
		t.Error("asyncapi.yaml does not describe the live stream")
	}
}

// listener is a client of the live stream that holds every message to its schema.
type listener struct {
	conn *websocket.Conn
	c    *contracts
	seen map[string]bool
}

func listen(t *testing.T, c *contracts, addr string) *listener {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/v1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	l := &listener{conn, c, map[string]bool{}}
	l.say(t, `{"type":"subscribe","cursor":"","alerts":{"types":["stockout"],"stores":[],"devices":[]},"coolers":true}`)
	l.until(t, "snapshot")
	return l
}

func (l *listener) say(t *testing.T, text string) {
	t.Helper()
	l.c.hold(t, "asyncapi.yaml#/channels/live/messages/client/payload", []byte(text))
	if err := l.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// until reads to a message of a type; one of changes has to hold an event.
func (l *listener) until(t *testing.T, kind string) {
	t.Helper()
	l.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		_, data, err := l.conn.ReadMessage()
		if err != nil {
			t.Fatalf("waiting for %s: %v", kind, err)
		}
		var m struct {
			Type   string
			Events []json.RawMessage
		}
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		l.c.hold(t, "asyncapi.yaml#/channels/live/messages/server/payload", data)
		l.seen[m.Type] = true
		if m.Type == kind && (kind != "changes" || len(m.Events) > 0) {
			return
		}
	}
}

// sayWrong breaks the rules, to hear what the server says then.
func (l *listener) sayWrong(t *testing.T) {
	t.Helper()
	l.say(t, `{"type":"subscribe","cursor":"999999"}`)
	l.until(t, "resync")
	if err := l.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"shout"}`)); err != nil {
		t.Fatal(err)
	}
	l.until(t, "error")
	if _, _, err := l.conn.ReadMessage(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("after a fault: %v", err)
	}
}
