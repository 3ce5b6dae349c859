package book

import (
	"context"
	"fmt"
	"math"
	"sort"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Verdict is what book and shelf say together.
type Verdict string

// Verdicts.
const (
	Agrees     Verdict = "agrees"        // both have it, or neither
	Phantom    Verdict = "phantom"       // the book has it, and no slot has shown it for longer than restocking takes
	Backroom   Verdict = "backroom_only" // the book has it, no slot shows it, and it may well stand in the back room
	BookShort  Verdict = "book_short"    // the shelf shows it, and the book says that there is none
	NotCounted Verdict = "not_counted"   // the book knows only what moved
	Unknown    Verdict = "unknown"       // nobody has seen its slots lately
)

// Finding is a product in a store, in the book and on the shelf.
type Finding struct {
	sales.Stock
	View
	Verdict    Verdict
	OpenFor    time.Duration // of an empty shelf: opening time since it is empty
	Confidence float64       // that a unit of the book is there to be picked, 0 to 1
}

// Look is a store at one time.
type Look struct {
	Store    sales.Store
	At       time.Time
	Findings map[shelf.GTIN]*Finding
	Due      map[string][]shelf.GTIN // by cooler: what its slots are for
	Load     float64                 // how busy it is, 0 to 1
	Counted  bool                    // whether anybody counts who comes in
	Hours    sales.Hours
}

// Open reports whether the store is open at a time.
func (l *Look) Open(at time.Time) bool {
	loc, _ := l.Store.Location()
	return l.Hours.Open(at.In(loc))
}

// OpenFor reports whether the store is open at a time, and for d after it.
func (l *Look) OpenFor(at time.Time, d time.Duration) bool {
	loc, _ := l.Store.Location()
	return l.Hours.OpenFor(at.In(loc), d)
}

// Desk looks at stores. What shelves show is kept for a while; the book is always read anew.
type Desk struct {
	DB     *state.DB
	Ledger *sales.Ledger
	Series Series
	Keep   time.Duration // how long a look at the shelves serves; 0: not at all
	Now    func() time.Time

	mu   sync.Mutex
	kept map[[2]string]*Look
}

// Reconcile holds a store's book to its shelves now; state.ErrNotFound.
func (d *Desk) Reconcile(ctx context.Context, tenant, store string) (*Look, error) {
	stores, err := d.Ledger.Stores(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return d.reconcile(ctx, tenant, stores, store)
}

// reconcile is Reconcile for who has read the tenant's stores.
func (d *Desk) reconcile(ctx context.Context, tenant string, stores []sales.Store, store string) (*Look, error) {
	i := sort.Search(len(stores), func(i int) bool { return stores[i].Store >= store })
	if i == len(stores) || stores[i].Store != store {
		return nil, fmt.Errorf("store %s: %w", store, state.ErrNotFound)
	}
	return d.look(ctx, tenant, stores[i], d.Now().UTC())
}

// Kept is Reconcile of a store as the caller has read it, and may be as old as Keep; whoever uses it
// reads the stock itself anew.
func (d *Desk) Kept(ctx context.Context, tenant string, store sales.Store) (*Look, error) {
	now, key := d.Now().UTC(), [2]string{tenant, store.Store}
	d.mu.Lock()
	l := d.kept[key]
	d.mu.Unlock()
	if l != nil && now.Sub(l.At) < d.Keep {
		return l, nil
	}
	l, err := d.look(ctx, tenant, store, now)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	if d.kept == nil {
		d.kept = map[[2]string]*Look{}
	}
	d.kept[key] = l
	d.mu.Unlock()
	return l, nil
}

func (d *Desk) look(ctx context.Context, tenant string, master sales.Store, now time.Time) (l *Look, err error) {
	store := master.Store
	l = &Look{Store: master, At: now, Findings: map[shelf.GTIN]*Finding{}}
	if l.Hours, err = sales.ParseHours(l.Store.Hours); err != nil {
		l.Hours = sales.Hours{} // entered before they had a form: it counts as open
	}
	seen, due, err := readShelves(ctx, d.DB, d.Series, tenant, store, now)
	if err != nil {
		return nil, err
	}
	l.Due = due
	book, err := d.Ledger.Stock(ctx, tenant, store, "")
	if err != nil {
		return nil, err
	}
	arrivals, err := d.Ledger.Arrivals(ctx, tenant, store)
	if err != nil {
		return nil, err
	}
	for _, s := range book {
		l.Findings[s.GTIN] = &Finding{Stock: s, View: View{Shown: NotDue}}
	}
	for g, v := range seen {
		f := l.Findings[g]
		if f == nil {
			f = &Finding{Stock: sales.Stock{Store: store, GTIN: g}}
			l.Findings[g] = f
		}
		f.View = v
	}
	for g, f := range l.Findings {
		l.judge(f, arrivals[g])
	}
	l.Load, l.Counted, err = readLoad(ctx, d.DB, d.Series, tenant, store, now)
	return l, err
}

// judge says what book and shelf say together. arrived is when goods last came into the house.
func (l *Look) judge(f *Finding, arrived time.Time) {
	loc, _ := l.Store.Location()
	if f.Shown == Empty {
		f.OpenFor = l.Hours.OpenTime(f.Since, l.At, loc)
	}
	switch {
	case f.Shown == NotDue || f.Shown == Unseen || f.Slots == 0:
		f.Verdict = Unknown
	case !f.Known():
		f.Verdict = NotCounted
	case f.Shown == OnShelf && f.OnHand <= 0:
		f.Verdict = BookShort
	case f.Shown == OnShelf || f.OnHand <= 0:
		f.Verdict = Agrees
	case f.OpenFor <= l.Store.RestockTime() || arrived.After(f.Since):
		f.Verdict = Backroom // time to restock is left, or goods came since it is empty
	default:
		f.Verdict = Phantom
	}
	f.Confidence = l.confidence(f)
}

// halfLife is after how many days a count is worth half: books drift by theft, breakage and wrong scans.
const halfLife = 28.0

// confidence that a unit of the book can be picked. What the shelf shows counts most; a book alone is
// worth less the older its count; an empty shelf is worth little, and a phantom nothing.
func (l *Look) confidence(f *Finding) float64 {
	if !f.Known() || f.OnHand <= 0 {
		return 0
	}
	age := math.Pow(0.5, max(0, l.At.Sub(f.Counted).Hours()/24)/halfLife)
	switch {
	case f.Verdict == Phantom:
		return 0
	case f.Shown == OnShelf:
		return 0.8 + 0.18*age
	case f.Verdict == Backroom:
		return 0.5 * age
	case f.Shown == Empty:
		return 0
	}
	return 0.75 * age
}
