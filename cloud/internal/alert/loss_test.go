package alert_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// price knows what one product takes in an hour, and nothing of others.
type price struct {
	gtin  shelf.GTIN
	minor int64
	asked []time.Time
}

func (p *price) PerHour(_ context.Context, _ state.Querier, _ wire.Identity, gtin shelf.GTIN, at time.Time) (int64, string, bool, error) {
	p.asked = append(p.asked, at)
	return p.minor, "CNY", gtin == p.gtin, nil
}

// TestStockoutTellsWhatItLoses: an alert carries what its empty slot loses an hour, from its opening to its
// end, where the demand is known; it is asked for as of the opening, once.
func TestStockoutTellsWhatItLoses(t *testing.T) {
	for _, c := range []struct {
		name string
		gtin shelf.GTIN
		want *alert.Loss
	}{
		{"known", scenarioGTIN, &alert.Loss{MinorPerHour: 1250, Currency: "CNY"}},
		{"not known", "96385074", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := statetest.SQLite(t, alert.Tables)
			p := &price{gtin: c.gtin, minor: 1250}
			now := &clock{}
			e := alert.NewEngine(alert.Config{Rules: alert.DefaultRules(), Demand: p, Now: now.now, Log: slog.New(slog.DiscardHandler)})
			begin := scenarioDay.Add(8 * time.Hour)
			for i, a := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty, shelf.OK, shelf.OK} {
				at := begin.Add(time.Duration(i) * 5 * time.Minute)
				now.at = at.Add(time.Second)
				judge(t, db, e, observation(1, uint64(i+1), at, a, shelf.OK))
			}
			log := readAll(t, db)
			if len(log) != 2 {
				t.Fatalf("log: %v", kinds(log))
			}
			for _, entry := range log {
				got := decode(t, entry).Loss
				if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
					t.Errorf("%s loses %+v, want %+v", entry.Kind, got, c.want)
				}
			}
			if opened := begin.Add(10 * time.Minute); len(p.asked) != 1 || !p.asked[0].Equal(opened) {
				t.Errorf("asked for %v, want %s once", p.asked, opened)
			}
		})
	}
}
