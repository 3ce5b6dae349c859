package influx

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// The measurements of merged hours. The time of a point is the start of its hour:
//
//	hour_store,tenant,store                        closed currency model; people_in people_out passing counted_ms open_ms receipts receipts_counted
//	hour_sku,tenant,store,gtin                     facings, time on the shelf and out by cause, lost sales, demand: merge.Cell
//	hour_sale,tenant,store,gtin,channel,currency   off_shelf units minor promoted
//	hour_cooler,tenant,store,cooler                facings, door_openings door_open_ms, …: merge.Cooler
//
// All figures are sums of whole numbers, so that hours can be added up to days, and stores to regions.
// lost_units with its 80 % interval from lost_low to lost_high is stored as it is for this hour alone. Every
// point has every field of its measurement, so that restating an hour replaces it completely. What an hour no
// longer holds stays as a point of zeros, because points in a bucket are not deleted one by one.
const (
	hourStorePoints  = "hour_store"
	hourSKUPoints    = "hour_sku"
	hourSalePoints   = "hour_sale"
	hourCoolerPoints = "hour_cooler"
)

// PutHours implements merge.HourStore. An error names a point that is older than the bucket's retention.
func (s *Store) PutHours(ctx context.Context, tenant string, hours []merge.StoreHour) error {
	for len(hours) > 0 {
		n, points := 0, 0
		for n < len(hours) && (n == 0 || points < maxLines) {
			points += 1 + 3*len(hours[n].Cells)
			n++
		}
		if err := s.sendHours(ctx, tenant, hours[:n]); err != nil {
			return err
		}
		hours = hours[n:]
	}
	return nil
}

// sendHours writes a batch, or finds the hour in it that the server refuses.
func (s *Store) sendHours(ctx context.Context, tenant string, hours []merge.StoreHour) error {
	var lines []byte
	for i := range hours {
		var err error
		if lines, err = appendHour(lines, tenant, &hours[i]); err != nil {
			return &merge.RefusedHour{Hour: &hours[i], Reason: err.Error()}
		}
	}
	err := s.write.WriteRecord(ctx, string(lines))
	switch {
	case err == nil:
		return nil
	case !refused(err):
		return fmt.Errorf("write merged hours: %w", err)
	case len(hours) == 1:
		return &merge.RefusedHour{Hour: &hours[0], Reason: err.Error()}
	}
	half := len(hours) / 2
	if err := s.sendHours(ctx, tenant, hours[:half]); err != nil {
		return err
	}
	return s.sendHours(ctx, tenant, hours[half:])
}

func appendHour(buf []byte, tenant string, h *merge.StoreHour) ([]byte, error) {
	if !fits(tenant, h.Store) {
		return buf, errTag
	}
	b := builder{buf: buf, m: &series.Message{At: h.Start}, tail: ",store=" + tag.Replace(h.Store) + ",tenant=" + tag.Replace(tenant)}
	b.line(hourStorePoints, h.Start, nil, append(fieldsOf(h.Sums()), "closed", h.Closed, "currency", h.Currency))
	for i := range h.Cells {
		c := &h.Cells[i]
		gtin := []string{"gtin", string(c.GTIN)}
		var lost merge.LostSum
		lost.Add(h.Store, c)
		value, low, high := lost.Units()
		b.line(hourSKUPoints, h.Start, gtin, append(fieldsOf(c.Sums()), "lost_units", value, "lost_low", low, "lost_high", high))
		for _, s := range c.Sales {
			if !fits(s.Channel, s.Currency) {
				return buf, errTag
			}
			b.line(hourSalePoints, h.Start, append([]string{"channel", s.Channel, "currency", s.Currency}, gtin...),
				[]any{"off_shelf", s.OffShelf, "units", s.Units, "minor", s.Minor, "promoted", s.Promoted})
		}
	}
	for i := range h.Coolers {
		c := &h.Coolers[i]
		if !fits(c.Device) {
			return buf, errTag
		}
		b.line(hourCoolerPoints, h.Start, []string{"cooler", c.Device}, fieldsOf(c.Sums()))
	}
	return b.buf, nil
}

func fieldsOf(list []merge.Sum) []any {
	fields := make([]any, 0, 2*len(list)+6)
	for _, s := range list {
		fields = append(fields, s.Name, *s.Value)
	}
	return fields
}

// StoreHours implements merge.HourStore. Parts that are all zeros are left out.
func (s *Store) StoreHours(ctx context.Context, tenant, store string, from, to time.Time) ([]merge.StoreHour, error) {
	query := s.from(from, to) + fmt.Sprintf(` |> filter(fn: (r) => r.tenant == %s and r.store == %s) |> filter(fn: (r) => r._measurement == %q or r._measurement == %q or r._measurement == %q or r._measurement == %q)`,
		flux(tenant), flux(store), hourStorePoints, hourSKUPoints, hourSalePoints, hourCoolerPoints)
	rows, err := s.rows(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("read merged hours of %s: %w", store, err)
	}
	hours := map[time.Time]*merge.StoreHour{}
	for _, r := range rows {
		at := r.at.UTC()
		if at.Before(from) || !at.Before(to) {
			continue // InfluxDB 1.8 includes the end of a range
		}
		h := hours[at]
		if h == nil {
			h = &merge.StoreHour{Store: store, Hour: merge.Hour{Start: at}}
			hours[at] = h
		}
		r.addToHour(h)
	}
	list := make([]merge.StoreHour, 0, len(hours))
	for _, h := range hours {
		for i := range h.Cells {
			slices.SortFunc(h.Cells[i].Sales, merge.Sale.Compare)
		}
		h.Hour = h.Trimmed()
		list = append(list, *h)
	}
	slices.SortFunc(list, func(a, b merge.StoreHour) int { return a.Start.Compare(b.Start) })
	return list, nil
}

func (r *row) addToHour(h *merge.StoreHour) {
	set := func(list []merge.Sum) {
		for _, s := range list {
			*s.Value = r.int(s.Name)
		}
	}
	switch r.measurement {
	case hourStorePoints:
		set(h.Sums())
		h.Closed, h.Currency = r.bool("closed"), r.text("currency")
	case hourSKUPoints:
		set(h.Cell(shelf.GTIN(r.tags["gtin"])).Sums())
	case hourSalePoints:
		c := h.Cell(shelf.GTIN(r.tags["gtin"]))
		c.Sales = append(c.Sales, merge.Sale{Channel: r.tags["channel"], Currency: r.tags["currency"], OffShelf: r.bool("off_shelf"),
			Units: r.int("units"), Minor: r.int("minor"), Promoted: r.int("promoted")})
	case hourCoolerPoints:
		set(h.Cooler(r.tags["cooler"]).Sums())
	}
}
