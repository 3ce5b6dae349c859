package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// taker is what a subscriber does with an event: it takes each once, by its ID, and writes that down. A
// line is written in one call, so that a kill leaves it whole or out; and what was given twice is counted
// in a file beside it, for the verdict to tell.
type taker struct {
	mu     sync.Mutex
	taken  map[string]bool
	cursor int64 // the highest taken
	file   *os.File
	again  *os.File
}

// openTaker goes on where the one before was killed.
func openTaker(path string) (*taker, error) {
	t := &taker{taken: map[string]bool{}}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for line := range bytes.Lines(data) {
		var id string
		var cursor int64
		if _, err := fmt.Sscanf(string(line), "%s %d\n", &id, &cursor); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, line, err)
		}
		t.taken[id], t.cursor = true, max(t.cursor, cursor)
	}
	const mode = os.O_APPEND | os.O_CREATE | os.O_WRONLY
	var errs [2]error
	t.file, errs[0] = os.OpenFile(path, mode, 0o600)
	t.again, errs[1] = os.OpenFile(path+".again", mode, 0o600)
	return t, errors.Join(errs[:]...)
}

var errNoEvent = errors.New("this is no event")

// How a subscriber came by an event.
const (
	told  = "told"  // it was delivered
	asked = "asked" // the subscriber read the log, where it could not know what it had missed
)

// take takes an event once. After it the event may be acknowledged.
func (t *taker) take(body []byte, how string) (id string, err error) {
	var e struct{ ID, Sequence string }
	if err := json.Unmarshal(body, &e); err != nil || e.ID == "" {
		return "", errNoEvent
	}
	cursor, err := strconv.ParseInt(e.Sequence, 10, 64)
	if err != nil {
		return "", errNoEvent
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken[e.ID] {
		_, err := fmt.Fprintln(t.again, how, e.ID)
		return e.ID, err
	}
	if _, err := fmt.Fprintln(t.file, e.ID, cursor); err != nil {
		return "", err
	}
	t.taken[e.ID], t.cursor = true, max(t.cursor, cursor)
	return e.ID, nil
}

// repeats are how often a subscriber was told an event again, and read one again that it had.
type repeats struct{ told, asked int }

// readTaken gives the IDs of the events that a taker has taken.
func readTaken(path string) (ids []string, again repeats, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, again, err
	}
	for line := range bytes.Lines(data) {
		id, _, _ := bytes.Cut(line, []byte(" "))
		ids = append(ids, string(id))
	}
	f, err := os.Open(path + ".again")
	if err != nil {
		return nil, again, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), asked) {
			again.asked++
		} else {
			again.told++
		}
	}
	return ids, again, lines.Err()
}
