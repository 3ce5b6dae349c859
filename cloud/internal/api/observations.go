package api

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// observed is one look as the series stores it: the judgement of each slot.
type observed struct {
	CapturedAt time.Time  `json:"captured_at"`
	Doubtful   bool       `json:"time_doubtful,omitempty"` // the board's clock was not set, so this is the time of arrival
	Boot       uint32     `json:"boot"`
	Seq        uint64     `json:"seq"`
	Slots      []slotSeen `json:"slots"`
}

type slotSeen struct {
	Slot    string       `json:"slot"`
	GTIN    shelf.GTIN   `json:"gtin"`
	State   shelf.State  `json:"state"`
	Reason  shelf.Reason `json:"reason,omitempty"`
	Due     int          `json:"facings_due"`
	Present int          `json:"facings_present"`
}

// maxMessages bounds what one chart or list reads.
const maxMessages = 5000

func (a *api) observations(r *http.Request, tenant string) (any, error) {
	p := query(r, "from", "to", "limit")
	from, to := p.span(a.Now().Add(time.Second))
	limit := p.number("limit", 100, 1, maxMessages)
	if p.err != nil {
		return nil, p.err
	}
	messages, err := a.messages(r, tenant, from, to)
	if err != nil {
		return nil, err
	}
	list := []observed{}
	for _, m := range messages {
		if len(m.Slots) == 0 {
			continue
		}
		o := observed{CapturedAt: m.At, Doubtful: m.AtDoubtful, Boot: m.Boot, Seq: m.Seq}
		for _, s := range m.Slots {
			o.Slots = append(o.Slots, slotSeen{s.Slot, s.GTIN, s.State, s.Reason, s.Due, s.Present})
		}
		list = append(list, o)
	}
	return map[string]any{"observations": list[max(0, len(list)-int(limit)):]}, nil
}

// messages reads a device's part of the series. An unknown device is an error, so that a misspelt one is not
// taken for a quiet one.
func (a *api) messages(r *http.Request, tenant string, from, to time.Time) ([]series.Message, error) {
	device := r.PathValue("device")
	if err := a.known(r, tenant, device); err != nil {
		return nil, err
	}
	return a.Series.Messages(r.Context(), series.Range{Tenant: tenant, Device: device, From: from, To: to}, maxMessages)
}

// chart is one line over time.
type chart struct {
	Kind   string       `json:"kind"`
	Unit   string       `json:"unit"`
	Grain  string       `json:"grain"`  // "reading", or "hour" or "day" for means and totals by the hour or the day of UTC
	Points [][2]float64 `json:"points"` // [ms since 1970 UTC, value]
}

// rawSpan is the longest stretch that is drawn reading by reading.
const rawSpan = 3 * 24 * time.Hour

// hourSpan is the longest stretch that is drawn by the hour.
const hourSpan = 92 * 24 * time.Hour

var units = map[string]string{"temperature": "milli-celsius", "door": "open", "footfall": "people", "osa": "share", "power": "milli-watt"}

func (a *api) series(r *http.Request, tenant string) (any, error) {
	p := query(r, "kind", "from", "to")
	from, to := p.span(a.Now().Add(time.Second))
	kind := p.text("kind")
	if units[kind] == "" {
		p.fault("parameter kind is %q, want temperature, door, footfall, osa or power", kind)
	}
	if p.err != nil {
		return nil, p.err
	}
	c := chart{Kind: kind, Unit: units[kind], Grain: "reading", Points: [][2]float64{}}
	if to.Sub(from) > rawSpan {
		c.Grain = "hour"
		if kind == "door" {
			c.Unit = "openings"
		}
		if to.Sub(from) > hourSpan && kind != "power" {
			c.Grain = "day"
		}
		err := a.rollups(r, tenant, from, to, &c)
		return c, err
	}
	messages, err := a.messages(r, tenant, from, to)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		c.add(m)
	}
	return c, nil
}

func (c *chart) point(at time.Time, v float64) {
	c.Points = append(c.Points, [2]float64{float64(at.UnixMilli()), v})
}

func (c *chart) add(m series.Message) {
	switch c.Kind {
	case "temperature":
		for _, t := range m.Climate {
			c.point(t.At, float64(t.Temp))
		}
	case "door":
		for _, d := range m.Doors {
			v := 0.0
			if d.Open {
				v = 1
			}
			c.point(d.At, v)
		}
	case "footfall":
		for _, f := range m.Footfall {
			c.point(f.From, float64(f.In))
		}
	case "power":
		for _, p := range m.Power {
			c.point(p.At, milliwatts(p))
		}
	case "osa":
		if v, ok := availability(m.Slots); ok {
			c.point(m.At, v)
		}
	}
}

// milliwatts is the power that is drawn; it is negative while a battery feeds the board.
func milliwatts(p telemetry.Power) float64 { return float64(p.MilliVolt) * float64(p.MilliAmp) / 1000 }

// availability returns the share of required SKUs that are present, among those that were observed.
func availability(slots []series.SlotPoint) (share float64, ok bool) {
	present := map[shelf.GTIN]bool{}
	for _, s := range slots {
		if s.State != shelf.Unknown {
			present[s.GTIN] = present[s.GTIN] || s.Present > 0
		}
	}
	n := 0
	for _, p := range present {
		if p {
			n++
		}
	}
	if len(present) == 0 {
		return 0, false
	}
	return float64(n) / float64(len(present)), true
}

// rollups draws totals by the hour or by the day.
func (a *api) rollups(r *http.Request, tenant string, from, to time.Time, c *chart) error {
	if c.Kind == "power" {
		return a.powerByHour(r, tenant, from, to, c)
	}
	device := r.PathValue("device")
	if err := a.known(r, tenant, device); err != nil {
		return err
	}
	read := a.Series.Hours
	if c.Grain == "day" {
		read = a.Series.Days
	}
	list, err := read(r.Context(), series.Range{Tenant: tenant, Device: device, From: from, To: to})
	if err != nil {
		return err
	}
	for _, h := range list {
		switch c.Kind {
		case "temperature":
			if h.TempCount > 0 {
				c.point(h.Start, float64(h.TempSum)/float64(h.TempCount))
			}
		case "door":
			c.point(h.Start, float64(h.DoorOpenings))
		case "footfall":
			c.point(h.Start, float64(h.In))
		case "osa":
			// By slots, because a rollup does not record which SKU stood where.
			if seen := h.Totals.OK + h.Totals.Low + h.Totals.Empty + h.Totals.Misplaced + h.Totals.Foreign; seen > 0 {
				c.point(h.Start, float64(h.Totals.OK+h.Totals.Low)/float64(seen))
			}
		}
	}
	return nil
}

// powerByHour computes hourly means from single readings, day by day, because the hours of the series do not
// include power.
func (a *api) powerByHour(r *http.Request, tenant string, from, to time.Time, c *chart) error {
	const day = 24 * time.Hour
	sums, counts := map[time.Time]float64{}, map[time.Time]float64{}
	for at := from; at.Before(to); at = at.Add(day) {
		messages, err := a.messages(r, tenant, at, earlier(at.Add(day), to))
		if err != nil {
			return err
		}
		for _, m := range messages {
			for _, p := range m.Power {
				h := p.At.Truncate(time.Hour)
				sums[h] += milliwatts(p)
				counts[h]++
			}
		}
	}
	for _, h := range slices.SortedFunc(maps.Keys(sums), time.Time.Compare) {
		c.point(h, sums[h]/counts[h])
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
