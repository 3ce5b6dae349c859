package merge

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// dayOf is the local day that an hour counts in, as days since 1970.
func dayOf(hour time.Time, zone *time.Location) int64 {
	y, m, d := hour.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// dayTime is midnight UTC of a day as dayOf gives it.
func dayTime(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

// Restatement is a closed hour that came out different.
type Restatement struct {
	ID     int64     `json:"id,string"` // ascending; a cursor
	Store  string    `json:"store"`
	Hour   time.Time `json:"hour"`
	At     time.Time `json:"at"`
	Cause  string    `json:"cause"` // as in touch.go; several with commas
	Before Figures   `json:"before"`
	After  Figures   `json:"after"`
}

// Figures are what a restatement tells of an hour.
type Figures struct {
	Units     int64   `json:"units"`
	OutHours  float64 `json:"out_hours"`
	LostUnits float64 `json:"lost_units"`
	Watched   float64 `json:"watched_hours"`
	// Of OutHours, by cause; nil in what was logged before causes were told.
	OutByCause *OutByCause `json:"out_by_cause,omitempty"`
	// The rest; nil in what was logged before it was told.
	*MoreFigures
}

// MoreFigures are what else may be restated.
type MoreFigures struct {
	Revenue      map[string]int64 `json:"revenue"` // by currency, minor units
	Receipts     int64            `json:"receipts"`
	LostMoney    int64            `json:"lost_money_minor"` // in Currency
	Currency     string           `json:"currency"`         // "": nothing was lost, or its price is not known
	OpenHours    float64          `json:"open_hours"`       // products due × hours
	PeopleIn     int64            `json:"people_in"`
	DoorOpenings int64            `json:"door_openings"`
	DueHours     float64          `json:"facings_due_hours"` // facings due × hours
	FacingHours  float64          `json:"facings_hours"`     // facings there × hours
}

// OutByCause are hours out.
type OutByCause struct {
	Shelf   float64 `json:"shelf"`
	Store   float64 `json:"store"`
	Unknown float64 `json:"unknown"`
}

func figures(h *Hour) Figures {
	f := Figures{OutByCause: outByCause(h), MoreFigures: &MoreFigures{Revenue: map[string]int64{}, Receipts: h.Receipts, PeopleIn: h.In, Currency: h.Currency}}
	var loss int64
	for i := range h.Cells {
		c := &h.Cells[i]
		f.Units += c.Units()
		f.OutHours += float64(c.OutTime()) / msPerHour
		f.LostUnits += float64(c.LostUnits()) / Micro
		f.Watched += float64(c.Watched) / msPerHour
		loss += c.Loss
		f.OpenHours += float64(c.Open) / msPerHour
		f.DueHours += float64(c.DueAll) / msPerHour
		f.FacingHours += float64(c.Present) / msPerHour
		for _, s := range c.Sales {
			f.Revenue[s.Currency] += s.Minor
		}
	}
	for i := range h.Coolers {
		f.DoorOpenings += h.Coolers[i].Openings
	}
	f.LostMoney = (loss + 500) / 1000
	return f
}

// outByCause adds up the hours out of all products.
func outByCause(h *Hour) *OutByCause {
	var ms [causes]int64
	for i := range h.Cells {
		for cause, out := range h.Cells[i].Out {
			ms[cause] += out
		}
	}
	hours := func(c Cause) float64 { return float64(ms[c]) / msPerHour }
	return &OutByCause{Shelf: hours(CauseShelf), Store: hours(CauseStore), Unknown: hours(CauseUnknown)}
}

// sameFacts tells whether two hours say the same, whatever rates they were judged by.
func sameFacts(a, b Hour) bool {
	a.Model, b.Model = 0, 0
	return string(pack(&a)) == string(pack(&b))
}

// stored is an hour as it stands in the table.
type stored struct {
	Hour
	day    int64
	closed bool
	body   []byte
}

// readHours gives a store's stored hours of some local days, by their start, and those from first to last whatever day
// they were counted in: the store's zone may have changed.
func readHours(ctx context.Context, q state.Querier, tenant, store string, firstDay, lastDay int64, first, last time.Time) (map[int64]*stored, error) {
	rows, err := q.Query(ctx, "SELECT hour, day, closed, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND hour < ? AND (day >= ? AND day <= ? OR hour >= ? AND hour <= ?)",
		tenant, store, firstDay*86400-slack, (lastDay+1)*86400+slack, firstDay, lastDay, first.Unix(), last.Unix())
	if err != nil {
		return nil, fmt.Errorf("read merged hours of %s: %w", store, err)
	}
	found := map[int64]*stored{}
	err = each(rows, func() error {
		var start int64
		s := &stored{}
		if err := rows.Scan(&start, &s.day, &s.closed, &s.body); err != nil {
			return err
		}
		s.Start = time.Unix(start, 0).UTC()
		found[start] = s
		return unpack(&s.Hour, s.body)
	})
	if err != nil {
		return nil, fmt.Errorf("read merged hours of %s: %w", store, err)
	}
	return found, nil
}

// putHour stores an hour over what was there and, where that was closed and told something else, says
// so. It reports whether the hour changed, and whether that was a restatement.
func putHour(ctx context.Context, tx *state.Tx, tenant, store string, was, is *stored, cause string, now time.Time) (changed, restated bool, err error) {
	is.body = pack(&is.Hour)
	if was != nil && string(was.body) == string(is.body) && was.closed == is.closed && was.day == is.day {
		return false, false, nil
	}
	_, err = tx.Exec(ctx, `INSERT INTO merge_hours (tenant, store, hour, day, closed, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, store, hour) DO UPDATE SET day = excluded.day, closed = excluded.closed, body = excluded.body`,
		tenant, store, is.Start.Unix(), is.day, is.closed, is.body)
	if err != nil {
		return false, false, fmt.Errorf("store merged hour of %s: %w", store, err)
	}
	if was == nil || !was.closed {
		return true, false, nil
	}
	if sameFacts(was.Hour, is.Hour) {
		return true, false, nil
	}
	told, err := json.Marshal([2]Figures{figures(&was.Hour), figures(&is.Hour)})
	if err == nil {
		_, err = tx.Exec(ctx, "INSERT INTO merge_restated (tenant, store, hour, at, cause, body) VALUES (?, ?, ?, ?, ?, ?)",
			tenant, store, is.Start.Unix(), state.Micros(now), cause, string(told))
	}
	if err != nil {
		return false, false, fmt.Errorf("log restatement of %s: %w", store, err)
	}
	return true, true, nil
}

// putDay stores the sum of a store's day.
func putDay(ctx context.Context, tx *state.Tx, tenant, store string, day int64, hours map[int64]*stored) error {
	sum := &Hour{}
	for _, start := range slices.Sorted(maps.Keys(hours)) { // in order: whose currency comes first must not be chance
		if h := hours[start]; h.day == day {
			sum.Add(&h.Hour)
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO merge_days (tenant, store, day, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant, store, day) DO UPDATE SET body = excluded.body`, tenant, store, day, pack(sum))
	if err != nil {
		return fmt.Errorf("store merged day of %s: %w", store, err)
	}
	return nil
}

// Restatements gives up to limit of them after a cursor, 0 for the first.
func Restatements(ctx context.Context, q state.Querier, tenant string, after int64, limit int) ([]Restatement, error) {
	rows, err := q.Query(ctx, "SELECT id, store, hour, at, cause, body FROM merge_restated WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?", tenant, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list restatements: %w", err)
	}
	list := []Restatement{}
	err = each(rows, func() error {
		var r Restatement
		var hour, at int64
		var body string
		if err := rows.Scan(&r.ID, &r.Store, &hour, &at, &r.Cause, &body); err != nil {
			return err
		}
		r.Hour, r.At = time.Unix(hour, 0).UTC(), state.Time(at)
		var told [2]Figures
		err := json.Unmarshal([]byte(body), &told)
		r.Before, r.After = told[0], told[1]
		list = append(list, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list restatements: %w", err)
	}
	return list, nil
}

// each runs fn for every row, closes the rows and gives the first error.
func each(rows *sql.Rows, fn func() error) error {
	var err error
	for err == nil && rows.Next() {
		err = fn()
	}
	return errors.Join(err, rows.Err(), rows.Close())
}
