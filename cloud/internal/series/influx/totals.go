package influx

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Fleet returns the totals of all of a tenant's devices by SKU, ordered by GTIN, in whole buckets that touch
// from ≤ t < to. The server computes them, at a cost that grows with the points in that time.
func (s *Store) Fleet(ctx context.Context, tenant string, from, to time.Time) ([]series.Totals, error) {
	start := from.Truncate(series.FleetBucket)
	stop := to.Add(series.FleetBucket - 1).Truncate(series.FleetBucket)
	base := s.from(start, stop) + fmt.Sprintf(` |> filter(fn: (r) => r._measurement == "shelf" and r.tenant == %s)`, flux(tenant))
	totals := map[shelf.GTIN]*series.Totals{}
	err := s.each(ctx, base+byState+` |> group(columns: ["gtin", "state"]) |> count()`, func(v values) {
		addState(totalOf(totals, shelf.GTIN(v.text("gtin"))), v.text("state"), v.int("_value"))
	})
	if err != nil {
		return nil, fmt.Errorf("read fleet totals: %w", err)
	}
	err = s.each(ctx, base+judged+` |> group(columns: ["gtin"]) |> count()`, func(v values) {
		totalOf(totals, shelf.GTIN(v.text("gtin"))).OK += v.int("_value")
	})
	if err != nil {
		return nil, fmt.Errorf("read fleet totals: %w", err)
	}
	err = s.each(ctx, base+facings+` |> group(columns: ["gtin", "_field"]) |> sum()`, func(v values) {
		addFacings(totalOf(totals, shelf.GTIN(v.text("gtin"))), v.text("_field"), v.int("_value"))
	})
	if err != nil {
		return nil, fmt.Errorf("read fleet totals: %w", err)
	}
	list := make([]series.Totals, 0, len(totals))
	for _, t := range totals {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b series.Totals) int { return cmp.Compare(a.GTIN, b.GTIN) })
	return list, nil
}

// byState makes the state a column to group by. judged keeps the slots that could be judged, facings what is
// present in them, and missing what is missing of what is due: only judged slots have these fields.
const (
	byState = ` |> filter(fn: (r) => r._field == "state") |> map(fn: (r) => ({r with state: string(v: r._value)}))`
	judged  = ` |> filter(fn: (r) => r._field == "present")`
	facings = ` |> filter(fn: (r) => r._field == "present" or r._field == "missing")`
)

func totalOf(m map[shelf.GTIN]*series.Totals, g shelf.GTIN) *series.Totals {
	t, ok := m[g]
	if !ok {
		t = &series.Totals{GTIN: g}
		m[g] = t
	}
	return t
}

// addState subtracts the slots in a state from those that are OK, of which t at first holds all that could be
// judged: no field says that a slot is OK (in versions before 30 November 2026 one did).
func addState(t *series.Totals, state string, n int64) {
	of := &t.Unknown
	switch state {
	case fmt.Sprint(int(shelf.OK)):
		return
	case fmt.Sprint(int(shelf.Low)):
		of = &t.Low
	case fmt.Sprint(int(shelf.Empty)):
		of = &t.Empty
	case fmt.Sprint(int(shelf.Misplaced)):
		of = &t.Misplaced
	case fmt.Sprint(int(shelf.Foreign)):
		of = &t.Foreign
	}
	*of += n
	if of != &t.Unknown {
		t.OK -= n
	}
}

func addFacings(t *series.Totals, field string, n int64) {
	t.Due += n
	if field == "present" {
		t.Present += n
	}
}

// Hours returns a device's hourly totals, in order, for the hours that the range touches. A reading counts in
// the hour of its own time.
func (s *Store) Hours(ctx context.Context, r series.Range) ([]series.Rollup, error) {
	from, to := r.From.Truncate(time.Hour), r.To.Add(time.Hour-1).Truncate(time.Hour)
	base := s.from(from, to) + ofDevice(r.Tenant, r.Device)
	found := map[int64]*series.Rollup{}
	hour := func(v values) *series.Rollup {
		start := v.time("_time").Truncate(time.Hour)
		h, ok := found[start.Unix()]
		if !ok {
			h = &series.Rollup{Start: start.UTC()}
			found[start.Unix()] = h
		}
		return h
	}
	perHour := func(fn string) string {
		return ` |> aggregateWindow(every: 1h, fn: ` + fn + `, timeSrc: "_start", createEmpty: false)`
	}
	one := func(measurement, field string) string {
		return fmt.Sprintf(` |> filter(fn: (r) => r._measurement == %q and r._field == %q) |> group()`, measurement, field)
	}
	for _, q := range []struct {
		query string
		take  func(values)
	}{
		{one(lookPoints, "slots") + perHour("count"), func(v values) { hour(v).Observations += int(v.int("_value")) }},
		{` |> filter(fn: (r) => r._measurement == "shelf")` + byState + ` |> group(columns: ["state"])` + perHour("count"),
			func(v values) { addState(&hour(v).Totals, v.text("state"), v.int("_value")) }},
		{one(shelfPoints, "present") + perHour("count"), func(v values) { hour(v).Totals.OK += v.int("_value") }},
		{` |> filter(fn: (r) => r._measurement == "shelf")` + facings + ` |> group(columns: ["_field"])` + perHour("sum"),
			func(v values) { addFacings(&hour(v).Totals, v.text("_field"), v.int("_value")) }},
		{one(climatePoints, "temp_mc") + perHour("min"), func(v values) { hour(v).TempMin = telemetry.MilliCelsius(v.int("_value")) }},
		{one(climatePoints, "temp_mc") + perHour("max"), func(v values) { hour(v).TempMax = telemetry.MilliCelsius(v.int("_value")) }},
		{one(climatePoints, "temp_mc") + perHour("sum"), func(v values) { hour(v).TempSum += v.int("_value") }},
		{one(climatePoints, "temp_mc") + perHour("count"), func(v values) { hour(v).TempCount += int(v.int("_value")) }},
		{one(doorPoints, "open") + ` |> filter(fn: (r) => r._value)` + perHour("count"), func(v values) { hour(v).DoorOpenings += int(v.int("_value")) }},
		{one(footfallPoints, "in") + perHour("sum"), func(v values) { hour(v).In += int(v.int("_value")) }},
		{one(footfallPoints, "out") + perHour("sum"), func(v values) { hour(v).Out += int(v.int("_value")) }},
		{one(footfallPoints, "passing") + perHour("sum"), func(v values) { hour(v).Passing += int(v.int("_value")) }},
	} {
		if err := s.each(ctx, base+q.query, q.take); err != nil {
			return nil, fmt.Errorf("read hours of %s: %w", r.Device, err)
		}
	}
	list := make([]series.Rollup, 0, len(found))
	for _, h := range found {
		list = append(list, *h)
	}
	slices.SortFunc(list, func(a, b series.Rollup) int { return a.Start.Compare(b.Start) })
	return list, nil
}

// Days returns a device's daily totals, in order, for the days that the range touches.
func (s *Store) Days(ctx context.Context, r series.Range) ([]series.Rollup, error) {
	hours, err := s.Hours(ctx, r.WholeDays())
	return series.ByDay(hours), err
}

// values is one row of a query's result.
type values map[string]any

func (v values) int(name string) int64 {
	n, _ := v[name].(int64)
	return n
}

func (v values) text(name string) string {
	t, _ := v[name].(string)
	return t
}

func (v values) time(name string) time.Time {
	t, _ := v[name].(time.Time)
	return t
}

func (s *Store) each(ctx context.Context, query string, take func(values)) error {
	result, err := s.query.Query(ctx, query)
	if err != nil {
		return err
	}
	defer result.Close()
	for result.Next() {
		take(result.Record().Values())
	}
	return result.Err()
}
