package merge

import (
	"errors"

	"github.com/coldshelf/coldshelf/cloud/internal/varint"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// An hour is stored as one row: a version byte, then signed varints and texts with their length
// before them. Each list of numbers has its count before it, so that a later program may add sums at
// its end and read what an earlier one wrote.
const packVersion = 1

var errBroken = errors.New("broken merged hour")

func pack(h *Hour) []byte {
	w := packer{varint.Writer{Buf: make([]byte, 0, 64+len(h.Cells)*64)}}
	w.Int(packVersion)
	figures := h.numbers()
	w.numbers(figures[:])
	w.text(h.Currency)
	w.Int(int64(len(h.Cells)))
	for i := range h.Cells {
		c := &h.Cells[i]
		w.text(string(c.GTIN))
		sums := c.numbers()
		w.numbers(sums[:])
		w.Int(int64(len(c.Sales)))
		for _, s := range c.Sales {
			w.text(s.Channel)
			w.text(s.Currency)
			off := int64(0)
			if s.OffShelf {
				off = 1
			}
			w.numbers([]*int64{&off, &s.Units, &s.Minor, &s.Promoted})
		}
	}
	w.Int(int64(len(h.Coolers)))
	for i := range h.Coolers {
		w.text(h.Coolers[i].Device)
		sums := h.Coolers[i].numbers()
		w.numbers(sums[:])
	}
	return w.Buf
}

// unpack fills h, whose Start the row's key tells.
func unpack(h *Hour, body []byte) error {
	r := unpacker{varint.NewReader(body)}
	if r.Int() != packVersion {
		return errBroken
	}
	figures := h.numbers()
	if n := r.numbers(figures[:]); n < int64(len(figures)) && h.Open > 0 {
		h.CountedReceipts = h.Receipts * h.Counted / h.Open // stored before they were told apart
	}
	h.Currency = r.text()
	h.Cells = make([]Cell, r.count())
	for i := range h.Cells {
		c := &h.Cells[i]
		c.GTIN = shelf.GTIN(r.text())
		sums := c.numbers()
		r.numbers(sums[:])
		c.Sales = make([]Sale, r.count())
		for j := range c.Sales {
			s := &c.Sales[j]
			s.Channel, s.Currency = r.text(), r.text()
			var off int64
			r.numbers([]*int64{&off, &s.Units, &s.Minor, &s.Promoted})
			s.OffShelf = off == 1
		}
	}
	h.Coolers = make([]Cooler, r.count())
	for i := range h.Coolers {
		h.Coolers[i].Device = r.text()
		sums := h.Coolers[i].numbers()
		r.numbers(sums[:])
	}
	if r.Broken() || r.Left() > 0 {
		return errBroken
	}
	return nil
}

// unpackTimes calls fn with the GTIN and the sums of each cell, without its sales; the cell is good until fn returns. It
// is for reading many hours for little of each.
func unpackTimes(body []byte, fn func(c *Cell)) error {
	r := unpacker{varint.NewReader(body)}
	if r.Int() != packVersion {
		return errBroken
	}
	r.numbers(nil)
	r.text()
	c := &Cell{}
	numbers := c.numbers()
	for range r.count() {
		*c = Cell{GTIN: shelf.GTIN(r.text())}
		r.numbers(numbers[:])
		for range r.count() {
			r.text()
			r.text()
			r.numbers(nil)
		}
		if r.Broken() {
			return errBroken
		}
		fn(c)
	}
	return nil
}

type packer struct{ varint.Writer }

// text has a signed length, which is how hours were stored from the beginning.
func (w *packer) text(s string) {
	w.Int(int64(len(s)))
	w.Raw(s)
}

func (w *packer) numbers(list []*int64) {
	w.Int(int64(len(list)))
	for _, v := range list {
		w.Int(*v)
	}
}

type unpacker struct{ varint.Reader }

// count reads a length: each entry takes a byte at least.
func (r *unpacker) count() int64 {
	n := r.Int()
	if n < 0 || n > int64(r.Left()) {
		r.Break()
		return 0
	}
	return n
}

func (r *unpacker) text() string { return r.Raw(uint64(r.count())) }

// numbers reads a list into what there is a place for, and tells how many it had.
func (r *unpacker) numbers(into []*int64) (n int64) {
	n = r.count()
	for i := range n {
		v := r.Int()
		if i < int64(len(into)) {
			*into[i] = v
		}
	}
	return n
}
