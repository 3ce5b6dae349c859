package cloud_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
)

// revokedList asks for the list of revoked certificates, and holds the answer to openapi.yaml.
func revokedList(t *testing.T, client *http.Client, base, token string) *x509.RevocationList {
	t.Helper()
	r, err := http.NewRequest("GET", base+"/v1/revoked", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET /v1/revoked: %d, %v, %s", resp.StatusCode, err, data)
	}
	text, err := json.Marshal(string(data))
	if err != nil {
		t.Fatal(err)
	}
	media := strings.ReplaceAll(resp.Header.Get("Content-Type"), "/", "~1")
	readContracts(t).hold(t, "openapi.yaml#/paths/"+pointer.Replace("/v1/revoked")+"/get/responses/200/content/"+media+"/schema", text)
	return parseList(t, data)
}

func parseList(t *testing.T, text []byte) *x509.RevocationList {
	t.Helper()
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "X509 CRL" || len(rest) > 0 {
		t.Fatalf("no list of revoked certificates: %.200q", text)
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestARevokedBoardStaysOutOfMosquitto: a chain's own Mosquitto, set up as firmware-config has it, with the list that the
// command writes. Reloaded with a newer list it takes no new connection of a board that was revoked, and restarted it has
// none of it any more; another board comes in all the while.
func TestARevokedBoardStaysOutOfMosquitto(t *testing.T) {
	data := t.TempDir()
	b := newBinary(t, nil, "--data", data, "--access", "tokens")
	b.Run(t)
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(b.path, append(args, "--data", data, "--tenant", "t")...)
		out, err := cmd.Output()
		if err != nil {
			var ended *exec.ExitError
			if errors.As(err, &ended) {
				t.Fatalf("%v: %v\n%s", args, err, ended.Stderr)
			}
			t.Fatalf("%v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	enrol := func(device string) tls.Certificate {
		t.Helper()
		csr, key := certificateRequest(t)
		code, answer := ask(t, "POST", "http://"+b.addr+"/v1/enrol", "", map[string]string{"code": run("enrol", "--store", "s1", "--device", device), "csr": csr})
		if code != http.StatusCreated {
			t.Fatalf("enrol %s: %d, %v", device, code, answer)
		}
		block, _ := pem.Decode([]byte(answer["certificate"].(string)))
		return tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key}
	}
	d1, d2 := enrol("d1"), enrol("d2")
	var file string
	mosq := mosquitto.StartSecuredBy(t, "../firmware-config/broker", filepath.Join(data, "authority"), func(path string) {
		file = path
		run("enrol", "revoked", "--out", path)
	})
	server := mosq.Certificate(t, "coldshelf-ingest").RootCAs
	connect := func(cert tls.Certificate) (mqtt.Client, error) {
		o := mqtt.NewClientOptions().AddBroker(mosq.URL()).SetAutoReconnect(false).SetConnectRetry(false).
			SetTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: server, Certificates: []tls.Certificate{cert}})
		client := mqtt.NewClient(o)
		token := client.Connect()
		if !token.WaitTimeout(patience) {
			t.Fatal("Mosquitto does not answer")
		}
		t.Cleanup(func() { client.Disconnect(0) })
		return client, token.Error()
	}
	held, err := connect(d1)
	if err != nil {
		t.Fatalf("a board that is not revoked: %v", err)
	}

	before := readList(t, file)
	run("enrol", "--device", "d1", "--revoke")
	var told struct {
		Revoked    int
		Number     int64
		NextUpdate time.Time `json:"next_update"`
	}
	if err := json.Unmarshal([]byte(run("enrol", "revoked", "--out", file, "--json")), &told); err != nil {
		t.Fatal(err)
	}
	after := readList(t, file)
	if told.Revoked != 1 || told.Number != after.Number.Int64() || !told.NextUpdate.Equal(after.NextUpdate) || after.Number.Cmp(before.Number) <= 0 {
		t.Errorf("told %+v of list %v, after list %v", told, after.Number, before.Number)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the broker's user cannot read it: %v, %v", info.Mode(), err)
	}
	viewer := run("token", "create", "--name", "cron", "--role", "viewer")
	fetched := revokedList(t, http.DefaultClient, "http://"+b.addr, viewer)
	leaf, err := x509.ParseCertificate(d1.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]*x509.RevocationList{"written": after, "fetched": fetched} {
		if len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Cmp(leaf.SerialNumber) != 0 {
			t.Errorf("%s: %v is revoked, want %v alone", name, list.RevokedCertificateEntries, leaf.SerialNumber)
		}
	}

	if err := syscall.Kill(mosq.PID(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	until(t, "Mosquitto has read the list", func() bool { _, err := connect(d1); return err != nil })
	if _, err := connect(d2); err != nil {
		t.Errorf("another board, after the reload: %v", err)
	}
	if !held.IsConnectionOpen() {
		t.Error("the reload ended a connection: docs/operations.md says that only a restart does")
	}
	mosq.Kill(t, syscall.SIGTERM)
	mosq.Start(t)
	if _, err := connect(d1); err == nil {
		t.Error("the revoked board is let in after a restart")
	}
	if _, err := connect(d2); err != nil {
		t.Errorf("another board, after a restart: %v", err)
	}
	until(t, "the revoked board's connection has ended", func() bool { return !held.IsConnectionOpen() })
}

func readList(t *testing.T, path string) *x509.RevocationList {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parseList(t, text)
}
