package state

import "sync"

// Memo saves decoding a text from the database again if it was the last one that was written or read for a
// device: decoding costs more than most of what is done with the result. The text is compared, not trusted, so
// that a rollback or another program's write does no harm. Values are shared and must not be changed. The zero
// Memo is empty; it is safe for concurrent use.
type Memo[T any] struct {
	mu    sync.Mutex
	held  map[memoKey]memoEntry[T]
	bytes int // size of the texts that are held
}

type memoKey struct{ tenant, device string }

type memoEntry[T any] struct {
	text  string
	value T
}

// maxMemo bounds the texts that are held, in bytes. With their values they take about five times as much.
const maxMemo = 16 << 20

// Get returns the value of a device's text, if it is the text that is held.
func (m *Memo[T]) Get(tenant, device, text string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.held[memoKey{tenant, device}]; ok && e.text == text {
		return e.value, true
	}
	var none T // never the value of another text: whoever decoded into it would mix the two
	return none, false
}

// Put holds the value of a text in place of what was held for the device.
func (m *Memo[T]) Put(tenant, device, text string, value T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == nil {
		m.held = map[memoKey]memoEntry[T]{}
	}
	key := memoKey{tenant, device}
	m.bytes += len(text) - len(m.held[key].text)
	m.held[key] = memoEntry[T]{text, value}
	for other, e := range m.held { // any one: the order of a map is as good as random
		if m.bytes <= maxMemo {
			break
		}
		m.bytes -= len(e.text)
		delete(m.held, other)
	}
}
