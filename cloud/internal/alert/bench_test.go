package alert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// fullLook is a look at a cooler of twenty slots.
func fullLook(device int, seq uint64, at time.Time) *wire.Envelope {
	o := shelf.Observation{CapturedAt: at, PlanogramID: "p", PlanogramVersion: 1, Model: "m"}
	for s := range 20 {
		o.Slots = append(o.Slots, shelf.SlotReading{SlotID: fmt.Sprintf("S%02d", s), GTIN: scenarioGTIN, State: shelf.OK, Due: 3, Present: 3})
	}
	if seq%7 == 0 {
		o.Slots[seq%20].State = shelf.Empty
	}
	return &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s", Device: fmt.Sprint("d", device)}, Boot: 1, Seq: seq, CapturedAt: at, Clock: telemetry.NTP, Body: &wire.Observation{Observation: o}}
}

// BenchmarkEngineStep judges one look of twenty slots, 200 to a transaction; beside it the plain
// insertion of as many rows of that size.
func BenchmarkEngineStep(b *testing.B) {
	const batch, devices = 200, 500
	ctx := context.Background()
	b.Run("judge", func(b *testing.B) {
		db := statetest.SQLite(b, alert.Tables)
		c := &clock{scenarioDay}
		e := newEngine(c, alert.DefaultRules())
		for n := 0; n < b.N; {
			err := db.Write(ctx, func(tx *state.Tx) error {
				for range min(batch, b.N-n) {
					c.at = c.at.Add(time.Second)
					if err := e.Step(ctx, tx, fullLook(n%devices, uint64(n/devices+1), c.at)); err != nil {
						return err
					}
					n++
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("insert", func(b *testing.B) {
		db := statetest.SQLite(b, alert.Tables)
		body, err := json.Marshal(fullLook(1, 1, scenarioDay).Body)
		if err != nil {
			b.Fatal(err)
		}
		for n := 0; n < b.N; {
			err := db.Write(ctx, func(tx *state.Tx) error {
				for range min(batch, b.N-n) {
					n++
					_, err := tx.Exec(ctx, "INSERT INTO alert_looks (tenant, device, boot, seq, at, late, look) VALUES (?, ?, ?, ?, ?, ?, ?)", "t", "d", 1, n, 0, false, string(body[:1500]))
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
