package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/simulate"
)

// fleetACL lets coldshelf-ingest also speak as every board of the default tenant, as a fleet of made-up coolers does.
const fleetACL = "user coldshelf-ingest\ntopic readwrite coldshelf/#\n"

// TestSimulateWhereOneHasToSayWhoOneIs: a fleet is let in by password and by certificate, at Mosquitto and at the service's
// own broker, and says in plain words why it is not.
func TestSimulateWhereOneHasToSayWhoOneIs(t *testing.T) {
	dir := t.TempDir()
	acl := filepath.Join(dir, "acl")
	if err := os.WriteFile(acl, []byte(fleetACL), 0o600); err != nil {
		t.Fatal(err)
	}
	b := mosquitto.StartClosed(t, acl)
	serveOn := func(args ...string) {
		t.Helper()
		ctx, stop := context.WithCancel(context.Background())
		out, errs := &output{lines: make(chan string, 10)}, &bytes.Buffer{}
		ended := make(chan int, 1)
		go func() {
			ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "error"}, args...), out, errs)
		}()
		t.Cleanup(func() {
			stop()
			if code := <-ended; code != 0 {
				t.Errorf("serve ended with %d: %s", code, errs.String())
			}
		})
		select {
		case <-out.lines:
		case code := <-ended:
			ended <- code
			t.Fatalf("serve ended with %d: %s", code, errs.String())
		}
	}
	config := filepath.Join(dir, "cloud.yml")
	if err := os.WriteFile(config, []byte("mqtt:\n  broker: "+b.Mutual+"\n  ca: "+b.CA+"\n  cert: "+b.Cert+"\n  key: "+b.Key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	serveOn("--config", config, "--data", filepath.Join(dir, "mosquitto"))

	own, embedded := filepath.Join(dir, "embedded"), freePort(t)
	serveOn("--access", "tokens", "--mqtt-listen", embedded, "--data", own)
	code, token, errs := say(t, "token", "create", "--name", "fleet", "--role", "admin", "--data", own)
	if code != 0 {
		t.Fatal(errs)
	}
	tokenFile := filepath.Join(dir, "token")
	if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}

	for name, args := range map[string]string{
		"by password":       "--broker " + b.Password + " --username coldshelf-ingest --password-file " + b.Ingest,
		"by certificate":    "--broker " + b.Mutual + " --ca " + b.CA + " --cert " + b.Cert + " --key " + b.Key,
		"by a token, serve": "--broker mqtt://" + embedded + " --username fleet --password-file " + tokenFile,
	} {
		code, out, errs := say(t, append([]string{"simulate", "--devices", "2", "--looks", "2", "--every", "0", "--seed", strconv.Itoa(len(name))}, strings.Fields(args)...)...)
		var r simulate.Report
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Stored == 0 || r.Stored != r.Messages {
			t.Errorf("%s: exit %d, %v, %+v, %s", name, code, err, r, errs)
		}
	}
	for _, c := range []struct {
		args string
		code int
		says []string
	}{
		{"--broker " + b.Password + " --username coldshelf-ingest --password-file " + b.Wrong, 1, []string{"let no cooler in: it does not let this user in", "hint: see --username and --password-file"}},
		{"--broker mqtt://" + embedded, 1, []string{"it does not let this user in", "cooler-cloud token create --role admin"}},
		{"--broker " + b.TLS, 1, []string{"of an authority that is not known here", "as --ca"}},
		{"--broker mqtts://user:secret@" + embedded, 1, []string{"mqtts://user:xxxxx@", "say mqtt://"}},
		{"--broker " + b.Mutual + " --cert " + b.Cert, 2, []string{"--cert and --key go together"}},
		{"--broker " + b.Mutual + " --cert " + b.Expired + " --key " + b.Key, 1, []string{"has expired on"}},
		{"--broker " + b.Password + " --password-file /nowhere", 1, []string{"/nowhere: no such file", "how its path is spelt"}},
		{"--devices 0", 2, []string{"--devices 0: want 1 or more"}},
		{"--slots -3", 2, []string{"--slots -3: want 1 or more"}},
		{"--looks -1", 2, []string{"must not be negative"}},
		{"--broker http://x", 2, []string{`unknown scheme "http"`}},
		{"--broker localhost:1883", 2, []string{"want mqtt://host:1883"}},
	} {
		ctx, stop := context.WithCancel(t.Context())
		var out bytes.Buffer
		errs := &until{text: "trying again", then: stop}
		code := run(ctx, append([]string{"simulate", "--seed", "1"}, strings.Fields(c.args)...), &out, errs)
		stop()
		for _, want := range c.says {
			if code != c.code || !strings.Contains(errs.String(), want) {
				t.Errorf("%s: exit %d, %q, want %d and %q", c.args, code, errs.String(), c.code, want)
			}
		}
		if strings.Contains(errs.String(), "secret") {
			t.Errorf("it tells the password: %s", errs.String())
		}
	}
}

// until is what a program prints; once that holds a text it does something.
type until struct {
	bytes.Buffer
	text string
	then func()
}

func (u *until) Write(p []byte) (int, error) {
	n, err := u.Buffer.Write(p)
	if strings.Contains(u.String(), u.text) {
		u.then()
	}
	return n, err
}
