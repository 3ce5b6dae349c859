package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
)

// subscriber is one recipient of alerts. held returns the IDs of the events that it acted on, in the order of
// their arrival, and how many it received again and recognised by their ID.
type subscriber struct {
	name string
	held func() (ids []string, again repeats, err error)
}

func (h *house) subscribers() (list []subscriber) {
	for i, file := range h.tails {
		list = append(list, subscriber{fmt.Sprintf("tail-%d", i), func() ([]string, repeats, error) { return readTail(file) }})
	}
	for _, kind := range takers {
		list = append(list, subscriber{kind, func() ([]string, repeats, error) { return readTaken(h.taken(kind)) }})
	}
	return list
}

// readTail returns the IDs of the events that a tail printed. A tail keeps its cursor and prints what comes
// after it. A tail that is killed before it has saved its cursor prints events twice; whoever reads its lines
// recognises them by their ID.
func readTail(file string) (ids []string, again repeats, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, again, err
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(data) {
		var e struct{ ID string }
		if err := json.Unmarshal(line, &e); err != nil || e.ID == "" {
			return nil, again, fmt.Errorf("%s: %q is not an event", file, line)
		}
		if seen[e.ID] {
			again.told++
			continue
		}
		seen[e.ID] = true
		ids = append(ids, e.ID)
	}
	return ids, again, nil
}

// receive is the receiver of a webhook. Now and then it fails: sometimes before it has taken an event,
// sometimes after.
func (o subscriberOptions) receive(ctx context.Context, t *taker) error {
	rng := rand.New(rand.NewPCG(o.Seed, uint64(os.Getpid())))
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	luck := make(chan int)
	go func() {
		for {
			luck <- rng.IntN(2000)
		}
	}()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n := <-luck
		body, err := io.ReadAll(req.Body)
		if err == nil && n != 0 {
			var id string
			if id, err = t.take(body, told); err == nil && id != req.Header.Get("webhook-id") {
				err = errors.New("the header has another ID")
			}
		}
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		case n < 2:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
