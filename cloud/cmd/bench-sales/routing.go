package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// routingReport is a flash sale.
type routingReport struct {
	OrdersPerSecond float64 `json:"orders_per_s"`
	MedianMillis    float64 `json:"median_ms"` // from the common start to an order's answer
	P99Millis       float64 `json:"p99_ms"`
	Held            int     `json:"held"`
	Refused         int     `json:"refused"`
	Reserved        int64   `json:"reserved"`   // by the book afterwards
	Oversold        int64   `json:"oversold"`   // reserved above what was there
	PeerPerSecond   float64 `json:"peer_per_s"` // in process, without HTTP, a transaction an order
	PeerSold        int     `json:"peer_sold"`
	Ratio           float64 `json:"ratio"`
	OK              bool    `json:"ok"`
}

func measureRouting(ctx context.Context, o options, r *rig) (*routingReport, error) {
	o.Stores, o.Products = 50, 1
	if err := r.enterMasters(ctx, o); err != nil {
		return nil, err
	}
	var counts []sales.Movement
	for i := range o.Stores {
		units := o.Units / o.Stores
		if i == 0 {
			units += o.Units % o.Stores
		}
		counts = append(counts, sales.Movement{ID: fmt.Sprint("c", i), Store: store(i), GTIN: shelf.GTIN(gtin(0)), Cause: sales.Count, Units: int64(units), At: time.Now().Add(-time.Minute)})
	}
	if err := r.send(ctx, "/v1/stock/movements", map[string]any{"movements": counts}, &struct{}{}); err != nil {
		return nil, err
	}
	out := &routingReport{}
	if err := r.flash(ctx, o, out); err != nil {
		return nil, err
	}
	var book struct{ Stock []struct{ Reserved int64 } }
	if err := r.ask(ctx, http.DefaultClient, http.MethodGet, "/v1/stock", "", http.NoBody, &book); err != nil {
		return nil, err
	}
	for _, s := range book.Stock {
		out.Reserved += s.Reserved
	}
	out.Oversold = max(0, out.Reserved-int64(o.Units))
	want := min(o.Units, o.Orders)
	out.OK = out.Held == want && out.Refused == o.Orders-want && out.Reserved == int64(want)
	var err error
	if out.PeerPerSecond, out.PeerSold, err = peerOrders(ctx, o, r); err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	out.Ratio = out.OrdersPerSecond / out.PeerPerSecond
	return out, nil
}

// flash sends all orders at once, each on a connection of its own.
func (r *rig) flash(ctx context.Context, o options, out *routingReport) error {
	transport := &http.Transport{MaxIdleConnsPerHost: o.Orders, MaxIdleConns: o.Orders}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	var mu sync.Mutex
	var first error
	var times []float64
	start := time.Now()
	one := func(i int) error {
		body := fmt.Sprintf(`{"channel":"shop","order":"o%d","lat":31.2,"lon":121.0,"hold_seconds":3600,"lines":[{"gtin":"%s","units":1}],"weights":{"max_km":500}}`, i, gtin(0))
		var a struct{ Status sales.ReservationStatus }
		err := r.ask(ctx, c, http.MethodPost, "/v1/orders/route", "application/json", bytes.NewReader([]byte(body)), &a)
		mu.Lock()
		defer mu.Unlock()
		times = append(times, float64(time.Since(start).Microseconds())/1000)
		switch a.Status {
		case sales.Held:
			out.Held++
		case sales.Refused:
			out.Refused++
		}
		return err
	}
	var g sync.WaitGroup
	for i := range o.Orders {
		g.Go(func() {
			if err := one(i); err != nil {
				mu.Lock()
				first = err
				mu.Unlock()
			}
		})
	}
	g.Wait()
	if first != nil {
		return first
	}
	slices.Sort(times)
	out.OrdersPerSecond = float64(o.Orders) / (times[len(times)-1] / 1000)
	out.MedianMillis, out.P99Millis = times[len(times)/2], times[len(times)*99/100]
	return nil
}

// peerOrders is the usual way: for each order a transaction that takes a unit from a store that has one.
func peerOrders(ctx context.Context, o options, r *rig) (perSecond float64, sold int, err error) {
	db, err := state.Open(ctx, r.peer)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	err = state.Migrate(ctx, db, state.Migrations{Name: "peer", Steps: []string{
		"CREATE TABLE left_units (tenant TEXT PRIMARY KEY, units BIGINT NOT NULL); CREATE TABLE took (tenant TEXT NOT NULL, ord TEXT NOT NULL, PRIMARY KEY (tenant, ord));"}})
	if err != nil {
		return 0, 0, err
	}
	err = db.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO left_units (tenant, units) VALUES (?, ?)", "default", o.Units)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	var mu sync.Mutex
	var g sync.WaitGroup
	var first error
	start := time.Now()
	for i := range o.Orders {
		g.Go(func() {
			got := false
			err := db.Write(ctx, func(tx *state.Tx) error {
				res, err := tx.Exec(ctx, "UPDATE left_units SET units = units - 1 WHERE tenant = ? AND units >= ?", "default", 1)
				if err != nil {
					return err
				}
				n, err := res.RowsAffected()
				if got = n == 1; got {
					_, err = tx.Exec(ctx, "INSERT INTO took (tenant, ord) VALUES (?, ?)", "default", fmt.Sprint("o", i))
				}
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil && first == nil {
				first = err
			}
			if got {
				sold++
			}
		})
	}
	g.Wait()
	return float64(o.Orders) / time.Since(start).Seconds(), sold, first
}
