package state

import "sync"

// Memo spares decoding a text of the database again that was written or read last: decoding costs more
// than most of what is done with it. The text is compared, not trusted, so a rollback or another
// program's write does no harm. What is held is shared, and must not be changed. The zero value is empty; it
// is safe for concurrent use.
type Memo[T any] struct {
	mu    sync.Mutex
	held  map[memoKey]memoEntry[T]
	bytes int // of the texts that are held
}

type memoKey struct{ tenant, device string }

type memoEntry[T any] struct {
	text  string
	value T
}

// maxMemo bounds the texts that are held, in bytes: with what they stand for they take some five times as much.
const maxMemo = 16 << 20

// Get gives what a text of a device stands for, if it is the one that is held.
func (m *Memo[T]) Get(tenant, device, text string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.held[memoKey{tenant, device}]; ok && e.text == text {
		return e.value, true
	}
	var none T // never what another text stands for: whoever decodes into it would mix the two
	return none, false
}

// Put holds what a text stands for, in place of what was held of the device.
func (m *Memo[T]) Put(tenant, device, text string, value T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == nil {
		m.held = map[memoKey]memoEntry[T]{}
	}
	key := memoKey{tenant, device}
	m.bytes += len(text) - len(m.held[key].text)
	m.held[key] = memoEntry[T]{text, value}
	for other, e := range m.held { // any one: the order of a map is as good as chance
		if m.bytes <= maxMemo {
			break
		}
		m.bytes -= len(e.text)
		delete(m.held, other)
	}
}
