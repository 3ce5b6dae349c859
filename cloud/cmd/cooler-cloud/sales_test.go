package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const tillMapping = "../../internal/sales/intake/testdata/till.yml"

// serving starts the service on a port of its own, with an embedded broker, until the test ends.
func serving(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	lines := &output{lines: make(chan string, 16)}
	port, data := freePort(t), t.TempDir() // before the clean-up, so that the folder outlives the service
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", port, "--mqtt-listen", "127.0.0.1:0", "--data", data, "--log-level", "error"}, lines, lines)
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("serve ended with %d", code)
		}
	})
	select {
	case <-lines.lines:
	case <-time.After(30 * time.Second):
		t.Fatal("the service does not start")
	}
	return port
}

func TestSalesImport(t *testing.T) {
	port := serving(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cli := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, err bytes.Buffer
		if code := run(t.Context(), append(append([]string{"sales"}, args...), "--url", "http://"+port), &out, &err); code != want {
			t.Fatalf("%v: exit %d, want %d: %s", args, code, want, err.String())
		}
		return out.String(), err.String()
	}
	cli(0, "masters", file("masters.yml", `
products:
- {gtin: "4006381333931", name: Cola, own: true}
stores:
- {store: s1, tz: Asia/Shanghai}
`))
	for text, told := range map[string]string{ // files cut in half are named by line, and nothing of them is entered
		"products:\n- {gtin: \"4006381333931\", name: Cola}\n- {gtin: \"590123": "[3:",
		"stores:\n- store: s2\n  restock_minutes: 12":                           "ends within line 3",
		"stores:\n- store: s2\n  restock_minutes: 012\n":                        "line 3: restock_minutes: 012",
	} {
		if _, err := cli(1, "masters", file("cut.yml", text)); !strings.Contains(err, told) || !strings.Contains(err, "cut.yml") {
			t.Errorf("%q: told %q, want %q", text, err, told)
		}
	}
	head := "Bon;Filiale;EAN;Menge;Betrag;Zeit;Art\n"
	day := file("day.csv", head+"1;s1;4006381333931;2;10,00;02.03.2026 10:00:00;V\n1;s1;4006381333932;1;5,00;02.03.2026 10:00:00;V\n")
	for range 2 { // a dry run changes nothing, not even for the next one
		out, err := cli(1, "import", day, "--mapping", tillMapping, "--dry-run")
		if !strings.HasPrefix(out, "2 lines: 1 would be stored") || !strings.Contains(err, "line 3: rejected") || !strings.Contains(err, "hint: nothing was stored") {
			t.Errorf("%s%s", out, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "day.rejected.csv")); err == nil {
		t.Error("a dry run wrote a file")
	}
	if out, _ := cli(1, "import", day, "--mapping", tillMapping); !strings.HasPrefix(out, "2 lines: 1 stored") {
		t.Error(out)
	}
	bad, err := os.ReadFile(filepath.Join(dir, "day.rejected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	mended := file("mended.csv", strings.Replace(string(bad), "4006381333932", "4006381333931", 1))
	out, _ := cli(0, "import", mended, "--mapping", tillMapping, "--json")
	var report struct{ Lines, Stored, Duplicate int }
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Stored != 1 || report.Lines != 1 {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := cli(1, "import", file("other.csv", "a;b\n1;2\n"), "--mapping", tillMapping); !strings.Contains(err, "the file has a, b") || !strings.Contains(err, "does not read this file") || strings.Contains(err, "rejected.csv") {
		t.Errorf("a mapping of another file: %s", err)
	}
	cli(1, "import", filepath.Join(dir, "none.csv"), "--mapping", tillMapping)
	cli(1, "import", day)
	cli(1, "channel", "shop", file("shop.yml", "kind: fax\n"))
	cli(0, "channel", "shop", file("shop.yml", "kind: shopify\nsecret: long enough\n"))
	if out, _ := cli(0, "channels"); !strings.Contains(out, `"***"`) {
		t.Error(out)
	}
	cli(0, "parked")
	cli(0, "rejected")
	if out, _ := cli(0, "replay", "--channel", "shop"); !strings.HasPrefix(out, "0 webhooks read again") {
		t.Error(out)
	}
	cli(1, "replay", "--channel", "nobody")
	cli(2, "import")
}

// TestMasterFiles: the command enters a shop's CSV, writes the rows that have to be mended, and takes them mended.
func TestMasterFiles(t *testing.T) {
	port := serving(t)
	dir := t.TempDir()
	cli := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, err bytes.Buffer
		if code := run(t.Context(), append([]string{"sales", "masters", "--url", "http://" + port}, args...), &out, &err); code != want {
			t.Fatalf("%v: exit %d, want %d: %s", args, code, want, err.String())
		}
		return out.String(), err.String()
	}
	path := filepath.Join(dir, "erp.csv")
	if err := os.WriteFile(path, []byte("条码;名称;售价;货架\n4006381333931;可乐;5,50;A\n4006381333932;柠檬;4,00;B\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := cli(1, path, "--currency", "CNY", "--dry-run")
	if !strings.HasPrefix(out, "2 products: 1 new would be entered") || !strings.Contains(err, "hint: nothing was entered") || !strings.Contains(err, "columns that are not read: 货架") {
		t.Errorf("%s%s", out, err)
	}
	out, err = cli(1, path, "--currency", "CNY")
	if !strings.HasPrefix(out, "2 products: 1 new entered, 0 changed, 0 known already, 1 rejected") || !strings.Contains(err, "line 3: rejected") || !strings.Contains(err, "hint: they are in ") {
		t.Errorf("%s%s", out, err)
	}
	mended := filepath.Join(dir, "erp.rejected.csv")
	bad, fault := os.ReadFile(mended)
	if fault != nil {
		t.Fatal(fault)
	}
	if fault := os.WriteFile(mended, bytes.Replace(bad, []byte("4006381333932"), []byte("5901234123457"), 1), 0o600); fault != nil {
		t.Fatal(fault)
	}
	if out, _ := cli(0, mended, "--currency", "CNY"); !strings.HasPrefix(out, "1 products: 1 new entered") {
		t.Errorf("mended: %s\nof\n%s", out, bad)
	}
	if _, err := cli(1, path, "--decimal", "dot"); !strings.Contains(err, "want point or comma") {
		t.Error(err)
	}
	yml := filepath.Join(dir, "masters.yml")
	if fault := os.WriteFile(yml, []byte("stores:\n- {store: s1}\n"), 0o600); fault != nil {
		t.Fatal(fault)
	}
	if _, err := cli(1, yml, "--dry-run"); !strings.Contains(err, "is no CSV file") {
		t.Error(err)
	}
	cli(0, yml)
}
