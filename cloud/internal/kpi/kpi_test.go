package kpi_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/kpi"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const (
	cola  = shelf.GTIN("4006381333931")
	lemon = shelf.GTIN("5901234123457")
	hour  = int64(3_600_000)
)

// monday is midnight in Berlin.
var berlin, _ = time.LoadLocation("Europe/Berlin")
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, berlin)

// desk has two stores of two products: s1 in the north, watched; s2 in the south, half watched.
func desk(t *testing.T, db *state.DB) *kpi.Desk {
	t.Helper()
	ctx := context.Background()
	ledger := sales.NewLedger(db, nil)
	_, err := ledger.PutMasters(ctx, "t", []sales.Product{
		{Product: shelf.Product{GTIN: cola, Name: "Cola", NameZH: "可乐", Brand: "A", Own: true}, Price: 150, Cost: 50, Currency: "EUR", Group: "soft"},
		{Product: shelf.Product{GTIN: lemon, Name: "Lemon", Brand: "B"}, Price: 100, Cost: 60, Currency: "EUR", Group: "soft"},
	}, []sales.Store{{Store: "s1", Name: "North", TZ: "Europe/Berlin", Region: "north"}, {Store: "s2", TZ: "Europe/Berlin", Region: "south"}})
	if err != nil {
		t.Fatal(err)
	}
	return &kpi.Desk{DB: db}
}

// put stores an hour of a store as if it had been merged.
func put(t *testing.T, db *state.DB, store string, at time.Time, cells ...merge.Cell) {
	t.Helper()
	h := &merge.Hour{Start: at.UTC(), Open: hour, Currency: "EUR", In: 10, Counted: hour, Receipts: 4, CountedReceipts: 3}
	for i := range cells {
		h.Cell(cells[i].GTIN).Add(&cells[i])
	}
	c := h.Cooler("d-" + store)
	c.Open, c.Watched, c.OnShelf, c.DueAll, c.Due, c.Present = 2*hour, 2*hour, hour, 4*hour, 4*hour, 3*hour
	if err := merge.Put(context.Background(), db, "t", store, berlin, h); err != nil {
		t.Fatal(err)
	}
}

// sold is a cell that was watched for an hour and stood on the shelf for a part of it.
func sold(g shelf.GTIN, onShelf int64, facings int64, units int64) merge.Cell {
	c := merge.Cell{GTIN: g, Open: hour, Watched: hour, OnShelf: onShelf, DueAll: facings * hour, Due: facings * hour, Present: facings * onShelf,
		Rated: onShelf, Basis: units, Sales: []merge.Sale{{Channel: "pos", Currency: "EUR", OffShelf: true, Units: units, Minor: 150 * units}}}
	c.Out[merge.CauseShelf] = hour - onShelf
	c.Lost[merge.CauseShelf] = (hour - onShelf) / hour * 2 * merge.Micro
	c.Noise, c.Loss = c.Lost[merge.CauseShelf], c.Lost[merge.CauseShelf]/merge.Micro*150_000
	return c
}

// week asks about the Monday to Sunday after monday.
func week(by ...kpi.Dim) kpi.Query {
	return kpi.Query{Tenant: "t", From: monday, To: monday.AddDate(0, 0, 7), By: by}
}

func TestAvailabilityByStore(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		d := desk(t, db)
		put(t, db, "s1", monday.Add(10*time.Hour), sold(cola, hour, 2, 4), sold(lemon, hour, 2, 1))
		put(t, db, "s1", monday.Add(11*time.Hour), sold(cola, 0, 2, 0), sold(lemon, hour, 2, 2))
		put(t, db, "s2", monday.Add(50*time.Hour), merge.Cell{GTIN: cola, Open: hour, DueAll: 2 * hour})

		a, err := d.Availability(context.Background(), week(kpi.Store, kpi.SKU), kpi.ComparePrevious)
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]kpi.Row[kpi.Availability]{}
		for _, r := range a.Rows {
			rows[r.Key[kpi.Store]+" "+r.Key[kpi.SKU]] = r
		}
		one := rows["s1 "+string(cola)]
		if f := one.Figures; f.OSA.Value != 0.5 || f.OSA.Coverage != 1 || f.OOS.Value != 0.5 || f.OutHours.Shelf != 1 || *f.Lost.Value != 2 || *f.Lost.Low >= 2 || *f.Lost.High <= 2 || f.LostMoney[0].Minor != 300 {
			t.Errorf("cola in s1: %+v", f)
		}
		if one.Name != "Cola" || one.NameZH != "可乐" || one.Before == nil || one.Before.OSA.Known {
			t.Errorf("cola in s1: %+v", one)
		}
		if f := rows["s2 "+string(cola)].Figures; f.OSA.Known || f.OSA.Coverage != 0 || f.Lost.Value != nil {
			t.Errorf("where nobody looked: %+v", f)
		}
		unrated := sold(lemon, 0, 1, 0)
		unrated.Lost, unrated.Unrated = [3]int64{}, hour
		put(t, db, "s2", monday.Add(60*time.Hour), unrated)
		if b, err := d.Availability(context.Background(), kpi.Query{Tenant: "t", From: monday.Add(60 * time.Hour), To: monday.Add(61 * time.Hour)}, kpi.CompareNone); err != nil ||
			b.Rows[0].Figures.OOS.Value != 1 || b.Rows[0].Figures.Lost.Value != nil {
			t.Errorf("out, and no demand rate is known: %+v, %v", b, err)
		}
		if a.Coverage != 0.8 {
			t.Errorf("coverage %v, want 4 of 5 hours", a.Coverage)
		}
	}, sales.Tables, merge.Tables, promotion.Tables)
}

// TestDaysAndHoursAgree: an answer from whole days and the hours at its edges is the one from hours alone.
func TestDaysAndHoursAgree(t *testing.T) {
	db := statetest.SQLite(t, sales.Tables, merge.Tables, promotion.Tables)
	d := desk(t, db)
	for h := range 24 * 9 {
		put(t, db, "s1", monday.AddDate(0, 0, -1).Add(time.Duration(h)*time.Hour), sold(cola, hour*int64(h%2), 2, int64(h%5)))
	}
	for _, shift := range []time.Duration{0, 5 * time.Hour, -90 * time.Minute} {
		q := week(kpi.Day)
		q.From, q.To = q.From.Add(shift), q.To.Add(shift)
		days, err := d.Sales(context.Background(), q, kpi.CompareNone)
		if err != nil {
			t.Fatal(err)
		}
		q.By = []kpi.Dim{kpi.Day, kpi.HourOfDay}
		hours, err := d.Sales(context.Background(), q, kpi.CompareNone)
		if err != nil {
			t.Fatal(err)
		}
		got, want := map[string]int64{}, map[string]int64{}
		for _, r := range days.Rows {
			got[r.Key[kpi.Day]] += r.Figures.Units
		}
		for _, r := range hours.Rows {
			want[r.Key[kpi.Day]] += r.Figures.Units
		}
		if len(got) < 7 || len(got) != len(want) {
			t.Errorf("shifted by %s: %d days, by hours %d", shift, len(got), len(want))
		}
		for day, n := range want {
			if got[day] != n {
				t.Errorf("shifted by %s: %s has %d units, by hours %d", shift, day, got[day], n)
			}
		}
	}
}

func TestSharesRankingsAndConversion(t *testing.T) {
	db := statetest.SQLite(t, sales.Tables, merge.Tables, promotion.Tables)
	d, ctx := desk(t, db), context.Background()
	put(t, db, "s1", monday.Add(10*time.Hour), sold(cola, hour, 3, 9), sold(lemon, hour, 1, 1))
	put(t, db, "s2", monday.Add(10*time.Hour), sold(cola, 0, 1, 0), sold(lemon, hour, 3, 5))

	shares, err := d.Shares(ctx, week(kpi.Store, kpi.Brand), kpi.CompareNone)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range shares.Rows {
		if r.Key[kpi.Store] == "s1" && r.Key[kpi.Brand] == "A" {
			if f := r.Figures; f.OfShelf.Value != 0.75 || *f.OfUnits != 0.9 || *f.Index != 1.2 || f.Facings != 3 {
				t.Errorf("cola in s1: %+v", f)
			}
		}
	}
	outlets, err := d.Outlets(ctx, week(), kpi.DefaultWeights(), kpi.CompareNone)
	if err != nil || len(outlets.Rows) != 2 || outlets.Rows[0].Key[kpi.Store] != "s1" || outlets.Rows[0].Figures.Rank != 1 {
		t.Errorf("outlets: %+v, %v", outlets, err)
	}
	coolers, err := d.Coolers(ctx, week(), kpi.DefaultWeights())
	if err != nil || len(coolers.Rows) != 2 || coolers.Rows[0].Figures.Filled.Value != 0.5 || coolers.Rows[0].Figures.Facings.Value != 0.75 {
		t.Errorf("coolers: %+v, %v", coolers, err)
	}
	people, err := d.Conversion(ctx, week(kpi.Region), kpi.CompareNone)
	if err != nil || len(people.Rows) != 2 || people.Rows[0].Figures.Conversion.Value != 0.3 || people.Rows[0].Figures.PeopleIn != 10 {
		t.Errorf("conversion: %+v, %v", people, err)
	}
	likes, err := d.Preference(ctx, week(), kpi.CompareNone)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range likes.Rows {
		if r.Key[kpi.Region] == "north" && r.Key[kpi.SKU] == string(cola) {
			if f := r.Figures; math.Abs(*f.Index-150) > 0.01 || f.Units != 9 { // 0.9 of the north's, 0.6 of all
				t.Errorf("cola in the north: %+v", f)
			}
		}
	}
}

// TestPromotionAgainstMatchedStores: the treated store sells twice as much while all others go up by a
// half, so a third of what it sold is the promotion's.
func TestPromotionAgainstMatchedStores(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		d, ctx := desk(t, db), context.Background()
		now := monday.AddDate(0, 0, 20)
		for day := -28; day < 14; day++ {
			at := monday.AddDate(0, 0, day).Add(10 * time.Hour)
			treated, control := int64(10), int64(20)
			switch {
			case day >= 0 && day < 7:
				treated, control = 20, 30
			case day >= 7:
				treated, control = 8, 20 // people had stocked up
			}
			put(t, db, "s1", at, sold(cola, hour, 2, treated))
			put(t, db, "s2", at, sold(cola, hour, 2, control))
		}
		p := promotion.Promotion{ID: "spring", GTINs: []shelf.GTIN{cola}, Stores: []string{"s1"}, From: monday, To: monday.AddDate(0, 0, 7), Cost: 1000, Currency: "EUR"}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, func(tx *state.Tx) error { return promotion.Put(ctx, tx, "t", &p) }); err != nil {
			t.Fatal(err)
		}
		list, err := d.Promotions(ctx, "t", monday, now, now)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		l := list[0]
		if l.Units != 140 || *l.Baseline != 105 || *l.Lift.Value != 35 || l.Matched != 1 || math.Abs(*l.LiftShare-1.0/3) > 0.001 {
			t.Errorf("%+v", l)
		}
		if *l.Lift.Low >= 35 || *l.Lift.High <= 35 || *l.Dip != -14 { // 8 a day, 10 expected
			t.Errorf("%+v, dip %v", l.Lift, *l.Dip)
		}
		// (35 − 14) units at a margin of 1.00, less the cost of 10.00.
		if *l.Margin != 2100 || *l.ROI != 1.1 {
			t.Errorf("margin %v, return %v", *l.Margin, *l.ROI)
		}
	}, sales.Tables, merge.Tables, promotion.Tables)
}

// TestBaselineWithoutRivals: a store in which the substitute is promoted is no control, however near it is, nor is one
// whose tills tell of a promotion; and an earlier campaign in the store itself is no part of its ordinary days.
func TestBaselineWithoutRivals(t *testing.T) {
	db := statetest.SQLite(t, sales.Tables, merge.Tables, promotion.Tables)
	d, ctx := desk(t, db), context.Background()
	now := monday.AddDate(0, 0, 20)
	_, err := sales.NewLedger(db, nil).PutMasters(ctx, "t", nil, []sales.Store{{Store: "s3", TZ: "Europe/Berlin", Region: "north"}, {Store: "s4", TZ: "Europe/Berlin", Region: "north"}})
	if err != nil {
		t.Fatal(err)
	}
	for day := -28; day < 7; day++ {
		at := monday.AddDate(0, 0, day).Add(10 * time.Hour)
		treated, clean, rival, tills := int64(10), int64(20), int64(10), int64(10)
		switch {
		case day >= 0:
			treated, clean, rival, tills = 20, 30, 2, 90
		case day >= -14 && day < -7:
			treated = 40 // the earlier campaign
		}
		put(t, db, "s1", at, sold(cola, hour, 2, treated))
		put(t, db, "s2", at, sold(cola, hour, 2, clean))
		put(t, db, "s3", at, sold(cola, hour, 2, rival))
		coupons := sold(cola, hour, 2, tills)
		if day >= 0 {
			coupons.Sales[0].Promoted = 80
		}
		put(t, db, "s4", at, coupons)
	}
	for _, p := range []promotion.Promotion{
		{ID: "spring", GTINs: []shelf.GTIN{cola}, Stores: []string{"s1"}, From: monday, To: monday.AddDate(0, 0, 7)},
		{ID: "lemons", GTINs: []shelf.GTIN{lemon}, Stores: []string{"s3"}, From: monday, To: monday.AddDate(0, 0, 7)},
		{ID: "winter", GTINs: []shelf.GTIN{cola}, Stores: []string{"s1"}, From: monday.AddDate(0, 0, -14), To: monday.AddDate(0, 0, -7)},
	} {
		if err := errors.Join(p.Validate(), db.Write(ctx, func(tx *state.Tx) error { return promotion.Put(ctx, tx, "t", &p) })); err != nil {
			t.Fatal(err)
		}
	}
	list, err := d.Promotions(ctx, "t", monday, now, now)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if l := list[1]; l.Matched != 1 || *l.Baseline != 105 || *l.Lift.Value != 35 {
		t.Errorf("matched %d, baseline %v, lift %v, want those of s2 alone: 105, 35", l.Matched, *l.Baseline, *l.Lift.Value)
	}
}
