package api

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// alertsAnswer lists alerts, the newest first; whoever follows the live stream from Cursor misses no
// change of them.
type alertsAnswer struct {
	Alerts []alert.Alert `json:"alerts"`
	Cursor string        `json:"cursor"`
}

func (a *api) alerts(r *http.Request, tenant string) (any, error) {
	p := query(r, "state", "type", "store", "device", "limit", "before")
	f := alert.Filter{Tenant: tenant, Stores: p.list("store"), Devices: p.list("device"),
		Before: p.text("before"), Limit: int(p.number("limit", 100, 1, 1000))}
	for _, s := range p.list("state") {
		if !slices.Contains([]alert.Status{alert.StatusOpen, alert.StatusAcknowledged, alert.StatusResolved}, alert.Status(s)) {
			p.fault("parameter state is %q, want open, acknowledged or resolved", s)
		}
		f.Statuses = append(f.Statuses, alert.Status(s))
	}
	for _, t := range p.list("type") {
		if !slices.Contains(alert.Types(), alert.Type(t)) {
			p.fault("parameter type: unknown alert type %q", t)
		}
		f.Types = append(f.Types, alert.Type(t))
	}
	if p.err != nil {
		return nil, p.err
	}
	list, cursor, err := alert.List(r.Context(), a.DB, f)
	return alertsAnswer{list, strconv.FormatInt(cursor, 10)}, err
}

func (a *api) alert(r *http.Request, tenant string) (any, error) {
	return alert.Get(r.Context(), a.DB, tenant, r.PathValue("id"))
}

// ackBody is who takes an alert on, and what he says to it.
type ackBody struct {
	By   string `json:"by"`
	Note string `json:"note"`
}

// maxNote bounds what a person can say, in bytes.
const maxNote = 2000

func (a *api) acknowledge(r *http.Request, tenant string) (any, error) {
	var body ackBody
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if len(body.Note) > maxNote || len(body.By) > 200 {
		return nil, &Problem{http.StatusBadRequest, "by or note is too long", "note takes 2000 bytes, by 200"}
	}
	taken, err := a.Alerts.Acknowledge(r.Context(), a.DB, tenant, r.PathValue("id"), body.By, body.Note)
	if err != nil {
		return nil, err
	}
	a.Changed()
	return taken, nil
}
