package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// stocked is a product in a store's book. OnHand is null before the first count; Moved is then the sum of
// movements.
type stocked struct {
	Store     string     `json:"store"`
	GTIN      shelf.GTIN `json:"gtin"`
	OnHand    *int64     `json:"on_hand"`
	Moved     *int64     `json:"moved,omitempty"`
	CountedAt *time.Time `json:"counted_at"`
	Reserved  int64      `json:"reserved"`
	Free      *int64     `json:"free"`
}

func stockedOf(s sales.Stock) stocked {
	out := stocked{Store: s.Store, GTIN: s.GTIN, Reserved: s.Reserved}
	if !s.Known() {
		out.Moved = &s.OnHand
		return out
	}
	free := s.Free()
	out.OnHand, out.CountedAt, out.Free = &s.OnHand, &s.Counted, &free
	return out
}

func (a *api) stock(r *http.Request, tenant string) (any, error) {
	p := query(r, "store", "gtin")
	gtin := p.gtin("gtin")
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.Sales.Stock(r.Context(), tenant, p.text("store"), gtin)
	out := make([]stocked, len(list))
	for i, s := range list {
		out[i] = stockedOf(s)
	}
	return map[string]any{"stock": out}, err
}

// postMovements enters counts, deliveries, transfers, waste and adjustments.
func (a *api) postMovements(r *http.Request, tenant string) (any, error) {
	data, err := readText(r, maxMasters)
	if err != nil {
		return nil, err
	}
	var body struct {
		Movements []json.RawMessage `json:"movements"`
	}
	if err := strictly(data, &body); err != nil {
		return nil, err
	}
	type result struct {
		ID     string       `json:"id"`
		Status sales.Status `json:"status"`
		*sales.Fault
	}
	out := make([]result, len(body.Movements))
	var good []sales.MovementDraft
	var at []int
	for i, raw := range body.Movements { // one that cannot be parsed does not stop the others
		var m sales.MovementDraft
		if err := strictly(raw, &m); err != nil {
			out[i] = result{m.ID, sales.Rejected, &sales.Fault{Code: sales.NotUnderstood, Text: err.Error(), Hint: "see docs/sales.md"}}
			continue
		}
		good, at = append(good, m), append(at, i)
	}
	verdicts, err := a.Sales.Enter(r.Context(), tenant, good)
	if err != nil {
		return nil, err
	}
	for j, v := range verdicts {
		out[at[j]] = result{good[j].ID, v.Status, v.Fault}
	}
	return map[string]any{"results": out}, nil
}

func (a *api) movements(r *http.Request, tenant string) (any, error) {
	p := query(r, "store", "gtin", "from", "to")
	from, to := p.span(a.Now())
	gtin := p.gtin("gtin")
	if p.text("store") == "" || gtin == "" {
		p.fault("store and gtin are missing")
	}
	if p.err != nil {
		return nil, p.err
	}
	list, err := a.Sales.History(r.Context(), tenant, p.text("store"), gtin, from, to)
	type entry struct {
		sales.Movement
		Channel  string `json:"channel,omitempty"`
		Order    string `json:"order,omitempty"`
		Line     string `json:"line,omitempty"`
		Expected *int64 `json:"expected"` // before it; null before the first count
		After    *int64 `json:"after"`
		Shrink   *int64 `json:"shrink,omitempty"`
	}
	out := make([]entry, len(list))
	for i := range list {
		e := &list[i]
		out[i] = entry{Movement: e.Movement, Channel: e.Channel, Order: e.Order, Line: e.Line}
		if e.Known {
			out[i].Expected = &e.Expected
		}
		if e.Known || e.Cause == sales.Count && e.Place == "" {
			out[i].After = &e.After
		}
		if n, ok := e.Shrink(); ok {
			out[i].Shrink = &n
		}
	}
	return map[string]any{"movements": out}, err
}

// found is a product of a store, in the book and on the shelf.
type found struct {
	stocked
	Shelf       book.Shown   `json:"shelf"`
	EmptySince  *time.Time   `json:"empty_since,omitempty"`
	OpenMinutes *int64       `json:"empty_open_minutes,omitempty"` // of those, while the store was open
	Facings     int          `json:"facings"`
	Slots       int          `json:"slots"`
	Judged      int          `json:"slots_judged"`
	Verdict     book.Verdict `json:"verdict"`
	Confidence  float64      `json:"confidence"`
}

func (a *api) reconciliation(r *http.Request, tenant string) (any, error) {
	p := query(r, "store")
	if p.text("store") == "" {
		p.fault("store is missing")
	}
	if p.err != nil {
		return nil, p.err
	}
	l, err := a.Book.Reconcile(r.Context(), tenant, p.text("store"))
	if err != nil {
		return nil, err
	}
	out := []found{}
	for _, f := range l.Findings {
		x := found{stocked: stockedOf(f.Stock), Shelf: f.Shown, Facings: f.Facings, Slots: f.Slots, Judged: f.Judged, Verdict: f.Verdict, Confidence: f.Confidence}
		if !f.Since.IsZero() {
			minutes := int64(f.OpenFor / time.Minute)
			x.EmptySince, x.OpenMinutes = &f.Since, &minutes
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b found) int { return strings.Compare(string(a.GTIN), string(b.GTIN)) })
	answer := map[string]any{"store": l.Store.Store, "at": l.At, "open": l.Open(l.At), "products": out}
	if l.Counted {
		answer["load"] = l.Load
	}
	return answer, nil
}
