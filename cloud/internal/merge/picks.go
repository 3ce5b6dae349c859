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

// Picks learns what stores pick for online orders: the average of the last four weeks, as long as the store is known.
// It scores that for the last cycle too, from what was known before it.
type Picks struct {
	now   time.Time
	first map[string]time.Time // of a store, in what is looked back on
	days  map[pair]map[int]float64
}

// NewPicks begins to learn what is known at now.
func NewPicks(now time.Time) *Picks {
	return &Picks{now: now, first: map[string]time.Time{}, days: map[pair]map[int]float64{}}
}

const aDay = 24 * time.Hour

// since is what is looked back on: the four weeks, and those before the cycle that is scored.
func (p *Picks) since() time.Time { return p.now.Add(-averaged - ScoredCycle) }

// Hour takes one merged hour of a store.
func (p *Picks) Hour(store string, h *Hour) {
	since := p.since()
	if h.Start.Before(since) {
		p.first[store] = since
		return
	}
	if was, known := p.first[store]; !known || h.Start.Before(was) {
		p.first[store] = h.Start
	}
	for i := range h.Cells {
		if n := h.Cells[i].Units() - h.Cells[i].OffShelf(); n != 0 {
			p.add(pair{store, h.Cells[i].GTIN}, h.Start, float64(n))
		}
	}
}

// add counts units by whole days back from now: 0 is the last 24 hours.
func (p *Picks) add(k pair, at time.Time, units float64) {
	if p.days[k] == nil {
		p.days[k] = map[int]float64{}
	}
	p.days[k][max(0, int((p.now.Sub(at)-1)/aDay))] += units
}

// elsewhere moves units whose line names one store and whose goods another one held and picked.
func (f *Follower) elsewhere(ctx context.Context, tenant string, p *Picks) error {
	since := p.since()
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

// solve gives a store's picks.
func (p *Picks) solve(store string) map[shelf.GTIN]pick {
	out := map[shelf.GTIN]pick{}
	for k := range p.days {
		if k.store != store {
			continue
		}
		if pick, ok := p.average(k, 0); ok {
			out[k.gtin] = pick
		}
	}
	return out
}

// average is what was known of a product's picks so many days ago, from the four weeks before. At least a day has to be
// known of its store then.
func (p *Picks) average(k pair, ago int) (pick, bool) {
	first, known := p.first[k.store]
	days := min(averaged.Hours()/24, p.now.Sub(first).Hours()/24-float64(ago))
	if !known || days < 1 {
		return pick{}, false
	}
	var units, squares float64
	for i := range int(averaged / aDay) {
		n := p.days[k][ago+i]
		units += n
		squares += n * n
	}
	if units <= 0 {
		return pick{}, false
	}
	mean, over := units/days, 1.0
	if days > 1 {
		over = min(10, max(1, (squares-days*mean*mean)/(days-1)/mean))
	}
	return pick{PerHour: mean / 24, Error: math.Sqrt(over / units), Dispersion: over}, true
}

// in is what was picked in some days from so many days ago on.
func (p *Picks) in(k pair, ago, days int) (units float64) {
	for i := range days {
		units += p.days[k][ago+i]
	}
	return units
}

// Scores are how picks were forecast for the last cycle, beside the same days a week before and the cycle before;
// each baseline with the spread of its own chance. It counts what stores picked at all before, and have been known for a
// week before the cycle.
func (p *Picks) Scores() []Score {
	const cycle, week = int(ScoredCycle / aDay), 7
	b := &Scoreboard{total: map[string]*scoreSum{}}
	for k := range inOrder(p.days) {
		before, ok := p.average(k, cycle)
		if !ok || p.now.Sub(p.first[k.store]) < time.Duration(cycle+week)*aDay {
			continue
		}
		actual := max(0, p.in(k, 0, cycle))
		mean := before.PerHour * ScoredCycle.Hours()
		b.score(MethodPicks, actual, mean, mean*before.Dispersion+mean*mean*before.Error*before.Error)
		for method, ago := range map[string]int{MethodSeasonal: week, MethodLast: cycle} {
			was := max(0, p.in(k, ago, cycle))
			b.score(method, actual, was, 2*before.Dispersion*max(was, 0.5))
		}
	}
	return b.scores(MethodPicks, MethodSeasonal, MethodLast)
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
