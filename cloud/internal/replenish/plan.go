package replenish

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Config configures a Planner. Zero values stand for the defaults in brackets.
type Config struct {
	DB      *state.DB
	Ledger  *sales.Ledger
	Client  *http.Client  // calls the ordering system; it must refuse addresses that must not be called
	Every   time.Duration // how often it plans and sends [10 min]
	Service float64       // share of cycles in which nothing should run out [0.9]
	Now     func() time.Time
	Log     *slog.Logger
}

// Planner makes suggestions, sends approved ones, and records how they turned out. Several programs may each
// run one on the same PostgreSQL.
type Planner struct {
	Config
	rates   *merge.RateReader
	decided chan struct{}
}

// NewPlanner returns a planner. Nothing runs until Run is called.
func NewPlanner(c Config) *Planner {
	if c.Every <= 0 {
		c.Every = 10 * time.Minute
	}
	if c.Service <= 0 || c.Service >= 1 {
		c.Service = 0.9
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Planner{c, merge.NewRateReader(c.DB), make(chan struct{}, 1)}
}

// Decided must be called when somebody has approved something or named an ordering system: what is approved is
// sent at once, and not with the next plan, because an order may be due in a minute. It does not block.
func (p *Planner) Decided() {
	select {
	case p.decided <- struct{}{}:
	default: // it was called already
	}
}

// Run plans until ctx ends, and sends what is approved at once. A fault is logged, and the step is tried again
// the next time.
func (p *Planner) Run(ctx context.Context) error {
	every := time.NewTicker(p.Every)
	defer every.Stop()
	do := p.Step
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			p.Log.Error("plan replenishment", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			do = p.Step
		case <-p.decided:
			do = p.sendAll
		}
	}
}

// Step plans, sends and closes once, for every tenant that has demand rates.
func (p *Planner) Step(ctx context.Context) error {
	return p.each(ctx, "SELECT tenant FROM merge_models ORDER BY tenant", func(t string) error {
		return errors.Join(p.Plan(ctx, t), p.Send(ctx, t), p.Close(ctx, t))
	})
}

func (p *Planner) sendAll(ctx context.Context) error {
	return p.each(ctx, "SELECT tenant FROM replenish_ordering ORDER BY tenant", func(t string) error { return p.Send(ctx, t) })
}

// each calls do for every tenant that a query returns. A failure for one tenant does not affect the others.
func (p *Planner) each(ctx context.Context, query string, do func(tenant string) error) error {
	tenants, err := state.Texts(ctx, p.DB, query)
	if err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	var errs []error
	for _, t := range tenants {
		errs = append(errs, do(t))
	}
	return errors.Join(errs...)
}

// Calendars reads a tenant's calendars by store.
func Calendars(ctx context.Context, q state.Querier, tenant string) (map[string]Calendar, error) {
	rows, err := q.Query(ctx, "SELECT store, body FROM replenish_calendars WHERE tenant = ?", tenant)
	if err != nil {
		return nil, fmt.Errorf("read calendars: %w", err)
	}
	defer rows.Close()
	out := map[string]Calendar{}
	for rows.Next() {
		var store, body string
		var c Calendar
		if err := rows.Scan(&store, &body); err != nil {
			return nil, fmt.Errorf("read calendars: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &c); err != nil {
			return nil, fmt.Errorf("calendar of %s: %w", store, err)
		}
		out[store] = c
	}
	return out, rows.Err()
}

// PutCalendar sets a store's calendar.
func PutCalendar(ctx context.Context, tx *state.Tx, tenant, store string, c Calendar) error {
	if err := c.Validate(); err != nil {
		return err
	}
	body, err := json.Marshal(c)
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO replenish_calendars (tenant, store, body) VALUES (?, ?, ?)
			ON CONFLICT (tenant, store) DO UPDATE SET body = excluded.body`, tenant, store, string(body))
	}
	if err != nil {
		return fmt.Errorf("store calendar of %s: %w", store, err)
	}
	return nil
}

// Plan computes a tenant's suggestions anew. A suggestion about which somebody has decided stays as it is.
func (p *Planner) Plan(ctx context.Context, tenant string) error {
	masters, err := merge.ReadMasters(ctx, p.DB, tenant)
	if err != nil {
		return err
	}
	calendars, err := Calendars(ctx, p.DB, tenant)
	if err != nil {
		return err
	}
	model, err := merge.ReadModel(ctx, p.DB, tenant)
	if err != nil {
		return err
	}
	promoted, err := merge.ReadPlan(ctx, p.DB, tenant, model)
	if err != nil {
		return err
	}
	pending, err := p.pending(ctx, tenant)
	if err != nil {
		return err
	}
	open, err := p.open(ctx, tenant)
	if err != nil {
		return err
	}
	cases := casesOf(masters)
	for _, store := range slices.Sorted(maps.Keys(masters.Places)) {
		calendar, ok := calendars[store]
		if !ok {
			calendar = Daily()
		}
		list, err := p.planStore(ctx, tenant, masters, promoted, masters.Places[store], calendar, cases, pending)
		if err != nil {
			return fmt.Errorf("plan %s: %w", store, err)
		}
		cycle, _ := calendar.Cycle(p.Now(), masters.Places[store].Zone)
		moved := slices.DeleteFunc(open[store], func(s Suggestion) bool { return s.Delivery.Equal(cycle.Delivery) || !s.OrderBy.After(p.Now()) })
		if err := p.replace(ctx, tenant, store, list, moved); err != nil {
			return err
		}
	}
	return nil
}

// replace stores a store's new suggestions, and takes back those for deliveries that were moved, in one transaction.
func (p *Planner) replace(ctx context.Context, tenant, store string, list, moved []Suggestion) error {
	if len(list)+len(moved) == 0 {
		return nil
	}
	return p.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "replenish/"+tenant); err != nil {
			return err
		}
		pauses, err := readPaused(ctx, tx, tenant, store)
		if err != nil {
			return err
		}
		for i := range list {
			if p, ok := pauses[list[i].GTIN]; ok {
				list[i].Status, list[i].By, list[i].Note = Paused, p.by, p.note
			}
			if err := keep(ctx, tx, tenant, &list[i]); err != nil {
				return err
			}
		}
		for i := range moved {
			if err := takeBack(ctx, tx, tenant, moved[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// open reads the suggestions that nobody has approved yet, by store.
func (p *Planner) open(ctx context.Context, tenant string) (map[string][]Suggestion, error) {
	list, err := List(ctx, p.DB, tenant, Filter{Statuses: []Status{Suggested, Paused}, Limit: 1_000_000})
	if err != nil {
		return nil, err
	}
	out := map[string][]Suggestion{}
	for _, s := range list {
		out[s.Store] = append(out[s.Store], s)
	}
	return out, nil
}

// takeBack deletes a suggestion that could still be ordered, for a delivery that no longer exists after a
// change of the calendar: otherwise it could be approved in addition to the one for the delivery that has
// replaced it.
func takeBack(ctx context.Context, tx *state.Tx, tenant, id string) error {
	_, err := tx.Exec(ctx, "DELETE FROM replenish_suggestions WHERE tenant = ? AND id = ? AND status IN (?, ?)", tenant, id, string(Suggested), string(Paused))
	if err != nil {
		return fmt.Errorf("take suggestion %s back: %w", id, err)
	}
	return nil
}

// keep stores a suggestion unless somebody has decided about it. A suggestion of no packs is stored only if it
// replaces an earlier suggestion or is paused, so that it can be seen and resumed.
func keep(ctx context.Context, tx *state.Tx, tenant string, s *Suggestion) error {
	was, err := get(ctx, tx, tenant, s.ID)
	if errors.Is(err, state.ErrNotFound) {
		if s.Cases == 0 && s.Status != Paused {
			return nil
		}
		return put(ctx, tx, tenant, s)
	}
	if err != nil || was.Status != Suggested {
		return err
	}
	return put(ctx, tx, tenant, s)
}

// pack says how a product is ordered.
type pack struct {
	gtin  shelf.GTIN
	units int64
}

// casesOf returns, for each unit, the smallest trade item that contains several of it.
func casesOf(m *merge.Masters) map[shelf.GTIN]pack {
	out := map[shelf.GTIN]pack{}
	for _, g := range slices.Sorted(maps.Keys(m.Products)) {
		c := m.Products[g].Contains
		if c == nil || c.Count < 2 {
			continue
		}
		if was, ok := out[c.GTIN]; !ok || c.Count < was.units {
			out[c.GTIN] = pack{g, c.Count}
		}
	}
	return out
}

func (p *Planner) planStore(ctx context.Context, tenant string, m *merge.Masters, promoted *merge.Plan, place *merge.Place, calendar Calendar, cases map[shelf.GTIN]pack, pending map[product][]Suggestion) ([]Suggestion, error) {
	rates, err := p.rates.Of(ctx, tenant, place.Store.Store)
	if err != nil || rates == nil {
		return nil, err
	}
	now := p.Now().UTC()
	cycle, ok := calendar.Cycle(now, place.Zone)
	if !ok {
		return nil, nil // it is no longer delivered
	}
	capacity, err := capacities(ctx, p.DB, tenant, place.Store.Store)
	if err != nil {
		return nil, err
	}
	stocks, err := p.stocks(ctx, tenant, place.Store.Store, capacity)
	if err != nil {
		return nil, err
	}
	var list []Suggestion
	for _, g := range rates.Products() {
		stock, known := stocks[g]
		if !known {
			continue
		}
		forecast := func(from, to time.Time) (merge.Forecast, bool) { return rates.Total(g, place, from, to, promoted) }
		units, from, ok := stock.reach(pending[product{place.Store.Store, g}], now, cycle.Delivery, forecast)
		if !ok {
			continue
		}
		before, ok1 := forecast(from, cycle.Delivery)
		demand, ok2 := forecast(cycle.Delivery, cycle.Next)
		rate, ok3 := rates.Rate(g, now.In(place.Zone))
		if !ok1 || !ok2 || !ok3 {
			continue
		}
		unit := pack{g, 1}
		if c, ok := cases[g]; ok {
			unit = c
		}
		margin := rate.Minor
		master := m.Products[g]
		if master != nil && master.Cost > 0 && master.Currency == rate.Currency {
			margin = max(0, rate.Minor-float64(master.Cost))
		}
		a := Suggest(Need{Stock: units, Before: before, Cycle: demand, Capacity: capacity[g], Pack: unit.units, Margin: margin, Service: p.Service})
		s := Suggestion{ID: idOf(place.Store.Store, g, cycle.Delivery), Store: place.Store.Store, GLN: place.GLN, GTIN: g, Case: unit.gtin, Pack: unit.units,
			Cases: a.Packs, Advice: a.Packs, Status: Suggested, Cycle: cycle, Stock: stock.units, StockSource: stock.source, Arrival: round1(a.Arrival),
			Demand:   Demand{round1(demand.Mean), demand.Quantile(0.1), demand.Quantile(0.5), demand.Quantile(0.9), round1(demand.Lift), round1(demand.Online)},
			Capacity: capacity[g], Capped: a.Capped, Over: a.Over, GainMinor: int64(math.Round(a.Gain)), Currency: rate.Currency, GainUnits: round1(a.With - a.Without), MadeAt: now}
		if master != nil {
			s.Name = master.Name
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.GainMinor, a.GainMinor), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// idOf returns the ID of a suggestion: for each delivery there is one order of a product in a store.
func idOf(store string, g shelf.GTIN, delivery time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x1f%s\x1f%d", store, g, delivery.Unix()))
	return "or_" + hex.EncodeToString(sum[:10])
}

func round1(v float64) float64 { return math.Round(v*10) / 10 }
