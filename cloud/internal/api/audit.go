package api

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// audited is what the audit log says about each address that changes something. It does not contain those that
// write a more detailed line themselves (rules, bundles, staged updates, what boards should have, lessons),
// that bring facts (sales, stock, orders), or that say something about an alert, which is stored with the
// alert.
var audited = map[string]string{
	"PUT /v1/coolers/{device}":                 "cooler changed",
	"POST /v1/coolers/{device}/commands":       "command sent",
	"PUT /v1/stores/{store}":                   "store changed",
	"PUT /v1/planograms/{id}":                  "planogram published",
	"POST /v1/webhooks":                        "webhook added",
	"DELETE /v1/webhooks/{id}":                 "webhook removed",
	"POST /v1/webhooks/{id}/replay":            "webhook told again",
	"POST /v1/webhooks/{id}/test":              "webhook tried",
	"POST /v1/rules/recipients/test":           "recipient tried",
	"PUT /v1/kpis/weights":                     "weights changed",
	"POST /v1/kpis/replay":                     "hours made again",
	"POST /v1/suggestions/{id}":                "order suggestion decided",
	"POST /v1/suggestions/bulk":                "order suggestions decided",
	"PUT /v1/deliveries/{store}":               "deliveries changed",
	"PUT /v1/ordering":                         "ordering system changed",
	"PUT /v1/promotions/{id}":                  "promotion changed",
	"DELETE /v1/promotions/{id}":               "promotion removed",
	"PUT /v1/lessons/{id}/photos/{n}":          "lesson photo added",
	"POST /v1/sales/masters":                   "masters changed",
	"POST /v1/sales/parked/replay":             "parked sales tried again",
	"POST /v1/sales/rejected/replay":           "rejected webhooks read again",
	"DELETE /v1/sales/rejected/{id}":           "rejected line mended",
	"PUT /v1/sales/channels/{channel}":         "channel changed",
	"DELETE /v1/sales/channels/{channel}":      "channel removed",
	"POST /v1/orders/{channel}/{order}/cancel": "order cancelled",
}

// mark is what a handler adds to its line in the audit log.
type mark struct{ detail string }

type markKey struct{}

// remark adds to the line in the audit log what the address does not say. It must not contain secrets.
func remark(r *http.Request, detail string) {
	if m, ok := r.Context().Value(markKey{}).(*mark); ok {
		m.detail = detail
	}
}

var places = regexp.MustCompile(`\{([a-z0-9]+)\}`)

// audit makes a handler's change appear in the audit log, written in the transaction that makes it; for a
// change that touches no row of ours, in a transaction of its own afterwards.
func (a *api) audit(pattern, action string, h handler) handler {
	names := places.FindAllStringSubmatch(pattern, -1)
	return func(r *http.Request, tenant string) (any, error) {
		m := &mark{}
		note := func(tx *state.Tx) error {
			var details []string
			for _, n := range names {
				details = append(details, r.PathValue(n[1]))
			}
			if m.detail != "" {
				details = append(details, m.detail)
			}
			return access.Note(r.Context(), tx, tenant, a.recordedAs(r), action, strings.Join(details, " "), a.Now())
		}
		ctx, noted := state.Beside(context.WithValue(r.Context(), markKey{}, m), note)
		v, err := h(r.WithContext(ctx), tenant)
		if err == nil && !noted() {
			err = a.DB.Write(r.Context(), note)
		}
		return v, err
	}
}

// Recorded lists the addresses that New records in the audit log.
func Recorded() []string { return slices.Sorted(maps.Keys(audited)) }
