package rollout_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
)

// TestOrderIsCompleted: what is left out has a default, and the last stage is always every board.
func TestOrderIsCompleted(t *testing.T) {
	for _, c := range []struct {
		name  string
		given []string
		want  []string
	}{
		{"nothing", nil, []string{"1", "5%", "25%", "100%"}},
		{"all in words", []string{"2", "all"}, []string{"2", "100%"}},
		{"the rest is missing", []string{"3", "10%"}, []string{"3", "10%", "100%"}},
		{"as it is", []string{"0.5%", "100%"}, []string{"0.5%", "100%"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := rollout.Order{Kind: "agent", Version: "1.4.0", Stages: c.given}
			if err := o.Complete(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(o.Stages, c.want) || o.SoakS != 15*60 || o.PatienceS != 24*3600 {
				t.Errorf("got %v, soak %d s, patience %d s, want %v", o.Stages, o.SoakS, o.PatienceS, c.want)
			}
		})
	}
}

// TestOrderNamesEachFault: every fault is told at once, by the name of its field.
func TestOrderNamesEachFault(t *testing.T) {
	for _, c := range []struct {
		name  string
		order rollout.Order
		want  []string
	}{
		{"nothing", rollout.Order{}, []string{"kind", "version"}},
		{"kind", rollout.Order{Kind: "firmware", Version: "1"}, []string{`"firmware"`}},
		{"soak longer than patience", rollout.Order{Kind: "agent", Version: "1", SoakS: 100, PatienceS: 99}, []string{"patience_s"}},
		{"negative", rollout.Order{Kind: "agent", Version: "1", SoakS: -1, MaxFailures: -1}, []string{"soak_s", "max_failures"}},
		{"stages fall", rollout.Order{Kind: "agent", Version: "1", Stages: []string{"50%", "20%"}}, []string{"20% comes after more"}},
		{"no share", rollout.Order{Kind: "agent", Version: "1", Stages: []string{"0%", "101%", "NaN%", "0", "-1", "half"}},
			[]string{`"0%"`, `"101%"`, `"NaN%"`, `"0"`, `"-1"`, `"half"`}},
		{"a long name", rollout.Order{Kind: "agent", Version: "1", Name: strings.Repeat("n", 201)}, []string{"name"}},
		{"too many", rollout.Order{Kind: "agent", Version: "1", Stages: slices.Repeat([]string{"1"}, 20)}, []string{"more than 20"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.order.Complete()
			if !errors.Is(err, rollout.ErrOrder) {
				t.Fatalf("got %v, want ErrOrder", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %s", err, want)
				}
			}
		})
	}
}
