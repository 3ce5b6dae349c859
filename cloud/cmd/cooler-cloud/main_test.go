package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/models/wire"
)

// output is what a program printed, safe to read while it still prints.
type output struct {
	lines chan string
	text  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.text.Write(p)
	select {
	case o.lines <- string(p):
	default:
	}
	return len(p), nil
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestExitStatus(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	data := t.TempDir()
	for _, c := range []struct {
		name string
		args string
		code int
		says string // on stderr
	}{
		{"help", "", 0, ""},
		{"version", "version", 0, ""},
		{"no such command", "sing", 2, "unknown command"},
		{"no such flag", "serve --loud", 2, "unknown flag"},
		{"too many arguments", "serve now", 2, "unknown command"},
		{"missing argument", "quarantine show", 2, "accepts 1 arg"},
		{"not a number", "quarantine show x --data " + data, 2, "not the number"},
		{"no such database", "quarantine show 1 --data " + data, 1, "no such file"},
		{"no such file", "serve --config /nowhere.yml", 1, "read configuration"},
		{"wrong value", "serve --listen nowhere", 1, "listen:"},
		{"busy port", "serve --data " + data + " --mqtt-listen 127.0.0.1:0 --listen " + busy.Addr().String(), 1, "is taken by another program"},
		{"doctor finds it", "doctor --data " + data + " --mqtt-listen 127.0.0.1:0 --listen " + busy.Addr().String(), 1, "1 of 5 checks failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(context.Background(), strings.Fields(c.args), &out, &errs)
			if code != c.code {
				t.Errorf("exit %d, want %d; %s", code, c.code, errs.String())
			}
			text := errs.String()
			if c.code != 0 && (!strings.HasPrefix(text, "error: ") || !strings.Contains(text, "\nhint: ") || !strings.Contains(text, c.says)) {
				t.Errorf("stderr %q, want error:, hint: and %q", text, c.says)
			}
		})
	}
}

// TestDoctorJSON: stdout holds JSON alone.
func TestDoctorJSON(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"doctor", "--json", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--mqtt-listen", "127.0.0.1:0"}, &out, &errs)
	var got struct {
		OK     bool
		Checks []struct {
			Check string
			OK    bool
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || code != 0 || !got.OK || len(got.Checks) != 5 {
		t.Errorf("exit %d, %v, %s%s", code, err, out.String(), errs.String())
	}
}

// TestDoctorWithoutAConfiguration: a file that cannot be read is a finding too, in JSON as in text.
func TestDoctorWithoutAConfiguration(t *testing.T) {
	code, out, errs := say(t, "doctor", "--json", "--config", "/nowhere.yml")
	var got struct {
		OK     bool
		Checks []struct{ Check, Verdict, Detail, Hint string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || got.OK || len(got.Checks) != 1 {
		t.Fatalf("exit %d, %v, %s%s", code, err, out, errs)
	}
	if c := got.Checks[0]; c.Check != "config" || c.Verdict != "fail" || !strings.Contains(c.Detail, "/nowhere.yml") || c.Hint == "" {
		t.Errorf("got %+v", c)
	}
}

// TestVersion: both forms of it name the program's version and that of the wire.
func TestVersion(t *testing.T) {
	code, out, errs := say(t, "version", "--json")
	var got versionReport
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || got.Version != version || got.Wire != wire.Version || got.Go == "" {
		t.Errorf("exit %d, %v, %s%s", code, err, out, errs)
	}
	if code, out, errs := say(t, "version"); code != 0 || !strings.HasPrefix(out, "cooler-cloud "+version+"\n") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}

// TestQuarantineLifecycle: a message that cannot be read is listed, shown, replayed, and comes back.
func TestQuarantineLifecycle(t *testing.T) {
	data, broker := t.TempDir(), freePort(t)
	ctx, stop := context.WithCancel(context.Background())
	out, errs := &output{lines: make(chan string, 10)}, &bytes.Buffer{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--mqtt-listen", broker, "--log-level", "error"}, out, errs)
	}()
	defer func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("serve ended with %d: %s", code, errs.String())
		}
	}()
	select {
	case line := <-out.lines:
		if !regexp.MustCompile(`open http://127\.0\.0\.1:\d+/`).MatchString(line) {
			t.Errorf("serve says %q", line)
		}
	case code := <-ended:
		ended <- code
		t.Fatalf("serve ended with %d: %s", code, errs.String())
	}
	board := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + broker).SetConnectRetry(true).SetConnectRetryInterval(20 * time.Millisecond))
	if token := board.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	defer board.Disconnect(0)
	board.Publish("coldshelf/v1/t/s/d/up/event", 1, false, "rubbish").Wait()

	cli := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(context.Background(), append(args, "--data", data, "--mqtt-listen", broker), &out, &errs); code != 0 {
			t.Fatalf("%v: exit %d: %s", args, code, errs.String())
		}
		return out.String()
	}
	rows := func() (list []row) {
		t.Helper()
		if err := json.Unmarshal([]byte(cli("quarantine", "list", "--json")), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	first := await(t, func() (row, bool) {
		list := rows()
		return append(list, row{})[0], len(list) == 1
	})
	if first.Reason != "malformed" || first.Topic != "coldshelf/v1/t/s/d/up/event" || first.Times != 1 {
		t.Errorf("listed: %+v", first)
	}
	if got := cli("quarantine", "show", "1", "--raw"); got != "rubbish" {
		t.Errorf("its bytes: %q", got)
	}
	if got := cli("quarantine", "list"); !strings.Contains(got, "malformed") {
		t.Errorf("as text: %q", got)
	}
	cli("quarantine", "replay", "1")
	await(t, func() (row, bool) {
		list := rows()
		return row{}, len(list) == 1 && list[0].ID != first.ID
	})
}

// await asks again and again until the answer is good.
func await[T any](t *testing.T, ask func() (T, bool)) T {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if v, ok := ask(); ok {
			return v
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it does not come about")
		}
	}
}
