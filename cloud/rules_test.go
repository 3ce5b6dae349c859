package cloud_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestRulesOnThePast: a history that was ingested is judged again by a stricter and by a laxer file.
func TestRulesOnThePast(t *testing.T) {
	s, c, stop := serve(t, nil)
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	for _, slot := range []shelf.State{shelf.OK, shelf.Empty, shelf.OK, shelf.OK, shelf.Empty, shelf.Empty, shelf.Empty, shelf.OK, shelf.OK} {
		b.say(t, slot)
	}
	b.drain(t)
	stop()
	for _, tc := range []struct {
		name, rules    string
		inForce, inNew int
	}{
		{"the defaults", "version: 1", 1, 1},
		{"at the first sight", "version: 1\nrules:\n- {types: [stockout], open: {bad: 1, of: 1}, close: 1}", 1, 2},
		{"another store", "version: 1\nrules:\n- {types: [stockout], stores: [s2], enabled: false}", 1, 1},
		{"never", "version: 1\nrules:\n- {types: [stockout], stores: [\"s*\"], enabled: false}", 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "rules.yml")
			if err := os.WriteFile(file, []byte(tc.rules), 0o600); err != nil {
				t.Fatal(err)
			}
			run, err := cloud.TestRules(context.Background(), c, file, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprint(run.Types), fmt.Sprintf("[{stockout %d %d}]", tc.inForce, tc.inNew); got != want || run.Messages != 9 || run.Coolers != 1 || len(run.Alerts) != tc.inNew {
				t.Errorf("got %s of %d messages and %d alerts, want %s", got, run.Messages, len(run.Alerts), want)
			}
		})
	}
	t.Run("a faulty file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "rules.yml")
		if err := os.WriteFile(file, []byte("version: 9"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cloud.CheckRules(file); err == nil || !strings.Contains(err.Error(), "version is 9") {
			t.Errorf("got %v", err)
		}
	})
}
