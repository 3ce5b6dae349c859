package sales

import (
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Line is one line of a receipt or an order, as it stands in its highest revision.
type Line struct {
	Tenant   string
	Channel  string // pos, shopify, tmall, …: whoever numbers the orders
	Order    string
	Line     string
	Revision int64

	Store    string
	GTIN     shelf.GTIN // the unit that stands on the shelf
	Units    int64      // of GTIN; negative: refunded; 0: the line was cancelled
	SoldAs   shelf.GTIN // what the receipt says: GTIN, or a pack of it
	Quantity int64      // of SoldAs, signed as Units
	Grams    int64      // what the packs of a weighed article weighed together, never negative; 0: it was not weighed

	Millilitres, Millimetres int64 // the same of one that is drawn by volume, or cut by length

	Price     int64  // of one SoldAs, in the currency's minor unit
	Amount    int64  // of the whole line after its discounts, in the minor unit, signed as Units
	Currency  string // ISO 4217
	SoldAt    time.Time
	Promotion string // under which it was sold; "": none

	RefundOf  *Ref // the line that a negative quantity takes back
	Restocked bool // the refunded goods stand in the store again

	ReceivedAt time.Time // of this revision; not part of what a repetition has to match
}

// Ref names another line of the same channel.
type Ref struct {
	Order string `json:"order"`
	Line  string `json:"line"`
}

// Hour is the hour in whose figures the line counts, in UTC.
func (l *Line) Hour() time.Time { return l.SoldAt.UTC().Truncate(time.Hour) }

// StockUnits is what the line does to the store's stock, wherever the goods of a refund went.
func (l *Line) StockUnits() int64 {
	if l.Units < 0 && !l.Restocked {
		return 0
	}
	return -l.Units
}

// key is a line's identity within a tenant.
type key struct{ channel, order, line string }

func (l *Line) key() key { return key{l.Channel, l.Order, l.Line} }

// same reports whether two revisions say the same. Units and GTIN follow from what was sold by the masters of
// the time, and say nothing themselves.
func (l *Line) same(o *Line) bool {
	return l.alike(o) && l.SoldAs == o.SoldAs && l.Quantity == o.Quantity
}

// sameFigures reports whether two revisions give the hours and the stock the same figures.
func (l *Line) sameFigures(o *Line) bool {
	a := *o
	a.Revision = l.Revision
	return l.same(&a) && l.GTIN == o.GTIN && l.Units == o.Units
}

// alike reports whether two revisions say the same of anything but the goods.
func (l *Line) alike(o *Line) bool {
	bare := func(l Line) Line {
		l.ReceivedAt, l.SoldAt, l.RefundOf = time.Time{}, time.Time{}, nil
		l.GTIN, l.Units, l.SoldAs, l.Quantity = "", 0, "", 0
		return l
	}
	if (l.RefundOf == nil) != (o.RefundOf == nil) || l.RefundOf != nil && *l.RefundOf != *o.RefundOf || !l.SoldAt.Equal(o.SoldAt) {
		return false
	}
	return bare(*l) == bare(*o)
}

// keepPack has a correction count a pack as the line counted it before: its master may have changed since.
func (l *Line) keepPack(was *Line) {
	if l.SoldAs == was.SoldAs && was.Quantity != 0 {
		l.GTIN, l.Units = was.GTIN, l.Quantity*(was.Units/was.Quantity)
	}
}
