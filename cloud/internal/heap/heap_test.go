package heap_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/heap"
)

var kept [][]byte

// collections counts those of allocating 1 GB while so much is in use, in bytes.
func collections(inUse int) uint32 {
	kept = nil
	for range inUse >> 20 {
		kept = append(kept, make([]byte, 1<<20))
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1 << 14 {
		kept[0] = make([]byte, 1<<16)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

// TestWiden: where little is in use a collection waits for Room, again and again, and where much is in use for
// as much again; what the environment says counts more. It runs in a process of its own, whose heap is its own.
func TestWiden(t *testing.T) {
	if os.Getenv("WIDEN") != "" {
		heap.Widen()
		if got := collections(8 << 20); got < 1 || got > 1<<30/heap.Room+4 {
			t.Errorf("1 GB with 8 MB in use took %d collections, want some %d", got, 1<<30/heap.Room)
		}
		if got := collections(400 << 20); got < 1 || got > 5 {
			t.Errorf("1 GB with 400 MB in use took %d collections, want some 2", got)
		}
		return
	}
	for _, c := range []struct{ name, env, want string }{
		{"wide", "GOGC=", "ok"},
		{"as the environment says", "GOGC=50", "1 GB with 8 MB in use took"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWiden$", "-test.v")
			cmd.Env = append(os.Environ(), "WIDEN=1", c.env)
			out, err := cmd.CombinedOutput()
			if (err == nil) != (c.want == "ok") || c.want != "ok" && !strings.Contains(string(out), c.want) {
				t.Errorf("got %v, want %s:\n%s", err, c.want, out)
			}
		})
	}
}
