package api

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// alertsAnswer lists alerts, the newest first. A client that follows the live stream from Cursor misses no
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
