package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func say(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(context.Background(), args, &o, &e)
	return code, o.String(), e.String()
}

// TestHelpShowsWhatMatters: flags of serve alone are in no other command's help, though they are taken there.
func TestHelpShowsWhatMatters(t *testing.T) {
	for _, args := range [][]string{{"user", "add"}, {"token", "create"}, {"backup"}, {"rules", "test"}, {"enrol"}} {
		_, out, _ := say(t, append(args, "--help")...)
		if strings.Contains(out, "--mqtt-listen") || strings.Contains(out, "--planograms") || !strings.Contains(out, "--data") || !strings.Contains(out, "Examples:") {
			t.Errorf("%v:\n%s", args, out)
		}
	}
	if _, out, _ := say(t, "serve", "--help"); !strings.Contains(out, "--mqtt-listen") {
		t.Errorf("serve:\n%s", out)
	}
	if code, _, errs := say(t, "token", "list", "--listen", "127.0.0.1:0", "--data", t.TempDir()); code != 1 || !strings.Contains(errs, "open state") {
		t.Errorf("a hidden flag is not taken: exit %d, %s", code, errs)
	}
	if code, out, _ := say(t, "--version"); code != 0 || out != "cooler-cloud "+version+"\n" {
		t.Errorf("--version: %d %q", code, out)
	}
}

// TestWordsOfRefusals: each says what to do.
func TestWordsOfRefusals(t *testing.T) {
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/sales/masters" {
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"code":"bad_request","error":"json: unknown field \"pick_price\"","hint":"see docs/openapi.yaml"}`))
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		w.Write([]byte(`{"code":"token_needed","error":"a token is needed"}`))
	}))
	defer closed.Close()
	masters := filepath.Join(t.TempDir(), "masters.yml")
	if err := os.WriteFile(masters, []byte("stores:\n- store: s1\n  pick_price: 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	none, rules := filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(rules, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, says string }{
		{"sales parked --url " + closed.URL, "cooler-cloud token create"},
		{"sales rejected --url " + closed.URL, "cooler-cloud token create"},
		{"sales masters " + masters + " --url " + closed.URL, masters + ": line 3: "},
		{"tail --type stokout", "stockout"},
		{"rules test nofile.yml", "give the path of a file of rules"},
		{"rules test " + rules + " --data " + none, "open state: "},
		{"rules explain --device d1 --data " + none, "open state: "},
		{"restore nofile.tgz --data " + none, "cooler-cloud backup made"},
	} {
		code, _, errs := say(t, strings.Fields(c.args)...)
		if code != 1 || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %q, want %q in it", c.args, code, errs, c.says)
		}
	}
	if _, err := os.Stat(none); err == nil {
		t.Errorf("a command that only reads made %s", none)
	}
	for args, says := range map[string]string{"enrol --device d1": "--store is missing", "sales import": "cooler-cloud sales import FILE"} {
		if code, _, errs := say(t, strings.Fields(args)...); code != 2 || !strings.Contains(errs, says) {
			t.Errorf("%s: exit %d, %q, want %q in it", args, code, errs, says)
		}
	}
}
