package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// maxMasters bounds a body of masters.
const maxMasters = 32 << 20

// postMasters enters products and stores, all of them or none.
func (a *api) postMasters(r *http.Request, tenant string) (any, error) {
	data, err := readText(r, maxMasters)
	if err != nil {
		return nil, err
	}
	var body struct {
		Products []sales.Product `json:"products"`
		Stores   []sales.Store   `json:"stores"`
	}
	if err := strictly(data, &body); err != nil {
		return nil, err
	}
	replayed, err := a.Sales.PutMasters(r.Context(), tenant, body.Products, body.Stores)
	return map[string]int{"products": len(body.Products), "stores": len(body.Stores), "replayed": replayed}, faulty(err)
}

// strictly decodes one JSON value without unknown fields.
func strictly(data []byte, into any) error {
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil && dec.More() {
		return &Problem{http.StatusBadRequest, problem.BadBody, "the body is not understood: there is something after it", "send one JSON value"}
	}
	if err != nil {
		return &Problem{http.StatusBadRequest, problem.BadBody, "the body is not understood: " + strings.TrimPrefix(err.Error(), "json: "), "send JSON as docs/openapi.yaml describes it"}
	}
	return nil
}

func (a *api) salesProducts(r *http.Request, tenant string) (any, error) {
	list, err := a.Sales.Products(r.Context(), tenant)
	if list == nil {
		list = []sales.Product{}
	}
	return map[string]any{"products": list}, err
}

func (a *api) salesStores(r *http.Request, tenant string) (any, error) {
	list, err := a.Sales.Stores(r.Context(), tenant)
	if list == nil {
		list = []sales.Store{}
	}
	return map[string]any{"stores": list}, err
}
