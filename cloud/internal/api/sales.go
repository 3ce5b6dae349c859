package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// maxSales bounds a body of sales lines. A larger file can be sent in parts, or dropped into a folder.
const maxSales = 512 << 20

// trade returns the addresses of sales, stock and online orders.
func (a *api) trade() map[string]handler {
	return map[string]handler{
		"POST /v1/sales/lines":                     a.postLines,
		"GET /v1/sales/lines":                      a.lines,
		"GET /v1/sales/hours":                      a.totals,
		"GET /v1/sales/changes":                    a.changedHours,
		"GET /v1/sales/parked":                     a.parkedLines,
		"POST /v1/sales/parked/replay":             a.replayParked,
		"GET /v1/sales/rejected":                   a.rejectedLines,
		"DELETE /v1/sales/rejected/{id}":           a.mendedLine,
		"POST /v1/sales/rejected/replay":           a.rereadWebhooks,
		"POST /v1/sales/masters":                   a.postMasters,
		"GET /v1/sales/products":                   a.salesProducts,
		"GET /v1/sales/stores":                     a.salesStores,
		"GET /v1/sales/channels":                   a.channels,
		"PUT /v1/sales/channels/{channel}":         a.putChannel,
		"DELETE /v1/sales/channels/{channel}":      a.deleteChannel,
		hookPattern:                                a.hook,
		"GET /v1/stock":                            a.stock,
		"GET /v1/stock/movements":                  a.movements,
		"POST /v1/stock/movements":                 a.postMovements,
		"GET /v1/stock/reconciliation":             a.reconciliation,
		"GET /v1/orders":                           a.orders,
		"POST /v1/orders/route":                    a.routeOrder,
		"GET /v1/orders/{channel}/{order}":         a.order,
		"POST /v1/orders/{channel}/{order}/cancel": a.cancelOrder,
	}
}

// postLines takes sales lines: JSON, NDJSON, CSV by the mapping of a channel, or POSLog.
func (a *api) postLines(r *http.Request, tenant string) (any, error) {
	p := query(r, "dry_run", "channel", "statuses", "mend")
	in := intake.Intake{Ledger: a.Sales, Tenant: tenant, DryRun: p.yes("dry_run"), Statuses: p.yes("statuses")}
	mend := p.yes("mend")
	if p.err != nil {
		return nil, p.err
	}
	body, err := unpacked(r)
	if err != nil {
		return nil, err
	}
	channel, name := p.text("channel"), ""
	var m *intake.Mapping
	kind, charset, err := intake.MediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, charsetProblem(err)
	}
	if body, err = intake.Told(body, charset); err != nil {
		return nil, err
	}
	switch kind {
	case "application/json", "":
		name = "body.json"
	case "application/x-ndjson", "application/jsonl":
		name = "body.ndjson"
	case "application/xml", "text/xml":
		if channel == "" {
			return nil, &Problem{http.StatusBadRequest, problem.NoChannel, "a POSLog does not say its channel", "give ?channel=NAME"}
		}
		name = "body.xml"
	case "text/csv":
		if m, err = a.fileMapping(r, tenant, channel); err != nil {
			return nil, err
		}
		name = "body.csv"
	default:
		return nil, &Problem{http.StatusUnsupportedMediaType, problem.WrongType, "Content-Type is " + strconv.Quote(kind), "send application/json, application/x-ndjson, text/csv or application/xml"}
	}
	file, err := intake.OpenFile(name, body, m, channel)
	if err != nil {
		return nil, err
	}
	report, err := file.Take(r.Context(), in)
	if err == nil && mend {
		report.Mend, err = file.Mend(&report)
	}
	return report, err
}

// unpacked returns a request's body, decompressed if it is gzip, whether the header says so or not.
func unpacked(r *http.Request) (io.Reader, error) {
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity", "gzip":
	default:
		return nil, &Problem{http.StatusUnsupportedMediaType, problem.WrongType, "Content-Encoding is " + strconv.Quote(encoding), "send the body as it is, or packed by gzip"}
	}
	plain, err := intake.Unpack(http.MaxBytesReader(nil, r.Body, maxSales))
	if err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadBody, err.Error(), "send the body again whole; what was stored counts once"}
	}
	return http.MaxBytesReader(nil, io.NopCloser(plain), maxSales), nil
}

func (a *api) fileMapping(r *http.Request, tenant, channel string) (*intake.Mapping, error) {
	if channel == "" {
		return nil, &Problem{http.StatusBadRequest, problem.NoChannel, "a CSV file does not say its channel", "give ?channel=NAME of one of the kind file: PUT /v1/sales/channels/NAME"}
	}
	c, err := a.channel(r, tenant, channel)
	if err != nil {
		return nil, err
	}
	if c.Kind != "file" {
		return nil, &Problem{http.StatusBadRequest, problem.NoChannel, "channel " + channel + " is not of the kind file", "PUT /v1/sales/channels/NAME with a mapping"}
	}
	m, err := intake.DecodeMapping(c.Mapping)
	if err == nil && m.Channel == "" {
		m.Channel = c.Channel
	}
	return m, err
}

// soldLine is a sales line in the API.
type soldLine struct {
	Channel     string     `json:"channel"`
	Order       string     `json:"order"`
	Line        string     `json:"line"`
	Revision    int64      `json:"revision"`
	Store       string     `json:"store"`
	GTIN        shelf.GTIN `json:"gtin"`
	Units       int64      `json:"units"`
	SoldAs      shelf.GTIN `json:"sold_as"`
	Quantity    int64      `json:"quantity"`
	Grams       int64      `json:"grams,omitempty"`
	Millilitres int64      `json:"millilitres,omitempty"`
	Millimetres int64      `json:"millimetres,omitempty"`
	Price       int64      `json:"price"`
	Amount      int64      `json:"amount"`
	Currency    string     `json:"currency"`
	SoldAt      time.Time  `json:"sold_at"`
	Promotion   string     `json:"promotion,omitempty"`
	RefundOf    *sales.Ref `json:"refund_of,omitempty"`
	Restocked   bool       `json:"restocked,omitempty"`
	ReceivedAt  time.Time  `json:"received_at"`
}

func (a *api) lines(r *http.Request, tenant string) (any, error) {
	p := query(r, "store", "gtin", "channel", "order", "from", "to", "limit")
	from, to := p.span(a.Now())
	lq := sales.LineQuery{Store: p.text("store"), Channel: p.text("channel"), Order: p.text("order"), GTIN: p.gtin("gtin"), From: from, To: to,
		Limit: int(p.number("limit", 1000, 1, 10_000))}
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.Sales.Lines(r.Context(), tenant, lq)
	out := make([]soldLine, len(list))
	for i, l := range list {
		out[i] = soldLine{l.Channel, l.Order, l.Line, l.Revision, l.Store, l.GTIN, l.Units, l.SoldAs, l.Quantity, l.Grams, l.Millilitres, l.Millimetres, l.Price, l.Amount, l.Currency,
			l.SoldAt, l.Promotion, l.RefundOf, l.Restocked, l.ReceivedAt}
	}
	return map[string]any{"lines": out}, err
}

// yes reads true or false; the default is false.
func (p *params) yes(name string) bool {
	v := p.values.Get(name)
	if v != "" && v != "true" && v != "false" {
		p.fault("parameter %s is %q, want true or false", name, v)
	}
	return v == "true"
}

// gtin reads a GTIN, or none.
func (p *params) gtin(name string) shelf.GTIN {
	v := p.values.Get(name)
	if v == "" {
		return ""
	}
	g, err := shelf.ParseGTIN(v)
	if err != nil {
		p.fault("parameter %s: %v", name, err)
	}
	return g
}

// soldHour is an hourly total in the API.
type soldHour struct {
	Store    string     `json:"store"`
	GTIN     shelf.GTIN `json:"gtin"`
	Hour     time.Time  `json:"hour"`
	Channel  string     `json:"channel"`
	Currency string     `json:"currency"`
	Units    int64      `json:"units"`
	Amount   int64      `json:"amount"`
	Refunded int64      `json:"refunded"`
	Lines    int64      `json:"lines"`
	Receipts int64      `json:"receipts"`
}

// maxTotals bounds an answer by the hour.
const maxTotals = 31 * 24 * time.Hour

func (a *api) totals(r *http.Request, tenant string) (any, error) {
	p := query(r, "store", "gtin", "from", "to")
	from, to := p.span(a.Now())
	gtin := p.gtin("gtin")
	if to.Sub(from) > maxTotals {
		p.fault("from %s to %s is more than 31 days", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.Sales.Totals(r.Context(), tenant, p.text("store"), gtin, from, to)
	out := make([]soldHour, len(list))
	for i, t := range list {
		out[i] = soldHour(t)
	}
	return map[string]any{"hours": out}, err
}

func (a *api) changedHours(r *http.Request, tenant string) (any, error) {
	p := query(r, "cursor", "limit")
	cursor, limit := p.number("cursor", 0, 0, 1<<62), p.number("limit", 1000, 1, 10_000)
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.Sales.Changed(r.Context(), tenant, int64(cursor), int(limit))
	type hour struct {
		Store string     `json:"store"`
		GTIN  shelf.GTIN `json:"gtin"`
		Hour  time.Time  `json:"hour"`
	}
	out := make([]hour, len(list))
	for i, c := range list {
		out[i], cursor = hour{c.Store, c.GTIN, c.Hour}, uint64(c.Change)
	}
	return map[string]any{"hours": out, "cursor": strconv.FormatUint(cursor, 10)}, err
}

// parkedLines lists what waits: lines, stock movements, and orders that were cancelled before any of their
// lines came.
func (a *api) parkedLines(r *http.Request, tenant string) (any, error) {
	p := query(r, "limit")
	limit := p.number("limit", 100, 1, 10_000)
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.Sales.Parked(r.Context(), tenant, int(limit))
	if err != nil {
		return nil, err
	}
	moves, err := a.Sales.ParkedMovements(r.Context(), tenant, int(limit))
	if err != nil {
		return nil, err
	}
	orders, err := a.Sales.Cancelled(r.Context(), tenant, int(limit))
	type waiting struct {
		Code     string               `json:"code"`
		Missing  string               `json:"missing"`
		Detail   string               `json:"error"`
		ParkedAt time.Time            `json:"parked_at"`
		Line     *sales.Draft         `json:"line,omitempty"`
		Movement *sales.MovementDraft `json:"movement,omitempty"`
	}
	lines, movements := make([]waiting, len(list)), make([]waiting, len(moves))
	for i, l := range list {
		lines[i] = waiting{l.Code, strings.ReplaceAll(l.Missing, "\x1f", "/"), l.Detail, l.ParkedAt, &l.Draft, nil}
	}
	for i, m := range moves {
		movements[i] = waiting{m.Code, m.Missing, m.Detail, m.ParkedAt, nil, &m.Draft}
	}
	type cancelled struct {
		Channel  string    `json:"channel"`
		Order    string    `json:"order"`
		Revision int64     `json:"revision"`
		ParkedAt time.Time `json:"parked_at"`
	}
	cancellations := make([]cancelled, len(orders))
	for i, o := range orders {
		cancellations[i] = cancelled{o.Channel, o.Order, o.Revision, o.ToldAt}
	}
	return map[string]any{"parked": lines, "movements": movements, "cancellations": cancellations}, err
}

func (a *api) replayParked(r *http.Request, tenant string) (any, error) {
	n, err := a.Sales.Replay(r.Context(), tenant)
	return map[string]int{"replayed": n}, err
}

func (a *api) rejectedLines(r *http.Request, tenant string) (any, error) {
	p := query(r, "after", "limit")
	after, limit := p.number("after", 0, 0, 1<<62), p.number("limit", 100, 1, 1000)
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.Sales.Refused(r.Context(), tenant, int64(after), int(limit))
	return map[string]any{"rejected": list}, err
}

func (a *api) mendedLine(r *http.Request, tenant string) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadQuery, "the number of a rejected line is a number", "see GET /v1/sales/rejected"}
	}
	return map[string]int64{"id": id}, a.Sales.Mended(r.Context(), tenant, id)
}

// faulty turns a faulty master or movement into a Problem.
func faulty(err error) error {
	var f *sales.Fault
	if errors.As(err, &f) {
		hint := f.Hint
		if hint == "" {
			hint = "see docs/sales.md"
		}
		return &Problem{http.StatusBadRequest, problem.Code(f.Code), f.Text, hint}
	}
	return err
}
