package wire_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// sameEnvelope and sameObservation hold the quick readers to protobuf's, and tell whether they read it.
func sameEnvelope(t *testing.T, data []byte) bool {
	t.Helper()
	got, ok := wire.QuickEnvelope(data)
	if !ok {
		return false
	}
	var want wirepb.Envelope
	if err := proto.Unmarshal(data, &want); err != nil {
		t.Fatalf("read %x, which protobuf refuses: %v", data, err)
	}
	if !proto.Equal(got, &want) {
		t.Fatalf("%x: got %v, protobuf reads %v", data, got, &want)
	}
	return true
}

func sameObservation(t *testing.T, body []byte) bool {
	t.Helper()
	got, ok := wire.QuickObservation(body)
	if !ok {
		return false
	}
	var want wirepb.Body
	if err := proto.Unmarshal(body, &want); err != nil {
		t.Fatalf("read %x, which protobuf refuses: %v", body, err)
	}
	if !proto.Equal(got, want.GetObservation()) {
		t.Fatalf("%x: got %v, protobuf reads %v", body, got, want.GetObservation())
	}
	return true
}

// bodyOf gives the plain body of a message, nil where it is not deflated.
func bodyOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var in wirepb.Envelope
	if err := proto.Unmarshal(data, &in); err != nil {
		t.Fatal(err)
	}
	if in.BodyDeflate == nil {
		return nil
	}
	body, err := wire.Inflated(in.BodyDeflate)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestQuick: what a board sends most is read without protobuf; a difference, and a picture with blind
// parts, are left to it.
func TestQuick(t *testing.T) {
	base := shelves(3, noon)
	full, err := wire.Encode(envelope(1, &wire.Observation{Observation: *base}))
	if err != nil {
		t.Fatal(err)
	}
	short, err := wire.EncodeDelta(envelope(2, &wire.Observation{Observation: *laterLook(base, 40, noon)}), 1, base)
	if err != nil {
		t.Fatal(err)
	}
	blind := *base
	blind.Quality.Blind = []shelf.Blind{{Box: shelf.Box{X: 1, Y: 2, W: 3, H: 4}, Reason: shelf.Glare}}
	partly, err := wire.Encode(envelope(1, &wire.Observation{Observation: blind}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		data  []byte
		quick bool
	}{{"complete", full, true}, {"difference", short, false}, {"blind parts", partly, false}} {
		t.Run(c.name, func(t *testing.T) {
			body := bodyOf(t, c.data)
			if body == nil {
				t.Fatal("the body is not deflated")
			}
			if !sameEnvelope(t, c.data) {
				t.Error("the envelope is left to protobuf")
			}
			if got := sameObservation(t, body); got != c.quick {
				t.Errorf("read quickly: %v, want %v", got, c.quick)
			}
		})
	}
}

// FuzzQuick: where the quick readers read something, protobuf reads the same.
func FuzzQuick(f *testing.F) {
	for _, ok := range accepted() {
		data, err := wire.Encode(ok.env)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		if body := bodyOf(f, data); body != nil {
			f.Add(body)
		}
	}
	full, err := wire.Encode(envelope(1, &wire.Observation{Observation: *shelves(3, noon)}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bodyOf(f, full))
	f.Fuzz(func(t *testing.T, data []byte) {
		sameEnvelope(t, data)
		sameObservation(t, data)
	})
}
