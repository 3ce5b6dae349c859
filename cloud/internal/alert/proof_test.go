package alert_test

import (
	"errors"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestProofOutlivesOtherPictures: the pictures of last seen filled, first seen empty and restocked are
// kept, whether they came before the alert or after it; all others give way to newer ones.
func TestProofOutlivesOtherPictures(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		c := &clock{time.Now().UTC()} // of pictures, which the store forgets by the machine's own clock
		e := newEngine(c, alert.DefaultRules())
		seq := uint64(0)
		var looks []uint64
		// look says what a slot holds, and then sends its picture.
		look := func(s shelf.State) {
			t.Helper()
			seq++
			of, at := seq, c.at.Add(time.Duration(seq)*time.Second)
			looks = append(looks, of)
			judge(t, db, e, observation(1, of, at, s, shelf.OK))
			seq++
			env := &wire.Envelope{Identity: identity, Boot: 1, Seq: seq, CapturedAt: at, Clock: telemetry.NTP,
				Body: &wire.Picture{ObservationSeq: of, Width: 1, Height: 1, JPEG: []byte{byte(of)}}}
			err := db.Write(t.Context(), func(tx *state.Tx) error {
				return errors.Join(state.PutPicture(t.Context(), tx, state.Picture{Tenant: "t", Device: "d1", Order: state.Order{Boot: 1, Seq: seq},
					ObservationSeq: of, CapturedAt: at, Width: 1, Height: 1, JPEG: []byte{byte(of)}}, 4), e.Step(t.Context(), tx, env))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range []shelf.State{shelf.OK, shelf.OK, shelf.Empty, shelf.Empty, shelf.Empty, shelf.OK, shelf.OK} {
			look(s)
		}
		for range 8 {
			look(shelf.OK)
		}
		for i, want := range []bool{false, true, true, false, false, true, false} {
			_, err := state.GetPicture(t.Context(), db, "t", "d1", state.Order{Boot: 1, Seq: looks[i]})
			if kept := err == nil; kept != want || err != nil && !errors.Is(err, state.ErrNotFound) {
				t.Errorf("picture of look %d is kept: %v (%v), want %v", i+1, kept, err, want)
			}
		}
	}, alert.Tables)
}
