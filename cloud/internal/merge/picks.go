package merge

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// pick is what a store takes of a product for online orders, by day and night alike: the orders come when they come.
type pick struct {
	PerHour    float64 `json:"r"` // units
	Error      float64 `json:"e"` // relative standard deviation of PerHour
	Dispersion float64 `json:"d"` // variance of a day's units ÷ their mean, ≥ 1: an order wants several at once
}

// picking learns picks: the average of the last four weeks, as long as the store is known.
type picking struct {
	now   time.Time
	first map[string]time.Time // of a store
	days  map[pair]map[int64]float64
}

func newPicking(now time.Time) *picking {
	return &picking{now: now, first: map[string]time.Time{}, days: map[pair]map[int64]float64{}}
}

// hour takes one merged hour of a store.
func (p *picking) hour(store string, h *Hour) {
	since := p.now.Add(-averaged)
	if h.Start.Before(since) {
		p.first[store] = since
		return
	}
	if _, known := p.first[store]; !known {
		p.first[store] = h.Start
	}
	for i := range h.Cells {
		if n := h.Cells[i].Units() - h.Cells[i].OffShelf(); n != 0 {
			p.add(pair{store, h.Cells[i].GTIN}, h.Start, float64(n))
		}
	}
}

func (p *picking) add(k pair, at time.Time, units float64) {
	if p.days[k] == nil {
		p.days[k] = map[int64]float64{}
	}
	p.days[k][at.Unix()/86400] += units
}

// elsewhere moves units whose line names one store and whose goods another one held and picked.
func (f *Follower) elsewhere(ctx context.Context, tenant string, p *picking) error {
	since := p.now.Add(-averaged)
	rows, err := f.DB.Query(ctx, `SELECT t.store, l.store, l.gtin, l.channel, t.at, l.sold_at, t.units FROM sales_takings t JOIN sales_lines l
		ON l.tenant = t.tenant AND l.channel = t.channel AND l.ord = t.ord AND l.line = t.line
		WHERE t.tenant = ? AND t.at >= ? AND t.units > 0 AND t.store <> l.store`, tenant, state.Micros(since))
	if err != nil {
		return fmt.Errorf("read what was picked elsewhere: %w", err)
	}
	return each(rows, func() error {
		var by, of, gtin, channel string
		var at, sold, units int64
		if err := rows.Scan(&by, &of, &gtin, &channel, &at, &sold, &units); err != nil || f.Counter(channel) {
			return err
		}
		p.add(pair{by, shelf.GTIN(gtin)}, state.Time(at), float64(units))
		if at := state.Time(sold); !at.Before(since) {
			p.add(pair{of, shelf.GTIN(gtin)}, at, -float64(units))
		}
		return nil
	})
}

// solve gives a store's picks. At least a day has to be known of it.
func (p *picking) solve(store string) map[shelf.GTIN]pick {
	out := map[shelf.GTIN]pick{}
	first, known := p.first[store]
	days := p.now.Sub(first).Hours() / 24
	if !known || days < 1 {
		return out
	}
	for k, by := range p.days {
		if k.store != store {
			continue
		}
		var units, squares float64
		for _, n := range by {
			units += n
			squares += n * n
		}
		if units <= 0 {
			continue
		}
		mean := units / days
		over := 1.0
		if days > 1 {
			over = min(10, max(1, (squares-days*mean*mean)/(days-1)/mean))
		}
		out[k.gtin] = pick{PerHour: mean / 24, Error: math.Sqrt(over / units), Dispersion: over}
	}
	return out
}

// Total is the forecast of all that is wanted of a store's product: off the shelf (see Forecast), and by online orders
// that the store picks; ok is false where no demand rate is known.
func (r *StoreRates) Total(g shelf.GTIN, p *Place, from, to time.Time, plan *Plan) (f Forecast, ok bool) {
	if f, ok = r.Forecast(g, p, from, to, plan); !ok {
		return f, false
	}
	if k, picked := r.picks[g]; picked {
		f.Online = k.PerHour * max(0, to.Sub(from).Hours())
		f.Mean += f.Online
		f.Variance += f.Online*k.Dispersion + f.Online*f.Online*k.Error*k.Error
	}
	return f, true
}
