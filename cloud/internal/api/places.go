package api

import (
	"net/http"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// place is a store in the API.
type place struct {
	Store string   `json:"store"`
	Name  string   `json:"name"`
	GLN   string   `json:"gln,omitempty"`
	Lat   *float64 `json:"lat"`
	Lon   *float64 `json:"lon"`
	TZ    string   `json:"tz,omitempty"`
	Hours string   `json:"hours,omitempty"`

	Region  string `json:"region,omitempty"`
	Channel string `json:"channel,omitempty"` // of trade
	Class   string `json:"class,omitempty"`
}

func placeOf(s state.Store) place {
	return place{s.Store, s.Name, s.GLN, s.Lat, s.Lon, s.TZ, s.Hours, s.Region, s.Channel, s.Class}
}

func (a *api) stores(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	list, err := state.ListStores(r.Context(), a.DB, tenant)
	if err != nil {
		return nil, err
	}
	out := make([]place, len(list))
	for i, s := range list {
		out[i] = placeOf(s)
	}
	return map[string]any{"stores": out}, nil
}

func (a *api) store(r *http.Request, tenant string) (any, error) {
	s, err := state.GetStore(r.Context(), a.DB, tenant, r.PathValue("store"))
	return placeOf(s), err
}

func (a *api) putStore(r *http.Request, tenant string) (any, error) {
	var body place
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	name := r.PathValue("store")
	if body.Store == "" {
		body.Store = name
	}
	if err := body.validate(tenant, name); err != nil {
		return nil, err
	}
	s := state.Store{Tenant: tenant, Store: body.Store, Name: body.Name, GLN: body.GLN, Lat: body.Lat, Lon: body.Lon, TZ: body.TZ, Hours: body.Hours,
		Region: body.Region, Channel: body.Channel, Class: body.Class}
	err := a.DB.Write(r.Context(), func(tx *state.Tx) error { return state.PutStore(r.Context(), tx, s, a.Now()) })
	if err == nil && a.Sales != nil { // sales may be waiting for it
		_, err = a.Sales.Replay(r.Context(), tenant)
	}
	return placeOf(s), err
}

func (b place) validate(tenant, name string) error {
	bad := func(code problem.Code, text, hint string) error {
		return &Problem{http.StatusBadRequest, code, text, hint}
	}
	if b.Store != name {
		return bad(problem.AddressDiffers, "the body is about store "+b.Store+", the address about "+name, "leave store out of the body")
	}
	if err := (wire.Identity{Tenant: tenant, Store: name, Device: "x"}).Validate(); err != nil {
		return bad(problem.BadName, err.Error(), "choose another name")
	}
	if b.GLN != "" {
		if err := checkGLN(b.GLN); err != nil {
			return bad(problem.BadGLN, err.Error(), "a GLN has 13 digits, the last is its check digit")
		}
	}
	if (b.Lat == nil) != (b.Lon == nil) || b.Lat != nil && (*b.Lat < -90 || *b.Lat > 90 || *b.Lon < -180 || *b.Lon > 180) {
		return bad(problem.BadPlace, "lat and lon are not a place on earth", "give both, in degrees of WGS 84")
	}
	if err := checkZone(b.TZ); err != nil {
		return bad(problem.BadZone, err.Error(), "give an IANA name such as Asia/Shanghai")
	}
	if _, err := sales.ParseHours(b.Hours); err != nil {
		return bad(problem.BadHours, err.Error(), "such as Mo-Fr 07:00-22:00; Sa,Su 08:00-20:00")
	}
	for field, word := range map[string]string{"region": b.Region, "channel": b.Channel, "class": b.Class} {
		if err := checkWord(field, word); err != nil {
			return err
		}
	}
	return nil
}

func (a *api) products(r *http.Request, tenant string) (any, error) {
	list, err := state.ListProducts(r.Context(), a.DB, tenant)
	if list == nil {
		list = []shelf.Product{}
	}
	return map[string]any{"products": list}, err
}
