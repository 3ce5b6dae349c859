package wire

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// A GTIN is carried as its number, for shelf.GTIN's shortest form is a function of it; in the table
// of an observation without its check digit, which the number gives.

const maxGTIN = 99_999_999_999_999

// gtinNumber of a checked GTIN; 0 for none.
func gtinNumber(g shelf.GTIN) uint64 {
	n, err := strconv.ParseUint(string(g), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// gtinOf is the reverse, and refuses a wrong check digit. The number 0 is no GTIN.
func gtinOf(n uint64) (shelf.GTIN, error) {
	if n == 0 {
		return "", nil
	}
	if n > maxGTIN {
		return "", fmt.Errorf("GTIN number %d has more than 14 digits", n)
	}
	return shelf.ParseGTIN(fmt.Sprintf("%014d", n))
}

// gtinFromBody adds the check digit to a number without one.
func gtinFromBody(body int64) (shelf.GTIN, error) {
	if body < 1 || body > maxGTIN/10 {
		return "", fmt.Errorf("GTIN body %d is not from 1 to 13 digits", body)
	}
	digits := fmt.Sprintf("%013d", body)
	return shelf.ParseGTIN(digits + string(shelf.CheckDigit(digits)))
}

// gtins are GTINs that were read lately: a fleet has some thousand, and each message twenty of them.
var gtins gtinMemo

// maxGTINs bounds them; beyond it they are forgotten.
const maxGTINs = 50_000

type gtinMemo struct {
	mu   sync.RWMutex
	held map[int64]shelf.GTIN // by the number without its check digit
}

// read gives those of a packed table that it holds, "" for the others.
func (m *gtinMemo) read(packed []int64, into []shelf.GTIN) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	body := int64(0)
	for i, d := range packed {
		body += d
		into[i] = m.held[body]
	}
}

func (m *gtinMemo) put(body int64, g shelf.GTIN) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == nil || len(m.held) >= maxGTINs {
		m.held = map[int64]shelf.GTIN{}
	}
	m.held[body] = g
}
