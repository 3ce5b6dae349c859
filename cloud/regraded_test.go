package cloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// graded is what a subscriber reads of an event about a graded alert.
type graded struct {
	ID, Type, Sequence string
	Data               struct {
		Severity string
		Was      []string `json:"severity_was"`
		Loss     *struct {
			Minor    int64 `json:"minor_per_hour"`
			Currency string
		}
	}
}

// TestContractOfRegraded: an alert that is graded by money becomes less grave while it stands. The event of
// that goes out by the live stream, MQTT and webhook as asyncapi.yaml says, the same on each, and to those who
// only want what is critical too, since they were told of it.
func TestContractOfRegraded(t *testing.T) {
	c := readContracts(t)
	_, first, stop := serve(t, nil)
	stop()
	learnSales(t, first.StateURL(), "t", "s1")
	s, _, _ := serve(t, func(c *config.Config) { c.DataDir, c.Alerts.PrivateWebhooks = first.DataDir, true })
	base := "http://" + s.Addr()
	send := func(method, path, body string) {
		t.Helper()
		req, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if data, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode/100 != 2 {
			t.Fatalf("%s %s: status %d, %v: %s", method, path, resp.StatusCode, err, data)
		}
	}
	rules := func(critical, warning int) {
		t.Helper()
		send("PUT", "/v1/rules", fmt.Sprintf("version: 1\nrules:\n- {types: [stockout], severity_by_loss: {currency: EUR, critical: %d, warning: %d}}\n", critical, warning))
	}
	rules(2, 1)

	ways := map[string]chan []byte{"webhook": make(chan []byte, 10), "alerts": make(chan []byte, 10), "live": make(chan []byte, 10)}
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if data, err := io.ReadAll(r.Body); err == nil {
			ways["webhook"] <- data
		}
	}))
	defer endpoint.Close()
	send("POST", "/v1/webhooks", fmt.Sprintf(`{"url":%q,"severities":["critical"]}`, endpoint.URL))
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	b.gtin = market.GTIN(0)
	if token := b.client.Subscribe("coldshelf/v1/t/alerts/#", 1, func(_ mqtt.Client, m mqtt.Message) { ways["alerts"] <- m.Payload() }); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+s.Addr()+"/v1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	subscribe := `{"type":"subscribe","cursor":"","alerts":{"severities":["critical"]}}`
	c.hold(t, "asyncapi.yaml#/channels/live/messages/client/payload", []byte(subscribe))
	if err := conn.WriteMessage(websocket.TextMessage, []byte(subscribe)); err != nil {
		t.Fatal(err)
	}
	heard := make(chan []byte, 100)
	go func() {
		defer close(heard)
		for {
			_, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			heard <- data
		}
	}()
	next := func(way string) (event graded) {
		t.Helper()
		late := time.After(patience)
		for {
			select {
			case data := <-ways[way]:
				if way != "live" { // its messages were held as they came, with the events in them
					c.hold(t, "asyncapi.yaml#/channels/"+way+"/messages/event/payload", data)
				}
				if err := json.Unmarshal(data, &event); err != nil {
					t.Fatal(err)
				}
				return event
			case data, open := <-heard:
				if !open {
					t.Fatal("the live stream ended")
				}
				c.hold(t, "asyncapi.yaml#/channels/live/messages/server/payload", data)
				var m struct{ Events []json.RawMessage }
				if err := json.Unmarshal(data, &m); err != nil {
					t.Fatal(err)
				}
				for _, e := range m.Events {
					ways["live"] <- e
				}
			case <-late:
				t.Fatalf("nothing came by %s", way)
			}
		}
	}
	everywhere := func(kind, severity string, was []string) {
		t.Helper()
		want := next("live")
		if want.Type != "org.coldshelf.alert."+kind || want.Data.Severity != severity || !reflect.DeepEqual(want.Data.Was, was) || want.Data.Loss == nil || want.Data.Loss.Minor <= 0 || want.Data.Loss.Currency != "EUR" {
			t.Errorf("got %+v, want it %s as %s, that was %v, with its loss", want, kind, severity, was)
		}
		for _, way := range []string{"alerts", "webhook"} {
			if got := next(way); !reflect.DeepEqual(got, want) {
				t.Errorf("by %s: %+v, by the live stream: %+v", way, got, want)
			}
		}
	}

	now := time.Now()
	b.sayAt(t, now.Add(-14*time.Minute), shelf.OK)
	b.drain(t)
	b.sayAt(t, now.Add(-13*time.Minute), shelf.Empty)
	b.drain(t)
	b.sayAt(t, now.Add(-12*time.Minute), shelf.Empty)
	b.drain(t)
	everywhere("opened", "critical", nil)
	rules(2e9, 1e9)
	b.sayAt(t, now.Add(-time.Minute), shelf.Empty)
	b.drain(t)
	everywhere("regraded", "info", []string{"critical"})
	b.say(t, shelf.OK)
	b.say(t, shelf.OK)
	b.drain(t)
	everywhere("resolved", "info", []string{"critical"})
}
