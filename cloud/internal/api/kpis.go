package api

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/kpi"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/sheet"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// filters are the parameters that every KPI takes.
var filters = []string{"from", "to", "by", "compare", "stores", "regions", "brands", "categories", "skus", "own", "format"}

// question reads the parameters of a KPI; the default is the last week.
func (a *api) question(r *http.Request, tenant string, more ...string) (kpi.Query, kpi.Compare, *params) {
	p := query(r, append(slices.Clone(filters), more...)...)
	to := p.time("to", a.Now())
	q := a.selection(p, tenant, p.time("from", to.Add(-7*24*time.Hour)), to)
	for _, d := range p.list("by") {
		if !slices.Contains(kpi.Dims(), kpi.Dim(d)) {
			p.fault("by %q is not one of %s", d, words(kpi.Dims()))
		}
		q.By = append(q.By, kpi.Dim(d))
	}
	compare := kpi.Compare(p.text("compare"))
	if compare != kpi.CompareNone && compare != kpi.ComparePrevious && compare != kpi.CompareYear {
		p.fault("parameter compare is %q, want previous or year", compare)
	}
	if compare != kpi.CompareNone && slices.ContainsFunc(q.By, func(d kpi.Dim) bool { return d == kpi.Hour || d == kpi.Day || d == kpi.WeekOf }) {
		p.fault("a row by hour, day or week has nothing before it to compare with; leave compare out, or ask by weekday or hour_of_day")
	}
	if err := q.Validate(); err != nil {
		p.fault("%v", err)
	}
	return q, compare, p
}

// selection reads which stores and products are asked for, and the wanted form of the answer.
func (a *api) selection(p *params, tenant string, from, to time.Time) kpi.Query {
	q := kpi.Query{Tenant: tenant, From: from, To: to,
		Stores: p.list("stores"), Regions: p.list("regions"), Brands: p.list("brands"), Categories: p.list("categories")}
	for _, s := range p.list("skus") {
		g, err := shelf.ParseGTIN(s)
		if err != nil {
			p.fault("parameter skus: %v", err)
		}
		q.GTINs = append(q.GTINs, g)
	}
	switch own := p.text("own"); own {
	case "":
	case "true", "false":
		v := own == "true"
		q.Own = &v
	default:
		p.fault("parameter own is %q, want true or false", own)
	}
	p.format()
	return q
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}

// format checks the wanted form of the answer, which formatted applies.
func (p *params) format() {
	if f := p.text("format"); f != "" && f != "json" && f != "csv" && f != "xlsx" {
		p.fault("parameter format is %q, want json, csv or xlsx", f)
	}
}

// formatted returns an answer as JSON, or its rows as a file.
func formatted[T any](p *params, name string, answer any, rows []T) (any, error) {
	format := p.text("format")
	if format == "" || format == "json" {
		return answer, nil
	}
	table, err := sheet.Of(rows)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	b := &blob{maxAge: "no-cache", name: name + "." + format}
	if format == "csv" {
		b.contentType = "text/csv; charset=utf-8"
		err = table.CSV(&buf)
	} else {
		b.contentType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		err = table.XLSX(&buf, name)
	}
	b.bytes = buf.Bytes()
	return b, err
}

// kpiOf returns a handler for a KPI that takes no parameters but the filters.
func kpiOf[T any](a *api, name string, ask func(d *kpi.Desk, r *http.Request, q kpi.Query, c kpi.Compare) (*kpi.Answer[T], error)) handler {
	return func(r *http.Request, tenant string) (any, error) {
		q, compare, p := a.question(r, tenant)
		if p.err != nil {
			return nil, p.err
		}
		answer, err := ask(a.KPIs, r, q, compare)
		if err != nil {
			return nil, err
		}
		return formatted(p, name, answer, answer.Rows)
	}
}

// kpis returns the addresses under /v1/kpis.
func (a *api) kpis() map[string]handler {
	return map[string]handler{
		"GET /v1/kpis/availability": kpiOf(a, "availability", func(d *kpi.Desk, r *http.Request, q kpi.Query, c kpi.Compare) (*kpi.Answer[kpi.Availability], error) {
			return d.Availability(r.Context(), q, c)
		}),
		"GET /v1/kpis/sales": kpiOf(a, "sales", func(d *kpi.Desk, r *http.Request, q kpi.Query, c kpi.Compare) (*kpi.Answer[kpi.Sales], error) {
			return d.Sales(r.Context(), q, c)
		}),
		"GET /v1/kpis/shares": kpiOf(a, "shares", func(d *kpi.Desk, r *http.Request, q kpi.Query, c kpi.Compare) (*kpi.Answer[kpi.Shares], error) {
			return d.Shares(r.Context(), q, c)
		}),
		"GET /v1/kpis/conversion": kpiOf(a, "conversion", func(d *kpi.Desk, r *http.Request, q kpi.Query, c kpi.Compare) (*kpi.Answer[kpi.Traffic], error) {
			return d.Conversion(r.Context(), q, c)
		}),
		"GET /v1/kpis/preference": kpiOf(a, "preference", func(d *kpi.Desk, r *http.Request, q kpi.Query, c kpi.Compare) (*kpi.Answer[kpi.Preference], error) {
			return d.Preference(r.Context(), q, c)
		}),
		"GET /v1/kpis/forecast":     a.forecast,
		"GET /v1/kpis/hours":        a.mergedHours,
		"GET /v1/kpis/weights":      a.weightBook,
		"PUT /v1/kpis/weights":      a.putWeightBook,
		"GET /v1/kpis/outlets":      a.outlets,
		"GET /v1/kpis/coolers":      a.rankedCoolers,
		"GET /v1/kpis/restatements": a.restatements,
		"GET /v1/kpis/model":        a.model,
		"POST /v1/kpis/replay":      a.replayHours,
	}
}

// weights reads "osa:40,facings:25,share:20,order:15"; the default are those in the tenant's book.
func (a *api) weights(r *http.Request, p *params, q kpi.Query) (kpi.Weights, error) {
	if list := p.list("weights"); list != nil {
		return p.weights(list), nil
	}
	book, err := kpi.ReadWeights(r.Context(), a.DB, q.Tenant)
	return book.Of(q.Brands), err
}

func (p *params) weights(list []string) kpi.Weights {
	var w kpi.Weights
	for _, part := range list {
		name, text, _ := strings.Cut(part, ":")
		v, err := strconv.ParseFloat(text, 64)
		into := map[string]*float64{"osa": &w.OSA, "facings": &w.Facings, "share": &w.Share, "order": &w.Order}[name]
		if into == nil || err != nil || !(v >= 0 && v <= 1e6) {
			p.fault("parameter weights is %q, want such as osa:40,facings:25,share:20,order:15", p.text("weights"))
			return w
		}
		*into = v
	}
	return w
}

func (a *api) outlets(r *http.Request, tenant string) (any, error) {
	q, compare, p := a.question(r, tenant, "weights")
	w, err := a.weights(r, p, q)
	if err != nil {
		return nil, err
	}
	if p.err == nil && q.By != nil {
		p.fault("outlets are ranked by store; leave by out")
	}
	if p.err != nil {
		return nil, p.err
	}
	answer, err := a.KPIs.Outlets(r.Context(), q, w, compare)
	if err != nil {
		return nil, err
	}
	return formatted(p, "outlets", answer, answer.Rows)
}

func (a *api) rankedCoolers(r *http.Request, tenant string) (any, error) {
	q, compare, p := a.question(r, tenant, "weights")
	w, err := a.weights(r, p, q)
	if err != nil {
		return nil, err
	}
	if p.err == nil && (q.By != nil || compare != kpi.CompareNone || q.GTINs != nil || q.Brands != nil || q.Categories != nil || q.Own != nil) {
		p.fault("coolers are ranked as wholes: of the filters only from, to, stores and regions count")
	}
	if p.err != nil {
		return nil, p.err
	}
	answer, err := a.KPIs.Coolers(r.Context(), q, w)
	if err != nil {
		return nil, err
	}
	return formatted(p, "coolers", answer, answer.Rows)
}

func (a *api) weightBook(r *http.Request, tenant string) (any, error) {
	p := query(r, "format")
	if p.format(); p.err != nil {
		return nil, p.err
	}
	book, err := kpi.ReadWeights(r.Context(), a.DB, tenant)
	if err != nil {
		return nil, err
	}
	return formatted(p, "weights", bookOf(book), book.Rows())
}

// bookOf returns a book together with the weights that apply where it says nothing.
func bookOf(b kpi.WeightBook) any {
	return struct {
		kpi.WeightBook
		Without kpi.Weights `json:"without"`
	}{b, kpi.DefaultWeights()}
}

func (a *api) putWeightBook(r *http.Request, tenant string) (any, error) {
	book := kpi.WeightBook{}
	if err := decode(r, &book); err != nil {
		return nil, err
	}
	if err := book.Validate(); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadWeights, err.Error(), "give osa, facings, share and order; only their proportion matters"}
	}
	if book.Brands == nil {
		book.Brands = map[string]kpi.Weights{}
	}
	return bookOf(book), a.DB.Write(r.Context(), func(tx *state.Tx) error { return kpi.PutWeights(r.Context(), tx, tenant, book) })
}

// mergedHours lists the merged hours themselves; the default are those of the last day.
func (a *api) mergedHours(r *http.Request, tenant string) (any, error) {
	p := query(r, "from", "to", "stores", "regions", "brands", "categories", "skus", "own", "format")
	from, to := p.span(a.Now())
	q := a.selection(p, tenant, from, to)
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.KPIs.Hours(r.Context(), q)
	if errors.Is(err, kpi.ErrTooLong) {
		return nil, &Problem{http.StatusBadRequest, problem.TooMany, err.Error(), "ask in parts"}
	}
	if err != nil {
		return nil, err
	}
	return formatted(p, "hours", map[string]any{"from": q.From, "to": q.To, "hours": list}, list)
}

func (a *api) forecast(r *http.Request, tenant string) (any, error) {
	p := query(r, "days", "stores", "regions", "brands", "categories", "skus", "format")
	days := p.number("days", 3, 1, 28)
	now := a.Now().UTC().Truncate(time.Hour)
	q := a.selection(p, tenant, now, now.Add(time.Duration(days)*24*time.Hour))
	if p.err != nil {
		return nil, p.err
	}
	answer, err := a.KPIs.Forecast(r.Context(), a.Rates, q)
	if err != nil {
		return nil, err
	}
	return formatted(p, "forecast", answer, answer.Rows)
}

func (a *api) restatements(r *http.Request, tenant string) (any, error) {
	p := query(r, "after", "limit", "format")
	after := p.number("after", 0, 0, 1<<62)
	limit := p.number("limit", 100, 1, 1000)
	if p.format(); p.err != nil {
		return nil, p.err
	}
	list, err := merge.Restatements(r.Context(), a.DB, tenant, int64(after), int(limit))
	if err != nil {
		return nil, err
	}
	return formatted(p, "restatements", map[string]any{"restatements": list}, list)
}

func (a *api) model(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	m, err := merge.ReadModel(r.Context(), a.DB, tenant)
	return map[string]any{"model": m}, err
}

// replayHours has hours computed again from the facts.
func (a *api) replayHours(r *http.Request, tenant string) (any, error) {
	var body struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if !body.From.Before(body.To) {
		return nil, &Problem{http.StatusBadRequest, problem.BadSpan, "from is not before to", "give both as RFC 3339"}
	}
	oldest := time.Time{}
	if a.KeepPoints > 0 {
		oldest = a.Now().Add(-a.KeepPoints)
	}
	if body.From.Before(oldest) {
		return nil, &Problem{http.StatusBadRequest, problem.SpanTooOld, "single looks are kept since " + oldest.UTC().Format(time.RFC3339) + ": older hours cannot be made again", "begin later"}
	}
	n, err := merge.Replay(r.Context(), a.DB, tenant, body.From, body.To)
	return map[string]any{"hours": n}, err
}
