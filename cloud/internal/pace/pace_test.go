package pace_test

import (
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/pace"
)

func TestEachKeyHasItsOwnRate(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	k := pace.New(1, 2)
	for i, want := range []bool{true, true, false} {
		if got := k.Allow("a", now); got != want {
			t.Errorf("try %d: %v, want %v", i, got, want)
		}
	}
	if !k.Allow("b", now) {
		t.Error("what one key does holds another")
	}
	if !k.Allow("a", now.Add(time.Second)) || k.Allow("a", now.Add(time.Second)) {
		t.Error("after a second there is one more, and one only")
	}
	all := pace.New(0, 0)
	for range 1000 {
		if !all.Allow("a", now) {
			t.Fatal("no rate holds nobody")
		}
	}
}
