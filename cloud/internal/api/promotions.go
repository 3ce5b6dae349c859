package api

import (
	"context"
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// campaigns returns the addresses of promotions.
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
	return body, a.DB.Write(r.Context(), func(tx *state.Tx) error {
		if err := a.refold(r.Context(), tx, tenant, id); err != nil {
			return err
		}
		if err := promotion.Put(r.Context(), tx, tenant, &body); err != nil {
			return err
		}
		return a.refold(r.Context(), tx, tenant, id)
	})
}

// refold has the hours of a promotion computed again, as far back as possible.
func (a *api) refold(ctx context.Context, tx *state.Tx, tenant, id string) error {
	list, err := promotion.List(ctx, tx, tenant)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.ID != id {
			continue
		}
		from := p.From
		if oldest := a.Now().Add(-a.KeepPoints); a.KeepPoints > 0 && from.Before(oldest) {
			from = oldest
		}
		return merge.Refold(ctx, tx, tenant, p.Stores, from, p.To)
	}
	return nil
}

func (a *api) deletePromotion(r *http.Request, tenant string) (any, error) {
	err := a.DB.Write(r.Context(), func(tx *state.Tx) error {
		if err := a.refold(r.Context(), tx, tenant, r.PathValue("id")); err != nil {
			return err
		}
		return promotion.Delete(r.Context(), tx, tenant, r.PathValue("id"))
	})
	return map[string]any{}, err
}

// lifts returns the effect of the promotions of the last quarter, or of another stretch of time.
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
