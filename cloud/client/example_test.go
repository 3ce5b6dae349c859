package client_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	_ "modernc.org/sqlite"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// orders are what a replenishment system makes of alerts: one for each stockout. They and the place in
// the log are in the same database.
type orders struct{ db *sql.DB }

func openOrders(file string) (*orders, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	_, err = db.Exec(`CREATE TABLE IF NOT EXISTS orders (alert TEXT PRIMARY KEY, store TEXT, cooler TEXT, slot TEXT, gtin TEXT);
		CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT);`)
	return &orders{db}, err
}

// Load and Save make it the follower's memory.
func (o *orders) Load() (cursor string, err error) {
	err = o.db.QueryRow("SELECT cursor FROM place").Scan(&cursor)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil // begin with what stands
	}
	return cursor, err
}

func (o *orders) Save(cursor string) error {
	_, err := o.db.Exec("INSERT INTO place VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET cursor = excluded.cursor", cursor)
	return err
}

// refill orders once for an alert, however often it is told of: the alert's ID is the key.
func (o *orders) refill(a client.Alert) error {
	_, err := o.db.Exec("INSERT INTO orders VALUES (?, ?, ?, ?, ?) ON CONFLICT (alert) DO NOTHING", a.ID, a.Store, a.Device, a.Slot, string(a.GTIN))
	return err
}

func (o *orders) count() (n int) {
	if err := o.db.QueryRow("SELECT COUNT(*) FROM orders").Scan(&n); err != nil {
		panic(err)
	}
	return n
}

// follow is the whole program. enough ends it, for the example's sake.
func (o *orders) follow(ctx context.Context, url string, enough func() error) error {
	c := &client.Client{Base: url}
	return c.Follow(ctx, client.Filter{Types: []string{"stockout"}}, o, client.Handler{
		Standing: func(alerts []client.Alert) error { // at the first start, and after a restore from a backup
			for _, a := range alerts {
				if err := errors.Join(o.refill(a), enough()); err != nil {
					return err
				}
			}
			return nil
		},
		Changed: func(c client.Change) error {
			if c.Kind != "opened" {
				return nil
			}
			return errors.Join(o.refill(c.Alert), enough())
		},
	})
}

// A replenishment system orders exactly once for each stockout, although it dies between an order and
// the keeping of its place.
func Example_exactlyOnce() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	url, close := soldOut(filepath.Join(dir, "service"), 3)
	defer close()

	o, err := openOrders(filepath.Join(dir, "orders.db"))
	if err != nil {
		panic(err)
	}
	defer o.db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	died := errors.New("power cut")
	err = o.follow(ctx, url, func() error {
		if o.count() == 2 {
			return died
		}
		return nil
	})
	fmt.Printf("%v after %d orders\n", err, o.count())

	done := errors.New("done")
	err = o.follow(ctx, url, func() error {
		if o.count() == 3 {
			return done
		}
		return nil
	})
	fmt.Printf("%v after %d orders\n", err, o.count())
	// Output:
	// power cut after 2 orders
	// done after 3 orders
}

// soldOut is a service that hears of so many coolers with an empty slot.
func soldOut(dir string, coolers int) (url string, stop func()) {
	cfg := config.Defaults()
	cfg.Listen, cfg.MQTT.Listen, cfg.DataDir = "127.0.0.1:0", "127.0.0.1:0", dir
	ctx, cancel := context.WithCancel(context.Background())
	s, err := cloud.Open(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	board := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + s.MQTTAddr()).SetConnectRetry(true).SetConnectRetryInterval(50 * time.Millisecond))
	board.Connect().Wait()
	for n := range coolers {
		for seq := range uint64(2) { // two looks make a stockout
			now := time.Now().UTC().Truncate(time.Microsecond)
			env := &wire.Envelope{Identity: wire.Identity{Tenant: cfg.Tenant, Store: "s1", Device: fmt.Sprint("d", n)}, Boot: 1, Seq: seq + 1, CapturedAt: now, Clock: telemetry.NTP,
				Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: now, Width: 640, Height: 480, PlanogramID: "p", PlanogramVersion: 1, Model: "m",
					Slots: []shelf.SlotReading{{SlotID: "A1", Shelf: 1, GTIN: "4006381333931", State: shelf.Empty, Due: 1}}}}}
			payload, err := wire.Encode(env)
			if err != nil {
				panic(err)
			}
			board.Publish(env.Topic(wire.KindObservation), 1, false, payload).Wait()
		}
	}
	return "http://" + s.Addr(), func() {
		board.Disconnect(100)
		cancel()
		if err := <-ended; err != nil {
			panic(err)
		}
	}
}
