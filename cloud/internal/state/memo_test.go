package state_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

func TestMemo(t *testing.T) {
	var m state.Memo[[]int]
	m.Put("t", "d", "[1]", []int{1})
	if v, ok := m.Get("t", "d", "[1]"); !ok || len(v) != 1 {
		t.Errorf("got %v, %v", v, ok)
	}
	for _, other := range [][3]string{{"t", "d", "[2]"}, {"t", "e", "[1]"}, {"u", "d", "[1]"}} {
		if v, ok := m.Get(other[0], other[1], other[2]); ok || v != nil {
			t.Errorf("%v: got %v, %v, want nothing", other, v, ok)
		}
	}
	m.Put("t", "d", "[2]", []int{2})
	if _, ok := m.Get("t", "d", "[1]"); ok {
		t.Error("the text before is still held")
	}
}

// TestMemoIsBounded: of many large texts some are held, and no more of them than fit.
func TestMemoIsBounded(t *testing.T) {
	var m state.Memo[int]
	text := strings.Repeat("x", 1<<20)
	for i := range 100 {
		m.Put("t", fmt.Sprint(i), text, i)
	}
	held := 0
	for i := range 100 {
		if v, ok := m.Get("t", fmt.Sprint(i), text); ok {
			if held++; v != i {
				t.Errorf("%d stands for %d", i, v)
			}
		}
	}
	if held == 0 || held > 16 {
		t.Errorf("%d texts of 1 MB are held", held)
	}
}
