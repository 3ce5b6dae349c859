package alert

import (
	"sync"

	"github.com/coldshelf/coldshelf/models/wire"
)

// decoded spares reading a device's state out of its text when that is the text which was written
// last: decoding costs more than the step itself. The text is compared, not trusted, so a rollback
// or another program's write does no harm. A State is never changed once it is made (Step clones), so
// one can be held here while another transaction steps it.
type decoded struct {
	mu     sync.Mutex
	states map[deviceKey]decodedState
}

type deviceKey struct{ tenant, device string }

type decodedState struct {
	text  string
	state State
}

// maxDecoded bounds the devices that are held: some 5 kB each.
const maxDecoded = 10_000

func (d *decoded) get(id wire.Identity, text string) (State, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	held, ok := d.states[deviceKey{id.Tenant, id.Device}]
	return held.state, ok && held.text == text
}

func (d *decoded) put(id wire.Identity, text string, s State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.states == nil {
		d.states = map[deviceKey]decodedState{}
	}
	key := deviceKey{id.Tenant, id.Device}
	if _, ok := d.states[key]; !ok && len(d.states) >= maxDecoded {
		for other := range d.states { // any one: the order of a map is as good as chance
			delete(d.states, other)
			break
		}
	}
	d.states[key] = decodedState{text, s}
}
