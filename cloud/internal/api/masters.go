package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
)

// maxMasters bounds a body of masters.
const maxMasters = 32 << 20

// postMasters enters products and stores: of JSON all of them or none, of CSV the good rows.
func (a *api) postMasters(r *http.Request, tenant string) (any, error) {
	kind, charset, err := intake.MediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, charsetProblem(err)
	}
	if kind == "text/csv" {
		return a.postMasterFile(r, tenant, charset)
	}
	if p := query(r); p.err != nil {
		return nil, p.err
	}
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

func (a *api) postMasterFile(r *http.Request, tenant, charset string) (any, error) {
	p := query(r, "dry_run", "mend", "currency", "decimal")
	dryRun, mend := p.yes("dry_run"), p.yes("mend")
	form := intake.MasterForm{Currency: p.text("currency"), Decimal: p.text("decimal")}
	if p.err != nil {
		return nil, p.err
	}
	if err := form.Validate(); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadQuery, err.Error(), "see docs/sales.md"}
	}
	body, err := unpacked(r)
	if err != nil {
		return nil, err
	}
	if body, err = intake.Told(body, charset); err != nil {
		return nil, err
	}
	file := intake.OpenMasters(body, form)
	report, err := file.Take(r.Context(), a.Sales, tenant, dryRun)
	if err == nil && mend {
		report.Mend, err = file.Mend(&report.Report)
	}
	return report, err
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
