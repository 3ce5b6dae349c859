package merge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Cause says why a product was not on the shelf: docs/kpis.md, "Cause of a stockout".
type Cause int

// Causes, in the order in which they are stored.
const (
	CauseUnknown Cause = iota // there is no stock feed
	CauseShelf                // the store's book says that it has the product: phantom or backroom
	CauseStore                // the book says that the store has none
	causes
)

var causeNames = [...]string{"unknown", "shelf", "store"}

// String gives the name that the API uses.
func (c Cause) String() string { return causeNames[c] }

// Causes lists them all.
func Causes() []Cause { return []Cause{CauseUnknown, CauseShelf, CauseStore} }

// causeOf is what the book makes the cause of a stockout.
func causeOf(units int64, known bool) Cause {
	switch {
	case !known:
		return CauseUnknown
	case units > 0:
		return CauseShelf
	}
	return CauseStore
}

// cause is why the product was out in an hour; ok is false where it was not.
func (c *Cell) cause() (cause Cause, ok bool) {
	for i, out := range c.Out {
		if out > 0 {
			return Cause(i), true
		}
	}
	return 0, false
}

// Micro is the grain in which fractions of a unit are kept, so that hours can be added exactly.
const Micro = 1_000_000

// Cell is one product in one store over a stretch of time: an hour, or hours that were added. Times
// are milliseconds within opening hours.
type Cell struct {
	GTIN shelf.GTIN

	Open    int64         // time in which it was due on the shelf
	Watched int64         // of it: somebody looked
	OnShelf int64         // of it: it stood there, in one of its slots at least
	Out     [causes]int64 // of Watched: it stood in none, by cause; they add up to Watched − OnShelf
	Unrated int64         // of Out: no demand rate is known, so what was lost is not

	DueAll  int64 // facings due × time open
	Due     int64 // of it: in slots that could be judged
	Present int64 // facings there × time, in those slots
	Stray   int64 // facings due × time, of slots that held something else

	Lost   [causes]int64 // micro-units, net of substitutes, by cause
	Noise  int64         // variance of the customers who came, micro-units²×10⁻⁶
	Spread int64         // standard deviation of the rate's own error, micro-units; adds up within store and product
	Dark   int64         // micro-units of demand while nobody looked
	Loss   int64         // thousandths of a minor unit of the hour's currency

	Rated  int64 // of OnShelf: hours fully watched, without promotion: what a demand rate is learned from
	Basis  int64 // units bought off the shelf in Rated time
	Alone  int64 // of Out: nothing else of its group stood there either, so that nobody could buy it instead
	Demand int64 // micro-units that the rate expects in Open; 0: no rate is known
	Shared int64 // standard deviation of what is wrong for all of the group alike, micro-units; adds up within the group
	Local  int64 // the same of all products of the store; adds up within the store
	Daily  int64 // the same of all products of the store on one day; adds up within the day
	Alike  int64 // the same of all that was lost; adds up

	Sales []Sale // by channel, then currency
}

// Sale is what one channel sold, in one currency. Refunds are taken off.
type Sale struct {
	Channel  string
	Currency string // ISO 4217
	OffShelf bool   // taken from the shelf by a customer
	Units    int64
	Minor    int64 // revenue in minor units
	Promoted int64 // of Units: under a promotion
}

// numbers lists a cell's sums in the order in which they are stored; new ones are added at the end. It is an array so
// that it need not be collected: hours are read by the thousand.
func (c *Cell) numbers() [len(cellNames)]*int64 {
	return [...]*int64{&c.Open, &c.Watched, &c.OnShelf, &c.Out[0], &c.Out[1], &c.Out[2], &c.Unrated,
		&c.DueAll, &c.Due, &c.Present, &c.Stray, &c.Lost[0], &c.Lost[1], &c.Lost[2],
		&c.Noise, &c.Spread, &c.Dark, &c.Loss, &c.Rated, &c.Basis, &c.Alone, &c.Demand, &c.Shared, &c.Local, &c.Daily, &c.Alike}
}

// cellNames are what numbers are called where they are read by others, see Sums.
var cellNames = [...]string{"open_ms", "watched_ms", "on_shelf_ms", "out_unknown_ms", "out_shelf_ms", "out_store_ms", "unrated_ms",
	"due_all_ms", "due_ms", "present_ms", "stray_ms", "lost_unknown_micro", "lost_shelf_micro", "lost_store_micro",
	"lost_noise_micro", "lost_spread_micro", "dark_micro", "lost_money_milli", "rated_ms", "basis_units", "alone_ms", "demand_micro", "lost_shared_micro",
	"lost_local_micro", "lost_daily_micro", "lost_alike_micro"}

// Sum is one figure of a stretch of time, under the name by which others know it.
type Sum struct {
	Name  string
	Value *int64
}

func sums(names []string, values []*int64) []Sum {
	list := make([]Sum, len(values))
	for i, v := range values {
		list[i] = Sum{names[i], v}
	}
	return list
}

// Sums lists all figures, to be read or set. Their names never change.
func (c *Cell) Sums() []Sum {
	values := c.numbers()
	return sums(cellNames[:], values[:])
}

// Add adds another stretch of the same store and product.
func (c *Cell) Add(o *Cell) {
	to, from := c.numbers(), o.numbers()
	for i := range to {
		*to[i] += *from[i]
	}
	for _, s := range o.Sales {
		c.sale(s.Channel, s.Currency, s.OffShelf).add(s)
	}
}

func (s *Sale) add(o Sale) {
	s.Units += o.Units
	s.Minor += o.Minor
	s.Promoted += o.Promoted
}

// Compare orders sales by channel, then currency, as a cell holds them.
func (s Sale) Compare(o Sale) int {
	return cmp.Or(strings.Compare(s.Channel, o.Channel), strings.Compare(s.Currency, o.Currency))
}

// sale gives the line of a channel and currency, made if it is missing.
func (c *Cell) sale(channel, currency string, offShelf bool) *Sale {
	i, ok := slices.BinarySearchFunc(c.Sales, Sale{Channel: channel, Currency: currency}, Sale.Compare)
	if !ok {
		c.Sales = slices.Insert(c.Sales, i, Sale{Channel: channel, Currency: currency, OffShelf: offShelf})
	}
	return &c.Sales[i]
}

// Units is what all channels sold.
func (c *Cell) Units() (n int64) {
	for _, s := range c.Sales {
		n += s.Units
	}
	return n
}

// OffShelf is what customers took from the shelf.
func (c *Cell) OffShelf() (n int64) {
	for _, s := range c.Sales {
		if s.OffShelf {
			n += s.Units
		}
	}
	return n
}

// LostUnits is what was lost by any cause, in micro-units.
func (c *Cell) LostUnits() int64 { return c.Lost[0] + c.Lost[1] + c.Lost[2] }

// OutTime is the time without the product, by any cause.
func (c *Cell) OutTime() int64 { return c.Watched - c.OnShelf }

// Cooler is one cooler over a stretch of time.
type Cooler struct {
	Device   string
	Open     int64 // slots due × time open, milliseconds
	Watched  int64 // of it: judged
	OnShelf  int64 // of it: the due product stood there
	DueAll   int64 // facings, as in Cell
	Due      int64
	Present  int64
	Stray    int64
	Openings int64 // of its door
	DoorOpen int64 // milliseconds
	Lost     int64 // micro-units: its products' lost sales, by its part of their facings due
	Sold     int64 // micro-units: its products' sales off the shelf, by the same parts
	Loss     int64 // thousandths of a minor unit, by the same parts
}

func (c *Cooler) numbers() [len(coolerNames)]*int64 {
	return [...]*int64{&c.Open, &c.Watched, &c.OnShelf, &c.DueAll, &c.Due, &c.Present, &c.Stray,
		&c.Openings, &c.DoorOpen, &c.Lost, &c.Sold, &c.Loss}
}

var coolerNames = [...]string{"open_ms", "watched_ms", "on_shelf_ms", "due_all_ms", "due_ms", "present_ms", "stray_ms",
	"door_openings", "door_open_ms", "lost_micro", "sold_micro", "lost_money_milli"}

// Sums lists all figures, to be read or set. Their names never change.
func (c *Cooler) Sums() []Sum {
	values := c.numbers()
	return sums(coolerNames[:], values[:])
}

// Add adds another stretch of the same cooler.
func (c *Cooler) Add(o *Cooler) {
	to, from := c.numbers(), o.numbers()
	for i := range to {
		*to[i] += *from[i]
	}
}

// Hour is a store over an hour, or over hours that were added.
type Hour struct {
	Start    time.Time
	Currency string // of what was lost; "" where nothing was
	In       int64  // people
	OutCount int64
	Passing  int64
	Counted  int64 // milliseconds of open time in which somebody counted people
	Open     int64 // milliseconds of open time
	Receipts int64 // sales in the store, each once
	Cells    []Cell
	Coolers  []Cooler
	Model    int64 // version of the demand rates that it was judged by; 0: none

	CountedReceipts int64 // of Receipts: while somebody counted people
}

func (h *Hour) numbers() [len(hourNames)]*int64 {
	return [...]*int64{&h.In, &h.OutCount, &h.Passing, &h.Counted, &h.Open, &h.Receipts, &h.Model, &h.CountedReceipts}
}

var hourNames = [...]string{"people_in", "people_out", "passing", "counted_ms", "open_ms", "receipts", "model", "receipts_counted"}

// Sums lists the figures of the store itself, to be read or set. Their names never change.
func (h *Hour) Sums() []Sum {
	values := h.numbers()
	return sums(hourNames[:], values[:])
}

// Add adds another hour of the same store. What was lost in another currency than the first is not
// money that can be added: its units stay, its money is left out.
func (h *Hour) Add(o *Hour) {
	model := max(h.Model, o.Model)
	to, from := h.numbers(), o.numbers()
	for i := range to {
		*to[i] += *from[i]
	}
	h.Model = model
	if h.Currency == "" {
		h.Currency = o.Currency
	}
	foreign := o.Currency != "" && o.Currency != h.Currency
	for i := range o.Cells {
		c := o.Cells[i]
		if foreign {
			c.Loss = 0
		}
		h.Cell(c.GTIN).Add(&c)
	}
	for i := range o.Coolers {
		c := o.Coolers[i]
		if foreign {
			c.Loss = 0
		}
		h.Cooler(c.Device).Add(&c)
	}
}

// Cell gives a product's cell, made if it is missing. It is good until the next call.
func (h *Hour) Cell(g shelf.GTIN) *Cell {
	i, ok := slices.BinarySearchFunc(h.Cells, g, func(c Cell, g shelf.GTIN) int { return strings.Compare(string(c.GTIN), string(g)) })
	if !ok {
		h.Cells = slices.Insert(h.Cells, i, Cell{GTIN: g})
	}
	return &h.Cells[i]
}

// Cooler gives a cooler's part, made if it is missing. It is good until the next call.
func (h *Hour) Cooler(device string) *Cooler {
	i, ok := slices.BinarySearchFunc(h.Coolers, device, func(c Cooler, d string) int { return strings.Compare(c.Device, d) })
	if !ok {
		h.Coolers = slices.Insert(h.Coolers, i, Cooler{Device: device})
	}
	return &h.Coolers[i]
}
