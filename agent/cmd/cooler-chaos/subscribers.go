package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
)

// subscriber is one who was told of alerts. held gives the IDs of the events, in the order in which
// they came, those that came again too.
type subscriber struct {
	name string
	held func() ([]string, error)
}

func (h *house) subscribers() []subscriber {
	list := []subscriber{{"webhook", h.hook.held}}
	for i, file := range h.tails {
		list = append(list, subscriber{fmt.Sprintf("tail-%d", i), func() ([]string, error) { return readTail(file) }})
	}
	return list
}

// readTail gives the IDs of the events that a tail printed.
func readTail(file string) (ids []string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(data) {
		var e struct{ ID string }
		if err := json.Unmarshal(line, &e); err != nil || e.ID == "" {
			return nil, fmt.Errorf("%s: %q is not an event", file, line)
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

// receiver is a webhook's other side. Now and then it fails: before it has taken an event, and after.
type receiver struct {
	listener net.Listener
	server   *http.Server

	mu  sync.Mutex
	rng *rand.Rand
	ids []string
}

func newReceiver(seed uint64) (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{listener: l, rng: rand.New(rand.NewPCG(seed, 99))}
	r.server = &http.Server{Handler: http.HandlerFunc(r.take)}
	go r.server.Serve(l) // ends with close
	return r, nil
}

func (r *receiver) url() string { return "http://" + r.listener.Addr().String() + "/alerts" }

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	id := req.Header.Get("webhook-id")
	var e struct{ ID string }
	if json.Unmarshal(body, &e) != nil || e.ID != id || id == "" {
		http.Error(w, "this is no event", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	luck := r.rng.IntN(2000)
	if luck != 0 {
		r.ids = append(r.ids, id)
	}
	if luck < 2 {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (r *receiver) held() ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.ids...), nil
}

func (r *receiver) close() { r.server.Close() }
