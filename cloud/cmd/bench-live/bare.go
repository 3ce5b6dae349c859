package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// serveBare is the child that only broadcasts: the recorded frames, at their moments, as messages
// prepared once, by one writer a connection, and a reader that throws away what it hears. It is the
// least that gorilla can do for the same bytes.
func serveBare(ctx context.Context, _ options, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var frames []recorded
	if err := json.Unmarshal(data, &frames); err != nil {
		return err
	}
	var mu sync.Mutex
	queues := map[int][]chan *websocket.PreparedMessage{}
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 4096}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/live", func(w http.ResponseWriter, r *http.Request) {
		group, err := strconv.Atoi(r.URL.Query().Get("group"))
		if err != nil {
			http.Error(w, "which group?", http.StatusBadRequest)
			return
		}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		queue := make(chan *websocket.PreparedMessage, len(frames))
		mu.Lock()
		queues[group] = append(queues[group], queue)
		mu.Unlock()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					return
				}
			}
		}()
		for {
			select {
			case m := <-queue:
				if ws.WritePreparedMessage(m) != nil {
					return
				}
			case <-gone:
				return
			}
		}
	})
	begin := make(chan struct{})
	mux.HandleFunc("POST /begin", func(http.ResponseWriter, *http.Request) { close(begin) })
	return serve(ctx, mux, func(ctx context.Context) error {
		select {
		case <-begin:
		case <-ctx.Done():
			return nil
		}
		began := time.Now()
		for _, f := range frames {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Until(began.Add(f.At))):
			}
			m, err := websocket.NewPreparedMessage(websocket.TextMessage, f.Text)
			if err != nil {
				return errors.Join(errors.New("prepare frame"), err)
			}
			mu.Lock()
			for _, q := range queues[f.Group] {
				q <- m
			}
			mu.Unlock()
		}
		<-ctx.Done()
		return nil
	})
}
