package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/fleet"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// coolersAnswer lists coolers. A client that follows the live stream from Cursor misses no alert.
type coolersAnswer struct {
	Coolers []fleet.Row `json:"coolers"`
	Cursor  string      `json:"cursor"`
}

func (a *api) coolers(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	head, err := alert.LogHead(r.Context(), a.DB)
	if err != nil {
		return nil, err
	}
	rows, err := fleet.All(r.Context(), a.DB, tenant, a.Now())
	if err != nil {
		return nil, err
	}
	return coolersAnswer{rows, strconv.FormatInt(head, 10)}, nil
}

// coolerAnswer is a cooler's row with the details. Its planogram replaces the row's reference to one.
type coolerAnswer struct {
	fleet.Row
	Planogram   *shelf.Planogram `json:"planogram"`
	Assigned    string           `json:"assigned_planogram"` // ID; "": none was assigned here
	Observation *observation     `json:"observation"`
	Alerts      []alert.Alert    `json:"alerts"` // those that are not over
	Board       board            `json:"board"`
}

// observation is the last look at the shelves, with the message that brought it.
type observation struct {
	shelf.Observation
	Boot uint32 `json:"boot"`
	Seq  uint64 `json:"seq"`
}

// maxAlerts bounds the alerts in the answer about one cooler.
const maxAlerts = 500

func (a *api) cooler(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	ctx, device := r.Context(), r.PathValue("device")
	row, c, err := fleet.One(ctx, a.DB, tenant, device, a.Now())
	if err != nil {
		return nil, err
	}
	out := coolerAnswer{Row: row, Assigned: c.Planogram, Board: boardOf(c, &row)}
	if out.Observation, err = a.lastObservation(r, tenant, device); err != nil {
		return nil, err
	}
	if out.Planogram, err = a.planogramOf(r, tenant, row, c); err != nil {
		return nil, err
	}
	out.Alerts, _, err = alert.List(ctx, a.DB, alert.Filter{Tenant: tenant, Devices: []string{device},
		Statuses: []alert.Status{alert.StatusOpen, alert.StatusAcknowledged}, Limit: maxAlerts})
	return out, err
}

func (a *api) lastObservation(r *http.Request, tenant, device string) (*observation, error) {
	data, err := state.LastObservation(r.Context(), a.DB, tenant, device)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	env, err := wire.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("stored observation of %s: %w", device, err)
	}
	o, ok := env.Body.(*wire.Observation)
	if !ok {
		return nil, fmt.Errorf("stored observation of %s is of kind %s", device, env.Body.Kind())
	}
	out := &observation{o.Observation, env.Boot, env.Seq}
	if out.Facings == nil {
		out.Facings = []shelf.Facing{}
	}
	if out.Slots == nil {
		out.Slots = []shelf.SlotReading{}
	}
	return out, nil
}

// planogramOf returns the version by which the cooler judges if it is published here, else the newest version
// of the one assigned.
func (a *api) planogramOf(r *http.Request, tenant string, row fleet.Row, c *state.Cooler) (*shelf.Planogram, error) {
	if row.Planogram != nil {
		p, err := state.GetPlanogram(r.Context(), a.DB, tenant, row.Planogram.ID, row.Planogram.Version)
		if !errors.Is(err, state.ErrNotFound) {
			return p, err
		}
	}
	if c.Planogram == "" {
		return nil, nil
	}
	p, err := state.GetPlanogram(r.Context(), a.DB, tenant, c.Planogram, 0)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	return p, err
}

// coolerBody is what people say about a cooler; what is left out stays as it is.
type coolerBody struct {
	Name      *string `json:"name"`
	Store     *string `json:"store"`
	Planogram *string `json:"planogram"` // ID; "": none
	Model     *string `json:"model"`     // by its manufacturer's name
}

func (a *api) putCooler(r *http.Request, tenant string) (any, error) {
	var body coolerBody
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	ctx, device := r.Context(), r.PathValue("device")
	isNew := false
	err := a.DB.Write(ctx, func(tx *state.Tx) error {
		c, err := state.GetCooler(ctx, tx, tenant, device)
		switch {
		case errors.Is(err, state.ErrNotFound):
			isNew, c = true, &state.Cooler{Tenant: tenant, Device: device}
		case err != nil:
			return err
		}
		set(&c.Name, body.Name)
		set(&c.Store, body.Store)
		set(&c.Planogram, body.Planogram)
		set(&c.Model, body.Model)
		if err := checkWord("model", c.Model); err != nil {
			return err
		}
		id := wire.Identity{Tenant: tenant, Store: c.Store, Device: device}
		if err := id.Validate(); err != nil {
			return &Problem{http.StatusBadRequest, problem.BadCooler, err.Error(), "a new cooler needs a store"}
		}
		if c.Planogram != "" {
			if _, err := state.GetPlanogram(ctx, tx, tenant, c.Planogram, 0); err != nil {
				return err
			}
		}
		now := a.Now()
		if err := state.EnsureStore(ctx, tx, tenant, c.Store, now); err != nil {
			return err
		}
		if err := state.DescribeCooler(ctx, tx, c, now); err != nil {
			return err
		}
		return care.Touch(ctx, tx, tenant, care.Cooler, device)
	})
	if err != nil {
		return nil, err
	}
	a.Changed()
	answer, err := a.cooler(r, tenant)
	if err == nil && isNew {
		return created{answer}, nil
	}
	return answer, err
}

func set(to *string, from *string) {
	if from != nil {
		*to = *from
	}
}

// picture returns a JPEG: the last one, or that of an observation.
func (a *api) picture(r *http.Request, tenant string) (any, error) {
	p := query(r, "boot", "seq")
	boot, seq := p.number("boot", 0, 1, 1<<32-1), p.number("seq", 0, 1, 1<<63-1)
	if (boot == 0) != (seq == 0) {
		p.fault("boot and seq go together")
	}
	if p.err != nil {
		return nil, p.err
	}
	device := r.PathValue("device")
	var pic *state.Picture
	var err error
	age := "no-cache"
	if boot == 0 {
		pic, err = state.LastPicture(r.Context(), a.DB, tenant, device)
	} else {
		age = "private, max-age=86400, immutable" // a message never changes
		pic, err = state.GetPicture(r.Context(), a.DB, tenant, device, state.Order{Boot: uint32(boot), Seq: seq})
	}
	if errors.Is(err, state.ErrNotFound) {
		return nil, &Problem{http.StatusNotFound, problem.NoPicture, err.Error(), "the board sends pictures as its configuration says, and only the newest are kept"}
	}
	if err != nil {
		return nil, err
	}
	return &blob{contentType: "image/jpeg", etag: fmt.Sprintf("%d-%d", pic.Boot, pic.Seq), maxAge: age, bytes: pic.JPEG}, nil
}
