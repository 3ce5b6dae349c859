package wire_test

import (
	"testing"

	"github.com/coldshelf/coldshelf/models/wire"
)

// seeds gives the cases of the golden vectors and a shelf of 60 facings to a fuzzer.
func seeds(f *testing.F) {
	f.Helper()
	base := shelves(3, noon)
	full, err := wire.Encode(envelope(1, &wire.Observation{Observation: *base}))
	if err != nil {
		f.Fatal(err)
	}
	short, err := wire.EncodeDelta(envelope(2, &wire.Observation{Observation: *laterLook(base, 4, noon)}), 1, base)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add(short)
	for _, ok := range accepted() {
		data, err := wire.Encode(ok.env)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, v := range refused() {
		f.Add(v.bytes)
	}
}

// FuzzDecode: whatever comes in, the answer is a message that encodes canonically or a named error.
func FuzzDecode(f *testing.F) {
	seeds(f)
	base := shelves(3, noon)
	f.Fuzz(func(t *testing.T, data []byte) {
		env, err := wire.Decode(data)
		if err != nil {
			if verdict(err) == "an error without a name" {
				t.Fatalf("%v", err)
			}
			wire.Peek(data)
			return
		}
		checkCanonical(t, env)
		if delta, ok := env.Body.(*wire.Delta); ok {
			if _, err := delta.Resolve(base); err != nil && verdict(err) == "an error without a name" {
				t.Fatalf("resolve: %v", err)
			}
		}
	})
}

// TestDamage cuts a message at each byte and flips one bit in each: a named error or a message that
// holds to the rules, never a panic.
func TestDamage(t *testing.T) {
	for name, ok := range accepted() {
		t.Run(name, func(t *testing.T) {
			data, err := wire.Encode(ok.env)
			if err != nil {
				t.Fatal(err)
			}
			try := func(damaged []byte) {
				env, err := wire.Decode(damaged)
				if err == nil {
					checkCanonical(t, env)
				} else if verdict(err) == "an error without a name" {
					t.Fatalf("%x: %v", damaged, err)
				}
			}
			for n := range data {
				try(data[:n])
				flipped := append([]byte(nil), data...)
				flipped[n] ^= 1 << (n * 5 % 8)
				try(flipped)
			}
		})
	}
}

// FuzzDelta bends the columns of a difference whose base is right, past the CRC that guards it.
func FuzzDelta(f *testing.F) {
	base := shelves(3, noon)
	short, err := wire.EncodeDelta(envelope(2, &wire.Observation{Observation: *laterLook(base, 4, noon)}), 1, base)
	if err != nil {
		f.Fatal(err)
	}
	plain, err := inflateBody(short)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, body []byte) {
		env, err := wire.Decode(withBody(body))
		if err != nil {
			return
		}
		if delta, ok := env.Body.(*wire.Delta); ok {
			o, err := delta.Resolve(base)
			if err != nil {
				if verdict(err) == "an error without a name" {
					t.Fatalf("resolve: %v", err)
				}
				return
			}
			checkCanonical(t, envelope(2, o))
		}
	})
}

// FuzzParseTopic: an accepted topic is the one that Topic makes.
func FuzzParseTopic(f *testing.F) {
	f.Add("coldshelf/v1/acme/s/d/up/event")
	f.Add("coldshelf/v1/acme/s/d/status")
	f.Add("coldshelf/v1/acme/s/d/down/ack")
	f.Add("coldshelf/v1/acme/alerts/s/d/stockout")
	f.Fuzz(func(t *testing.T, topic string) {
		id, kind, err := wire.ParseTopic(topic)
		if err != nil {
			if verdict(err) != "ErrMalformed" {
				t.Fatalf("%v", err)
			}
			return
		}
		if got := id.Topic(kind); got != topic {
			t.Errorf("got %s, want %s", got, topic)
		}
	})
}
