// Package fleet describes the current state of each cooler in one row, in the form that the REST API and the
// live stream show: its health, its slots, its alerts.
//
// It does not guess: what was never read is null, and a share of which nothing was observed has no value. The
// JSON of a Row is a contract (docs/schema/cooler.json): fields are added, never changed.
package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Status says whether a cooler can be relied on.
type Status string

// The statuses of a cooler.
const (
	Online    Status = "online"
	Degraded  Status = "degraded" // it is heard, but its board, its camera or its power is in trouble
	Offline   Status = "offline"
	NeverSeen Status = "never_seen" // it was entered by hand and never heard
)

// Row is one cooler.
type Row struct {
	Device     string              `json:"device"`
	Store      string              `json:"store"`
	Name       string              `json:"name"`
	Model      string              `json:"model,omitempty"` // of the cooler, by its manufacturer's name
	Status     Status              `json:"status"`
	Reasons    []string            `json:"reasons,omitempty"` // why it is degraded
	LastSeen   *time.Time          `json:"last_seen"`         // when its last message came
	Planogram  *alert.PlanogramRef `json:"planogram"`         // by which it judges
	Slots      Slots               `json:"slots"`
	ObservedAt *time.Time          `json:"observed_at"` // when the slots were looked at
	OpenAlerts int                 `json:"open_alerts"`
	OSA        Measured            `json:"osa"` // on-shelf availability, of the last observation
	TempMC     *int32              `json:"temp_mc"`
	Door       string              `json:"door"` // open, closed or unknown
	PictureSeq *uint64             `json:"picture_seq"`
	PictureOf  *uint32             `json:"picture_boot"`
}

// Slots counts a cooler's slots by their last seen state.
type Slots struct {
	OK        int `json:"ok"`
	Low       int `json:"low"`
	Empty     int `json:"empty"`
	Misplaced int `json:"misplaced"`
	Foreign   int `json:"foreign"`
	Unknown   int `json:"unknown"`
}

// Measured is a KPI with its coverage: the share of its subject that was observed. With coverage 0 there is no
// value.
type Measured struct {
	Value    *float64 `json:"value"`
	Coverage float64  `json:"coverage"`
}

// silence is how long a cooler that never reported its presence may be silent and still count as online.
const silence = 10 * time.Minute

// RowOf builds a cooler's row from what is stored about it and the types of its open alerts.
func RowOf(c *state.Cooler, open []alert.Type, now time.Time) Row {
	l := c.Latest
	r := Row{Device: c.Device, Store: c.Store, Name: c.Name, Model: c.Model, OpenAlerts: len(open), Door: "unknown"}
	r.Status, r.Reasons = statusOf(c, open, now)
	if !c.LastSeen.IsZero() {
		r.LastSeen = &c.LastSeen
	}
	switch {
	case l.Shelf != nil && l.Shelf.Value.Planogram != "":
		r.Planogram = &alert.PlanogramRef{ID: l.Shelf.Value.Planogram, Version: l.Shelf.Value.PlanogramVersion}
	case l.Software != nil && l.Software.Value.Planogram != "":
		r.Planogram = &alert.PlanogramRef{ID: l.Software.Value.Planogram, Version: l.Software.Value.PlanogramVersion}
	}
	if l.Shelf != nil {
		s := l.Shelf.Value
		at := state.Time(s.At)
		r.ObservedAt = &at
		r.Slots = Slots{OK: s.OK, Low: s.Low, Empty: s.Empty, Misplaced: s.Misplaced, Foreign: s.Foreign, Unknown: s.Unknown}
		r.OSA = measured(s.Present, s.Observed, s.Required)
	}
	if l.Climate != nil {
		t := int32(l.Climate.Value.Temp)
		r.TempMC = &t
	}
	if l.Door != nil {
		r.Door = map[bool]string{true: "open", false: "closed"}[l.Door.Value.Open]
	}
	if c.Picture.Seq > 0 {
		r.PictureSeq, r.PictureOf = &c.Picture.Seq, &c.Picture.Boot
	}
	return r
}

func measured(present, observed, required int) Measured {
	if observed == 0 || required == 0 {
		return Measured{}
	}
	v := float64(present) / float64(observed)
	return Measured{Value: &v, Coverage: float64(observed) / float64(required)}
}

func statusOf(c *state.Cooler, open []alert.Type, now time.Time) (Status, []string) {
	if c.LastSeen.IsZero() && c.StatusBoot == 0 {
		return NeverSeen, nil
	}
	heard := c.Online || c.StatusBoot == 0 && now.Sub(c.LastSeen) < silence
	if !heard || slices.Contains(open, alert.CoolerOffline) {
		return Offline, nil
	}
	var reasons []string
	if h := c.Latest.Health; h != nil {
		reasons = slices.Clone(h.Value.Reasons)
	}
	for _, t := range open {
		switch t {
		case alert.CameraBlocked, alert.CameraFogged, alert.CameraShifted, alert.CameraImpaired, alert.CameraLost, alert.PowerLost:
			reasons = append(reasons, string(t))
		}
	}
	if len(reasons) > 0 {
		return Degraded, reasons
	}
	return Online, nil
}

// page is how many coolers are read at a time.
const page = 500

// All returns every cooler of a tenant, by device.
func All(ctx context.Context, q state.Querier, tenant string, now time.Time) ([]Row, error) {
	open, err := alert.OpenTypes(ctx, q, tenant, nil)
	if err != nil {
		return nil, err
	}
	rows := []Row{}
	for after := ""; ; {
		coolers, err := state.ListCoolers(ctx, q, tenant, after, page)
		if err != nil {
			return nil, err
		}
		for _, c := range coolers {
			rows = append(rows, RowOf(c, open[c.Device], now))
		}
		if len(coolers) < page {
			return rows, nil
		}
		after = coolers[len(coolers)-1].Device
	}
}

// One returns one cooler's row and the record from which it was made. The error is state.ErrNotFound if there
// is none.
func One(ctx context.Context, q state.Querier, tenant, device string, now time.Time) (Row, *state.Cooler, error) {
	c, err := state.GetCooler(ctx, q, tenant, device)
	if err != nil {
		return Row{}, nil, err
	}
	open, err := alert.OpenTypes(ctx, q, tenant, []string{device})
	if err != nil {
		return Row{}, nil, err
	}
	return RowOf(c, open[device], now), c, nil
}

// Of returns the rows of coolers of one tenant that were read already.
func Of(ctx context.Context, q state.Querier, tenant string, coolers []*state.Cooler, now time.Time) ([]Row, error) {
	if len(coolers) == 0 {
		return []Row{}, nil
	}
	devices := make([]string, len(coolers))
	for i, c := range coolers {
		devices[i] = c.Device
	}
	open, err := alert.OpenTypes(ctx, q, tenant, devices)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(coolers))
	for i, c := range coolers {
		rows[i] = RowOf(c, open[c.Device], now)
	}
	return rows, nil
}
