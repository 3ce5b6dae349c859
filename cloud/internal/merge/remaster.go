package merge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// clock is what of a store's master its hours are folded by. The zero value is that of a store that no master knows.
type clock struct{ tz, hours, currency string }

func (c clock) place(store string) *Place {
	return newPlace(sales.Store{Store: store, TZ: c.tz, Hours: c.hours})
}

// trade is what of a product's master hours are folded by.
type trade struct {
	group    string
	price    int64
	currency string // of price
}

// foldedBy are the masters by which a tenant's stored hours were folded.
type foldedBy struct {
	begun  bool  // it is known at all
	times  int64 // how often they were changed
	clocks map[string]clock
	trades map[shelf.GTIN]trade
}

// basis is what of masters hours are folded by.
func (m *Masters) basis() *foldedBy {
	b := &foldedBy{begun: true, clocks: map[string]clock{}, trades: map[shelf.GTIN]trade{}}
	for store, p := range m.Places {
		if c := (clock{p.TZ, p.Store.Hours, p.Currency}); c != (clock{}) {
			b.clocks[store] = c
		}
	}
	for g, p := range m.Products {
		t := trade{group: p.Group}
		if p.Price > 0 {
			t.price, t.currency = p.Price, p.Currency
		}
		if t != (trade{}) {
			b.trades[g] = t
		}
	}
	return b
}

func readFoldedBy(ctx context.Context, q state.Querier, tenant string) (*foldedBy, error) {
	b := &foldedBy{clocks: map[string]clock{}, trades: map[shelf.GTIN]trade{}}
	var err error
	if b.times, b.begun, err = readCursor(ctx, q, tenant, feedMasters); err != nil || !b.begun {
		return b, err
	}
	rows, err := q.Query(ctx, "SELECT store, tz, hours, currency FROM merge_places WHERE tenant = ?", tenant)
	if err == nil {
		err = each(rows, func() error {
			var store string
			var c clock
			err := rows.Scan(&store, &c.tz, &c.hours, &c.currency)
			b.clocks[store] = c
			return err
		})
	}
	if err == nil {
		rows, err = q.Query(ctx, "SELECT gtin, grp, price, currency FROM merge_products WHERE tenant = ?", tenant)
	}
	if err == nil {
		err = each(rows, func() error {
			var g string
			var t trade
			err := rows.Scan(&g, &t.group, &t.price, &t.currency)
			b.trades[shelf.GTIN(g)] = t
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read masters that hours were folded by: %w", err)
	}
	return b, nil
}

// changedKeys lists the keys whose values are not the same in two maps; a missing one is the zero value.
func changedKeys[K cmp.Ordered, V comparable](was, is map[K]V) (keys []K) {
	for k := range was {
		if was[k] != is[k] {
			keys = append(keys, k)
		}
	}
	for k, v := range is {
		if _, known := was[k]; !known && v != was[k] {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// remastered is how often a tenant's masters were changed, as this follower took them.
type remastered struct {
	*Masters
	times int64
}

// takeMasters touches the stored hours that masters make different from those by which they were folded: a store's hours
// that it was open at other times in, or that fall on another day or hour of its clock; those in which a product was out
// whose group has other members now; and those valued at a list price that is another, or in a store whose currency is: a list
// price counts in its own currency alone. What was sold stays in the currency that was paid. Masters hold for all time; what
// changes from a day on is written with dates, see sales.ParseHours. Hours whose looks are kept no more stay.
func (f *Follower) takeMasters(ctx context.Context, tenant string, m *Masters) error {
	was, err := readFoldedBy(ctx, f.DB, tenant)
	if err != nil {
		return err
	}
	is := m.basis()
	change := remaster{f: f, tenant: tenant, masters: m, was: was, is: is, since: f.kept(),
		stores: changedKeys(was.clocks, is.clocks), products: changedKeys(was.trades, is.trades)}
	if was.begun && len(change.stores)+len(change.products) == 0 {
		f.taken[tenant] = remastered{m, was.times}
		return nil
	}
	var touched []storeHour
	if was.begun {
		if touched, err = change.touched(ctx); err != nil {
			return fmt.Errorf("hours that changed masters touch: %w", err)
		}
	}
	err = f.DB.Write(ctx, func(tx *state.Tx) error { return change.write(ctx, tx, touched) })
	if errors.Is(err, errMoved) {
		return nil // the next step sees what is left
	}
	if err == nil {
		f.taken[tenant] = remastered{m, was.times + 1}
	}
	return err
}

// remaster is one change of masters.
type remaster struct {
	f        *Follower
	tenant   string
	masters  *Masters
	was, is  *foldedBy
	since    time.Time // hours before it stay
	stores   []string  // whose clock has changed
	products []shelf.GTIN
}

func (r *remaster) touched(ctx context.Context) ([]storeHour, error) {
	found := map[storeHour]bool{}
	add := func(h storeHour) { found[h] = true }
	zones, currencies := false, map[string]bool{}
	for _, store := range r.stores {
		zones = zones || r.was.clocks[store].tz != r.is.clocks[store].tz
		currencies[store] = r.was.clocks[store].currency != r.is.clocks[store].currency
		if err := r.byClock(ctx, store, add); err != nil {
			return nil, err
		}
	}
	regrouped := r.regrouped()
	if len(r.products) > 0 || slices.Contains(slices.Collect(maps.Values(currencies)), true) {
		if err := r.byTrade(ctx, regrouped, currencies, add); err != nil {
			return nil, err
		}
	}
	list := slices.SortedFunc(maps.Keys(found), storeHour.compare)
	if len(list) == 0 || !zones && len(regrouped) == 0 {
		return list, nil
	}
	// Rates are of hours of the store's clock, and know who is bought instead: those of before would judge the hours wrong.
	if model, err := ReadModel(ctx, r.f.DB, r.tenant); err != nil || model == nil {
		return list, err
	}
	_, err := r.f.Learn(ctx, r.tenant)
	return list, err
}

// byClock finds the hours of a store that its clock makes different.
func (r *remaster) byClock(ctx context.Context, store string, add func(storeHour)) error {
	was, is := r.was.clocks[store].place(store), r.is.clocks[store].place(store)
	rows, err := r.f.DB.Query(ctx, "SELECT hour FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ?", r.tenant, store, r.since.Unix())
	if err != nil {
		return err
	}
	return each(rows, func() error {
		var start int64
		if err := rows.Scan(&start); err != nil {
			return err
		}
		from := time.Unix(start, 0).UTC()
		if !sameHour(was, is, from) {
			add(storeHour{store, start})
		}
		return nil
	})
}

// sameHour reports whether an hour is the same by two clocks: of the day, of the week, and for how long of it the store is
// open when.
func sameHour(a, b *Place, from time.Time) bool {
	if dayOf(from, a.Zone) != dayOf(from, b.Zone) || HourOfWeek(from.In(a.Zone)) != HourOfWeek(from.In(b.Zone)) {
		return false
	}
	to := from.Add(time.Hour)
	return slices.EqualFunc(a.Open(from, to), b.Open(from, to), func(x, y shelf.Span) bool { return x.From.Equal(y.From) && x.To.Equal(y.To) })
}

// regrouped are the products whose group has other members now.
func (r *remaster) regrouped() map[shelf.GTIN]bool {
	groups := map[string]bool{}
	for _, g := range r.products {
		if was, is := r.was.trades[g].group, r.is.trades[g].group; was != is {
			groups[was], groups[is] = true, true
		}
	}
	delete(groups, "")
	out := map[shelf.GTIN]bool{}
	for _, trades := range []map[shelf.GTIN]trade{r.was.trades, r.is.trades} {
		for g, t := range trades {
			if groups[t.group] {
				out[g] = true
			}
		}
	}
	return out
}

// byTrade finds the hours that products' masters, or the currencies of some stores, make different: first the days in which there is such a product, by the
// sums, then the hours of these.
func (r *remaster) byTrade(ctx context.Context, regrouped map[shelf.GTIN]bool, currencies map[string]bool, add func(storeHour)) error {
	repriced := map[shelf.GTIN]bool{}
	for _, g := range r.products {
		was, is := r.was.trades[g], r.is.trades[g]
		was.group, is.group = "", ""
		repriced[g] = was != is
	}
	type storeOfDay struct {
		store string
		day   int64
	}
	var days []storeOfDay
	listed := map[string]map[shelf.GTIN]bool{} // by store: repriced products whose lost sales are valued at the list price
	for store := range r.masters.Places {
		rates, err := r.f.rates.of(ctx, r.tenant, store)
		if err != nil {
			return err
		}
		asked := repriced
		if currencies[store] {
			asked = r.priced()
		}
		listed[store] = rates.listed(asked)
	}
	differs := func(store string, c *Cell) bool {
		return c.OutTime() > 0 && regrouped[c.GTIN] || c.LostUnits() > 0 && listed[store][c.GTIN]
	}
	rows, err := r.f.DB.Query(ctx, "SELECT store, day, body FROM merge_days WHERE tenant = ? AND day >= ?", r.tenant, r.since.Unix()/86400-1)
	if err != nil {
		return err
	}
	var body []byte
	err = each(rows, func() error {
		var d storeOfDay
		if err := rows.Scan(&d.store, &d.day, &body); err != nil {
			return err
		}
		any := false
		err := unpackTimes(body, func(c *Cell) { any = any || differs(d.store, c) })
		if any {
			days = append(days, d)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range days {
		from := max(r.since.Unix(), d.day*86400-slack)
		rows, err := r.f.DB.Query(ctx, "SELECT hour, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND hour < ? AND day = ?",
			r.tenant, d.store, from, (d.day+1)*86400+slack, d.day)
		if err != nil {
			return err
		}
		err = each(rows, func() error {
			var hour int64
			if err := rows.Scan(&hour, &body); err != nil {
				return err
			}
			return unpackTimes(body, func(c *Cell) {
				if differs(d.store, c) {
					add(storeHour{d.store, hour})
				}
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// priced are the products that have a list price.
func (r *remaster) priced() map[shelf.GTIN]bool {
	out := map[shelf.GTIN]bool{}
	for _, trades := range []map[shelf.GTIN]trade{r.was.trades, r.is.trades} {
		for g, t := range trades {
			out[g] = out[g] || t.price > 0
		}
	}
	return out
}

// listed gives those of some products whose lost sales the store values at the list price.
func (r *StoreRates) listed(of map[shelf.GTIN]bool) map[shelf.GTIN]bool {
	out := map[shelf.GTIN]bool{}
	if r == nil {
		return out
	}
	for g, asked := range of {
		out[g] = asked && r.bases[g].Listed
	}
	return out
}

// write notes the touched hours, and that from now on they are folded by the masters of now.
func (r *remaster) write(ctx context.Context, tx *state.Tx, touched []storeHour) error {
	if err := tx.Exclusive(ctx, "merge/"+r.tenant); err != nil {
		return err
	}
	times, begun, err := readCursor(ctx, tx, r.tenant, feedMasters)
	if err != nil {
		return err
	}
	if times != r.was.times || begun != r.was.begun {
		return errMoved
	}
	for _, h := range touched {
		if err := insertTouch(ctx, tx, r.tenant, h.store, "", h.hour, causeMaster); err != nil {
			return err
		}
	}
	for _, store := range r.stores {
		c := r.is.clocks[store]
		_, err := tx.Exec(ctx, `INSERT INTO merge_places (tenant, store, tz, hours, currency) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (tenant, store) DO UPDATE SET tz = excluded.tz, hours = excluded.hours, currency = excluded.currency`, r.tenant, store, c.tz, c.hours, c.currency)
		if err != nil {
			return fmt.Errorf("note clock of %s: %w", store, err)
		}
	}
	for _, g := range r.products {
		t := r.is.trades[g]
		_, err := tx.Exec(ctx, `INSERT INTO merge_products (tenant, gtin, grp, price, currency) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (tenant, gtin) DO UPDATE SET grp = excluded.grp, price = excluded.price, currency = excluded.currency`, r.tenant, string(g), t.group, t.price, t.currency)
		if err != nil {
			return fmt.Errorf("note trade of %s: %w", g, err)
		}
	}
	return setCursor(ctx, tx, r.tenant, feedMasters, times+1)
}
