package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/enrol"
)

// freePort gives a port of loopback that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// realCloud is cooler-cloud as it is shipped, with TLS for boards and tokens for people.
type realCloud struct {
	t              *testing.T
	program, conf  string
	http, tls, dir string
}

func newRealCloud(t *testing.T) *realCloud {
	t.Helper()
	dir := t.TempDir()
	c := &realCloud{t: t, program: filepath.Join(dir, "cooler-cloud"), conf: filepath.Join(dir, "cloud.yml"), http: freePort(t), tls: freePort(t), dir: dir}
	build := exec.Command("go", "build", "-o", c.program, "../../../cloud/cmd/cooler-cloud")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build cooler-cloud: %v\n%s", err, out)
	}
	text := fmt.Sprintf("listen: %q\ndata_dir: data\ntenant: acme\naccess: {mode: tokens}\nmqtt: {listen: %q, tls_listen: %q, tls_names: [\"127.0.0.1\"]}\n", c.http, freePort(t), c.tls)
	if err := os.WriteFile(c.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := exec.Command(c.program, "serve", "--config", c.conf, "--log-level", "warn")
	serve.Stderr = t.Output()
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { serve.Process.Signal(os.Interrupt); serve.Wait() })
	waitUntil(t, "the cloud", func() bool {
		resp, err := http.Get("http://" + c.http + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return c
}

// say runs a command of the cloud's own and gives the last word that it prints.
func (c *realCloud) say(args ...string) string {
	c.t.Helper()
	out, err := exec.Command(c.program, append(args, "--config", c.conf)...).Output()
	if err != nil {
		c.t.Fatalf("cooler-cloud %v: %v", args, err)
	}
	words := strings.Fields(string(out))
	return words[len(words)-1]
}

// coolers are what the API shows of a tenant.
func (c *realCloud) coolers(token string) (names []string) {
	req, err := http.NewRequest(http.MethodGet, "http://"+c.http+"/v1/coolers", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var all struct {
		Coolers []struct{ Device string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		c.t.Fatal(err)
	}
	for _, one := range all.Coolers {
		names = append(names, one.Device)
	}
	return names
}

// TestAnImageBecomesABoard: one configuration that names no device, a code in a file, the real cloud; the
// board gets its certificate, speaks over TLS with it, renews it, and is nobody once it is turned out.
func TestAnImageBecomesABoard(t *testing.T) {
	cloud := newRealCloud(t)
	path := configure(t, "clock: trusted\nschedule: {every: 1s}\ncamera: {source: \"dir:frames\"}\n"+
		"cloud: {url: \"http://"+cloud.http+"\"}\nuplink: {broker: \"ssl://"+cloud.tls+"\", ack_timeout: 1s}\n")
	codeFile := filepath.Join(filepath.Dir(path), "code.txt")
	provide := func(code string, more ...string) (int, string, string) {
		t.Helper()
		if err := os.WriteFile(codeFile, []byte(code+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return call(t, append([]string{"provision", "--config", path, "--code-file", codeFile}, more...)...)
	}
	if status, _, errs := call(t, "run", "--config", path); status != exitFailed || !strings.Contains(errs, "not enrolled") || !strings.Contains(errs, "provision") {
		t.Errorf("a board without credentials runs: status %d, %s", status, errs)
	}
	if status, _, errs := provide("guessed"); status != exitFailed || !strings.Contains(errs, "code is not good") {
		t.Errorf("a guessed code: status %d, %s", status, errs)
	}
	code := cloud.say("enrol", "--store", "s1", "--device", "cooler-7")
	status, out, errs := provide(code)
	if status != exitDone || !strings.Contains(out, "acme/s1/cooler-7") {
		t.Fatalf("status %d, %s%s", status, out, errs)
	}
	if _, err := os.Stat(codeFile); !os.IsNotExist(err) {
		t.Error("the used code stays on the card")
	}
	if status, out, _ := provide(code); status != exitDone || !strings.Contains(out, "cooler-7") {
		t.Errorf("a second start: status %d, %s", status, out)
	}
	file := enrol.In(filepath.Join(filepath.Dir(path), "data"))
	if info, err := os.Stat(file.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the credentials' file: %v, %v", info.Mode(), err)
	}

	deliver := func() {
		t.Helper()
		cmd := exec.Command(os.Args[0], "run", "--log", "warn", "--until-end", "--config", path)
		cmd.Env = append(os.Environ(), programVariable+"=1")
		cmd.Stderr = t.Output()
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
	}
	deliver()
	viewer := cloud.say("token", "create", "--name", "test", "--role", "viewer")
	if got := cloud.coolers(viewer); len(got) != 1 || got[0] != "cooler-7" {
		t.Errorf("the cloud knows %v", got)
	}

	// Renewal, as it comes due.
	before, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	due, err := before.Due()
	if err != nil {
		t.Fatal(err)
	}
	if until := time.Until(due); until < 50*24*time.Hour || until > 70*24*time.Hour {
		t.Errorf("renewal is due in %v, want two thirds of 90 days", until)
	}
	after, err := enrol.Cloud{URL: "http://" + cloud.http}.Renew(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	if after.Pair == before.Pair || after.Token != before.Token {
		t.Error("renewal gives another certificate and leaves the token")
	}
	if err := file.Save(after); err != nil {
		t.Fatal(err)
	}
	deliver()

	if _, checks := examined(t, path); checks["certificate"].Verdict != good || checks["broker"].Verdict != good {
		t.Errorf("doctor: %+v", checks)
	}
	cloud.do("enrol", "--revoke", "--store", "s1", "--device", "cooler-7")
	if _, err := (enrol.Cloud{URL: "http://" + cloud.http}).Renew(t.Context(), after); err == nil {
		t.Error("a board that was turned out renews")
	}
	// With another code it is a board again.
	if status, _, errs := provide(cloud.say("enrol", "--store", "s1", "--device", "cooler-7"), "--again"); status != exitDone {
		t.Fatalf("again: %s", errs)
	}
	deliver()
}

// do is say for a command that prints nothing.
func (c *realCloud) do(args ...string) {
	c.t.Helper()
	if out, err := exec.Command(c.program, append(args, "--config", c.conf)...).CombinedOutput(); err != nil {
		c.t.Fatalf("cooler-cloud %v: %v\n%s", args, err, out)
	}
}
