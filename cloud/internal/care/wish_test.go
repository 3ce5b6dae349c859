package care_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// each runs fn on both databases, with a store that wishes can be for.
func each(t *testing.T, fn func(t *testing.T, db *state.DB)) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		err := db.Write(ctx, func(tx *state.Tx) error {
			return state.PutStore(ctx, tx, state.Store{Tenant: "t", Store: "s1"}, now)
		})
		if err != nil {
			t.Fatal(err)
		}
		fn(t, db)
	}, access.Tables, release.Tables, care.Tables)
}

func change(db *state.DB, scope care.Scope, place, body string) (w *care.Wish, err error) {
	ctx := context.Background()
	err = db.Write(ctx, func(tx *state.Tx) error {
		w, err = care.Change(ctx, tx, "t", scope, place, "li", []byte(body), now)
		return err
	})
	return w, err
}

func parts(t *testing.T, w *care.Wish) string {
	t.Helper()
	text, err := json.Marshal(w.Parts)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAWishIsChangedPartByPart: a change takes over what it names and leaves the rest; null takes a part
// away, and a wish without parts is gone.
func TestAWishIsChangedPartByPart(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		for _, step := range []struct{ body, want string }{
			{`{"schedule":{"every_s":900}}`, `{"schedule":{"every_s":900}}`},
			{`{"thresholds":{"blur":5,"glare":7}}`, `{"schedule":{"every_s":900},"thresholds":{"blur":5,"glare":7}}`},
			{`{"thresholds":{"blur":6}}`, `{"schedule":{"every_s":900},"thresholds":{"blur":6}}`},
			{`{"schedule":{"on_door_close":true}}`, `{"schedule":{"on_door_close":true},"thresholds":{"blur":6}}`},
			{`{"schedule":null}`, `{"thresholds":{"blur":6}}`},
			{`{"agent":""}`, `{"thresholds":{"blur":6},"agent":""}`},
			{`{"thresholds":null,"agent":null}`, `{}`},
		} {
			w, err := change(db, care.Store, "s1", step.body)
			if err != nil {
				t.Fatalf("%s: %v", step.body, err)
			}
			if got := parts(t, w); got != step.want {
				t.Errorf("after %s: %s, want %s", step.body, got, step.want)
			}
		}
		if list, err := care.Wishes(context.Background(), db, "t"); err != nil || len(list) != 0 {
			t.Errorf("a wish without parts is kept: %+v, %v", list, err)
		}
	})
}

// TestAWrongWishChangesNothing: what is wrong is told, and what was wished stays.
func TestAWrongWishChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		if _, err := change(db, care.Store, "s1", `{"schedule":{"every_s":900}}`); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, place, body string
			want              error
		}{
			{"no JSON", "s1", `{`, care.ErrParts},
			{"an unknown part", "s1", `{"firmware":"1"}`, care.ErrParts},
			{"an unknown field", "s1", `{"schedule":{"each":1}}`, care.ErrParts},
			{"a wrong type", "s1", `{"thresholds":"high"}`, care.ErrParts},
			{"negative seconds", "s1", `{"schedule":{"every_s":-1}}`, care.ErrParts},
			{"a schedule that says never", "s1", `{"schedule":{"every_s":0}}`, care.ErrParts},
			{"a bundle that is not there", "s1", `{"agent":"9.9.9"}`, state.ErrNotFound},
			{"a planogram that is not there", "s1", `{"planogram":"nowhere"}`, state.ErrNotFound},
			{"a store that is not there", "s2", `{"schedule":{"every_s":60}}`, state.ErrNotFound},
		} {
			if _, err := change(db, care.Store, c.place, c.body); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
		w, err := care.GetWish(context.Background(), db, "t", care.Store, "s1")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := parts(t, w), `{"schedule":{"every_s":900}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestAStagedUpdateLeavesWhatWasWished: it is told what was there, so that it can be wished again, and a
// person's word ends its say.
func TestAStagedUpdateLeavesWhatWasWished(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		set := func(version *string, rollout int64) (before *string) {
			t.Helper()
			err := db.Write(ctx, func(tx *state.Tx) (err error) {
				before, err = care.SetVersion(ctx, tx, "t", care.Store, "s1", "agent", version, rollout, "the staged update", now)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return before
		}
		one, two := "1.0.0", "2.0.0"
		if before := set(&one, 7); before != nil {
			t.Errorf("before anything was wished: %q", *before)
		}
		if before := set(&two, 8); before == nil || *before != one {
			t.Errorf("before: %v, want %s", before, one)
		}
		if used, err := care.InUse(ctx, db, "t", "agent", two); err != nil || used != "store s1" {
			t.Errorf("%s is used by %q, %v", two, used, err)
		}
		w, err := change(db, care.Store, "s1", `{"agent":""}`)
		if err != nil || parts(t, w) != `{"agent":""}` {
			t.Errorf("after a person's word: %+v, %v", w, err)
		}
		if used, err := care.InUse(ctx, db, "t", "agent", two); err != nil || used != "" {
			t.Errorf("%s is still used by %q, %v", two, used, err)
		}
		set(nil, 0)
		if list, err := care.Wishes(ctx, db, "t"); err != nil || len(list) != 0 {
			t.Errorf("left: %+v, %v", list, err)
		}
	})
}
