// Package mergetest is the suite that every merge.HourStore passes.
package mergetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const (
	cola  = shelf.GTIN("4006381333931")
	lemon = shelf.GTIN("5901234123457")
)

// Start is the first hour that the suite stores.
var Start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// Full is an hour in which every figure is another number, so that none can stand in for another.
func Full(store string, start time.Time, from int64) merge.StoreHour {
	h := merge.StoreHour{Store: store, Closed: true, Hour: merge.Hour{Start: start, Currency: "EUR"}}
	next := from
	fill := func(list []merge.Sum) {
		for _, s := range list {
			next++
			*s.Value = next
		}
	}
	fill(h.Sums())
	for _, g := range []shelf.GTIN{cola, lemon} {
		c := h.Cell(g)
		fill(c.Sums())
		for _, channel := range []string{"pos", "shop, west=1"} {
			next += 3
			c.Sales = append(c.Sales, merge.Sale{Channel: channel, Currency: "EUR", OffShelf: channel == "pos", Units: next, Minor: -next - 1, Promoted: next + 2})
		}
	}
	fill(h.Cooler("d 1").Sums())
	return h
}

// Run runs the suite; open gives an empty store for each case.
func Run(t *testing.T, open func(t *testing.T) merge.HourStore) {
	t.Run("what is stored is read, every figure", func(t *testing.T) { same(t, open(t)) })
	t.Run("storing again changes nothing", func(t *testing.T) { again(t, open(t)) })
	t.Run("an hour that is restated is restated whole", func(t *testing.T) { restated(t, open(t)) })
	t.Run("other stores, tenants and hours stay", func(t *testing.T) { apart(t, open(t)) })
}

func put(t *testing.T, s merge.HourStore, tenant string, hours ...merge.StoreHour) {
	t.Helper()
	if err := s.PutHours(context.Background(), tenant, hours); err != nil {
		t.Fatal(err)
	}
}

// Want holds the hours of a store in [from, to) to what they should be, but for parts that are empty.
func Want(t *testing.T, s merge.HourStore, tenant, store string, from, to time.Time, want ...merge.StoreHour) {
	t.Helper()
	got, err := s.StoreHours(context.Background(), tenant, store, from, to)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d hours of %s, want %d", len(got), store, len(want))
	}
	for i := range min(len(got), len(want)) {
		if a, b := words(got[i]), words(want[i]); a != b {
			t.Errorf("hour %d of %s\n got %s\nwant %s", i, store, a, b)
		}
	}
}

func words(h merge.StoreHour) string {
	h.Hour = h.Trimmed()
	h.Start = h.Start.UTC()
	for i := range h.Cells {
		if len(h.Cells[i].Sales) == 0 {
			h.Cells[i].Sales = nil
		}
	}
	return fmt.Sprintf("%+v", h)
}

func same(t *testing.T, s merge.HourStore) {
	one, two := Full("s1", Start, 0), Full("s1", Start.Add(time.Hour), 1000)
	two.Closed, two.Currency = false, ""
	put(t, s, "t", two, one)
	Want(t, s, "t", "s1", Start, Start.Add(2*time.Hour), one, two)
	Want(t, s, "t", "s1", Start.Add(time.Minute), Start.Add(2*time.Hour), two)
	Want(t, s, "t", "s1", Start, Start.Add(time.Hour), one)
}

func again(t *testing.T, s merge.HourStore) {
	h := Full("s1", Start, 0)
	for range 3 {
		put(t, s, "t", h)
	}
	Want(t, s, "t", "s1", Start, Start.Add(time.Hour), h)
}

func restated(t *testing.T, s merge.HourStore) {
	put(t, s, "t", Full("s1", Start, 0))
	h := Full("s1", Start, 5000)
	// Lemon was a mistake, and so was a sale of cola: they are gone, and are said to be.
	*h.Cell(lemon) = merge.Cell{GTIN: lemon, Sales: []merge.Sale{{Channel: "pos", Currency: "EUR", OffShelf: true}, {Channel: "shop, west=1", Currency: "EUR"}}}
	h.Cell(cola).Sales[1] = merge.Sale{Channel: "shop, west=1", Currency: "EUR"}
	*h.Cooler("d 1") = merge.Cooler{Device: "d 1"}
	put(t, s, "t", h)
	Want(t, s, "t", "s1", Start, Start.Add(time.Hour), h)
}

func apart(t *testing.T, s merge.HourStore) {
	one, other, foreign := Full("s1", Start, 0), Full("s 2,=", Start, 100), Full("s1", Start, 200)
	put(t, s, "t", one, other)
	put(t, s, "u", foreign)
	later := Full("s1", Start.Add(time.Hour), 300)
	put(t, s, "t", later)
	Want(t, s, "t", "s1", Start, Start.Add(2*time.Hour), one, later)
	Want(t, s, "t", "s 2,=", Start, Start.Add(2*time.Hour), other)
	Want(t, s, "u", "s1", Start, Start.Add(2*time.Hour), foreign)
	Want(t, s, "t", "s3", Start, Start.Add(2*time.Hour))
}
