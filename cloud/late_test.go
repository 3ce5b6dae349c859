package cloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestWhatComesLate: a board was without network for hours and then tells all. Of what was over by then nobody
// is called; history has it, at its own time. What still is so is told once the board tells of the present,
// with the bounds that the late looks give. And a look that was lost on the way takes back what was told
// without it. All of it through the service, by MQTT in and by webhook and robot out.
func TestWhatComesLate(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) { c.Alerts.PrivateWebhooks = true })
	base := "http://" + s.Addr()
	target := func(format string) <-chan string {
		t.Helper()
		got := make(chan string, 100)
		e := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if data, err := io.ReadAll(r.Body); err == nil {
				got <- string(data)
			}
			io.WriteString(w, `{"errcode":0}`)
		}))
		t.Cleanup(e.Close)
		resp, err := http.Post(base+"/v1/webhooks", "application/json", strings.NewReader(fmt.Sprintf(`{"url":%q,"format":%q}`, e.URL, format)))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("webhook: status %d", resp.StatusCode)
		}
		return got
	}
	program, people := target("events"), target("wecom")
	get := func(path string, into any) {
		t.Helper()
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || json.Unmarshal(data, into) != nil {
			t.Fatalf("%s: status %d, %v: %s", path, resp.StatusCode, err, data)
		}
	}
	now := time.Now().UTC().Truncate(time.Second)
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	minute := func(text string) int { // ago
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return max(0, int(now.Sub(at).Round(time.Minute)/time.Minute)) // what is said now, however slow the machine
	}
	// told gives the next event as KIND STATE RESOLUTION DEVICE, last filled, first empty, restocked in minutes ago.
	told := func() string {
		t.Helper()
		var e struct {
			Type string
			Data struct {
				Device, State, Resolution string
				Untold                    bool
				Filled                    string `json:"last_seen_filled"`
				Empty                     string `json:"first_seen_empty"`
				Restocked                 string `json:"resolved_at"`
			}
		}
		select {
		case data := <-program:
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatal("no event came")
		}
		a := e.Data
		words := []string{strings.TrimPrefix(e.Type, "org.coldshelf.alert."), a.State}
		if a.Resolution != "" {
			words = append(words, a.Resolution)
		}
		if a.Untold {
			words = append(words, "untold")
		}
		words = append(words, a.Device, fmt.Sprint(minute(a.Filled)), fmt.Sprint(minute(a.Empty)))
		if a.Resolution == "seen" {
			words = append(words, fmt.Sprint(minute(a.Restocked)))
		}
		return strings.Join(words, " ")
	}
	want := func(what string) {
		t.Helper()
		if got := told(); got != what {
			t.Errorf("told %q, want %q", got, what)
		}
	}

	// Three hours of an outage, in order: sold out and restocked, and sold out again.
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	for _, look := range []struct {
		ago   int
		state shelf.State
	}{{180, shelf.OK}, {170, shelf.Empty}, {160, shelf.Empty}, {150, shelf.OK}, {140, shelf.OK}, {130, shelf.Empty}, {120, shelf.Empty}} {
		b.sayAt(t, ago(look.ago), look.state)
		b.drain(t)
	}
	want("restated resolved seen untold d1 180 170 150")
	var open struct{ Alerts []any }
	if get("/v1/alerts?state=open", &open); len(open.Alerts) != 0 {
		t.Errorf("what is only known from late looks stands as open: %v", open.Alerts)
	}
	b.sayAt(t, ago(1), shelf.Empty) // the present
	b.drain(t)
	want("opened open d1 140 130")

	// Of another board a look was lost on the way, and comes when its stockout has been told.
	b2 := newBoard(t, "mqtt://"+s.MQTTAddr(), "d2")
	for i, state := range []shelf.State{shelf.OK, shelf.Empty} {
		b2.sayAt(t, ago(9-i), state)
		b2.drain(t)
	}
	b2.seq = 4
	b2.sayAt(t, ago(5), shelf.Empty)
	b2.drain(t)
	want("opened open d2 9 8")
	b2.seq = 2
	for _, minutes := range []int{7, 6} {
		b2.sayAt(t, ago(minutes), shelf.OK)
		b2.drain(t)
	}
	want("restated open d2 7 5") // filled a minute later than was known, so that it was empty later too
	want("restated resolved retracted d2 7 5")

	// History has each look at its time, and what was on the shelf then.
	var history struct {
		Observations []struct {
			CapturedAt string `json:"captured_at"`
			Slots      []struct{ State string }
		}
	}
	get("/v1/coolers/d1/observations?from="+ago(200).Format(time.RFC3339)+"&to="+now.Format(time.RFC3339), &history)
	var seen []string
	for _, o := range history.Observations {
		seen = append(seen, fmt.Sprint(minute(o.CapturedAt), " ", o.Slots[0].State))
	}
	if want := []string{"180 ok", "170 empty", "160 empty", "150 ok", "140 ok", "130 empty", "120 empty", "1 empty"}; !slices.Equal(seen, want) {
		t.Errorf("history is %q, want %q", seen, want)
	}

	// People were called for what is so now, and only for that.
	b.say(t, shelf.OK)
	b.say(t, shelf.OK)
	b.drain(t)
	want("resolved resolved seen d1 140 130 0")
	var calls []string
	for range 4 {
		select {
		case text := <-people:
			switch {
			case strings.Contains(text, "Withdrawn"):
				calls = append(calls, "withdrawn")
			case strings.Contains(text, "Resolved"):
				calls = append(calls, "resolved")
			case strings.Contains(text, "Stockout"):
				calls = append(calls, "stockout")
			default:
				calls = append(calls, text)
			}
		case <-time.After(patience):
			t.Fatalf("people were told %q", calls)
		}
	}
	if want := []string{"stockout", "stockout", "withdrawn", "resolved"}; !slices.Equal(calls, want) || len(people) > 0 {
		t.Errorf("people were told %q and %d more, want %q", calls, len(people), want)
	}
}
