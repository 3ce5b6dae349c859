package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

// TestMain lets the test be the board or the subscriber that a run starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "-board" || os.Args[1] == "-subscriber") {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestTwentyKills is `make chaos` in short.
func TestTwentyKills(t *testing.T) {
	cloud := filepath.Join(t.TempDir(), "cooler-cloud")
	build := exec.Command("go", "build", "-o", cloud, "../../../cloud/cmd/cooler-cloud")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var out bytes.Buffer
	if err := run(t.Context(), options{Cloud: cloud, Kills: 20, Looks: week / 10, Boards: 4, Pace: 60 * time.Millisecond, Seed: 7}, &out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
}

// TestOracle: the journal of a board that was killed twice, and what was empty in it for how long.
func TestOracle(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(boardDir(dir, 0), 0o700); err != nil {
		t.Fatal(err)
	}
	rest := strings.Repeat("o", slots-2)
	journal := "try 0 1 1 oo" + rest + "\ndone 1 1\n" +
		"try 1 1 2 eo" + rest + "\n" + // killed: never stored
		"try 1 2 1 eo" + rest + "\ndone 2 1\n"
	for _, line := range []string{"2 2 2 uo", "3 2 3 ee", "4 2 4 eo", "5 2 5 eo", "6 2 6 eo", "7 2 7 eo", "8 2 8 uo", "9 2 9 oo"} {
		f := strings.Fields(line)
		journal += "try " + line + rest + "\ndone " + f[1] + " " + f[2] + "\n"
	}
	if err := os.WriteFile(filepath.Join(boardDir(dir, 0), "journal"), []byte(journal), 0o600); err != nil {
		t.Fatal(err)
	}
	got, looks, err := oracle(dir, 1)
	want := episode{Device: "board-0", Slot: "A1", LastFilled: outbox.Key{Boot: 1, Seq: 1}, FirstEmpty: outbox.Key{Boot: 2, Seq: 1}, FirstFilled: outbox.Key{Boot: 2, Seq: 9}}
	if err != nil || looks != 10 || len(got) != 1 || got[want.name()] != want {
		t.Errorf("got %v of %d looks, %v, want %v", got, looks, err, want)
	}
}

// TestVerdict: each way in which a log or a subscriber can be wrong is told.
func TestVerdict(t *testing.T) {
	ep := episode{Device: "board-0", Slot: "A1", LastFilled: outbox.Key{Boot: 1, Seq: 1}, FirstEmpty: outbox.Key{Boot: 1, Seq: 2}, FirstFilled: outbox.Key{Boot: 1, Seq: 9}}
	row := func(kind, id string, end uint64, untold bool) event {
		e := event{id: "ev_" + id + kind, kind: kind}
		a := &e.alert
		a.ID, a.Type, a.Device, a.Slot, a.State, a.Resolution, a.Untold = id, "stockout", ep.Device, ep.Slot, "resolved", "seen", untold
		a.Evidence.BeforeBoot, a.Evidence.BeforeSeq, a.Evidence.AfterBoot, a.Evidence.AfterSeq, a.Evidence.EndBoot, a.Evidence.EndSeq = 1, 1, 1, 2, 1, end
		return e
	}
	withdrawn := row("opened", "b", 4, false)
	withdrawn.alert.Resolution = "retracted"
	struck := row("restated", "c", 5, true)
	struck.alert.Resolution = "retracted"
	told := struck
	told.alert.Untold = false
	again := row("restated", "a", 0, false)
	again.alert.State = "open"
	open := row("opened", "a", 0, false)
	open.alert.State = "open"
	taken := row("restated", "a", 0, false)
	taken.alert.Resolution = "retracted"
	for _, c := range []struct {
		name                   string
		log                    []event
		missed, extra, doubled int
	}{
		{"as it should be", []event{row("opened", "a", 9, false), row("resolved", "a", 9, false)}, 0, 0, 0},
		{"recorded afterwards", []event{row("restated", "a", 9, true)}, 0, 0, 0},
		{"nothing", nil, 1, 0, 0},
		{"called and taken back", []event{row("opened", "a", 9, false), row("resolved", "a", 9, false), withdrawn}, 0, 0, 0},
		{"recorded and taken back", []event{row("restated", "a", 9, true), struck}, 0, 0, 0},
		{"taken back, and nobody was called", []event{row("restated", "a", 9, true), told}, 0, 1, 0},
		{"an ending taken back", []event{row("opened", "a", 8, false), row("resolved", "a", 8, false), again, row("resolved", "a", 9, false)}, 0, 0, 0},
		{"withdrawn, and so after all, and over", []event{open, taken, row("restated", "a", 9, false)}, 0, 0, 0},
		{"withdrawn, so after all, and resolved once more", []event{open, taken, row("restated", "a", 9, false), row("resolved", "a", 9, false)}, 0, 0, 1},
		{"withdrawn, opened again, resolved", []event{open, taken, open, row("resolved", "a", 9, false)}, 0, 0, 0},
		{"resolved, withdrawn, and so after all", []event{open, row("resolved", "a", 9, false), taken, row("restated", "a", 9, false)}, 0, 0, 0},
		{"over, and nobody told so", []event{open, row("restated", "a", 9, false)}, 0, 0, 1},
		{"resolved twice", []event{row("opened", "a", 9, false), row("resolved", "a", 9, false), row("resolved", "a", 9, false)}, 0, 0, 1},
		{"never resolved", []event{row("opened", "a", 9, false)}, 0, 0, 1},
		{"opened twice", []event{row("opened", "a", 9, false), row("opened", "a", 9, false), row("resolved", "a", 9, false)}, 0, 0, 1},
		{"two alerts of one", []event{row("opened", "a", 9, false), row("resolved", "a", 9, false), row("opened", "b", 9, false), row("resolved", "b", 9, false)}, 0, 0, 1},
		{"another end", []event{row("opened", "a", 8, false), row("resolved", "a", 8, false)}, 1, 1, 0},
	} {
		v := &verdict{Kinds: map[string]int{}}
		v.compare(c.log, map[string]episode{ep.name(): ep})
		if v.Missed != c.missed || v.Extra != c.extra || v.Doubled != c.doubled {
			t.Errorf("%s: %d missed, %d extra, %d doubled, want %d, %d, %d", c.name, v.Missed, v.Extra, v.Doubled, c.missed, c.extra, c.doubled)
		}
	}
	v := &verdict{}
	v.subscriber("s", map[string]bool{"1": true, "2": true}, []string{"1", "1", "3"}, repeats{4, 2})
	if got := v.Subscribers[0]; got.Missed != 1 || got.Extra != 1 || got.Doubled != 1 || got.Again != 4 || got.Asked != 2 || len(v.faults) != 1 {
		t.Errorf("got %+v, %v", got, v.faults)
	}
}
