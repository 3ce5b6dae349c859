package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/api"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const cola = shelf.GTIN("4006381333931")

// desk is an API on real stores, with one cooler of tenant t that has an open stockout and one of
// tenant other.
type desk struct {
	t       *testing.T
	url     string
	db      *state.DB
	engine  *alert.Engine
	changed int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := context.Background()
	d := &desk{t: t, db: statetest.SQLite(t, access.Tables, alert.Tables, deliver.Tables, live.Tables, release.Tables, care.Tables)}
	points, err := embedded.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "series.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { points.Close() })
	d.engine = alert.NewEngine(alert.Config{Rules: alert.DefaultRules(), Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	for _, tenant := range []string{"t", "other"} {
		d.fill(ctx, tenant, points)
	}
	server := httptest.NewServer(api.New(api.Config{DB: d.db, Series: points, Alerts: d.engine, Changed: func() { d.changed++ },
		Tenant: func(r *http.Request) (string, error) {
			if r.Header.Get("Authorization") == "Bearer wrong" {
				return "", errors.New("the token is not known")
			}
			return "t", nil
		},
		Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

// fill is what the ingester would store of a cooler's two looks.
func (d *desk) fill(ctx context.Context, tenant string, points *embedded.Store) {
	d.t.Helper()
	id := wire.Identity{Tenant: tenant, Store: "s1", Device: "d-" + tenant}
	plan := &shelf.Planogram{ID: "p", Version: 2, Shelves: []shelf.Shelf{{Slots: []shelf.Slot{{ID: "A", GTIN: cola, Facings: 1, WidthMM: 80}}}},
		Products: []shelf.Product{{GTIN: cola, Name: "Cola", Brand: "B", Own: true}}}
	for seq := range uint64(2) {
		at := noon.Add(time.Duration(seq) * time.Minute)
		env := &wire.Envelope{Identity: id, Boot: 1, Seq: seq + 1, CapturedAt: at, Clock: telemetry.NTP,
			Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: at, Width: 640, Height: 480, PlanogramID: "p", PlanogramVersion: 2, Model: "m",
				Slots: []shelf.SlotReading{{SlotID: "A", Shelf: 1, GTIN: cola, State: shelf.Empty, Due: 1}}}}}
		data, err := wire.Encode(env)
		if err != nil {
			d.t.Fatal(err)
		}
		o := state.Order{Boot: 1, Seq: seq + 1}
		err = d.db.Write(ctx, func(tx *state.Tx) error {
			_, published := state.PutPlanogram(ctx, tx, tenant, plan, noon)
			c := &state.Cooler{Tenant: tenant, Device: id.Device, Store: "s1", TopicStore: "s1", CreatedAt: noon, ChangedAt: at, LastSeen: at, Online: true, StatusBoot: 1, Observation: o}
			c.Latest.Shelf = state.Newer(nil, o, state.ShelfSummary{At: state.Micros(at), Empty: 1, Observed: 1, Required: 2, Planogram: "p", PlanogramVersion: 2})
			c.Latest.Climate = state.Newer(nil, o, telemetry.Climate{At: at, Temp: 4250})
			return errors.Join(published, state.EnsureStore(ctx, tx, tenant, "s1", noon), state.PutCooler(ctx, tx, c),
				state.PutObservations(ctx, tx, state.KeptObservation{Tenant: tenant, Device: id.Device, Order: o, Envelope: data, Complete: true}),
				state.PutPicture(ctx, tx, state.Picture{Tenant: tenant, Device: id.Device, Order: state.Order{Boot: 1, Seq: seq + 10}, ObservationSeq: seq + 1,
					CapturedAt: at, Width: 640, Height: 480, JPEG: fmt.Appendf(nil, "jpeg %d", seq+1)}, 5),
				d.engine.Step(ctx, tx, env))
		})
		if err != nil {
			d.t.Fatal(err)
		}
		err = points.Write(ctx, []series.Message{{Tenant: tenant, Store: "s1", Device: id.Device, Boot: 1, Seq: seq + 1, At: at.Add(-time.Hour),
			Slots:   []series.SlotPoint{{Slot: "A", GTIN: cola, State: shelf.Empty, Due: 1}},
			Climate: []telemetry.Climate{{At: at.Add(-time.Hour), Temp: 4250}}}})
		if err != nil {
			d.t.Fatal(err)
		}
	}
	err := d.db.Write(ctx, func(tx *state.Tx) error {
		_, err := state.Quarantine(ctx, tx, state.Quarantined{ReceivedAt: noon, Tenant: tenant, Topic: "x", Reason: "malformed", Detail: "why", Bytes: []byte(tenant)})
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// ask sends a request and gives the answer's status, header and body.
func (d *desk) ask(method, path, body string, header ...string) (int, http.Header, string) {
	d.t.Helper()
	r, err := http.NewRequest(method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(data)
}

func TestReads(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		name, path string
		want       []string // parts of the answer
	}{
		{"coolers", "/v1/coolers", []string{`"device":"d-t"`, `"status":"online"`, `"empty":1`, `"open_alerts":1`, `"osa":{"value":0,"coverage":0.5}`, `"temp_mc":4250`, `"door":"unknown"`, `"cursor":"2"`}},
		{"a cooler", "/v1/coolers/d-t", []string{`"planogram":{"id":"p","version":2,"shelves"`, `"observation":{"captured_at"`, `"boot":1,"seq":2`, `"alerts":[{"id":"al_`, `"type":"stockout"`}},
		{"its last picture", "/v1/coolers/d-t/picture", []string{"jpeg 2"}},
		{"the picture of an observation", "/v1/coolers/d-t/picture?boot=1&seq=1", []string{"jpeg 1"}},
		{"observations", "/v1/coolers/d-t/observations?limit=1", []string{`"seq":2,"slots":[{"slot":"A","gtin":"4006381333931","state":"empty","facings_due":1,"facings_present":0}]`}},
		{"temperature", "/v1/coolers/d-t/series?kind=temperature", []string{`"unit":"milli-celsius","grain":"reading","points":[[1772449200000,4250],`}},
		{"temperature of a month", "/v1/coolers/d-t/series?kind=temperature&from=2026-02-10T00:00:00Z&to=2026-03-10T00:00:00Z", []string{`"grain":"hour","points":[[1772449200000,4250]]`}},
		{"availability", "/v1/coolers/d-t/series?kind=osa", []string{`[[1772449200000,0],`}},
		{"doors, of which nothing is known", "/v1/coolers/d-t/series?kind=door", []string{`"points":[]`}},
		{"stores", "/v1/stores", []string{`{"stores":[{"store":"s1"`}},
		{"a store", "/v1/stores/s1", []string{`"store":"s1"`}},
		{"planograms", "/v1/planograms", []string{`"planograms":[{"id":"p","version":2`}},
		{"a planogram", "/v1/planograms/p?version=2", []string{`"width_mm":80`}},
		{"products", "/v1/products", []string{`"products":[{"gtin":"4006381333931","name":"Cola"`}},
		{"alerts", "/v1/alerts?state=open,acknowledged&type=stockout&store=s1&device=d-t", []string{`"alerts":[{"id":"al_`, `"duration":null`, `"name":"Cola"`}},
		{"no alerts", "/v1/alerts?state=resolved", []string{`"alerts":[]`, `"cursor":"2"`}},
		{"quarantine", "/v1/quarantine", []string{`"reason":"malformed"`}},
		{"a quarantined message", "/v1/quarantine/1", []string{"t"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, _, body := d.ask("GET", c.path, "")
			if status != 200 {
				t.Fatalf("status %d: %s", status, body)
			}
			for _, want := range c.want {
				if !strings.Contains(body, want) {
					t.Errorf("%s is not in %s", want, body)
				}
			}
			if strings.Contains(body, "other") {
				t.Errorf("another tenant's data is in %s", body)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"nothing there", "GET", "/v1/fridges", "", 404, "nothing at /v1/fridges"},
		{"wrong method", "DELETE", "/v1/coolers", "", 405, "DELETE is not for this address"},
		{"unknown cooler", "GET", "/v1/coolers/none", "", 404, "not found"},
		{"another tenant's cooler", "GET", "/v1/coolers/d-other", "", 404, "not found"},
		{"another tenant's picture", "GET", "/v1/coolers/d-other/picture", "", 404, "not found"},
		{"another tenant's series", "GET", "/v1/coolers/d-other/series?kind=osa", "", 404, "not found"},
		{"another tenant's quarantine", "GET", "/v1/quarantine/2", "", 404, "not found"},
		{"unknown parameter", "GET", "/v1/alerts?states=open", "", 400, `unknown parameter \"states\"`},
		{"parameter twice", "GET", "/v1/alerts?state=open&state=resolved", "", 400, "twice"},
		{"unknown state", "GET", "/v1/alerts?state=closed", "", 400, `\"closed\"`},
		{"unknown type", "GET", "/v1/alerts?type=stokout", "", 400, `\"stokout\"`},
		{"limit of letters", "GET", "/v1/alerts?limit=all", "", 400, "from 1 to 1000"},
		{"unknown page", "GET", "/v1/alerts?before=al_x", "", 404, "al_x"},
		{"unknown kind", "GET", "/v1/coolers/d-t/series?kind=sales", "", 400, `\"sales\"`},
		{"time of letters", "GET", "/v1/coolers/d-t/observations?from=yesterday", "", 400, `\"yesterday\"`},
		{"time backwards", "GET", "/v1/coolers/d-t/observations?from=2026-03-03T00:00:00Z", "", 400, "is not before"},
		{"half a key", "GET", "/v1/coolers/d-t/picture?boot=1", "", 400, "go together"},
		{"no JSON", "PUT", "/v1/coolers/d-t", "x", 400, "not understood"},
		{"unknown field", "PUT", "/v1/coolers/d-t", `{"nam":"x"}`, 400, `unknown field \"nam\"`},
		{"two values", "PUT", "/v1/coolers/d-t", `{}{}`, 400, "something after it"},
		{"a new cooler without a store", "PUT", "/v1/coolers/new", `{"name":"x"}`, 400, "store"},
		{"a name that is no topic level", "PUT", "/v1/coolers/a%2Fb", `{"store":"s1"}`, 400, "device"},
		{"an unknown planogram", "PUT", "/v1/coolers/d-t", `{"planogram":"q"}`, 404, "planogram q"},
		{"a body too large", "PUT", "/v1/coolers/d-t", `{"name":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "too large"},
		{"a store that is another", "PUT", "/v1/stores/s2", `{"store":"s3","name":"x"}`, 400, "s3"},
		{"a wrong GLN", "PUT", "/v1/stores/s1", `{"name":"x","gln":"4012345000008"}`, 400, "GLN"},
		{"a place off the earth", "PUT", "/v1/stores/s1", `{"name":"x","lat":95,"lon":0}`, 400, "earth"},
		{"an unknown zone", "PUT", "/v1/stores/s1", `{"name":"x","tz":"Moon/Base"}`, 400, "Moon/Base"},
		{"a planogram with a wrong GTIN", "PUT", "/v1/planograms/p", "id: p\nversion: 3\nshelves: [{slots: [{id: A, gtin: 4006381333932, facings: 1, x_mm: 0, width_mm: 80}]}]", 400, "4006381333932"},
		{"a planogram of another name", "PUT", "/v1/planograms/q", planogram(3), 400, "planogram p"},
		{"a version that does not rise", "PUT", "/v1/planograms/p", planogram(1), 409, "version 2 is published"},
		{"an unknown alert", "POST", "/v1/alerts/al_x/ack", "{}", 404, "al_x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, head, body := d.ask(c.method, c.path, c.body)
			var p struct{ Error, Hint string }
			if err := json.Unmarshal([]byte(body), &p); err != nil || p.Error == "" || p.Hint == "" {
				t.Fatalf("status %d: %s is no error and hint (%v)", status, body, err)
			}
			if status != c.status || !strings.Contains(body, c.want) || head.Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s, want %d with %s", status, body, c.status, c.want)
			}
		})
	}
	t.Run("wrong token", func(t *testing.T) {
		if status, head, _ := d.ask("GET", "/v1/coolers", "", "Authorization", "Bearer wrong"); status != 401 || head.Get("WWW-Authenticate") == "" {
			t.Errorf("got %d", status)
		}
	})
	t.Run("a page of another origin", func(t *testing.T) {
		if status, _, _ := d.ask("PUT", "/v1/coolers/d-t", `{"name":"x"}`, "Origin", "https://evil.example"); status != 403 {
			t.Errorf("got %d", status)
		}
	})
}

func planogram(version int) string {
	return fmt.Sprintf("id: p\nversion: %d\nshelves:\n- slots:\n  - {id: A, gtin: %q, facings: 2, x_mm: 0, width_mm: 160}\n", version, cola)
}

func TestChanges(t *testing.T) {
	d := newDesk(t)
	steps := []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"enter a cooler", "PUT", "/v1/coolers/new", `{"name":"Entrance","store":"s9","planogram":"p"}`, 201, `"status":"never_seen"`},
		{"rename it alone", "PUT", "/v1/coolers/new", `{"name":"Back"}`, 200, `"assigned_planogram":"p"`},
		{"its store is there", "GET", "/v1/stores/s9", "", 200, `"store":"s9"`},
		{"describe the store", "PUT", "/v1/stores/s9", `{"name":"North","gln":"4012345000009","lat":31.2,"lon":121.5,"tz":"Asia/Shanghai"}`, 200, `"tz":"Asia/Shanghai"`},
		{"publish a planogram", "PUT", "/v1/planograms/p", planogram(3), 201, `"version":3`},
		{"publish it again", "PUT", "/v1/planograms/p", planogram(3), 200, `"version":3`},
		{"a ticket for the live stream", "POST", "/v1/live/tickets", "", 201, `"expires_at":"2026-03-02T12:00:30Z"`},
		{"the old one is there", "GET", "/v1/planograms/p?version=2", "", 200, `"version":2`},
	}
	for _, c := range steps {
		status, _, body := d.ask(c.method, c.path, c.body)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: got %d %s, want %d with %s", c.name, status, body, c.status, c.want)
		}
	}
	if d.changed == 0 {
		t.Error("the live stream was not told")
	}
	_, _, body := d.ask("GET", "/v1/planograms/p", "", "Accept", "application/yaml")
	if p, err := shelf.DecodePlanogram([]byte(body)); err != nil || p.Version != 3 {
		t.Errorf("as YAML: %v, %v", p, err)
	}
}

func TestAcknowledging(t *testing.T) {
	d := newDesk(t)
	_, _, body := d.ask("GET", "/v1/alerts", "")
	var list struct{ Alerts []alert.Alert }
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Alerts) != 1 {
		t.Fatalf("%s, %v", body, err)
	}
	path := "/v1/alerts/" + list.Alerts[0].ID
	for range 2 {
		status, _, body := d.ask("POST", path+"/ack", `{"by":"Ann","note":"on my way"}`)
		var a alert.Alert
		if err := json.Unmarshal([]byte(body), &a); err != nil || status != 200 || a.State != alert.StatusAcknowledged || a.Ack.Note != "on my way" || a.Revision != 2 {
			t.Fatalf("got %d %s, %v", status, body, err)
		}
	}
	if _, _, again := d.ask("GET", path, ""); !strings.Contains(again, `"state":"acknowledged"`) {
		t.Errorf("got %s", again)
	}
}

// TestWords: what people say of an alert is kept on it, each event of it carries it, and what cannot
// be said is refused.
func TestWords(t *testing.T) {
	d := newDesk(t)
	_, _, body := d.ask("GET", "/v1/alerts", "")
	var list struct{ Alerts []alert.Alert }
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Alerts) != 1 {
		t.Fatalf("%s, %v", body, err)
	}
	id := list.Alerts[0].ID
	path := "/v1/alerts/" + id
	soon := noon.Add(time.Hour).Format(time.RFC3339)
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{path + "/assign", `{"to":"Bo","by":"Ann"}`, 200, `"assigned":{"to":"Bo"`},
		{path + "/assign", `{"to":"Bo"}`, 200, `"revision":2`},
		{path + "/assign", `{"to":""}`, 200, `"revision":3`},
		{path + "/mute", `{"until":"` + soon + `","note":"the fitter comes"}`, 200, `"muted":{"until":"` + soon},
		{path + "/mute", `{"until":"2020-01-01T00:00:00Z"}`, 400, "must be ahead"},
		{path + "/mute", `{"until":"soon"}`, 400, "not understood"},
		{path + "/mute", `{}`, 200, `"revision":5`},
		{path + "/comments", `{"text":" "}`, 400, "text is missing"},
		{path + "/comments", `{"text":"` + strings.Repeat("x", 2001) + `"}`, 400, "the limit is 2000"},
		{path + "/comments", `{"txt":"hi"}`, 400, "txt"},
		{path + "/comments", `{"text":"late","by":"Bo"}`, 200, `"text":"late"`},
		{"/v1/alerts/al_x/comments", `{"text":"late"}`, 404, "not found"},
		{"/v1/alerts/bulk", `{"ids":["` + id + `","al_x"],"action":"acknowledge","by":"Ann"}`, 200, `"failed":[{"id":"al_x"`},
		{"/v1/alerts/bulk", `{"ids":["` + id + `"],"action":"shout"}`, 400, `unknown action \"shout\"`},
		{"/v1/alerts/bulk", `{"ids":[],"action":"mute"}`, 400, "1 to 500"},
	} {
		if status, _, body := d.ask("POST", c.path, c.body); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %.80s: got %d %s, want %d with %s", c.path, c.body, status, body, c.status, c.want)
		}
	}
	for range alert.MaxRemarks - 1 {
		d.ask("POST", path+"/comments", `{"text":"again"}`)
	}
	if status, _, body := d.ask("POST", path+"/comments", `{"text":"again"}`); status != 409 {
		t.Errorf("one comment too many: got %d %s", status, body)
	}
}

func TestWebhooks(t *testing.T) {
	d := newDesk(t)
	status, _, body := d.ask("POST", "/v1/webhooks", `{"url":"https://shop.example/hook","types":["stockout"]}`)
	var w deliver.Webhook
	if err := json.Unmarshal([]byte(body), &w); err != nil || status != 201 || !strings.HasPrefix(w.Secret, "whsec_") {
		t.Fatalf("got %d %s, %v", status, body, err)
	}
	if _, _, body := d.ask("GET", "/v1/webhooks", ""); !strings.Contains(body, w.ID) || strings.Contains(body, "whsec_") {
		t.Errorf("list: %s", body)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/v1/webhooks", `{"url":"ftp://shop.example"}`, 400, "https://host/path"},
		{"POST", "/v1/webhooks/" + w.ID + "/replay", `{"cursor":"99"}`, 400, "ahead of the log"},
		{"POST", "/v1/webhooks/" + w.ID + "/replay", `{"cursor":"x"}`, 400, "not a position"},
		{"POST", "/v1/webhooks/" + w.ID + "/replay", `{"cursor":"1"}`, 200, `"head":"2"`},
		{"GET", "/v1/webhooks/" + w.ID + "/dead", "", 200, `"dead_letters":[]`},
		{"DELETE", "/v1/webhooks/" + w.ID, "", 200, w.ID},
		{"DELETE", "/v1/webhooks/" + w.ID, "", 404, "not found"},
		{"GET", "/v1/webhooks/" + w.ID + "/dead", "", 404, "not found"},
	} {
		if status, _, body := d.ask(c.method, c.path, c.body); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s %s: got %d %s, want %d with %s", c.method, c.path, c.body, status, body, c.status, c.want)
		}
	}
}

func TestPaging(t *testing.T) {
	d := newDesk(t)
	ctx := context.Background()
	for i := range 5 {
		for seq := range uint64(2) {
			at := noon.Add(time.Duration(i)*10*time.Second + time.Duration(seq)*time.Second)
			env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: fmt.Sprint("e", i)}, Boot: 1, Seq: seq + 1, CapturedAt: at, Clock: telemetry.NTP,
				Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: at, PlanogramID: "p", PlanogramVersion: 1, Slots: []shelf.SlotReading{{SlotID: "A", GTIN: cola, State: shelf.Empty, Due: 1}}}}}
			if err := d.db.Write(ctx, func(tx *state.Tx) error { return d.engine.Step(ctx, tx, env) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	var seen []string
	for before := ""; ; {
		_, _, body := d.ask("GET", "/v1/alerts?limit=4&before="+before, "")
		var list struct{ Alerts []alert.Alert }
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		for _, a := range list.Alerts {
			seen = append(seen, a.Device)
		}
		if len(list.Alerts) == 0 {
			break
		}
		before = list.Alerts[len(list.Alerts)-1].ID
	}
	if got, want := fmt.Sprint(seen), "[d-t e4 e3 e2 e1 e0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSavings(t *testing.T) {
	d := newDesk(t)
	for i := range 40 {
		d.ask("PUT", fmt.Sprint("/v1/coolers/n", i), `{"store":"s1","name":"x"}`)
	}
	_, head, plain := d.ask("GET", "/v1/coolers", "", "Accept-Encoding", "identity")
	if status, _, body := d.ask("GET", "/v1/coolers", "", "Accept-Encoding", "identity", "If-None-Match", head.Get("ETag")); status != 304 || body != "" {
		t.Errorf("asked again: %d, %d bytes", status, len(body))
	}
	_, head, packed := d.ask("GET", "/v1/coolers", "", "Accept-Encoding", "br, gzip")
	if head.Get("Content-Encoding") != "gzip" || len(packed) > len(plain)/3 {
		t.Fatalf("%d of %d bytes, %v", len(packed), len(plain), head)
	}
	z, err := gzip.NewReader(bytes.NewReader([]byte(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != plain {
		t.Errorf("unpacked it differs (%v)", err)
	}
	if status, _, _ := d.ask("GET", "/v1/coolers", "", "Accept-Encoding", "gzip", "If-None-Match", head.Get("ETag")); status != 304 {
		t.Errorf("asked again: %d", status)
	}
	_, head, _ = d.ask("GET", "/v1/coolers/d-t/picture?boot=1&seq=2", "")
	if !strings.Contains(head.Get("Cache-Control"), "immutable") || head.Get("Content-Type") != "image/jpeg" {
		t.Errorf("picture: %v", head)
	}
}

// TestEveryChangeIsRecorded: an address that changes something writes a line of the audit log, its package does
// for it, or it brings facts. Whoever adds an address says which.
func TestEveryChangeIsRecorded(t *testing.T) {
	elsewhere := map[string]string{}
	for kind, patterns := range map[string][]string{
		"a line of its own": {"PUT /v1/rules", "POST /v1/bundles", "DELETE /v1/bundles/{sha256}", "PUT /v1/bundles/root", "PUT /v1/desired", "PUT /v1/desired/stores/{store}",
			"PUT /v1/desired/coolers/{device}", "POST /v1/coolers/{device}/desired/attempts", "POST /v1/rollouts", "POST /v1/rollouts/{id}/pause", "POST /v1/rollouts/{id}/resume",
			"POST /v1/rollouts/{id}/cancel", "POST /v1/lessons", "DELETE /v1/lessons/{id}", "POST /v1/lessons/{id}/result"},
		"stands with the alert": {"POST /v1/alerts/{id}/ack", "POST /v1/alerts/{id}/assign", "POST /v1/alerts/{id}/mute", "POST /v1/alerts/{id}/comments", "POST /v1/alerts/bulk"},
		"facts":                 {"POST /v1/sales/lines", "POST /v1/sales/hooks/{tenant}/{channel}", "POST /v1/stock/movements", "POST /v1/orders/route"},
		"changes nothing":       {"POST /v1/rules/test", "POST /v1/live/tickets"},
	} {
		for _, p := range patterns {
			elsewhere[p] = kind
		}
	}
	recorded := api.Recorded()
	for _, pattern := range api.Patterns() {
		if strings.HasPrefix(pattern, "GET ") {
			continue
		}
		if why := elsewhere[pattern]; slices.Contains(recorded, pattern) == (why != "") {
			t.Errorf("%s: recorded %v, and elsewhere %q", pattern, slices.Contains(recorded, pattern), why)
		}
	}
	for _, pattern := range recorded {
		if !slices.Contains(api.Patterns(), pattern) {
			t.Errorf("%s is recorded and nobody serves it", pattern)
		}
	}
}

// TestAudit: what was changed, by whom, and where; nothing of what was refused.
func TestAudit(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/v1/stores/s1", `{"name":"North"}`, 200},
		{"PUT", "/v1/stores/s1", `{"name":7}`, 400},
		{"PUT", "/v1/coolers/d-t", `{"name":"Entrance"}`, 200},
		{"PUT", "/v1/coolers/d-t", `{"planogram":"none"}`, 404},
		{"POST", "/v1/webhooks", `{"url":"https://robot.example/send?key=hush"}`, 201},
		{"DELETE", "/v1/webhooks/none", "", 404},
		{"POST", "/v1/coolers/d-t/commands", `{"name":"sing"}`, 400},
	} {
		if status, _, body := d.ask(c.method, c.path, c.body); status != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, status, c.status, body)
		}
	}
	list, err := access.Audit(context.Background(), d.db, "t", 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(list) {
		if !e.At.Equal(noon) || e.Who == "" {
			t.Errorf("%+v", e)
		}
		got = append(got, e.Action+": "+e.Detail)
	}
	want := []string{"store changed: s1", "cooler changed: d-t", "webhook added: events https:robot.example"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
