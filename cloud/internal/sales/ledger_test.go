package sales_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const (
	cola     = "4006381333931"
	colaCase = "14006381333938" // 24 of cola
	lemon    = "5901234123457"
)

func num(n int64) *int64 { return &n }

// rig is a ledger with two products, a case and two stores, of a tenant of its own.
type rig struct {
	*sales.Ledger
	tenant string
	db     *state.DB
}

func newRig(t *testing.T, db *state.DB, tenant string) *rig {
	t.Helper()
	r := &rig{sales.NewLedger(db, func() time.Time { return noon.Add(48 * time.Hour) }), tenant, db}
	r.put(t, []sales.Product{product(cola), product(lemon), {Product: shelf.Product{GTIN: colaCase, Own: true}, Contains: &sales.Pack{GTIN: cola, Count: 24}}},
		[]sales.Store{{Store: "s1", GLN: "4012345000009", TZ: "Asia/Shanghai", Currency: "CNY", Codes: []sales.Code{{Channel: "web", Code: "loc-1"}}}, {Store: "s2"}})
	return r
}

func product(gtin string) sales.Product {
	return sales.Product{Product: shelf.Product{GTIN: shelf.GTIN(gtin), Own: true}, Price: 500, Cost: 300, Currency: "CNY"}
}

func (r *rig) put(t *testing.T, products []sales.Product, stores []sales.Store) int {
	t.Helper()
	n, err := r.PutMasters(context.Background(), r.tenant, products, stores)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// draft is a good line; change says what is different.
func draft(order, line string, quantity int64, change ...func(*sales.Draft)) sales.Draft {
	d := sales.Draft{Channel: "pos", Order: order, Line: line, Store: "s1", GTIN: cola, Quantity: num(quantity), Price: num(500),
		Currency: "CNY", SoldAt: "2026-03-02T12:10:00Z"}
	for _, c := range change {
		c(&d)
	}
	return d
}

func (r *rig) append(t *testing.T, drafts ...sales.Draft) []sales.Verdict {
	t.Helper()
	v, err := r.Append(context.Background(), r.tenant, drafts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (r *rig) onHand(t *testing.T, store, gtin string) int64 {
	t.Helper()
	list, err := r.Stock(context.Background(), r.tenant, store, shelf.GTIN(gtin))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		return 0
	}
	return list[0].OnHand
}

// TestConformance is the suite that both databases pass.
func TestConformance(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		for i, c := range []struct {
			name string
			run  func(t *testing.T, r *rig)
		}{
			{"a line is one line", oneLine},
			{"what is wrong is named", faults},
			{"names, packs and times are resolved", resolved},
			{"a time that clocks skip or show twice", clocksTurned},
			{"numbers of a shop's own, with a weight or price in them", ownNumbers},
			{"refunds", refunds},
			{"a correction below what was taken back", undercut},
			{"parked lines are taken when what they wait for comes", parked},
			{"an order called off without its lines", calledOff},
			{"a message is kept while something of it is refused", keptMessages},
			{"changed hours", changedHours},
			{"totals by the hour", totals},
			{"pages of lines", pages},
			{"stock follows counts, lines and movements", stock},
			{"movements are parked, and replayed when what they wait for comes", parkedMovements},
			{"a pack that changed later is what it was", repacked},
			{"any order of arrival leads to the same", anyOrder},
			{"tenants do not see each other", tenants},
			{"masters", masters},
		} {
			t.Run(c.name, func(t *testing.T) { c.run(t, newRig(t, db, fmt.Sprintf("t%d", i))) })
		}
	}, sales.Tables)
}

func statuses(v []sales.Verdict) (list []string) {
	for _, one := range v {
		s := string(one.Status)
		if one.Fault != nil {
			s += " " + one.Fault.Code
		}
		list = append(list, s)
	}
	return list
}

func want(t *testing.T, got []sales.Verdict, want ...string) {
	t.Helper()
	if !reflect.DeepEqual(statuses(got), want) {
		t.Errorf("got %q, want %q", statuses(got), want)
	}
}

func oneLine(t *testing.T, r *rig) {
	two := func(d *sales.Draft) { d.Revision = 2 }
	five := func(d *sales.Draft) { d.Revision = 5 }
	want(t, r.append(t, draft("o", "1", 3), draft("o", "1", 3), draft("o", "2", 1)), "stored", "duplicate", "stored")
	want(t, r.append(t, draft("o", "1", 3), draft("o", "1", 4)), "duplicate", "rejected revision_conflict")
	want(t, r.append(t, draft("o", "1", 7, five)), "corrected")
	want(t, r.append(t, draft("o", "1", 4, two), draft("o", "1", 4, two), draft("o", "1", 5, two)), "late", "duplicate", "rejected revision_conflict")
	want(t, r.append(t, draft("o", "1", 3)), "duplicate")
	want(t, r.append(t, draft("o", "1", 4)), "rejected revision_conflict")
	lines, err := r.Lines(context.Background(), r.tenant, sales.LineQuery{Order: "o"})
	if err != nil || len(lines) != 2 || lines[0].Units != 7 || lines[0].Amount != 3500 || lines[0].Revision != 5 {
		t.Errorf("got %+v, %v", lines, err)
	}
	if got := r.onHand(t, "s1", cola); got != -8 {
		t.Errorf("on hand %d, want -8", got)
	}
}

func faults(t *testing.T, r *rig) {
	for _, c := range []struct {
		want   string
		change func(*sales.Draft)
	}{
		{sales.BadGTIN, func(d *sales.Draft) { d.GTIN = "4006381333932" }},
		{sales.BadGLN, func(d *sales.Draft) { d.Store = "4012345000008" }},
		{sales.BadNumber, func(d *sales.Draft) { d.Quantity = num(1e9) }},
		{sales.BadNumber, func(d *sales.Draft) { d.Price = num(-1) }},
		{sales.BadNumber, func(d *sales.Draft) { d.Amount = num(-1) }},
		{sales.BadTime, func(d *sales.Draft) { d.SoldAt = "yesterday" }},
		{sales.BadTime, func(d *sales.Draft) { d.SoldAt = "2062-03-02T12:00:00Z" }},
		{sales.NoZone, func(d *sales.Draft) { d.SoldAt, d.Store = "2026-03-02 12:00:00", "s2" }},
		{sales.BadCurrency, func(d *sales.Draft) { d.Currency = "RMB" }},
		{sales.MixedCurrency, func(d *sales.Draft) { d.Currency = "EUR" }},
		{sales.NoOriginal, func(d *sales.Draft) { d.Quantity = num(-1) }},
		{sales.Missing, func(d *sales.Draft) { d.GTIN = "" }},
		{sales.Missing, func(d *sales.Draft) { d.Quantity = nil }},
		{sales.Missing, func(d *sales.Draft) { d.Price = nil }},
		{sales.Missing, func(d *sales.Draft) { d.Order = " " }},
	} {
		want(t, r.append(t, draft("o", "1", 1, c.change)), "rejected "+c.want)
	}
	in := func(code string) func(*sales.Draft) {
		return func(d *sales.Draft) { d.Store, d.Currency = "s2", code }
	}
	want(t, r.append(t, draft("m", "1", 1, in("CNY")), draft("m", "2", 1, in("EUR")), draft("n", "1", 1)),
		"rejected mixed_currency", "rejected mixed_currency", "stored")
	want(t, r.append(t, draft("m", "1", 1, in("CNY"))), "stored")
	want(t, r.append(t, draft("m", "2", 1, in("EUR"))), "rejected mixed_currency")
}

func resolved(t *testing.T, r *rig) {
	want(t, r.append(t,
		draft("a", "1", 2, func(d *sales.Draft) { d.GTIN, d.Price, d.Amount = colaCase, nil, num(20001) }),
		draft("a", "2", 1, func(d *sales.Draft) { d.Store, d.SoldAt = "4012345000009", "2026-03-02 20:30:00" }),
		draft("a", "3", 1, func(d *sales.Draft) { d.Channel, d.Store = "web", "loc-1" })), "stored", "stored", "stored")
	lines, err := r.Lines(context.Background(), r.tenant, sales.LineQuery{Store: "s1", GTIN: cola})
	if err != nil || len(lines) != 3 {
		t.Fatalf("got %v, %v", lines, err)
	}
	byLine := map[string]*sales.Line{}
	for _, l := range lines {
		byLine[l.Line] = l
	}
	if l := byLine["1"]; l.Units != 48 || l.SoldAs != colaCase || l.Quantity != 2 || l.Price != 10001 || l.Amount != 20001 {
		t.Errorf("a case: %+v", l)
	}
	if got := byLine["2"].SoldAt; !got.Equal(noon.Add(30 * time.Minute)) {
		t.Errorf("store's own time: %v", got)
	}
}

func clocksTurned(t *testing.T, r *rig) {
	r.put(t, nil, []sales.Store{{Store: "b1", TZ: "Europe/Berlin"}, {Store: "h1", TZ: "Australia/Lord_Howe"}})
	at := func(store, text string) sales.Draft {
		return draft(text, store, 1, func(d *sales.Draft) { d.Store, d.SoldAt = store, text })
	}
	want(t, r.append(t, at("b1", "2025-03-30 01:59:59"), at("b1", "2025-03-30 02:30:00"), at("b1", "2025-03-30 03:00:00"),
		at("b1", "2025-10-26 01:59:59"), at("b1", "2025-10-26 02:00:00"), at("b1", "2025-10-26 02:59:59"), at("b1", "2025-10-26 03:00:00"), at("b1", "2025-10-26T02:30:00+01:00"),
		at("h1", "2025-04-06 01:29:59"), at("h1", "2025-04-06 01:30:00"), at("h1", "2025-04-06 02:00:00"), at("h1", "2025-10-05 02:15:00"), at("s1", "2025-10-26 02:30:00")),
		"stored", "rejected bad_time", "stored", "stored", "rejected bad_time", "rejected bad_time", "stored", "stored",
		"stored", "rejected bad_time", "stored", "rejected bad_time", "stored")
	got := r.append(t, at("b1", "2025-10-26 02:30:00"))[0]
	if want := "give the time its offset: 2025-10-26T02:30:00+01:00 or 2025-10-26T02:30:00+02:00"; got.Fault.Hint != want {
		t.Errorf("hint %q, want %q", got.Fault.Hint, want)
	}
}

func ownNumbers(t *testing.T, r *rig) {
	label := func(order, number string) sales.Draft {
		return draft(order, "1", 1, func(d *sales.Draft) { d.GTIN, d.Price, d.Amount, d.Grams = number, nil, num(452), num(226) })
	}
	ham, cheese := product("5449000000996"), product("96385074")
	v := r.append(t, label("a", "2112345002262"))
	want(t, v, "parked unknown_product")
	if !strings.Contains(v[0].Fault.Hint, "2112345*") {
		t.Errorf("hint %q, want it to name the code that the product needs", v[0].Fault.Hint)
	}
	ham.Codes, cheese.Codes = []sales.Code{{Channel: "pos", Code: "2112345*"}}, []sales.Code{{Channel: "pos", Code: "21123*"}}
	if n := r.put(t, []sales.Product{ham, cheese}, nil); n != 1 {
		t.Errorf("%d taken when the master came, want the one that waited", n)
	}
	want(t, r.append(t, label("b", "2112345003016"), label("c", "2112399003017"), label("d", "2912345003012"),
		draft("e", "1", 1, func(d *sales.Draft) { d.GTIN, d.SKU = "", "2112345003016" }),
		draft("f", "1", 1, func(d *sales.Draft) { d.Channel, d.GTIN = "web", "2112345003016" })),
		"stored", "stored", "parked unknown_product", "stored", "parked unknown_product")
	lines, err := r.Lines(context.Background(), r.tenant, sales.LineQuery{GTIN: ham.GTIN})
	if err != nil || len(lines) != 3 || lines[0].Units != 1 || lines[0].Grams != 226 || lines[0].Amount != 452 {
		t.Errorf("ham %v, %v, want three packs, the first of 226 g for 452", lines, err)
	}
	want(t, r.append(t, label("g", "0212345002261")), "parked unknown_product")
	ham.Codes = append(ham.Codes, sales.Code{Channel: "pos", Code: "0212345*"})
	if n := r.put(t, []sales.Product{ham}, nil); n != 1 {
		t.Errorf("%d taken when the code of a number from 02 came, want the one that waited", n)
	}
	for _, code := range []string{"21*", "4112345*", "2112345678901*"} {
		p := product(lemon)
		p.Codes = []sales.Code{{Channel: "pos", Code: code}}
		if _, err := r.PutMasters(context.Background(), r.tenant, []sales.Product{p}, nil); err == nil {
			t.Errorf("code %s was taken", code)
		}
	}
}

func refunds(t *testing.T, r *rig) {
	of := func(order, line string) func(*sales.Draft) {
		return func(d *sales.Draft) { d.RefundOf = &sales.Ref{Order: order, Line: line} }
	}
	back := func(d *sales.Draft) { d.Restocked = true }
	want(t, r.append(t, draft("r", "1", -1, of("o", "1")), draft("o", "1", 3)), "stored", "stored")
	want(t, r.append(t, draft("r", "2", -1, of("o", "1"), back)), "stored")
	want(t, r.append(t, draft("r", "3", -2, of("o", "1"))), "rejected refund_too_large")
	want(t, r.append(t, draft("r", "4", -1, of("o", "1"), func(d *sales.Draft) { d.GTIN = lemon })), "rejected negative_without_original")
	want(t, r.append(t, draft("r", "1", -1, of("o", "1"))), "duplicate")
	if got := r.onHand(t, "s1", cola); got != -2 {
		t.Errorf("on hand %d, want -2: three sold, one of two refunds came back", got)
	}
	want(t, r.append(t, draft("r", "9", -1, of("later", "1"))), "parked unknown_original")
	want(t, r.append(t, draft("later", "1", 1)), "stored")
	lines, err := r.Lines(context.Background(), r.tenant, sales.LineQuery{Order: "r"})
	if err != nil || len(lines) != 3 {
		t.Errorf("got %d refunds, %v; want 3: the parked one is taken", len(lines), err)
	}
}

func undercut(t *testing.T, r *rig) {
	revised := func(n int64) func(*sales.Draft) { return func(d *sales.Draft) { d.Revision = n } }
	of := func(d *sales.Draft) { d.RefundOf = &sales.Ref{Order: "o", Line: "1"} }
	want(t, r.append(t, draft("o", "1", 5), draft("r", "1", -3, of)), "stored", "stored")
	want(t, r.append(t, draft("o", "1", 1, revised(2))), "rejected refund_too_large")
	want(t, r.append(t, draft("o", "1", 0, revised(2))), "rejected refund_too_large")
	want(t, r.append(t, draft("o", "1", 3, revised(2))), "corrected")
	want(t, r.append(t, draft("r", "1", -1, of, revised(2))), "corrected")
	want(t, r.append(t, draft("o", "1", 1, revised(3))), "corrected")
	totals, err := r.Totals(context.Background(), r.tenant, "s1", cola, noon, noon.Add(time.Hour))
	if err != nil || len(totals) != 1 || totals[0].Units != 0 {
		t.Errorf("got %+v, %v, want no unit left", totals, err)
	}
}

func parked(t *testing.T, r *rig) {
	ctx := context.Background()
	const water = "96385074"
	unknown := func(d *sales.Draft) { d.GTIN = water }
	elsewhere := func(d *sales.Draft) { d.Store = "s9" }
	both := func(d *sales.Draft) { d.GTIN, d.Store = water, "s9" }
	coded := func(d *sales.Draft) { d.GTIN, d.SKU, d.Channel = "", "W-1", "web" }
	want(t, r.append(t, draft("p", "1", 1, unknown), draft("p", "2", 1, elsewhere), draft("p", "3", 1, both), draft("p", "4", 1, coded), draft("p", "5", 1)),
		"parked unknown_product", "parked unknown_store", "parked unknown_store", "parked unknown_product", "stored")
	want(t, r.append(t, draft("p", "1", 2, unknown)), "parked unknown_product") // said anew while it waits
	if list, err := r.Parked(ctx, r.tenant, 10); err != nil || len(list) != 4 {
		t.Fatalf("parked %v, %v", list, err)
	}
	if n := r.put(t, []sales.Product{{Product: shelf.Product{GTIN: water}, Codes: []sales.Code{{Channel: "web", Code: "W-1"}}}}, nil); n != 2 {
		t.Errorf("replayed %d, want 2", n)
	}
	if n := r.put(t, nil, []sales.Store{{Store: "s9", TZ: "UTC"}}); n != 2 {
		t.Errorf("replayed %d, want 2", n)
	}
	list, err := r.Parked(ctx, r.tenant, 10)
	lines, err2 := r.Lines(ctx, r.tenant, sales.LineQuery{GTIN: water})
	if err != nil || err2 != nil || len(list) != 0 || len(lines) != 3 {
		t.Errorf("still parked %v, lines %v, %v %v", list, lines, err, err2)
	}
	if got := r.onHand(t, "s1", water); got != -3 {
		t.Errorf("on hand %d, want -3: the line as it was sent last", got)
	}
}

// calledOff: an order of three lines, one of a product that comes to be known last, and its cancellation, in any order.
func calledOff(t *testing.T, r *rig) {
	const rare = "96385074"
	ctx := context.Background()
	line := func(n string, gtin string) sales.Draft {
		return draft("o", n, 2, func(d *sales.Draft) { d.GTIN = gtin })
	}
	steps := []func(r *rig){
		func(r *rig) { r.append(t, line("1", cola), line("2", rare)) },
		func(r *rig) { r.append(t, line("3", lemon)) },
		func(r *rig) {
			if _, _, err := r.CallOff(ctx, r.tenant, sales.OrderName{Channel: "pos", Order: "o"}, 5); err != nil {
				t.Fatal(err)
			}
		},
		func(r *rig) { r.put(t, []sales.Product{product(rare)}, nil) },
	}
	var first string
	for i, order := range permutations(len(steps)) {
		each := newRig(t, r.db, fmt.Sprintf("%s-off-%d", r.tenant, i))
		for _, s := range order {
			steps[s](each)
		}
		got := each.picture(t)
		if first == "" {
			first = got
			lines, err := each.Lines(ctx, each.tenant, sales.LineQuery{Order: "o"})
			if err != nil || len(lines) != 3 {
				t.Fatalf("%v, %v, want three lines", lines, err)
			}
			for _, l := range lines {
				if l.Units != 0 || l.Revision != 5 {
					t.Errorf("line %s has %d units in revision %d, want none in 5", l.Line, l.Units, l.Revision)
				}
			}
		}
		if got != first {
			t.Fatalf("in the order %v\n%s\nwant\n%s", order, got, first)
		}
		if waits, err := each.Cancelled(ctx, each.tenant, 10); err != nil || len(waits) != 0 {
			t.Errorf("waiting %v, %v", waits, err)
		}
	}
	if _, _, err := r.CallOff(ctx, r.tenant, sales.OrderName{Channel: "pos", Order: "x"}, 3); err != nil {
		t.Fatal(err)
	}
	if waits, err := r.Cancelled(ctx, r.tenant, 10); err != nil || len(waits) != 1 || waits[0].Order != "x" {
		t.Errorf("waiting %v, %v, want order x", waits, err)
	}
	want(t, r.append(t, draft("x", "1", 1, func(d *sales.Draft) { d.Revision = 4 })), "stored")
	if lines, err := r.Lines(ctx, r.tenant, sales.LineQuery{Order: "x"}); err != nil || len(lines) != 1 || lines[0].Units != 1 {
		t.Errorf("%v, %v: a later revision than the cancellation is a sale again", lines, err)
	}
}

// permutations are the orders of n things.
func permutations(n int) (all [][]int) {
	var place func(list []int)
	place = func(list []int) {
		if len(list) == n {
			all = append(all, slices.Clone(list))
			return
		}
		for i := range n {
			if !slices.Contains(list, i) {
				place(append(slices.Clone(list), i))
			}
		}
	}
	place(nil)
	return all
}

func changedHours(t *testing.T, r *rig) {
	ctx := context.Background()
	late := func(d *sales.Draft) { d.SoldAt = "2026-03-02T09:59:59Z" }
	read := func(cursor int64) []sales.ChangedHour {
		t.Helper()
		list, err := r.Changed(ctx, r.tenant, cursor, 100)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	r.append(t, draft("h", "1", 1), draft("h", "2", 1), draft("h", "3", 1, func(d *sales.Draft) { d.GTIN = lemon }))
	first := read(0)
	if len(first) != 2 {
		t.Fatalf("got %+v, want an hour of each product", first)
	}
	cursor := first[1].Change
	r.append(t, draft("h", "1", 1))
	if list := read(cursor); len(list) != 0 {
		t.Errorf("a duplicate changed %+v", list)
	}
	r.append(t, draft("h", "4", 1, late))
	list := read(cursor)
	if len(list) != 1 || !list[0].Hour.Equal(noon.Add(-3*time.Hour)) || list[0].GTIN != cola {
		t.Errorf("a late line changed %+v", list)
	}
	cursor = list[0].Change
	r.append(t, draft("h", "1", 1, late, func(d *sales.Draft) { d.Revision = 2 }))
	if list := read(cursor); len(list) != 2 {
		t.Errorf("a line moved to another hour changed %+v, want both", list)
	}
}

func totals(t *testing.T, r *rig) {
	r.append(t, draft("a", "1", 3), draft("a", "2", 2), draft("b", "1", 1, func(d *sales.Draft) { d.SoldAt = "2026-03-02T13:00:00Z" }),
		draft("c", "1", 1, func(d *sales.Draft) { d.Channel = "web" }), draft("d", "1", -1, func(d *sales.Draft) { d.RefundOf = &sales.Ref{Order: "a", Line: "1"} }))
	got, err := r.Totals(context.Background(), r.tenant, "s1", cola, noon, noon.Add(time.Hour))
	want := []sales.Total{
		{Store: "s1", GTIN: cola, Hour: noon, Channel: "pos", Currency: "CNY", Units: 4, Amount: 2000, Refunded: 1, Lines: 3, Receipts: 2},
		{Store: "s1", GTIN: cola, Hour: noon, Channel: "web", Currency: "CNY", Units: 1, Amount: 500, Lines: 1, Receipts: 1},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func pages(t *testing.T, r *rig) {
	var drafts []sales.Draft
	for i := range 25 {
		drafts = append(drafts, draft(fmt.Sprint("o", i), "1", 1))
	}
	r.append(t, drafts...)
	seen := map[string]bool{}
	for after := (*sales.Line)(nil); ; {
		page, err := r.Lines(context.Background(), r.tenant, sales.LineQuery{After: after, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			seen[l.Order] = true
		}
		after = page[len(page)-1]
	}
	if len(seen) != 25 {
		t.Errorf("the pages hold %d orders, want 25", len(seen))
	}
}

func movement(id string, cause sales.Cause, units int64, at time.Duration) sales.Movement {
	return sales.Movement{ID: id, Store: "s1", GTIN: cola, Cause: cause, Units: units, At: noon.Add(at), Note: "n"}
}

func (r *rig) move(t *testing.T, m ...sales.Movement) []sales.Verdict {
	t.Helper()
	v, err := r.Move(context.Background(), r.tenant, m)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func stock(t *testing.T, r *rig) {
	ctx := context.Background()
	r.append(t, draft("a", "1", 3)) // at 12:10
	want(t, r.move(t, movement("c1", sales.Count, 10, 5*time.Minute)), "stored")
	if got := r.onHand(t, "s1", cola); got != 7 {
		t.Errorf("counted before the sale: %d, want 7", got)
	}
	want(t, r.move(t, movement("c2", sales.Count, 6, time.Hour)), "stored")
	r.append(t, draft("a", "2", 2))                                                                // late: 12:10, the count saw it
	want(t, r.move(t, movement("c0", sales.Count, 99, -time.Hour)), "stored")                      // an old count
	want(t, r.move(t, movement("w", sales.Waste, -1, 90*time.Minute)), "stored")                   //
	want(t, r.move(t, movement("w", sales.Waste, -1, 90*time.Minute)), "duplicate")                //
	want(t, r.move(t, movement("w", sales.Waste, -2, 90*time.Minute)), "rejected "+sales.Conflict) //
	kase := movement("d", sales.Delivery, 1, 2*time.Hour)
	kase.GTIN = colaCase
	back := movement("b", sales.Count, 20, 2*time.Hour)
	back.Place = sales.Backroom
	want(t, r.move(t, kase, back), "stored", "stored")
	if got := r.onHand(t, "s1", cola); got != 6-1+24 {
		t.Errorf("on hand %d, want %d", got, 6-1+24)
	}
	list, err := r.Stock(ctx, r.tenant, "", "")
	if err != nil || len(list) != 1 || !list[0].Known() || !list[0].Counted.Equal(noon.Add(time.Hour)) {
		t.Errorf("book %+v, %v", list, err)
	}
	for code, m := range map[string]sales.Movement{
		sales.Missing:       {Store: "s1", GTIN: cola, Cause: sales.Count, At: noon},
		sales.BadNumber:     movement("x", sales.Delivery, -4, 0),
		sales.NotUnderstood: movement("x", "sale", -4, 0),
		sales.BadTime:       {ID: "x", Store: "s1", GTIN: cola, Cause: sales.Count},
		sales.BadGTIN:       {ID: "x", Store: "s1", GTIN: "96385075", Cause: sales.Count, At: noon},
		sales.BadGLN:        {ID: "x", Store: "4012345000008", GTIN: cola, Cause: sales.Count, At: noon},
	} {
		want(t, r.move(t, m), "rejected "+code)
	}
}

func parkedMovements(t *testing.T, r *rig) {
	ctx := context.Background()
	const water = "96385074"
	unknown := movement("d", sales.Delivery, 10, 2*time.Hour)
	unknown.GTIN = water
	elsewhere := movement("e", sales.Count, 5, time.Hour)
	elsewhere.Store = "4012345000016" // by its GLN
	both := movement("f", sales.Delivery, 4, 2*time.Hour)
	both.GTIN, both.Store = water, "4012345000016"
	own := sales.MovementDraft{ID: "g", Store: "s2", GTIN: water, Cause: sales.Count, Units: num(1), At: "2026-03-02 12:00"} // s2 has no zone
	want(t, r.move(t, unknown, elsewhere, both), "parked unknown_product", "parked unknown_store", "parked unknown_store")
	if v, err := r.Enter(ctx, r.tenant, []sales.MovementDraft{own}); err != nil || statuses(v)[0] != "parked unknown_product" {
		t.Errorf("got %q, %v", statuses(v), err)
	}
	unknown.Units = 12
	want(t, r.move(t, unknown), "parked unknown_product") // said anew while it waits
	list, err := r.ParkedMovements(ctx, r.tenant, 10)
	if err != nil || len(list) != 4 || list[0].Draft.ID != "d" || *list[0].Draft.Units != 12 || list[0].Missing != water {
		t.Fatalf("parked %+v, %v", list, err)
	}
	if n := r.put(t, []sales.Product{{Product: shelf.Product{GTIN: water}}}, nil); n != 1 {
		t.Errorf("%d were taken with the product, want 1: one waits for its store, one has no zone", n)
	}
	refused, err := r.Refused(ctx, r.tenant, 0, 10)
	if err != nil || len(refused) != 1 || refused[0].Code != sales.NoZone {
		t.Errorf("refused %+v, %v, want the one without a zone", refused, err)
	}
	if n := r.put(t, nil, []sales.Store{{Store: "s9", GLN: "4012345000016", TZ: "UTC"}}); n != 2 {
		t.Errorf("%d were taken with the store, want 2", n)
	}
	if list, err = r.ParkedMovements(ctx, r.tenant, 10); err != nil || len(list) != 0 {
		t.Errorf("still parked %+v, %v", list, err)
	}
	if a, b, c := r.onHand(t, "s1", water), r.onHand(t, "s9", cola), r.onHand(t, "s9", water); a != 12 || b != 5 || c != 4 {
		t.Errorf("on hand %d, %d, %d, want 12, 5, 4", a, b, c)
	}
	want(t, r.move(t, unknown), "duplicate")

	wrong := movement("h", sales.Delivery, 3, time.Hour)
	wrong.GTIN = "4012345678901"
	want(t, r.move(t, wrong), "parked unknown_product")
	wrong.GTIN = lemon
	want(t, r.move(t, wrong), "stored") // put right by its sender: nothing waits any more
	wrong.GTIN = "4012345678901"
	want(t, r.move(t, wrong), "rejected revision_conflict")
	if list, err = r.ParkedMovements(ctx, r.tenant, 10); err != nil || len(list) != 0 {
		t.Errorf("still parked %+v, %v", list, err)
	}
}

// keptMessages: a message goes with the last that is refused of it, also when a later message is refused in its place.
func keptMessages(t *testing.T, r *rig) {
	ctx := context.Background()
	reject := func(body string, inputs ...string) {
		t.Helper()
		m := &sales.Message{Channel: "web", Kind: "application/json", Body: []byte(body)}
		var list []sales.Refusal
		for i, input := range inputs {
			list = append(list, sales.Refusal{Source: "webhook/web", Place: int64(i + 1), Fault: sales.Fault{Code: sales.BadGTIN, Text: "wrong"}, Input: input, From: m})
		}
		if err := r.Reject(ctx, r.tenant, list); err != nil {
			t.Fatal(err)
		}
	}
	kept := func(want ...string) {
		t.Helper()
		list, _, err := r.Messages(ctx, r.tenant, "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range list {
			got = append(got, string(m.Body))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("kept %q, want %q", got, want)
		}
	}
	reject("first", "a", "b")
	reject("second", "a")
	kept("first", "second") // b is of the first
	reject("second", "a")
	reject("third", "b")
	kept("second", "third")
	reject("third", "a", "b")
	kept("third")
}

// repacked: what was sent before a case became larger is, sent again, the same; and is not rewritten.
func repacked(t *testing.T, r *rig) {
	cases := func(d *sales.Draft) { d.GTIN = colaCase }
	delivery := movement("d", sales.Delivery, 2, time.Hour)
	delivery.GTIN = colaCase
	want(t, r.append(t, draft("o", "1", 1, cases)), "stored")
	want(t, r.move(t, delivery), "stored")
	r.put(t, []sales.Product{{Product: shelf.Product{GTIN: colaCase, Own: true}, Contains: &sales.Pack{GTIN: cola, Count: 20}}}, nil)
	want(t, r.append(t, draft("o", "1", 1, cases)), "duplicate")
	want(t, r.append(t, draft("o", "1", 2, cases)), "rejected revision_conflict")
	want(t, r.move(t, delivery), "duplicate")
	want(t, r.append(t, draft("o", "1", 1, cases, func(d *sales.Draft) { d.Revision = 2 })), "corrected") // it was packed, say
	if got := r.onHand(t, "s1", cola); got != 24 {
		t.Errorf("on hand %d, want 24: two cases of 24 came, one went", got)
	}
	want(t, r.append(t, draft("o", "2", 1, cases)), "stored")
	if got := r.onHand(t, "s1", cola); got != 4 {
		t.Errorf("on hand %d, want 4: a case sold now is one of 20", got)
	}
	_, err := r.PutMasters(context.Background(), r.tenant, []sales.Product{
		{Product: shelf.Product{GTIN: "96385074"}, Contains: &sales.Pack{GTIN: lemon, Count: 100_000}},
		{Product: shelf.Product{GTIN: "4012345678901"}, Contains: &sales.Pack{GTIN: "96385074", Count: 100_000}}}, nil)
	if err == nil {
		t.Error("a pack of ten thousand million units is taken")
	}
}

// anyOrder plays the same lines and movements in many orders, some twice, in batches of any size.
func anyOrder(t *testing.T, r *rig) {
	var events []any
	for i := range 40 {
		at := noon.Add(time.Duration(i) * 7 * time.Minute).Format(time.RFC3339)
		events = append(events, draft(fmt.Sprint("o", i), "1", int64(1+i%4), func(d *sales.Draft) { d.SoldAt = at }))
		if i%3 == 0 {
			events = append(events, draft(fmt.Sprint("o", i), "1", int64(2+i%4), func(d *sales.Draft) { d.SoldAt, d.Revision = at, 2 }))
		}
		if i%5 == 0 {
			events = append(events, draft(fmt.Sprint("r", i), "1", -1, func(d *sales.Draft) {
				d.SoldAt, d.RefundOf, d.Restocked = at, &sales.Ref{Order: fmt.Sprint("o", i), Line: "1"}, i%2 == 0
			}))
		}
		if i%9 == 0 {
			events = append(events, movement(fmt.Sprint("c", i), sales.Count, int64(50+i), time.Duration(i)*7*time.Minute+time.Second))
		}
		if i%4 == 0 {
			events = append(events, movement(fmt.Sprint("d", i), sales.Delivery, 10, time.Duration(i)*7*time.Minute))
		}
	}
	var first string
	for seed := range uint64(6) {
		run := newRig(t, r.db, fmt.Sprint("order", seed))
		rng := rand.New(rand.NewPCG(seed, 1))
		list := append(append([]any{}, events...), events[:20]...)
		if seed > 0 {
			rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}
		for len(list) > 0 {
			var drafts []sales.Draft
			n := min(len(list), 1+rng.IntN(9))
			for _, e := range list[:n] {
				switch e := e.(type) {
				case sales.Draft:
					drafts = append(drafts, e)
				case sales.Movement:
					run.move(t, e)
				}
			}
			run.append(t, drafts...)
			list = list[n:]
		}
		got := run.picture(t)
		if first == "" {
			first = got
		}
		if got != first {
			t.Fatalf("seed %d gives another ledger:\n%s\nwant\n%s", seed, got, first)
		}
	}
}

// picture is everything that readers see, but for change numbers and times of receipt.
func (r *rig) picture(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	lines, err := r.Lines(ctx, r.tenant, sales.LineQuery{Limit: 10000})
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, l := range lines {
		text += fmt.Sprintf("%s/%s.%d %d %d %v\n", l.Order, l.Line, l.Revision, l.Units, l.Amount, l.SoldAt)
	}
	waiting, err := r.Parked(ctx, r.tenant, 100)
	if err != nil {
		t.Fatal(err)
	}
	book, err := r.Stock(ctx, r.tenant, "", "")
	if err != nil {
		t.Fatal(err)
	}
	moves, err := r.ParkedMovements(ctx, r.tenant, 100)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s%d+%d parked\n%+v", text, len(waiting), len(moves), book)
}

func tenants(t *testing.T, r *rig) {
	r.append(t, draft("o", "1", 1))
	ctx := context.Background()
	lines, err := r.Lines(ctx, "nobody", sales.LineQuery{})
	hours, err2 := r.Changed(ctx, "nobody", 0, 10)
	book, err3 := r.Stock(ctx, "nobody", "", "")
	if err != nil || err2 != nil || err3 != nil || len(lines)+len(hours)+len(book) != 0 {
		t.Errorf("another tenant sees %v, %v, %v", lines, hours, book)
	}
}

func masters(t *testing.T, r *rig) {
	ctx := context.Background()
	loop := []sales.Product{
		{Product: shelf.Product{GTIN: "96385074"}, Contains: &sales.Pack{GTIN: lemon, Count: 2}},
		{Product: shelf.Product{GTIN: lemon}, Contains: &sales.Pack{GTIN: "96385074", Count: 2}}}
	if _, err := r.PutMasters(ctx, r.tenant, loop, nil); err == nil {
		t.Error("packs that hold each other are taken")
	}
	code := []sales.Code{{Channel: "web", Code: "loc-1"}}
	for name, again := range map[string]struct {
		products []sales.Product
		stores   []sales.Store
	}{
		"a GLN of another store":       {nil, []sales.Store{{Store: "s2", GLN: "4012345000009"}}},
		"a code of another store":      {nil, []sales.Store{{Store: "s2", Codes: code}}},
		"a GLN of two that come":       {nil, []sales.Store{{Store: "s8", GLN: "4012345000016"}, {Store: "s9", GLN: "4012345000016"}}},
		"a code of two that come":      {[]sales.Product{{Product: shelf.Product{GTIN: cola}, Codes: code}, {Product: shelf.Product{GTIN: lemon}, Codes: code}}, nil},
		"a GLN whose check digit lies": {nil, []sales.Store{{Store: "s2", GLN: "4012345000008"}}},
	} {
		if _, err := r.PutMasters(ctx, r.tenant, again.products, again.stores); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	r.put(t, []sales.Product{product(lemon)}, []sales.Store{{Store: "s1", GLN: "4012345000009", TZ: "Asia/Shanghai", Currency: "CNY", Codes: code}}) // as it was
	if list, err := r.Products(ctx, r.tenant); err != nil || len(list) != 3 || list[0].Price+list[1].Price+list[2].Price == 0 {
		t.Errorf("products %+v, %v", list, err)
	}
	if list, err := r.Stores(ctx, r.tenant); err != nil || len(list) != 2 || list[0].Currency != "CNY" || list[0].TZ != "Asia/Shanghai" {
		t.Errorf("stores %+v, %v", list, err)
	}
}
