package cloud_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// watcher is a subscriber of the live stream.
type watcher struct{ ws *websocket.Conn }

type streamed struct {
	Type   string `json:"type"`
	Error  string `json:"error"`
	Alerts []struct{ Tenant, Device string }
	Events []struct {
		Data struct{ Tenant, Device string }
	}
}

// watch connects by a token or, where there is none, by a ticket.
func watch(t *testing.T, addr, token, ticket string) *watcher {
	t.Helper()
	url, header := "ws://"+addr+"/v1/live", http.Header{}
	if ticket != "" {
		url += "?ticket=" + ticket
	} else {
		header.Set("Authorization", "Bearer "+token)
	}
	ws, _, err := websocket.DefaultDialer.Dial(url, header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	w := &watcher{ws}
	if hello := w.next(t); hello.Type != "hello" {
		t.Fatalf("got %+v", hello)
	}
	return w
}

func (w *watcher) say(t *testing.T, text string) {
	t.Helper()
	if err := w.ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func (w *watcher) next(t *testing.T) (m streamed) {
	t.Helper()
	w.ws.SetReadDeadline(time.Now().Add(patience))
	if err := w.ws.ReadJSON(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

// ended reads until the stream ends, and gives the error that it was ended with and what it told before.
func (w *watcher) ended(t *testing.T) (why string, code int, before []streamed) {
	t.Helper()
	w.ws.SetReadDeadline(time.Now().Add(patience))
	for {
		var m streamed
		err := w.ws.ReadJSON(&m)
		var closed *websocket.CloseError
		switch {
		case errors.As(err, &closed):
			return why, closed.Code, before
		case err != nil:
			t.Fatal(err)
		case m.Type == "error":
			why = m.Error
		default:
			before = append(before, m)
		}
	}
}

const everything = `{"type":"subscribe","cursor":"","alerts":{}}`

// TestRightsToTheStream: what is sent on a connection, and what its client asks for, is held to the rights of
// that moment: a revoked token, a session that was signed out of and a user who was shut out see nothing
// more; and no filter reaches another tenant.
func TestRightsToTheStream(t *testing.T) {
	url := "sqlite:" + t.TempDir() + "/state.db"
	liveAs(t, url, "other") // has an alert at s1/d1
	s, _, _ := serve(t, func(c *config.Config) { c.State, c.Tenant, c.Access.Mode = url, "t", "tokens" })
	base := "http://" + s.Addr()
	li := newPerson(t, base)
	li.must(t, 201, "POST", "/v1/setup", map[string]string{"code": strings.TrimPrefix(s.SetupPath(), "/welcome#setup="), "name": "Li", "email": "li@t.example", "password": "correct horse battery"})
	token := func(name, role string) (text string, id string) {
		t.Helper()
		answer := li.must(t, 201, "POST", "/v1/tokens", map[string]string{"name": name, "role": role})
		for _, one := range li.must(t, 200, "GET", "/v1/tokens", nil)["tokens"].([]any) {
			if one := one.(map[string]any); one["name"] == name {
				return answer["token"].(string), number(one["id"])
			}
		}
		t.Fatalf("no token %s", name)
		return "", ""
	}
	feeder, _ := token("feeder", "admin")
	b := newBoardOf(t, "mqtt://"+s.MQTTAddr(), wire.Identity{Tenant: "t", Store: "s1", Device: "d1"}, func(o *mqtt.ClientOptions) {
		o.SetUsername("feeder").SetPassword(feeder)
	})
	for _, state := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty} {
		b.say(t, state)
	}
	b.drain(t)
	alert := li.must(t, 200, "GET", "/v1/alerts", nil)["alerts"].([]any)[0].(map[string]any)["id"].(string)
	told := 0
	tell := func() { // something to the stream
		told++
		li.must(t, 200, "POST", "/v1/alerts/"+alert+"/assign", map[string]string{"to": fmt.Sprint("person ", told)})
	}

	t.Run("another tenant", func(t *testing.T) {
		text, _ := token("curious", "viewer")
		w := watch(t, s.Addr(), text, "")
		for _, filter := range []string{`{}`, `{"stores":["s1"]}`, `{"devices":["d1"]}`, `{"regions":[""]}`} {
			w.say(t, `{"type":"subscribe","cursor":"","alerts":`+filter+`}`)
			m := w.next(t)
			for m.Type != "snapshot" {
				m = w.next(t)
			}
			for _, a := range m.Alerts {
				if a.Tenant != "t" {
					t.Errorf("filter %s shows %+v", filter, a)
				}
			}
		}
		w.say(t, `{"type":"subscribe","cursor":"0","alerts":{}}`) // the log of both
		for m := w.next(t); ; m = w.next(t) {
			for _, e := range m.Events {
				if e.Data.Tenant != "t" {
					t.Errorf("from the log: %+v", e)
				}
			}
			if len(m.Events) > 0 {
				break
			}
		}
		w.say(t, `{"type":"subscribe","cursor":"","tenant":"other","alerts":{}}`)
		if why, code, _ := w.ended(t); code != websocket.ClosePolicyViolation || !strings.Contains(why, "tenant") {
			t.Errorf("a tenant is asked for: %d %s", code, why)
		}
		w = watch(t, s.Addr(), text, "")
		w.say(t, `{"type":"subscribe","cursor":"","alerts":{"tenants":["other"]}}`)
		if why, code, _ := w.ended(t); code != websocket.ClosePolicyViolation || !strings.Contains(why, "tenants") {
			t.Errorf("a tenant in the filter: %d %s", code, why)
		}
	})

	t.Run("a board's token", func(t *testing.T) {
		_, resp, err := websocket.DefaultDialer.Dial("ws://"+s.Addr()+"/v1/live", http.Header{"Authorization": {"Bearer " + deviceToken(t, li)}})
		if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("got %v, %v", resp, err)
		}
	})

	taken := "the right to this stream has ended"
	session := func(t *testing.T) (p *person, end func(), ticket func() string) {
		p = newPerson(t, base)
		answer := li.must(t, 201, "POST", "/v1/users", map[string]string{"name": "Bo", "email": "bo@t.example", "role": "manager"})
		id := number(answer["user"].(map[string]any)["id"])
		t.Cleanup(func() { li.ask(t, "DELETE", "/v1/users/"+id, nil) })
		_, code, _ := strings.Cut(answer["link"].(string), "=")
		p.must(t, 201, "POST", "/v1/password", map[string]string{"code": code, "password": "another horse battery"})
		return p, func() { p.must(t, 204, "DELETE", "/v1/session", nil) }, func() string {
			return p.must(t, 201, "POST", "/v1/live/tickets", nil)["ticket"].(string)
		}
	}
	for name, begin := range map[string]func(t *testing.T) (w *watcher, end func()){
		"a token that is revoked": func(t *testing.T) (*watcher, func()) {
			text, id := token("leaver "+t.Name(), "integration")
			return watch(t, s.Addr(), text, ""), func() { li.must(t, 204, "DELETE", "/v1/tokens/"+id, nil) }
		},
		"a session that is signed out of": func(t *testing.T) (*watcher, func()) {
			_, end, ticket := session(t)
			return watch(t, s.Addr(), "", ticket()), end
		},
	} {
		t.Run(name+", and asks", func(t *testing.T) {
			w, end := begin(t)
			w.say(t, everything)
			if m := w.next(t); m.Type != "snapshot" {
				t.Fatalf("got %+v", m)
			}
			end()
			w.say(t, everything)
			if why, code, before := w.ended(t); code != websocket.ClosePolicyViolation || why != taken || len(before) > 0 {
				t.Errorf("ended with %d %q after %+v", code, why, before)
			}
		})
		t.Run(name+", and listens", func(t *testing.T) {
			w, end := begin(t)
			w.say(t, everything)
			if m := w.next(t); m.Type != "snapshot" {
				t.Fatalf("got %+v", m)
			}
			end()
			done := make(chan struct{})
			var why string
			var code int
			var before []streamed
			go func() { defer close(done); why, code, before = w.ended(t) }()
			since := time.Now()
			for over := false; !over; {
				tell()
				select {
				case <-done:
					over = true
				default:
				}
			}
			// Rights may be two seconds old; the rest is the machine's.
			if took := time.Since(since); took > 10*time.Second {
				t.Errorf("the stream went on for %s", took)
			}
			if code != websocket.ClosePolicyViolation || why != taken {
				t.Errorf("ended with %d %q after %d messages", code, why, len(before))
			}
		})
	}

	t.Run("a session without a ticket", func(t *testing.T) {
		p, _, _ := session(t)
		jar := websocket.Dialer{Jar: p.client.Jar}
		_, resp, err := jar.Dial("ws://"+s.Addr()+"/v1/live", http.Header{"Origin": {base}})
		if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Fatalf("got %v, %v", resp, err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), `"ticket_needed"`) {
			t.Errorf("got %s, %v", body, err)
		}
	})

	t.Run("a ticket of a session that has ended", func(t *testing.T) {
		_, end, ticket := session(t)
		text := ticket()
		end()
		_, resp, err := websocket.DefaultDialer.Dial("ws://"+s.Addr()+"/v1/live?ticket="+text, nil)
		if err == nil || resp == nil || resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %v, %v", resp, err)
		}
	})

	for name, change := range map[string]map[string]any{
		"another role": {"name": "Bo", "role": "viewer", "disabled": false}, // he signs in again
		"shut out":     {"name": "Bo", "role": "manager", "disabled": true},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, ticket := session(t)
			w := watch(t, s.Addr(), "", ticket())
			w.say(t, everything)
			if m := w.next(t); m.Type != "snapshot" {
				t.Fatalf("got %+v", m)
			}
			for _, u := range li.must(t, 200, "GET", "/v1/users", nil)["users"].([]any) {
				if u := u.(map[string]any); u["email"] == "bo@t.example" {
					li.must(t, 200, "PUT", "/v1/users/"+number(u["id"]), change)
				}
			}
			w.say(t, everything)
			if why, code, before := w.ended(t); code != websocket.ClosePolicyViolation || why != taken || len(before) > 0 {
				t.Errorf("ended with %d %q after %+v", code, why, before)
			}
		})
	}
}

// deviceToken enrols a board that speaks by token.
func deviceToken(t *testing.T, admin *person) string {
	t.Helper()
	csr, _ := certificateRequest(t)
	code := admin.must(t, 201, "POST", "/v1/enrolments", map[string]string{"store": "s1", "device": "d9"})["code"]
	return newPerson(t, admin.base).must(t, 201, "POST", "/v1/enrol", map[string]any{"code": code, "csr": csr})["token"].(string)
}

// number is an ID as JSON gives it.
func number(v any) string { return fmt.Sprint(int64(v.(float64))) }
