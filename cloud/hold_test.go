package cloud_test

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

// TestOneServiceAFolder: a second service on the folder of one that runs is refused and harms nothing; commands beside it
// work, and when it has ended, however it ended, the next one has the folder.
func TestOneServiceAFolder(t *testing.T) {
	dir := t.TempDir()
	first := newBinary(t, nil, "--data", dir)
	first.Run(t)
	second := func() (string, error) {
		out, err := exec.Command(first.path, "serve", "--data", dir, "--listen", loopback.Addr(t), "--mqtt-listen", loopback.Addr(t)).CombinedOutput()
		return string(out), err
	}
	out, err := second()
	if err == nil || !strings.Contains(out, "is in use by another cooler-cloud serve") || !strings.Contains(out, "hint: stop that one") {
		t.Errorf("a second service: %v\n%s", err, out)
	}
	for _, args := range [][]string{{"user", "list"}, {"token", "create", "--name", "till"}, {"backup", dir + "/copy"}} {
		if out, err := exec.Command(first.path, append(args, "--data", dir)...).CombinedOutput(); err != nil {
			t.Errorf("%v beside it: %v\n%s", args, err, out)
		}
	}
	link, err := exec.Command(first.path, "user", "add", "--email", "li@example.com", "--name", "Li", "--data", dir).Output()
	if err != nil || !strings.HasPrefix(string(link), "http://"+first.addr+"/") {
		t.Errorf("the link is not that of the service that runs at %s: %q, %v", first.addr, link, err)
	}
	if out, err := exec.Command(first.path, "doctor", "--data", dir, "--listen", first.addr, "--mqtt-listen", first.mqtt).CombinedOutput(); err != nil || strings.Contains(string(out), "fail") {
		t.Errorf("doctor beside it: %v\n%s", err, out)
	}
	if err := first.ready(); err != nil {
		t.Errorf("the first after that: %v", err)
	}
	first.Kill(t, syscall.SIGKILL)
	first.Run(t)
}

// TestPrivateWebhooksAreRefusedAtOnce, and the key that allows them is named.
func TestPrivateWebhooksAreRefusedAtOnce(t *testing.T) {
	s, _, _ := serve(t, nil)
	for _, url := range []string{"http://127.0.0.1:9/hook", "http://localhost:9/hook", "http://10.0.0.5/hook", "http://[::1]:9/hook"} {
		resp, err := http.Post("http://"+s.Addr()+"/v1/webhooks", "application/json", strings.NewReader(`{"url":"`+url+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "alerts.private_webhooks: true") {
			t.Errorf("%s: %s %s %v, want 400 with the key", url, resp.Status, body, err)
		}
	}
}
