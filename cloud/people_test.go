package cloud_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// person is a browser with somebody before it.
type person struct {
	client *http.Client
	base   string
	origin string // of the page that asks; "": our own, or no page
	hold   func(method, path string, status int, answer map[string]any)
}

func newPerson(t *testing.T, base string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{client: &http.Client{Jar: jar}, base: base, hold: func(string, string, int, map[string]any) {}}
}

// accessContracts holds answers of package access to openapi.yaml, and notes what was asked for.
func accessContracts(t *testing.T) (hold func(method, path string, status int, answer map[string]any), asked map[string]bool) {
	c, mux := readContracts(t), http.NewServeMux()
	for _, p := range access.Patterns() {
		mux.HandleFunc(p, http.NotFound)
	}
	asked = map[string]bool{}
	return func(method, path string, status int, answer map[string]any) {
		t.Helper()
		r, err := http.NewRequest(method, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, pattern := mux.Handler(r)
		if pattern == "" {
			return // of another package
		}
		asked[pattern] = asked[pattern] || status < 400
		_, where, _ := strings.Cut(pattern, " ")
		ref := fmt.Sprintf("openapi.yaml#/paths/%s/%s/responses/%d", pointer.Replace(where), strings.ToLower(method), status)
		if status == http.StatusNoContent {
			c.compile(t, ref) // it is described; there is nothing in it
			return
		}
		if status >= 400 {
			c.compile(t, ref)
			ref = "openapi.yaml#/components/responses/Problem"
		}
		data, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		c.hold(t, ref+"/content/application~1json/schema", data)
	}, asked
}

func (p *person) ask(t *testing.T, method, path string, body any) (int, map[string]any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(method, p.base+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if p.origin != "" {
		r.Header.Set("Origin", p.origin)
	}
	return answerTo(t, p.client, r)
}

// must asks for what has to be answered with a status.
func (p *person) must(t *testing.T, want int, method, path string, body any) map[string]any {
	t.Helper()
	status, answer := p.ask(t, method, path, body)
	if status != want {
		t.Fatalf("%s %s: %d, want %d: %v", method, path, status, want, answer)
	}
	p.hold(method, path, status, answer)
	return answer
}

// newEnrolledBoard is a board that an admin let in, and that shows its token.
func newEnrolledBoard(t *testing.T, s *cloud.Server, admin *person, device string) *board {
	t.Helper()
	csr, _ := certificateRequest(t)
	once := admin.must(t, 201, "POST", "/v1/enrolments", map[string]string{"store": "s1", "device": device})
	got := admin.must(t, 201, "POST", "/v1/enrol", map[string]any{"code": once["code"], "csr": csr})
	status, renewed := ask(t, "POST", admin.base+"/v1/enrol/renew", got["token"].(string), map[string]string{"csr": csr})
	admin.hold("POST", "/v1/enrol/renew", status, renewed)
	return newBoardWith(t, "mqtt://"+s.MQTTAddr(), device, func(o *mqtt.ClientOptions) {
		o.SetUsername(got["username"].(string)).SetPassword(got["token"].(string))
	})
}

// TestPeople: from the one-time link over invited people with roles to whose name stands beside an
// acknowledgement; and what a session is not good for.
func TestPeople(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) { c.Access.Mode = "tokens" })
	base := "http://" + s.Addr()
	const password = "correct horse battery"
	hold, asked := accessContracts(t)

	li := newPerson(t, base)
	li.hold = hold
	li.must(t, 201, "POST", "/v1/setup", map[string]string{"code": strings.TrimPrefix(s.SetupPath(), "/welcome#setup="), "name": "Li", "email": "li@brand.example", "password": password})

	// Li invites Wang, who chooses a password of his own by the link and is signed in.
	invited := li.must(t, 201, "POST", "/v1/users", map[string]string{"name": "Wang", "email": "Wang@brand.example", "role": "manager"})
	user := invited["user"].(map[string]any)
	path := fmt.Sprintf("/v1/users/%v", user["id"])
	wang := newPerson(t, base)
	wang.hold = hold
	code := strings.TrimPrefix(invited["link"].(string), "/welcome#password=")
	wang.must(t, 400, "POST", "/v1/password", map[string]string{"code": code, "password": "short"})
	wang.must(t, 201, "POST", "/v1/password", map[string]string{"code": code, "password": password})
	wang.must(t, 403, "POST", "/v1/password", map[string]string{"code": code, "password": password})
	if who := wang.must(t, 200, "GET", "/v1/session", nil); who["name"] != "Wang" || who["role"] != "manager" || who["kind"] != "user" {
		t.Errorf("Wang is %v", who)
	}
	wang.must(t, 200, "PUT", "/v1/stores/s1", map[string]string{"name": "North"})
	wang.must(t, 403, "GET", "/v1/users", nil)
	wang.must(t, 403, "POST", "/v1/tokens", map[string]string{"name": "x", "role": "admin"})

	// What he says of an alert stands under his name, whatever the request claims.
	li.must(t, 201, "PUT", "/v1/planograms/p", json.RawMessage(`{"id":"p","version":1,"width_mm":400,"shelves":[{"slots":[{"id":"a","gtin":"4006381333931","facings":1,"x_mm":0,"width_mm":80}]}]}`))
	li.must(t, 201, "PUT", "/v1/coolers/d1", map[string]string{"store": "s1", "planogram": "p"})
	b := newEnrolledBoard(t, s, li, "d1")
	for _, state := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty} {
		b.say(t, state)
	}
	b.drain(t)
	alerts := li.must(t, 200, "GET", "/v1/alerts?state=open", nil)["alerts"].([]any)
	if len(alerts) != 1 {
		t.Fatalf("%d alerts, want 1", len(alerts))
	}
	id := alerts[0].(map[string]any)["id"].(string)
	acked := wang.must(t, 200, "POST", "/v1/alerts/"+id+"/ack", map[string]string{"by": "Li", "note": "on my way"})
	if by := acked["acknowledged"].(map[string]any)["by"]; by != "Wang" {
		t.Errorf("acknowledged by %v, want Wang", by)
	}
	bulk := wang.must(t, 200, "POST", "/v1/alerts/bulk", map[string]any{"ids": []string{id}, "action": "comment", "text": "done", "by": "Li"})
	comments := bulk["alerts"].([]any)[0].(map[string]any)["comments"].([]any)
	if by := comments[0].(map[string]any)["by"]; by != "Wang" {
		t.Errorf("commented by %v, want Wang", by)
	}

	// A page of another origin changes nothing with his cookie; the cookie is closed to scripts.
	forged := *wang
	forged.origin = "https://evil.example"
	forged.must(t, 403, "PUT", "/v1/stores/s1", map[string]string{"name": "mine"})
	forged.must(t, 403, "DELETE", "/v1/session", nil)
	data, _ := json.Marshal(map[string]string{"email": "wang@brand.example", "password": password})
	resp, err := http.Post(base+"/v1/session", "application/json", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if c := resp.Cookies(); resp.StatusCode != http.StatusCreated || len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/" {
		t.Errorf("signing in: %d, %+v", resp.StatusCode, c)
	}

	// Shut out, he is so at once; and the last admin stays.
	wang.must(t, 200, "GET", "/v1/coolers", nil)
	li.must(t, 200, "PUT", path, map[string]any{"name": "Wang", "role": "manager", "disabled": true})
	wang.must(t, 401, "GET", "/v1/coolers", nil)
	li.must(t, 200, "PUT", path, map[string]any{"name": "Wang", "role": "viewer", "disabled": false})
	link := li.must(t, 201, "POST", path+"/link", nil)["link"].(string)
	wang.must(t, 201, "POST", "/v1/password", map[string]string{"code": strings.TrimPrefix(link, "/welcome#password="), "password": "another good password"})
	wang.must(t, 403, "PUT", "/v1/session/password", map[string]string{"old": "wrong", "new": "a third good password"})
	wang.must(t, 204, "PUT", "/v1/session/password", map[string]string{"old": "another good password", "new": "a third good password"})
	wang.must(t, 403, "PUT", "/v1/stores/s1", map[string]string{"name": "mine"}) // a viewer now
	list := li.must(t, 200, "GET", "/v1/users", nil)["users"].([]any)
	if len(list) != 2 {
		t.Errorf("users: %v", list)
	}
	for _, u := range list {
		if u := u.(map[string]any); u["role"] == "admin" {
			li.must(t, 409, "DELETE", fmt.Sprintf("/v1/users/%v", u["id"]), nil)
		}
	}
	li.must(t, 201, "POST", "/v1/tokens", map[string]string{"name": "a program", "role": "integration"})
	li.must(t, 400, "POST", "/v1/tokens", map[string]string{"name": "a board", "role": "device"})
	for _, token := range li.must(t, 200, "GET", "/v1/tokens", nil)["tokens"].([]any) {
		li.must(t, 204, "DELETE", fmt.Sprintf("/v1/tokens/%v", token.(map[string]any)["id"]), nil)
	}
	li.must(t, 404, "DELETE", "/v1/tokens/999", nil)
	li.must(t, 204, "DELETE", "/v1/enrolments/d1", nil)
	if list := revokedList(t, li.client, base, ""); len(list.RevokedCertificateEntries) != 2 {
		t.Errorf("%d certificates are revoked, want d1's two", len(list.RevokedCertificateEntries))
	}
	asked["GET /v1/revoked"] = true
	li.must(t, 200, "GET", "/v1/audit", nil)
	li.must(t, 204, "DELETE", path, nil)
	wang.must(t, 401, "GET", "/v1/session", nil)
	li.must(t, 204, "DELETE", "/v1/session", nil)
	li.must(t, 401, "GET", "/v1/coolers", nil)

	li.must(t, 201, "POST", "/v1/session", map[string]string{"email": "Li@brand.example", "password": password})
	for _, pattern := range access.Patterns() {
		if !asked[pattern] {
			t.Errorf("%s is never asked for", pattern)
		}
	}

	// Guessing runs into a wall, for an address that nobody has like for one that somebody has.
	for email, before := range map[string]int{"li@brand.example": 1, "nobody@brand.example": 0} {
		guess := newPerson(t, base)
		tries, status := 0, 0
		for ; tries < 20 && status != http.StatusTooManyRequests; tries++ {
			status, _ = guess.ask(t, "POST", "/v1/session", map[string]string{"email": email, "password": "a guess, and wrong"})
		}
		if tries+before != 11 {
			t.Errorf("%s: %d tries and %d before, want 10 and then 429", email, tries, before)
		}
	}
}
