package route_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/route"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

const (
	cola  = shelf.GTIN("4006381333931")
	lemon = shelf.GTIN("5901234123457")
)

// rig is a router with real stores of data behind it, and a clock.
type rig struct {
	*route.Router
	ledger *sales.Ledger
	desk   *book.Desk
	db     *state.DB
	points *embedded.Store
	tenant string
	seq    uint64

	mu  sync.Mutex
	now time.Time
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func newRig(t testing.TB, db *state.DB, tenant string) *rig {
	t.Helper()
	points, err := embedded.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "series.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { points.Close() })
	r := &rig{db: db, points: points, tenant: tenant, now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	r.ledger = sales.NewLedger(db, r.clock)
	r.desk = &book.Desk{DB: db, Ledger: r.ledger, Series: points, Now: r.clock}
	r.Router = route.New(r.ledger, r.desk)
	at := func(lat, lon float64) (a, b *float64) { return &lat, &lon }
	store := func(name string, lat, lon float64, change func(*sales.Store)) sales.Store {
		s := sales.Store{Store: name, TZ: "UTC", Hours: "08:00-20:00"}
		s.Lat, s.Lon = at(lat, lon)
		if change != nil {
			change(&s)
		}
		return s
	}
	_, err = r.ledger.PutMasters(context.Background(), tenant,
		[]sales.Product{{Product: shelf.Product{GTIN: cola}}, {Product: shelf.Product{GTIN: lemon}}},
		[]sales.Store{store("near", 31.20, 121.50, nil), store("far", 31.30, 121.50, nil), store("dear", 31.21, 121.50, func(s *sales.Store) { s.PickCost = 5000 }),
			store("night", 31.20, 121.50, func(s *sales.Store) { s.Hours = "22:00-06:00" }), store("nowhere", 48.1, 11.6, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// count sets the book.
func (r *rig) count(t testing.TB, store string, g shelf.GTIN, units int64) {
	t.Helper()
	r.seq++
	r.pass(time.Second) // a count is of its instant
	v, err := r.ledger.Move(context.Background(), r.tenant, []sales.Movement{{ID: fmt.Sprint("c", r.seq), Store: store, GTIN: g, Cause: sales.Count, Units: units, At: r.clock()}})
	if err != nil || v[0].Status != sales.Stored {
		t.Fatalf("count: %+v, %v", v, err)
	}
}

// look has a cooler of the store see its slot of a product.
func (r *rig) look(t testing.TB, store string, g shelf.GTIN, s shelf.State, present int, in int) {
	t.Helper()
	ctx := context.Background()
	device := store + "-" + string(g)
	err := r.db.Write(ctx, func(tx *state.Tx) error {
		return state.PutCooler(ctx, tx, &state.Cooler{Tenant: r.tenant, Device: device, Store: store, TopicStore: store, CreatedAt: r.clock(), ChangedAt: r.clock()})
	})
	if err != nil {
		t.Fatal(err)
	}
	r.seq++
	m := series.Message{Tenant: r.tenant, Store: store, Device: device, Boot: 1, Seq: r.seq, At: r.clock(),
		Slots: []series.SlotPoint{{Slot: "a", GTIN: g, State: s, Due: 2, Present: present}}}
	if in > 0 {
		m.Footfall = []telemetry.Footfall{{From: r.clock().Add(-time.Minute), To: r.clock(), In: in}}
	}
	if err := r.points.Write(ctx, []series.Message{m}); err != nil {
		t.Fatal(err)
	}
}

func order(name string, units int64, change ...func(*route.Order)) *route.Order {
	lat, lon := 31.20, 121.51
	o := &route.Order{Channel: "shop", Order: name, Lat: &lat, Lon: &lon, Lines: []route.Item{{GTIN: cola, Units: units}}}
	for _, c := range change {
		c(o)
	}
	return o
}

func (r *rig) ask(t testing.TB, o *route.Order) *route.Answer {
	t.Helper()
	a, err := r.Route(context.Background(), r.tenant, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// served is an answer in a few words.
func served(a *route.Answer) string {
	text := string(a.Status)
	for _, as := range a.Assignments {
		text += " " + as.Store
		for _, l := range as.Lines {
			text += fmt.Sprintf(":%d", l.Units)
		}
	}
	return text
}

func (r *rig) want(t testing.TB, o *route.Order, want string) *route.Answer {
	t.Helper()
	a := r.ask(t, o)
	if got := served(a); got != want {
		t.Errorf("order %s: %s, want %s", o.Order, got, want)
	}
	return a
}

func (r *rig) reserved(t testing.TB, store string) (onHand, reserved int64) {
	t.Helper()
	list, err := r.ledger.Stock(context.Background(), r.tenant, store, cola)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	return list[0].OnHand, list[0].Reserved
}

func TestRoute(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		for i, c := range []struct {
			name string
			run  func(t *testing.T, r *rig)
		}{
			{"which store", whichStore},
			{"book and shelf both", both},
			{"held, sold, cancelled, timed out", lifecycle},
			{"sold under another store", soldElsewhere},
			{"called off in the shop", calledOff},
			{"counted between order and sale", countedBetween},
			{"what is wrong", wrong},
			{"why it is refused", why},
			{"closes before the pick", closing},
			{"larger than any store", larger},
			{"all too far", allTooFar},
			{"cases are units", inCases},
			{"costs in several currencies", currencies},
			{"ten thousand at once", flashSale},
		} {
			t.Run(c.name, func(t *testing.T) { c.run(t, newRig(t, db, fmt.Sprint("t", i))) })
		}
	}, sales.Tables)
}

func whichStore(t *testing.T, r *rig) {
	for _, s := range []string{"near", "far", "dear", "night", "nowhere"} {
		r.count(t, s, cola, 10)
		r.look(t, s, cola, shelf.OK, 2, 0)
	}
	r.want(t, order("1", 2), "held near:2")
	a := r.want(t, order("2", 20), "held near:8 far:10 dear:2")
	if p := a.Assignments[1].Points; p.Parcel != route.Defaults().Parcel || p.Total <= p.Distance {
		t.Errorf("points of a second parcel %+v", p)
	}
	r.want(t, order("3", 9), "refused") // far and near are empty, the dear one has eight
	r.want(t, order("4", 9, func(o *route.Order) { o.Partial = true }), "held dear:8")
	r.want(t, order("5", 1, func(o *route.Order) {
		w := route.Defaults()
		w.Closed, o.Weights = true, &w
	}), "held night:1")

	// A store in its rush hour gives way to one a little farther.
	r.count(t, "near", cola, 50)
	r.count(t, "dear", cola, 50)
	one := false
	quiet := r.ask(t, order("6", 1))
	r.look(t, "near", cola, shelf.OK, 2, 500)
	busy := r.ask(t, order("7", 1, func(o *route.Order) { o.Split = &one }))
	if quiet.Assignments[0].Points.Load != 0 || busy.Assignments[0].Store != "near" || busy.Assignments[0].Points.Load == 0 {
		t.Errorf("load: %+v, then %+v", quiet.Assignments, busy.Assignments)
	}
	r.want(t, order("8", 1, func(o *route.Order) {
		w := route.Defaults()
		w.Load, w.Cost, o.Weights = 100, 0, &w
	}), "held dear:1")
}

// closing: who closes before the order could be picked is not asked, and the answer says so.
func closing(t *testing.T, r *rig) {
	r.count(t, "near", cola, 10)
	r.look(t, "near", cola, shelf.OK, 2, 0)
	at := func(hour, minute int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.now = time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC)
	}
	fast := func(minutes int64) func(*route.Order) {
		return func(o *route.Order) {
			w := route.Defaults()
			w.Pick, o.Weights = &minutes, &w
		}
	}
	reason := func(a *route.Answer) string {
		for _, p := range a.Passed {
			if p.Store == "near" {
				return p.Reason
			}
		}
		return ""
	}
	at(19, 45)
	r.look(t, "near", cola, shelf.OK, 2, 0)
	hour := func(o *route.Order) { o.HoldFor = 3600 }
	r.want(t, order("1", 1, hour), "held near:1") // a quarter of an hour is left
	at(19, 50)
	if a := r.want(t, order("2", 1), "refused"); reason(a) != "closes_soon" {
		t.Errorf("passed %+v, want near closes_soon", a.Passed)
	}
	r.want(t, order("3", 1, fast(10)), "held near:1")
	r.want(t, order("4", 1, fast(11)), "refused")
	r.want(t, order("5", 1, fast(0)), "held near:1")
	at(20, 0)
	if a := r.want(t, order("6", 1, fast(0)), "refused"); reason(a) != "closed" {
		t.Errorf("passed %+v, want near closed", a.Passed)
	}
	// What is held was promised while it could be picked: it stays held over closing time, until its own time is over.
	r.want(t, order("1", 1, hour), "held near:1")
}

// larger: an order of two products larger than any store is split over as few as serve it; what is left over is named,
// and of what is refused nothing stays reserved.
func larger(t *testing.T, r *rig) {
	for store, has := range map[string][2]int64{"near": {4, 0}, "far": {5, 9}, "dear": {3, 2}} {
		for i, g := range []shelf.GTIN{cola, lemon} {
			r.count(t, store, g, has[i])
			r.look(t, store, g, shelf.OK, 2, 0)
		}
	}
	of := func(colas, lemons int64, change ...func(*route.Order)) *route.Order {
		return order(fmt.Sprint(colas, "-", lemons, "-", len(change)), 1, append(change, func(o *route.Order) {
			o.Lines = []route.Item{{GTIN: cola, Units: colas}, {GTIN: lemon, Units: lemons}}
		})...)
	}
	one, sums := false, map[shelf.GTIN]int64{}
	a := r.want(t, of(13, 5), "refused")
	if !slices.Equal(a.Missing, []route.Item{{GTIN: cola, Units: 1}}) {
		t.Errorf("missing %+v, want one cola", a.Missing)
	}
	for _, s := range []string{"near", "far", "dear"} {
		if _, reserved := r.reserved(t, s); reserved != 0 {
			t.Errorf("%s keeps %d of a refused order", s, reserved)
		}
	}
	r.want(t, of(8, 5, func(o *route.Order) { o.Split = &one }), "refused")
	a = r.ask(t, of(12, 11))
	if a.Status != sales.Held || len(a.Assignments) != 3 || len(a.Missing) != 0 {
		t.Fatalf("%+v, want it split over all three", a)
	}
	for _, as := range a.Assignments {
		for _, l := range as.Lines {
			sums[l.GTIN] += l.Units
		}
	}
	if sums[cola] != 12 || sums[lemon] != 11 {
		t.Errorf("assigned %v, want 12 and 11", sums)
	}
}

// allTooFar: a customer out of reach of every store is told so of the nearest ones, with the distance.
func allTooFar(t *testing.T, r *rig) {
	for _, s := range []string{"near", "far", "dear", "night"} {
		r.count(t, s, cola, 10)
		r.look(t, s, cola, shelf.OK, 2, 0)
	}
	away := func(km float64) func(*route.Order) {
		return func(o *route.Order) {
			lat, lon := 30.0, 121.5 // 133 km south
			w := route.Defaults()
			w.MaxKM, o.Weights, o.Lat, o.Lon = km, &w, &lat, &lon
		}
	}
	a := r.want(t, order("1", 1, away(25)), "refused")
	if len(a.Passed) != 5 || len(a.Missing) != 1 {
		t.Fatalf("%+v, want the five stores and what is missing", a)
	}
	for _, p := range a.Passed {
		if p.Reason != "too_far" || p.KM == nil || *p.KM < 130 {
			t.Errorf("%+v, want it too far", p)
		}
	}
	r.want(t, order("1", 1, func(o *route.Order) { o.Partial = true }, away(25)), "refused") // nothing is no part
	r.want(t, order("2", 1, away(140)), "held near:1")
}

// inCases: who orders a case has its units reserved, in one or several stores; what nobody knows is named.
func inCases(t *testing.T, r *rig) {
	const dozen, pallet, nobody = shelf.GTIN("14006381333938"), shelf.GTIN("24006381333935"), shelf.GTIN("96385074")
	_, err := r.ledger.PutMasters(context.Background(), r.tenant, []sales.Product{
		{Product: shelf.Product{GTIN: dozen}, Contains: &sales.Pack{GTIN: cola, Count: 12}},
		{Product: shelf.Product{GTIN: pallet}, Contains: &sales.Pack{GTIN: dozen, Count: 50}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.count(t, "near", cola, 30)
	r.count(t, "far", cola, 30)
	r.look(t, "near", cola, shelf.OK, 2, 0)
	r.look(t, "far", cola, shelf.OK, 2, 0)
	of := func(items ...route.Item) func(*route.Order) { return func(o *route.Order) { o.Lines = items } }
	a := r.want(t, order("1", 1, of(route.Item{GTIN: dozen, Units: 1}, route.Item{GTIN: cola, Units: 2})), "held near:14")
	if a.Assignments[0].Lines[0].GTIN != cola {
		t.Errorf("the answer speaks of %s, want units", a.Assignments[0].Lines[0].GTIN)
	}
	r.want(t, order("1", 1, of(route.Item{GTIN: dozen, Units: 1}, route.Item{GTIN: cola, Units: 2})), "held near:14")
	if onHand, reserved := r.reserved(t, "near"); onHand != 30 || reserved != 14 {
		t.Errorf("near has %d, %d reserved, want 30 and 14", onHand, reserved)
	}
	r.want(t, order("2", 1, of(route.Item{GTIN: dozen, Units: 3})), "held near:16 far:20")
	a = r.want(t, order("3", 1, of(route.Item{GTIN: pallet, Units: 1})), "refused")
	if len(a.Missing) != 1 || a.Missing[0] != (route.Item{GTIN: cola, Units: 590}) { // far has ten left
		t.Errorf("missing %+v, want 590 units", a.Missing)
	}
	r.want(t, order("4", 1, of(route.Item{GTIN: nobody, Units: 1}, route.Item{GTIN: cola, Units: 1})), "refused")
	a = r.want(t, order("5", 1, of(route.Item{GTIN: nobody, Units: 1}, route.Item{GTIN: cola, Units: 1}), func(o *route.Order) { o.Partial = true }), "held far:1")
	if !slices.Equal(a.Unknown, []shelf.GTIN{nobody}) || !slices.Equal(a.Missing, []route.Item{{GTIN: nobody, Units: 1}}) {
		t.Errorf("unknown %v, missing %v, want %s", a.Unknown, a.Missing, nobody)
	}
}

// currencies: what picking costs in fen is not held against what it costs in cents.
func currencies(t *testing.T, r *rig) {
	at := func(lat float64) (a, b *float64) { lon := 31.50; return &lat, &lon }
	shop := func(name string, lat float64, cost int64, currency string) sales.Store {
		s := sales.Store{Store: name, TZ: "UTC", PickCost: cost, Currency: currency}
		s.Lat, s.Lon = at(lat)
		return s
	}
	put := func(second string) {
		t.Helper()
		if _, err := r.ledger.PutMasters(context.Background(), r.tenant, nil, []sales.Store{shop("a", 10, 900, "CNY"), shop("b", 10.01, 100, second), shop("c", 10.02, 0, "EUR")}); err != nil {
			t.Fatal(err)
		}
	}
	there := func(name string) *route.Order {
		o := order(name, 1)
		lat, lon := 10.0, 31.50
		o.Lat, o.Lon = &lat, &lon
		return o
	}
	put("CNY")
	r.count(t, "a", cola, 9)
	r.count(t, "b", cola, 9)
	r.look(t, "a", cola, shelf.OK, 2, 0)
	r.look(t, "b", cola, shelf.OK, 2, 0)
	if a := r.want(t, there("1"), "held b:1"); a.Costs != nil || a.Assignments[0].Points.Cost != 1 {
		t.Errorf("in one currency: %+v", a)
	}
	put("HKD")
	a := r.want(t, there("2"), "held a:1") // the nearer one
	if !slices.Equal(a.Costs, []string{"CNY", "HKD"}) || a.Assignments[0].Points.Cost != 0 {
		t.Errorf("in two currencies: %+v", a)
	}
	r.count(t, "b", cola, 0) // b serves nothing, so its costs are in nobody's way
	if a := r.want(t, there("3"), "held a:1"); a.Costs != nil || a.Assignments[0].Points.Cost != 9 {
		t.Errorf("where one alone may serve: %+v", a)
	}
}

func both(t *testing.T, r *rig) {
	r.count(t, "near", cola, 10)
	r.look(t, "near", cola, shelf.Empty, 0, 0)
	r.count(t, "far", cola, 10)
	r.look(t, "far", cola, shelf.OK, 2, 0)
	r.want(t, order("1", 1), "held far:1") // the near one may have it in the back room, which is less sure
	for range 7 {                          // for seven hours nobody restocks: a phantom
		r.pass(time.Hour)
		r.look(t, "near", cola, shelf.Empty, 0, 0)
		r.look(t, "far", cola, shelf.OK, 2, 0)
	}
	r.want(t, order("2", 1), "held far:1")
	l, err := r.desk.Reconcile(context.Background(), r.tenant, "near")
	if err != nil || l.Findings[cola].Verdict != book.Phantom || l.Findings[cola].Confidence != 0 {
		t.Errorf("near: %+v, %v", l.Findings[cola], err)
	}
	any := func(o *route.Order) {
		w := route.Defaults()
		w.Confidence, o.Weights = 0, &w
		o.Lines[0].Units = 15
	}
	r.want(t, order("3", 15, any), "refused") // also for who takes any chance
	// A book that was never counted is no book.
	if _, err := r.ledger.Move(context.Background(), r.tenant, []sales.Movement{{ID: "d", Store: "dear", GTIN: cola, Cause: sales.Delivery, Units: 50, At: r.clock()}}); err != nil {
		t.Fatal(err)
	}
	r.want(t, order("4", 12), "refused")
}

func lifecycle(t *testing.T, r *rig) {
	ctx := context.Background()
	r.count(t, "near", cola, 10)
	r.look(t, "near", cola, shelf.OK, 2, 0)
	name := func(o string) sales.OrderName { return sales.OrderName{Channel: "shop", Order: o} }
	check := func(what string, onHand, reserved int64) {
		t.Helper()
		if h, v := r.reserved(t, "near"); h != onHand || v != reserved {
			t.Errorf("%s: on hand %d, reserved %d, want %d, %d", what, h, v, onHand, reserved)
		}
	}
	first := r.want(t, order("1", 4), "held near:4")
	again := r.want(t, order("1", 4), "held near:4")
	if !first.ExpiresAt.Equal(*again.ExpiresAt) {
		t.Error("asked again, the order is held anew")
	}
	check("held once", 10, 4)
	if _, err := r.Route(ctx, r.tenant, order("1", 5)); !errors.Is(err, route.ErrConflict) {
		t.Errorf("another order of the same name: %v", err)
	}
	r.want(t, order("2", 6), "held near:6")
	r.want(t, order("3", 1), "refused")
	if a, err := r.Cancel(ctx, r.tenant, name("2")); err != nil || a.Status != sales.Cancelled {
		t.Errorf("cancel: %+v, %v", a, err)
	}
	check("cancelled", 10, 4)
	if a, err := r.Cancel(ctx, r.tenant, name("2")); err != nil || a.Status != sales.Cancelled {
		t.Errorf("cancelled again: %+v, %v", a, err)
	}
	r.want(t, order("3", 1), "held near:1") // refused before, it is asked again

	// The sale of an order comes as lines: three of four, later the rest.
	line := func(id string, units int64) sales.Draft {
		return sales.Draft{Channel: "shop", Order: "1", Line: id, Store: "near", GTIN: string(cola), Quantity: &units, Price: new(int64), Currency: "CNY", SoldAt: r.clock().Add(time.Second).Format(time.RFC3339)}
	}
	for i, units := range []int64{3, 1} {
		if v, err := r.ledger.Append(ctx, r.tenant, []sales.Draft{line(fmt.Sprint(i), units)}); err != nil || v[0].Status != sales.Stored {
			t.Fatalf("%+v, %v", v, err)
		}
		check("sold", []int64{7, 6}[i], []int64{2, 1}[i])
	}
	if a, err := r.Find(ctx, r.tenant, name("1")); err != nil || a.Status != sales.Sold {
		t.Errorf("after its sale: %+v, %v", a, err)
	}
	r.pass(20 * time.Minute)
	if err := r.ledger.Expire(ctx, r.tenant); err != nil {
		t.Fatal(err)
	}
	check("timed out", 6, 0)
	if a, err := r.Find(ctx, r.tenant, name("3")); err != nil || a.Status != sales.TimedOut {
		t.Errorf("after its time: %+v, %v", a, err)
	}
	if _, err := r.Find(ctx, r.tenant, name("none")); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("an order that nobody sent: %v", err)
	}
}

func wrong(t *testing.T, r *rig) {
	for name, change := range map[string]func(*route.Order){
		"no name":      func(o *route.Order) { o.Order = "" },
		"no place":     func(o *route.Order) { o.Lat = nil },
		"no lines":     func(o *route.Order) { o.Lines = nil },
		"no units":     func(o *route.Order) { o.Lines[0].Units = 0 },
		"twice":        func(o *route.Order) { o.Lines = append(o.Lines, o.Lines[0]) },
		"a year":       func(o *route.Order) { o.HoldFor = 365 * 86400 },
		"less than no": func(o *route.Order) { o.Weights = &route.Weights{Kilometre: -1} },
	} {
		var f *sales.Fault
		if _, err := r.Route(context.Background(), r.tenant, order("x", 1, change)); !errors.As(err, &f) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.want(t, order("x", 1), "refused") // nobody has any
}

// flashSale: 10,000 orders of one unit at once, while 500 are there. Exactly 500 get one.
func flashSale(t *testing.T, r *rig) {
	r.count(t, "near", cola, 300)
	r.look(t, "near", cola, shelf.OK, 2, 0)
	r.count(t, "far", cola, 200)
	r.look(t, "far", cola, shelf.OK, 2, 0)
	r.desk.Keep = time.Minute
	const orders = 10_000
	var start, done sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int{}
	start.Add(1)
	for i := range orders {
		done.Go(func() {
			start.Wait()
			a, err := r.Route(context.Background(), r.tenant, order(fmt.Sprint("flash-", i), 1))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("order %d: %v", i, err)
				return
			}
			got[served(a)]++
		})
	}
	began := time.Now()
	start.Done()
	done.Wait()
	t.Logf("%d orders in %v", orders, time.Since(began))
	if got["held near:1"] != 300 || got["held far:1"] != 200 || got["refused"] != orders-500 {
		t.Errorf("got %v, want 300 near, 200 far, the rest refused", got)
	}
	for store, want := range map[string]int64{"near": 300, "far": 200} {
		if h, v := r.reserved(t, store); h != want || v != want {
			t.Errorf("%s: on hand %d, reserved %d, want both %d", store, h, v, want)
		}
	}
}

// why: a refusal says store by store, the nearest first, what speaks against each.
func why(t *testing.T, r *rig) {
	for store, units := range map[string]int64{"near": 10, "far": 3, "night": 10, "nowhere": 10} {
		r.count(t, store, cola, units)
		seen, present := shelf.OK, 2
		if store == "near" {
			seen, present = shelf.Empty, 0
		}
		r.look(t, store, cola, seen, present, 0)
	}
	a := r.want(t, order("1", 5), "refused")
	var got []string
	for _, p := range a.Passed {
		if p.KM == nil || p.Detail == "" {
			t.Errorf("%+v lacks its distance or its words", p)
		}
		got = append(got, p.Store+" "+p.Reason)
	}
	if want := []string{"near unsure", "night closed", "dear not_counted", "far short", "nowhere too_far"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if again, err := r.Find(context.Background(), r.tenant, sales.OrderName{Channel: "shop", Order: "1"}); err != nil || len(again.Passed) != len(a.Passed) {
		t.Errorf("read again: %+v, %v", again, err)
	}
	if a := r.want(t, order("2", 2), "held far:2"); len(a.Passed) != 0 {
		t.Errorf("an order that is served whole explains %+v", a.Passed)
	}
}

// sold appends a line of an order.
func (r *rig) sold(t *testing.T, order, store string, revision, units int64, at time.Time) {
	t.Helper()
	d := sales.Draft{Channel: "shop", Order: order, Line: "1", Revision: revision, Store: store, GTIN: string(cola), Quantity: &units, Price: new(int64), Currency: "CNY", SoldAt: at.Format(time.RFC3339)}
	if v, err := r.ledger.Append(context.Background(), r.tenant, []sales.Draft{d}); err != nil || v[0].Fault != nil {
		t.Fatalf("%+v, %v", v, err)
	}
}

func (r *rig) check(t *testing.T, what, store string, onHand, reserved int64) {
	t.Helper()
	if h, v := r.reserved(t, store); h != onHand || v != reserved {
		t.Errorf("%s: %s has %d on hand, %d reserved, want %d, %d", what, store, h, v, onHand, reserved)
	}
	// The book's story ends with what the book says.
	story, err := r.ledger.History(context.Background(), r.tenant, store, cola, time.Time{}, r.clock().Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	after := int64(0)
	if len(story) > 0 {
		after = story[len(story)-1].After
	}
	if after != onHand {
		t.Errorf("%s: the story of %s ends with %d, the book says %d: %+v", what, store, after, onHand, story)
	}
}

// soldElsewhere: a shop says a store of its own for an order; the goods leave the one that was assigned,
// whatever later revisions say.
func soldElsewhere(t *testing.T, r *rig) {
	for _, s := range []string{"near", "far"} {
		r.count(t, s, cola, 10)
		r.look(t, s, cola, shelf.OK, 2, 0)
	}
	one := false
	whole := func(o *route.Order) { o.Split = &one }
	r.want(t, order("1", 10, whole), "held near:10")
	r.pass(time.Minute)
	r.sold(t, "1", "far", 1, 10, r.clock())
	r.check(t, "sold", "near", 0, 0)
	r.check(t, "sold", "far", 10, 0)
	r.want(t, order("2", 11), "refused")
	r.sold(t, "1", "dear", 2, 10, r.clock())
	r.check(t, "moved to a third store", "near", 0, 0)
	r.check(t, "moved to a third store", "far", 10, 0)
	r.sold(t, "1", "dear", 3, 8, r.clock())
	r.check(t, "two fewer", "near", 2, 0)
	r.check(t, "two fewer", "dear", 0, 0)
	r.sold(t, "1", "near", 4, 0, r.clock())
	r.check(t, "called off", "near", 10, 0)
	r.sold(t, "1", "near", 5, 4, r.clock())
	r.check(t, "four after all", "near", 6, 0)
}

// countedBetween: a count that sees the goods of an order before its sale comes does not free them; one
// that is entered late, or after, agrees with what the book says.
// calledOff: an order that the shop says was cancelled holds nothing any more; cancelled here too, and twice, it is that.
func calledOff(t *testing.T, r *rig) {
	r.count(t, "near", cola, 10)
	r.look(t, "near", cola, shelf.OK, 2, 0)
	r.want(t, order("1", 4), "held near:4")
	r.want(t, order("2", 3), "held near:3")
	r.check(t, "held", "near", 10, 7)
	r.sold(t, "1", "near", 1, 0, r.clock())
	r.check(t, "called off", "near", 10, 3)
	for range 2 {
		a, err := r.Cancel(context.Background(), r.tenant, sales.OrderName{Channel: "shop", Order: "1"})
		if err != nil || a.Status != sales.Cancelled {
			t.Errorf("%+v, %v, want it cancelled", a, err)
		}
	}
	r.check(t, "cancelled again", "near", 10, 3)
	r.pass(time.Minute)
	r.sold(t, "1", "near", 2, 4, r.clock()) // it was a mistake: it is sold, from what is there
	r.check(t, "sold after all", "near", 6, 3)
	r.want(t, order("3", 4), "refused")
	r.want(t, order("4", 3), "held near:3")
}

func countedBetween(t *testing.T, r *rig) {
	r.count(t, "near", cola, 10)
	r.look(t, "near", cola, shelf.OK, 2, 0)
	r.want(t, order("1", 10), "held near:10")
	ordered := r.clock()
	r.pass(time.Minute)
	r.count(t, "near", cola, 10)
	r.sold(t, "1", "near", 1, 10, ordered)
	r.check(t, "sold", "near", 0, 0)
	r.want(t, order("2", 1), "refused")
	r.sold(t, "1", "far", 2, 10, ordered)
	r.check(t, "corrected", "near", 0, 0)
	late := []sales.Movement{{ID: "late", Store: "near", GTIN: cola, Cause: sales.Count, Units: 12, At: r.clock()}}
	r.pass(time.Minute)
	late[0].At = late[0].At.Add(time.Microsecond) // the goods went then
	if v, err := r.ledger.Move(context.Background(), r.tenant, late); err != nil || v[0].Status != sales.Stored {
		t.Fatalf("%+v, %v", v, err)
	}
	r.check(t, "counted as they went", "near", 12, 0)
	r.count(t, "near", cola, 3)
	r.check(t, "counted after", "near", 3, 0)
}

// BenchmarkCold routes the first order of a chain of 1,000 stores, all of them near, with 20 products each.
func BenchmarkCold(b *testing.B) {
	const stores, products = 1000, 20
	ctx := context.Background()
	db := statetest.SQLite(b, sales.Tables)
	r := newRig(b, db, "t")
	var list []sales.Store
	var goods []sales.Product
	var counts []sales.Movement
	for p := range products {
		g := fmt.Sprintf("40063%07d", p)
		goods = append(goods, sales.Product{Product: shelf.Product{GTIN: shelf.GTIN(g + string(shelf.CheckDigit(g)))}})
	}
	for i := range stores {
		lat, lon := 31.20+float64(i)/1e4, 121.50
		s := sales.Store{Store: fmt.Sprintf("s%04d", i), TZ: "UTC"}
		s.Lat, s.Lon = &lat, &lon
		list = append(list, s)
		for p := range goods {
			counts = append(counts, sales.Movement{ID: fmt.Sprint(i, "-", p), Store: s.Store, GTIN: goods[p].GTIN, Cause: sales.Count, Units: 10, At: r.clock()})
		}
	}
	if _, err := r.ledger.PutMasters(ctx, "t", goods, list); err != nil {
		b.Fatal(err)
	}
	if _, err := r.ledger.Move(ctx, "t", counts); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		o := order(fmt.Sprint(i), 1, func(o *route.Order) { o.Lines[0].GTIN = goods[0].GTIN })
		if a := r.ask(b, o); a.Status != sales.Held {
			b.Fatalf("%+v", a)
		}
	}
}
