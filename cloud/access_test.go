package cloud_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/wire"
)

// ask sends a request with a token and gives the status and the JSON of the answer.
func ask(t *testing.T, method, url, token string, body any) (int, map[string]any) {
	t.Helper()
	var send io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		send = bytes.NewReader(data)
	}
	r, err := http.NewRequest(method, url, send)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return answerTo(t, http.DefaultClient, r)
}

// answerTo sends a request and gives the status and the JSON of the answer.
func answerTo(t *testing.T, client *http.Client, r *http.Request) (int, map[string]any) {
	t.Helper()
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer := map[string]any{}
	data, err := io.ReadAll(resp.Body)
	if err == nil && len(data) > 0 && strings.Contains(resp.Header.Get("Content-Type"), "json") {
		err = json.Unmarshal(data, &answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// certificateRequest makes a request, with its key.
func certificateRequest(t *testing.T) (string, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), key
}

// heldBack begins a POST and sends its body later: the service has found the token good and waits for it.
func heldBack(t *testing.T, addr, path, token string, body any) *unfinished {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	u := begin(t, addr, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", path, addr, token, len(text)), string(text))
	const wanted = "HTTP/1.1 100 Continue\r\n\r\n"
	said := make([]byte, len(wanted))
	if _, err := io.ReadFull(u.conn, said); err != nil || string(said) != wanted {
		t.Fatalf("POST %s without its body: %q, %v", path, said, err)
	}
	return u
}

// TestSetUpToMessage: from the one-time link over tokens and enrolment to a board's message by its
// own certificate; and what those without rights are told.
func TestSetUpToMessage(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) {
		c.Access.Mode, c.MQTT.TLSListen = "tokens", "127.0.0.1:0"
	})
	base := "http://" + s.Addr()

	// Without a token there is nothing but health.
	if code, answer := ask(t, "GET", base+"/v1/coolers", "", nil); code != http.StatusUnauthorized || answer["hint"] == nil {
		t.Errorf("without a token: %d, %v", code, answer)
	}
	if code, _ := ask(t, "GET", base+"/healthz", "", nil); code != http.StatusOK {
		t.Errorf("health without a token: %d", code)
	}

	// A person opens the link in a browser, whose page sends the code and what he types.
	code, ok := strings.CutPrefix(s.SetupPath(), "/welcome#setup=")
	if !ok {
		t.Fatalf("set-up link %q", s.SetupPath())
	}
	browser := newPerson(t, base)
	li := map[string]string{"code": code, "name": "Li", "email": "li@brand.example", "password": "correct horse battery"}
	if status, _ := browser.ask(t, "GET", "/welcome", nil); status != http.StatusOK {
		t.Errorf("the page of the link: %d", status)
	}
	if status, answer := browser.ask(t, "POST", "/v1/setup", li); status != http.StatusCreated || answer["role"] != "admin" {
		t.Fatalf("set up: %d, %v", status, answer)
	}
	if status, _ := browser.ask(t, "GET", "/v1/coolers", nil); status != http.StatusOK {
		t.Errorf("the browser is not signed in: %d", status)
	}
	li["email"] = "thief@brand.example"
	if status, _ := ask(t, "POST", base+"/v1/setup", "", li); status != http.StatusForbidden {
		t.Errorf("the link a second time: %d", status)
	}
	status, answer := browser.ask(t, "POST", "/v1/tokens", map[string]string{"name": "terminal", "role": "admin"})
	admin, _ := answer["token"].(string)
	if status != http.StatusCreated || !strings.HasPrefix(admin, "coldshelf_") {
		t.Fatalf("an admin's token: %d, %v", status, answer)
	}

	// The admin gives a viewer a token, who can look and nothing else.
	status, answer = ask(t, "POST", base+"/v1/tokens", admin, map[string]string{"name": "Wang", "role": "viewer"})
	viewer, _ := answer["token"].(string)
	if status != http.StatusCreated || viewer == "" {
		t.Fatalf("a viewer's token: %d, %v", status, answer)
	}
	if code, _ := ask(t, "GET", base+"/v1/coolers", viewer, nil); code != http.StatusOK {
		t.Errorf("a viewer looks: %d", code)
	}
	if code, _ := ask(t, "PUT", base+"/v1/stores/s1", viewer, map[string]string{"name": "mine"}); code != http.StatusForbidden {
		t.Errorf("a viewer changes: %d", code)
	}
	if code, _ := ask(t, "GET", base+"/v1/tokens", viewer, nil); code != http.StatusForbidden {
		t.Errorf("a viewer lists tokens: %d", code)
	}

	// A board enrols and speaks with its certificate over TLS.
	status, answer = ask(t, "POST", base+"/v1/enrolments", admin, map[string]string{"store": "s1", "device": "d1"})
	once, _ := answer["code"].(string)
	if status != http.StatusCreated {
		t.Fatalf("an enrolment code: %d, %v", status, answer)
	}
	csr, key := certificateRequest(t)
	status, answer = ask(t, "POST", base+"/v1/enrol", "", map[string]string{"code": once, "csr": csr})
	if status != http.StatusCreated {
		t.Fatalf("enrolment: %d, %v", status, answer)
	}
	block, _ := pem.Decode([]byte(answer["certificate"].(string)))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(answer["ca"].(string)))
	conf := &tls.Config{RootCAs: pool, ServerName: "localhost", Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key}}}

	out := make(chan error, 100)
	b := newBoardWith(t, "mqtts://"+s.MQTTSAddr(), "d1", func(o *mqtt.ClientOptions) {
		o.SetTLSConfig(conf).SetAutoReconnect(false).SetConnectionLostHandler(func(_ mqtt.Client, err error) { out <- err })
	})
	b.say(t, 1)
	b.drain(t)
	if code, answer := ask(t, "GET", base+"/v1/coolers", viewer, nil); code != http.StatusOK || len(answer["coolers"].([]any)) != 1 {
		t.Errorf("coolers: %d, %v", code, answer)
	}

	// It cannot speak for another, and nobody speaks without credentials.
	lost := make(chan struct{})
	other := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtts://" + s.MQTTSAddr()).SetClientID("x").SetTLSConfig(conf).SetAutoReconnect(false).
		SetConnectionLostHandler(func(mqtt.Client, error) { close(lost) }))
	if token := other.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	other.Publish(wire.Identity{Tenant: "t", Store: "s1", Device: "d2"}.Topic(wire.KindEvent), 1, false, "forged")
	select {
	case <-lost:
	case <-time.After(patience):
		t.Error("a board may speak for another")
	}
	nobody := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + s.MQTTAddr()).SetConnectRetry(false))
	if token := nobody.Connect(); !token.WaitTimeout(patience) || token.Error() == nil {
		t.Error("nobody is let in")
	}

	// The device's token renews its certificate; revoked, it is turned away.
	token, _ := answer["token"].(string)
	if code, answer := ask(t, "POST", base+"/v1/enrol/renew", token, map[string]string{"csr": csr}); code != http.StatusCreated || answer["certificate"] == nil {
		t.Errorf("renewal: %d, %v", code, answer)
	}
	held := heldBack(t, s.Addr(), "/v1/enrol/renew", token, map[string]string{"csr": csr})
	if code, _ := ask(t, "DELETE", base+"/v1/enrolments/d1", admin, nil); code != http.StatusNoContent {
		t.Errorf("revoke: %d", code)
	}
	if code, answer := held.finish(t); code != http.StatusUnauthorized {
		t.Errorf("a renewal that was begun before the device was revoked: %d, %s", code, answer)
	}
	_, second := ask(t, "POST", base+"/v1/tokens", admin, map[string]string{"name": "second", "role": "admin"})
	_, tokens := ask(t, "GET", base+"/v1/tokens", admin, nil)
	held = heldBack(t, s.Addr(), "/v1/tokens", second["token"].(string), map[string]string{"name": "third", "role": "admin"})
	newest := tokens["tokens"].([]any)[0].(map[string]any)
	if code, _ := ask(t, "DELETE", fmt.Sprintf("%s/v1/tokens/%v", base, newest["id"]), admin, nil); code != http.StatusNoContent {
		t.Errorf("revoke the second admin's token: %d", code)
	}
	if code, answer := held.finish(t); code != http.StatusUnauthorized {
		t.Errorf("a token that a revoked admin makes: %d, %s", code, answer)
	}
	if code, _ := ask(t, "POST", base+"/v1/enrol/renew", token, map[string]string{"csr": csr}); code != http.StatusUnauthorized {
		t.Errorf("renewal after that: %d", code)
	}
	select {
	case <-out:
	case <-time.After(patience):
		t.Error("a board that was revoked while it was connected still is")
	}
	if code, answer := ask(t, "DELETE", base+"/v1/enrolments/d1", admin, nil); code != http.StatusNotFound {
		t.Errorf("revoke again: %d, %v", code, answer)
	}
	if code, answer := ask(t, "POST", base+"/v1/enrol", "", map[string]string{"code": once, "csr": csr}); code != http.StatusForbidden || answer["code"] != "link_spent" {
		t.Errorf("the code again: %d, %v", code, answer)
	}
	if code, answer := ask(t, "GET", base+"/v1/audit", admin, nil); code != http.StatusOK || len(answer["entries"].([]any)) < 5 {
		t.Errorf("audit: %d, %v", code, answer)
	}
}
