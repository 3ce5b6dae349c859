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

// taker does what a subscriber should do with an event: it acts on each ID once, and records it. A line is
// written in one call, so that a kill leaves all of it or nothing. Events that arrive again are counted in a
// file beside it, for the verdict.
type taker struct {
	mu     sync.Mutex
	taken  map[string]bool
	cursor int64 // the highest one taken
	file   *os.File
	again  *os.File
}

// openTaker continues where the last one was killed.
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

// How a subscriber received an event.
const (
	told  = "told"  // it was delivered
	asked = "asked" // the subscriber read the log, because it could not know what it had missed
)

// take acts on an event once. After it the event may be acknowledged.
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

// repeats counts the events that a subscriber was told again, and those that it had and read again from the
// log.
type repeats struct{ told, asked int }

// readTaken returns the IDs of the events that a taker has taken.
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
