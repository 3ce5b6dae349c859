package api

import (
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// campaigns are the addresses of promotions.
func (a *api) campaigns() map[string]handler {
	return map[string]handler{
		"GET /v1/promotions":         a.promotions,
		"PUT /v1/promotions/{id}":    a.putPromotion,
		"DELETE /v1/promotions/{id}": a.deletePromotion,
		"GET /v1/kpis/promotions":    a.lifts,
	}
}

func (a *api) promotions(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	list, err := promotion.List(r.Context(), a.DB, tenant)
	return map[string]any{"promotions": list}, err
}

func (a *api) putPromotion(r *http.Request, tenant string) (any, error) {
	var body promotion.Promotion
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if body.ID == "" {
		body.ID = id
	}
	if body.ID != id {
		return nil, &Problem{http.StatusBadRequest, problem.AddressDiffers, "the body is about promotion " + body.ID + ", the address about " + id, "leave id out of the body"}
	}
	if err := body.Validate(); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadPromotion, err.Error(), "see docs/openapi.yaml"}
	}
	return body, a.DB.Write(r.Context(), func(tx *state.Tx) error { return promotion.Put(r.Context(), tx, tenant, &body) })
}

func (a *api) deletePromotion(r *http.Request, tenant string) (any, error) {
	err := a.DB.Write(r.Context(), func(tx *state.Tx) error { return promotion.Delete(r.Context(), tx, tenant, r.PathValue("id")) })
	return map[string]any{}, err
}

// lifts answers what came of the promotions of the last quarter, or of another stretch.
func (a *api) lifts(r *http.Request, tenant string) (any, error) {
	p := query(r, "from", "to", "format")
	to := p.time("to", a.Now())
	from := p.time("from", to.Add(-91*24*time.Hour))
	if !from.Before(to) {
		p.fault("from is not before to")
	}
	p.format()
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.KPIs.Promotions(r.Context(), tenant, from, to, a.Now())
	if err != nil {
		return nil, err
	}
	return formatted(p, "promotions", map[string]any{"from": from, "to": to, "promotions": list}, list)
}
