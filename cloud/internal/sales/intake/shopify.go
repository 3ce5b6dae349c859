package intake

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// The parts of Shopify's orders and refunds that tell a sale, after its public webhook reference.
type shopOrder struct {
	ID          json.Number  `json:"id"`
	Test        bool         `json:"test"`
	CreatedAt   string       `json:"created_at"`
	ProcessedAt string       `json:"processed_at"`
	UpdatedAt   string       `json:"updated_at"`
	CancelledAt string       `json:"cancelled_at"`
	Currency    string       `json:"currency"`
	Location    json.Number  `json:"location_id"`
	Lines       []shopLine   `json:"line_items"`
	Refunds     []shopRefund `json:"refunds"`
	Fulfilled   []struct {
		Location json.Number `json:"location_id"`
	} `json:"fulfillments"`
	Discounts []struct {
		Code string `json:"code"`
	} `json:"discount_codes"`
}

type shopLine struct {
	ID       json.Number `json:"id"`
	Quantity int64       `json:"quantity"`
	Current  *int64      `json:"current_quantity"` // what edits and refunds have left of it
	Price    string      `json:"price"`
	Discount []struct {
		Amount string `json:"amount"`
	} `json:"discount_allocations"`
	SKU     string      `json:"sku"`
	Variant json.Number `json:"variant_id"`
}

type shopRefund struct {
	ID        json.Number `json:"id"`
	Order     json.Number `json:"order_id"`
	CreatedAt string      `json:"created_at"`
	Lines     []struct {
		ID       json.Number `json:"id"`
		Line     json.Number `json:"line_item_id"`
		Location json.Number `json:"location_id"`
		Quantity int64       `json:"quantity"`
		Restock  string      `json:"restock_type"`
		Subtotal json.Number `json:"subtotal"`
		Set      struct {
			Shop struct {
				Currency string `json:"currency_code"`
			} `json:"shop_money"`
		} `json:"subtotal_set"`
		Item shopLine `json:"line_item"`
	} `json:"refund_line_items"`
	Transactions []struct {
		Currency string `json:"currency"`
	} `json:"transactions"`
}

// Shopify reads a webhook by its topic: orders/* and refunds/create; of any other there are no items. An edit of an order
// (orders/edited) tells only its differences, and the whole order comes as orders/updated with it.
// Orders without a place are those of defaultStore. An order's revision is the time of its last
// update, so that late and repeated deliveries change nothing; its refunds are lines of their own,
// the same ones whether they come with the order or alone.
func Shopify(topic string, body []byte, channel, defaultStore string) iter.Seq[Item] {
	fail := func(err error) iter.Seq[Item] {
		code := sales.NotUnderstood
		if strings.Contains(err.Error(), "unexpected end") {
			code = sales.Truncated
		}
		return whole(&sales.Fault{Code: code, Text: "the webhook is not understood: " + err.Error()}, string(body))
	}
	s := shop{channel: channel, body: string(body)}
	switch topic {
	case "orders/create", "orders/paid", "orders/updated", "orders/cancelled", "orders/fulfilled", "orders/partially_fulfilled":
		var o shopOrder
		if err := json.Unmarshal(body, &o); err != nil {
			return fail(err)
		}
		if !o.Test {
			s.order(&o, defaultStore)
		}
	case "refunds/create":
		var r shopRefund
		if err := json.Unmarshal(body, &r); err != nil {
			return fail(err)
		}
		currency := ""
		if len(r.Transactions) > 0 {
			currency = r.Transactions[0].Currency
		}
		s.refund(&r, string(r.Order), currency, defaultStore, 1)
	}
	return func(yield func(Item) bool) {
		for _, it := range s.items {
			if !yield(it) {
				return
			}
		}
	}
}

type shop struct {
	channel, body string
	items         []Item
}

func (s *shop) add(d sales.Draft, fault *sales.Fault) {
	it := Item{Place: int64(len(s.items) + 1), Input: s.body, Draft: d, Fault: fault}
	it.mendable()
	s.items = append(s.items, it)
}

func (s *shop) order(o *shopOrder, defaultStore string) {
	store := string(o.Location)
	for _, f := range o.Fulfilled { // an online order is sold where it is picked
		if store == "" {
			store = string(f.Location)
		}
	}
	if store == "" {
		store = defaultStore
	}
	updated, err := time.Parse(time.RFC3339, o.UpdatedAt)
	if err != nil {
		s.add(sales.Draft{}, &sales.Fault{Code: sales.BadTime, Field: "updated_at", Text: fmt.Sprintf("%q is not a time", o.UpdatedAt)})
		return
	}
	promotion := ""
	if len(o.Discounts) > 0 {
		promotion = o.Discounts[0].Code
	}
	refunded := map[string]int64{}
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			refunded[string(l.Line)] += l.Quantity
		}
	}
	for _, l := range o.Lines {
		quantity := l.Quantity
		if l.Current != nil { // what an edit took out was never sold; what was refunded was
			quantity = min(quantity, *l.Current+refunded[string(l.ID)])
		}
		if o.CancelledAt != "" { // what its refunds give back was sold, the rest never was
			quantity = refunded[string(l.ID)]
		}
		d := sales.Draft{Channel: s.channel, Order: string(o.ID), Line: string(l.ID), Revision: updated.UnixMicro(), Store: store,
			Quantity: &quantity, Currency: o.Currency, SoldAt: either(o.ProcessedAt, o.CreatedAt), Promotion: promotion}
		l.name(&d)
		s.add(d, l.amount(&d))
	}
	for i := range o.Refunds {
		s.refund(&o.Refunds[i], string(o.ID), o.Currency, store, updated.UnixMicro())
	}
}

// name prefers the SKU, which most shops fill with the GTIN, to the number of the variant.
func (l *shopLine) name(d *sales.Draft) {
	if l.SKU == "" {
		d.SKU = string(l.Variant)
		return
	}
	identify(d, l.SKU)
}

// amount is what the line cost after its share of all discounts.
func (l *shopLine) amount(d *sales.Draft) *sales.Fault {
	wrong := func(err error) *sales.Fault {
		return &sales.Fault{Code: sales.BadNumber, Field: "price", Text: err.Error()}
	}
	price, err := sales.ParseMoney(l.Price, d.Currency)
	if err != nil {
		return wrong(err)
	}
	var off int64
	for _, a := range l.Discount {
		n, err := sales.ParseMoney(a.Amount, d.Currency)
		if err != nil {
			return wrong(err)
		}
		off += n
	}
	amount := max(0, price*l.Quantity-off)
	if l.Quantity != *d.Quantity && l.Quantity > 0 {
		amount = amount * *d.Quantity / l.Quantity
	}
	d.Price, d.Amount = &price, &amount
	return nil
}

// refund adds the lines of a refund. One that comes with its order knows more, and has its revision.
func (s *shop) refund(r *shopRefund, order, currency, store string, revision int64) {
	for _, l := range r.Lines {
		quantity := -l.Quantity
		d := sales.Draft{Channel: s.channel, Order: order, Line: "refund-" + string(l.ID), Revision: revision, Store: either(string(l.Location), store), Quantity: &quantity,
			Currency: either(l.Set.Shop.Currency, currency), SoldAt: r.CreatedAt, RefundOf: &sales.Ref{Order: order, Line: string(l.Line)}, Restocked: l.Restock == "return" || l.Restock == "cancel"}
		l.Item.name(&d)
		var fault *sales.Fault
		amount, err := sales.ParseMoney(string(l.Subtotal), d.Currency)
		if err != nil {
			fault = &sales.Fault{Code: sales.BadNumber, Field: "subtotal", Text: err.Error()}
		}
		amount = -amount
		d.Amount = &amount
		s.add(d, fault)
	}
}
