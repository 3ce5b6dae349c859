package wire_test

import (
	"reflect"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestNothingIsLeftBehind fails when somebody adds a field to an observation and forgets the wire:
// the fixtures must use every field, and each must come back.
func TestNothingIsLeftBehind(t *testing.T) {
	o := small()
	o.Slots[1].Present = 1
	data, err := wire.Encode(envelope(1, &wire.Observation{Observation: *o}))
	if err != nil {
		t.Fatal(err)
	}
	env, err := wire.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	got := env.Body.(*wire.Observation)
	var facings, slots, blinds []any
	for _, f := range got.Facings {
		facings = append(facings, f)
	}
	for _, s := range got.Slots {
		slots = append(slots, s)
	}
	for _, b := range got.Quality.Blind {
		blinds = append(blinds, b)
	}
	fog := got.Quality
	fog.Reason = shelf.Fog // in a vector of its own: with it there are no facings
	for name, values := range map[string][]any{
		"Observation": {got.Observation}, "Facing": facings, "SlotReading": slots, "Quality": {fog}, "Blind": blinds,
	} {
		for i := range reflect.TypeOf(values[0]).NumField() {
			used := false
			for _, v := range values {
				used = used || !reflect.ValueOf(v).Field(i).IsZero()
			}
			if !used {
				t.Errorf("%s.%s did not come through: is it in the fixture, the schema, the codec and the digest?", name, reflect.TypeOf(values[0]).Field(i).Name)
			}
		}
	}
}
