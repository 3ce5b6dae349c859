package wire_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// ownSeeds are every kind of message, and observations as boards send them.
func ownSeeds(t testing.TB) map[string][]byte {
	t.Helper()
	base := shelves(3, noon)
	blind := *base
	blind.Quality.Blind = []shelf.Blind{{Box: shelf.Box{X: 1, Y: 2, W: 3, H: 4}, Reason: shelf.Glare}}
	all := map[string]*wire.Envelope{
		"large":       envelope(1, &wire.Observation{Observation: *base}),
		"blind parts": envelope(1, &wire.Observation{Observation: blind}),
	}
	for name, ok := range accepted() {
		all[name] = ok.env
	}
	seeds := map[string][]byte{}
	for name, env := range all {
		data, err := wire.Encode(env)
		if err != nil {
			t.Fatal(err)
		}
		seeds[name] = data
	}
	short, err := wire.EncodeDelta(envelope(2, &wire.Observation{Observation: *laterLook(base, 40, noon)}), 1, base)
	if err != nil {
		t.Fatal(err)
	}
	seeds["difference"] = short
	return seeds
}

// checkOwn decodes data twice, and spoils what the first was decoded from and what decoding uses again.
func checkOwn(t *testing.T, data []byte, others map[string][]byte) {
	t.Helper()
	mine := bytes.Clone(data)
	got, err := wire.Decode(mine)
	if err != nil {
		return
	}
	for i := range mine {
		mine[i] ^= 0xFF
	}
	for _, other := range others {
		if _, err := wire.Decode(other); err != nil {
			t.Fatal(err)
		}
	}
	want, err := wire.Decode(data)
	if err != nil {
		t.Fatalf("decoded once, and then: %v", err)
	}
	gotAgain, err := wire.Encode(got)
	if err != nil {
		t.Fatalf("what was decoded can no longer be encoded: %v", err)
	}
	wantAgain, err := wire.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(gotAgain, wantAgain) || got.Identity != want.Identity {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, delta := got.Body.(*wire.Delta); !delta && !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestDecodedIsItsOwn: a message keeps what it says when its bytes are used again and others are decoded
// after it.
func TestDecodedIsItsOwn(t *testing.T) {
	seeds := ownSeeds(t)
	for name, data := range seeds {
		t.Run(name, func(t *testing.T) { checkOwn(t, data, seeds) })
	}
}

// FuzzDecodedIsItsOwn holds to it whatever else is in the bytes.
func FuzzDecodedIsItsOwn(f *testing.F) {
	seeds := ownSeeds(f)
	for _, data := range seeds {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkOwn(t, data, seeds) })
}

// TestRelease: decoding into the slots of a released observation gives the same as decoding into new ones, and texts
// that were kept of those stay valid.
func TestRelease(t *testing.T) {
	large, err := wire.Encode(envelope(1, &wire.Observation{Observation: *shelves(3, noon)}))
	if err != nil {
		t.Fatal(err)
	}
	small := shelves(1, noon)
	small.Facings = []shelf.Facing{}
	for i := range small.Slots {
		s := &small.Slots[i]
		s.State, s.Reason, s.Present, s.Seen = shelf.Empty, shelf.NoReason, 0, nil
	}
	data, err := wire.Encode(envelope(2, &wire.Observation{Observation: *small}))
	if err != nil {
		t.Fatal(err)
	}
	decoded := func(data []byte) *wire.Observation {
		env, err := wire.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		return env.Body.(*wire.Observation)
	}
	want, first := decoded(data), decoded(large)
	id, kept := first.Slots[0].SlotID, first.Slots[0].GTIN
	wantID, wantKept := string([]byte(id)), shelf.GTIN([]byte(kept))
	for range 100 { // a pool may forget
		first.Release()
		got := decoded(data)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		got.Release()
		first = decoded(large)
	}
	if id != wantID || kept != wantKept {
		t.Errorf("texts became %q and %q, want %q and %q", id, kept, wantID, wantKept)
	}
	first.Release()
	if first.Slots != nil {
		t.Error("a released observation still has slots")
	}
	first.Release() // a second time does nothing
}
