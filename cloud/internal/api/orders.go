package api

import (
	"errors"
	"net/http"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/route"
)

// routeOrder splits and assigns an online order and reserves its goods.
func (a *api) routeOrder(r *http.Request, tenant string) (any, error) {
	var o route.Order
	if err := decode(r, &o); err != nil {
		return nil, err
	}
	answer, err := a.Orders.Route(r.Context(), tenant, &o)
	if errors.Is(err, route.ErrConflict) {
		return nil, &Problem{http.StatusConflict, problem.OrderExists, err.Error(), "give each order a name of its own"}
	}
	return answer, faulty(err)
}

func orderName(r *http.Request) sales.OrderName {
	return sales.OrderName{Channel: r.PathValue("channel"), Order: r.PathValue("order")}
}

// orders lists online orders, the newest first.
func (a *api) orders(r *http.Request, tenant string) (any, error) {
	p := query(r, "status", "limit")
	limit := int(p.number("limit", 200, 1, 2000))
	var of []sales.ReservationStatus
	for _, s := range p.list("status") {
		switch status := sales.ReservationStatus(s); status {
		case sales.Held, sales.Sold, sales.Cancelled, sales.TimedOut, sales.Refused:
			of = append(of, status)
		default:
			p.fault("status %q is not held, sold, cancelled, timed_out or refused", s)
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.Orders.List(r.Context(), tenant, of, limit)
	return map[string]any{"orders": list}, err
}

func (a *api) order(r *http.Request, tenant string) (any, error) {
	return a.Orders.Find(r.Context(), tenant, orderName(r))
}

func (a *api) cancelOrder(r *http.Request, tenant string) (any, error) {
	return a.Orders.Cancel(r.Context(), tenant, orderName(r))
}
