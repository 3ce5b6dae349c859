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
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
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
	resp, err := http.DefaultClient.Do(r)
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

	// A person opens the link in a browser.
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	link, err := url.Parse(base + s.SetupPath())
	if err != nil || link.Query().Get("code") == "" {
		t.Fatalf("set-up link %q, %v", s.SetupPath(), err)
	}
	resp, err := browser.Get(link.String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	resp, err = browser.PostForm(base+"/setup", url.Values{"code": {link.Query().Get("code")}, "name": {"Li"}})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	_, rest, ok := strings.Cut(string(text), "<code>")
	admin, _, _ := strings.Cut(rest, "</code>")
	if !ok || !strings.HasPrefix(admin, "coldshelf_") {
		t.Fatalf("the page shows no token: %d %s", resp.StatusCode, text)
	}
	resp, err = browser.Get(base + "/v1/coolers")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the browser is not signed in: %d", resp.StatusCode)
	}
	if resp, err = http.PostForm(base+"/setup", url.Values{"code": {link.Query().Get("code")}, "name": {"thief"}}); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the link a second time: %v, %v", resp, err)
	}
	resp.Body.Close()

	// The admin gives a viewer a token, who can look and nothing else.
	code, answer := ask(t, "POST", base+"/v1/tokens", admin, map[string]string{"name": "Wang", "role": "viewer"})
	viewer, _ := answer["token"].(string)
	if code != http.StatusCreated || viewer == "" {
		t.Fatalf("a viewer's token: %d, %v", code, answer)
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
	code, answer = ask(t, "POST", base+"/v1/enrolments", admin, map[string]string{"store": "s1", "device": "d1"})
	once, _ := answer["code"].(string)
	if code != http.StatusCreated {
		t.Fatalf("an enrolment code: %d, %v", code, answer)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	code, answer = ask(t, "POST", base+"/v1/enrol", "", map[string]string{"code": once, "csr": csr})
	if code != http.StatusCreated {
		t.Fatalf("enrolment: %d, %v", code, answer)
	}
	block, _ := pem.Decode([]byte(answer["certificate"].(string)))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(answer["ca"].(string)))
	conf := &tls.Config{RootCAs: pool, ServerName: "localhost", Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key}}}

	b := newBoardWith(t, "mqtts://"+s.MQTTSAddr(), "d1", func(o *mqtt.ClientOptions) { o.SetTLSConfig(conf) })
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
	if code, _ := ask(t, "DELETE", base+"/v1/enrolments/d1", admin, nil); code != http.StatusNoContent {
		t.Errorf("revoke: %d", code)
	}
	if code, _ := ask(t, "POST", base+"/v1/enrol/renew", token, map[string]string{"csr": csr}); code != http.StatusUnauthorized {
		t.Errorf("renewal after that: %d", code)
	}
	if code, answer := ask(t, "GET", base+"/v1/audit", admin, nil); code != http.StatusOK || len(answer["entries"].([]any)) < 5 {
		t.Errorf("audit: %d, %v", code, answer)
	}
}
