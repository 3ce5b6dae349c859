package influx

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// spread is how far the time of a reading may be from that of its message: boards send what they have gathered
// within a day.
const spread = 24 * time.Hour

// flux quotes a text for a query.
func flux(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "$", `\$`).Replace(s) + `"`
}

func (s *Store) from(from, to time.Time) string {
	return fmt.Sprintf("from(bucket: %s) |> range(start: %s, stop: %s)", flux(s.bucket), from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))
}

func ofDevice(tenant, device string) string {
	return fmt.Sprintf(" |> filter(fn: (r) => r.tenant == %s and r.device == %s)", flux(tenant), flux(device))
}

// row is one point, assembled from its fields.
type row struct {
	measurement string
	tags        map[string]string
	at          time.Time
	fields      map[string]any
}

func (r *row) int(name string) int64 {
	v, _ := r.fields[name].(int64)
	return v
}

func (r *row) text(name string) string {
	v, _ := r.fields[name].(string)
	return v
}

func (r *row) bool(name string) bool {
	v, _ := r.fields[name].(bool)
	return v
}

// Messages returns up to limit messages of a device within the range, the latest if there are more. It reads
// the whole range.
func (s *Store) Messages(ctx context.Context, r series.Range, limit int) ([]series.Message, error) {
	rows, err := s.rows(ctx, s.from(r.From.Add(-spread), r.To.Add(spread))+ofDevice(r.Tenant, r.Device))
	if err != nil {
		return nil, fmt.Errorf("read series of %s: %w", r.Device, err)
	}
	type key struct {
		boot, seq, mat int64
		store          string
	}
	byKey := map[key]*series.Message{}
	name(rows)
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.int("place"), b.int("place")) })
	for _, p := range rows {
		mat := time.UnixMicro(p.int("mat")).UTC()
		if mat.Before(r.From) || !mat.Before(r.To) {
			continue
		}
		k := key{p.int("boot"), p.int("seq"), p.int("mat"), p.tags["store"]}
		m := byKey[k]
		if m == nil {
			m = &series.Message{Tenant: r.Tenant, Store: k.store, Device: r.Device, Boot: uint32(k.boot), Seq: uint64(k.seq), At: mat}
			byKey[k] = m
		}
		p.addTo(m)
	}
	list := make([]series.Message, 0, len(byKey))
	for _, m := range byKey {
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b series.Message) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.Seq, b.Seq))
	})
	return list[max(0, len(list)-limit):], nil
}

// name gives slot points the numbers of their message and their place in it, which only the look point of the
// same store with the same time, to the nanosecond, has.
func name(rows []*row) {
	type moment struct {
		store string
		at    int64
	}
	type look struct {
		*row
		places map[string]int64
	}
	looks := map[moment]look{}
	for _, r := range rows {
		if r.measurement == lookPoints {
			places := map[string]int64{}
			for i, slot := range strings.Split(r.text("order"), orderSep) {
				places[slot] = int64(i)
			}
			looks[moment{r.tags["store"], r.at.UnixNano()}] = look{r, places}
		}
	}
	for _, r := range rows {
		look, ok := looks[moment{r.tags["store"], r.at.UnixNano()}]
		if r.measurement != shelfPoints || !ok {
			continue
		}
		for _, field := range [...]string{"boot", "seq", "mat"} {
			r.fields[field] = look.fields[field]
		}
		r.fields["place"] = look.places[r.tags["slot"]]
	}
}

// rows runs a query that returns fields separately, and assembles each point.
func (s *Store) rows(ctx context.Context, query string) ([]*row, error) {
	result, err := s.query.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	points := map[string]*row{}
	for result.Next() {
		rec := result.Record()
		tags := map[string]string{}
		key := rec.Measurement() + strconv.FormatInt(rec.Time().UnixNano(), 10)
		for _, name := range [...]string{"store", "device", "slot", "gtin", "sensor", "line", "type", "channel", "currency", "cooler"} {
			if v, ok := rec.ValueByKey(name).(string); ok {
				tags[name] = v
				key += "\x00" + name + "\x00" + v
			}
		}
		p := points[key]
		if p == nil {
			p = &row{measurement: rec.Measurement(), tags: tags, at: rec.Time(), fields: map[string]any{}}
			points[key] = p
		}
		p.fields[rec.Field()] = rec.Value()
	}
	list := make([]*row, 0, len(points))
	for _, p := range points {
		list = append(list, p)
	}
	return list, result.Err()
}

func (r *row) addTo(m *series.Message) {
	at := r.at.UTC().Truncate(time.Microsecond)
	switch r.measurement {
	case shelfPoints:
		p := series.SlotPoint{Slot: r.tags["slot"], GTIN: shelf.GTIN(r.tags["gtin"]), State: shelf.OK}
		if state, said := r.fields["state"].(int64); said {
			p.State = shelf.State(state)
		}
		if p.State == shelf.Unknown {
			p.Due, p.Reason = int(r.int("due")), shelf.Reason(r.int("reason"))
		} else {
			p.Present = int(r.int("present"))
			p.Due = p.Present + int(r.int("missing"))
		}
		m.Slots = append(m.Slots, p)
	case doorPoints:
		m.Doors = append(m.Doors, telemetry.DoorEvent{At: at, Open: r.bool("open")})
	case climatePoints:
		m.Climate = append(m.Climate, telemetry.Climate{At: at, Sensor: r.tags["sensor"], Temp: telemetry.MilliCelsius(r.int("temp_mc")),
			HumidityPermille: telemetry.Permille(r.int("humidity_permille"))})
	case footfallPoints:
		m.Footfall = append(m.Footfall, telemetry.Footfall{From: time.UnixMicro(r.int("from")).UTC(), To: at, Line: r.tags["line"],
			In: int(r.int("in")), Out: int(r.int("out")), Passing: int(r.int("passing")), Dwell: time.Duration(r.int("dwell_ms")) * time.Millisecond})
	case powerPoints:
		m.Power = append(m.Power, telemetry.Power{At: at, MilliVolt: int32(r.int("mv")), MilliAmp: int32(r.int("ma")), Mains: r.bool("mains")})
	case eventPoints:
		m.Events = append(m.Events, series.Event{At: at, Type: r.tags["type"], Slot: r.text("slot"), GTIN: shelf.GTIN(r.text("gtin"))})
	}
}

// has reports whether a message is stored, whatever its time.
func (s *Store) has(ctx context.Context, m *series.Message) (bool, error) {
	const years = 10 * 365 * 24 * time.Hour
	query := s.from(m.At.Add(-years), m.At.Add(spread)) + ofDevice(m.Tenant, m.Device) +
		` |> filter(fn: (r) => r._field == "boot" or r._field == "seq")` +
		` |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")` +
		fmt.Sprintf(` |> filter(fn: (r) => r.boot == %d and r.seq == %d) |> limit(n: 1)`, m.Boot, m.Seq)
	found := false
	err := s.each(ctx, query, func(values) { found = true })
	return found, err
}
