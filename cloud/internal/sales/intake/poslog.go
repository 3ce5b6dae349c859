package intake

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// The parts of ARTS POSLog 6 (OMG Retail) that tell a sale. Names are matched without their namespace,
// so that 2.x files of the same shape are read too.
type posTransaction struct {
	Cancel   bool       `xml:"CancelFlag,attr"`
	Training bool       `xml:"TrainingModeFlag,attr"`
	Unit     string     `xml:"BusinessUnit>UnitID"`
	OldUnit  string     `xml:"RetailStoreID"`
	Till     string     `xml:"WorkstationID"`
	Sequence string     `xml:"SequenceNumber"`
	Day      string     `xml:"BusinessDayDate"`
	Begin    string     `xml:"BeginDateTime"`
	End      string     `xml:"EndDateTime"`
	Currency string     `xml:"CurrencyCode"`
	Retail   *posRetail `xml:"RetailTransaction"`
}

type posRetail struct {
	Status   string        `xml:"TransactionStatus,attr"`
	Currency string        `xml:"CurrencyCode"`
	Lines    []posLineItem `xml:"LineItem"`
	Link     *posLink      `xml:"TransactionLink"` // of a post void: the transaction that it takes back
}

// withoutSale are the statuses of transactions that sold nothing: given up before their end, or put aside to go on later
// under another number.
var withoutSale = []string{"voided", "failed", "canceled", "cancelled", "ordercanceled", "inprocess", "suspended", "suspendretrieved"}

type posLineItem struct {
	Void     bool     `xml:"VoidFlag,attr"`
	Sequence string   `xml:"SequenceNumber"`
	Sale     *posItem `xml:"Sale"`
	Return   *posItem `xml:"Return"`
}

type posItem struct {
	POSItem  string      `xml:"POSIdentity>POSItemID"`
	Item     string      `xml:"ItemID"`
	Quantity []posAmount `xml:"Quantity"`
	Actual   posMoney    `xml:"ActualSalesUnitPrice"`
	Regular  posMoney    `xml:"RegularSalesUnitPrice"`
	Extended posMoney    `xml:"ExtendedAmount"`
	Link     *posLink    `xml:"TransactionLink"`
	Disposal string      `xml:"Disposal>Method"`
}

// posAmount is how much was sold: of what is counted the number; of what is weighed the weight, with the number of packs
// in Units, or in a second Quantity.
type posAmount struct {
	Unit  string `xml:"UnitOfMeasureCode,attr"`
	Units string `xml:"Units,attr"`
	Text  string `xml:",chardata"`
}

type posMoney struct {
	Currency string `xml:"Currency,attr"`
	Text     string `xml:",chardata"`
}

type posLink struct {
	Unit     string `xml:"BusinessUnit>UnitID"`
	OldUnit  string `xml:"RetailStoreID"`
	Till     string `xml:"WorkstationID"`
	Sequence string `xml:"SequenceNumber"`
	Day      string `xml:"BusinessDayDate"`
	Line     string `xml:"LineItemSequenceNumber"`
}

// POSLog reads the retail transactions of a POSLog. What is cancelled, voided, suspended or practised is left out,
// and counted in skipped. A post void makes the lines of the transaction that it takes back nothing, whichever
// comes first. An order is named store/till/day/sequence.
func POSLog(r io.Reader, channel string, skipped *int) iter.Seq[Item] {
	return posLog(r, channel, skipped, &posFrame{})
}

// posFrame is what stands around the transactions of a POSLog: its root with its namespaces, and its end.
type posFrame struct {
	head, tail, encoding string
	utf8                 bool // it is given back as UTF-8, with a mark that goes before what its head says
}

// tape keeps the bytes that a decoder has read, from an offset on.
type tape struct {
	*bufio.Reader
	from int64
	kept []byte
}

// ReadByte is what xml.Decoder reads by, so that nothing is kept that it has not come to.
func (t *tape) ReadByte() (byte, error) {
	b, err := t.Reader.ReadByte()
	if err == nil {
		t.kept = append(t.kept, b)
	}
	return b, err
}

// text is what was read between two offsets.
func (t *tape) text(from, to int64) string { return string(t.kept[from-t.from : to-t.from]) }

// forget drops what was read before an offset.
func (t *tape) forget(to int64) {
	t.kept = append(t.kept[:0], t.kept[to-t.from:]...)
	t.from = to
}

// enclose takes over what was read up to a transaction, and ends what is open there.
func (p *posFrame) enclose(head string, open []string) {
	p.head = head
	for _, name := range slices.Backward(open) {
		p.tail += "</" + name + ">"
	}
}

// tagName is the name in a start tag as it is written, with its prefix.
func tagName(tag string) string {
	tag = strings.TrimPrefix(tag, "<")
	if i := strings.IndexAny(tag, " \t\r\n/>"); i >= 0 {
		tag = tag[:i]
	}
	return tag
}

func posLog(r io.Reader, channel string, skipped *int, frame *posFrame) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		text, encoding, fault := xmlText(r)
		if frame.encoding = encoding; fault != nil {
			yield(Item{Place: 1, Fault: fault})
			return
		}
		raw := &tape{Reader: bufio.NewReader(text)}
		dec := xml.NewDecoder(raw)
		dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
		var open []string                                                                      // the elements around the place, as they are written
		found := false
		broken := func(err error) {
			line, _ := dec.InputPos()
			code := sales.NotUnderstood
			if errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "unexpected EOF") {
				code = sales.Truncated
			}
			yield(bad(int64(line), "", code, "the POSLog breaks off: "+err.Error(), "send it again whole; what was stored counts once"))
		}
		for {
			from := dec.InputOffset()
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				broken(err)
				return
			}
			start, ok := token.(xml.StartElement)
			if _, end := token.(xml.EndElement); end {
				open = open[:len(open)-1]
			}
			if !ok || start.Name.Local != "Transaction" {
				if ok {
					open = append(open, tagName(raw.text(from, dec.InputOffset())))
				}
				found = found || ok && start.Name.Local == "POSLog"
				continue
			}
			line, _ := dec.InputPos()
			var t posTransaction
			if err := dec.DecodeElement(&t, &start); err != nil {
				broken(err)
				return
			}
			if frame.head == "" {
				frame.enclose(raw.text(0, from), open)
			}
			text := raw.text(from, dec.InputOffset())
			raw.forget(dec.InputOffset())
			for _, it := range t.items(int64(line), channel, skipped) {
				it.around = text
				if !yield(it) {
					return
				}
			}
		}
		if !found {
			yield(bad(1, "", sales.Unmapped, "there is no POSLog in it", "the root element is POSLog"))
		}
	}
}

func orderOf(unit, till, day, sequence string) string {
	return strings.Join([]string{unit, strings.TrimSpace(till), strings.TrimSpace(day), strings.TrimSpace(sequence)}, "/")
}

// order is the name of the transaction that a link points to; store is where it was made unless it says.
func (l *posLink) order(store string) string {
	return orderOf(either(either(l.Unit, l.OldUnit), store), l.Till, l.Day, l.Sequence)
}

func either(a, b string) string {
	if a = strings.TrimSpace(a); a != "" {
		return a
	}
	return strings.TrimSpace(b)
}

func (t *posTransaction) items(place int64, channel string, skipped *int) (items []Item) {
	if t.Retail == nil || t.Cancel || t.Training || slices.Contains(withoutSale, strings.ToLower(t.Retail.Status)) {
		*skipped++
		return nil
	}
	store := either(t.Unit, t.OldUnit)
	order := orderOf(store, t.Till, t.Day, t.Sequence)
	undone := strings.EqualFold(t.Retail.Status, "PostVoided")
	if link := t.Retail.Link; undone && link != nil {
		order = link.order(store)
	}
	for i := range t.Retail.Lines {
		l := &t.Retail.Lines[i]
		if l.Void || l.Sale == nil && l.Return == nil { // tenders and taxes are lines too
			*skipped++
			continue
		}
		item, sign := l.Sale, int64(1)
		if item == nil {
			item, sign = l.Return, -1
		}
		it := Item{Place: place, Input: fmt.Sprintf("transaction %s line %s", order, l.Sequence)}
		d := sales.Draft{Channel: channel, Order: order, Line: strings.TrimSpace(l.Sequence), Store: store, SoldAt: either(t.End, t.Begin),
			Currency: either(either(t.Currency, t.Retail.Currency), either(item.Extended.Currency, item.Actual.Currency))}
		identify(&d, either(item.POSItem, item.Item))
		it.Fault = item.amounts(&d, sign)
		if undone { // a higher revision than that of the sale
			none := int64(0)
			d.Quantity, d.Price, d.Amount, d.Revision = &none, nil, nil, 2
			measure{}.enter(&d)
			it.Fault = nil
		} else if d.Quantity != nil && *d.Quantity < 0 {
			d.Restocked = strings.EqualFold(item.Disposal, "ReturnToStock")
			if link := item.Link; link != nil {
				d.RefundOf = &sales.Ref{Order: link.order(store), Line: strings.TrimSpace(link.Line)}
			}
		}
		it.Draft = d
		items = append(items, it)
	}
	return items
}

// identify takes what is a GTIN for one, and what has the length of an EAN-13 or longer too, so that a wrong
// check digit is named; anything else is the channel's own code.
func identify(d *sales.Draft, code string) {
	_, err := shelf.ParseGTIN(code)
	if err == nil || strings.Trim(code, "0123456789") == "" && (len(code) == 13 || len(code) == 14) {
		d.GTIN = code
		return
	}
	d.SKU = code
}

func (p *posItem) amounts(d *sales.Draft, sign int64) *sales.Fault {
	wrong := func(field string, err error) *sales.Fault {
		fault := &sales.Fault{Code: sales.BadNumber, Field: field, Text: err.Error()}
		errors.As(err, &fault)
		return fault
	}
	q, much, err := quantityOf(p.Quantity)
	if err != nil {
		return wrong("quantity", err)
	}
	if sign < 0 && q > 0 { // some write a return's quantity negative
		q = -q
	}
	d.Quantity = &q
	much.enter(d)
	if text := strings.TrimSpace(p.Extended.Text); text != "" {
		n, err := sales.ParseMoney(text, d.Currency)
		if err != nil {
			return wrong("amount", err)
		}
		if sign < 0 && n > 0 {
			n = -n
		}
		d.Amount = &n
	}
	if !much.none() { // a price is that of a kilogram
		if d.Amount == nil {
			fault := weighedWithoutAmount()
			fault.Text = "a weighed line has no ExtendedAmount"
			return fault
		}
		return nil
	}
	if text := either(p.Actual.Text, p.Regular.Text); text != "" {
		n, err := sales.ParseMoney(text, d.Currency)
		if err != nil {
			return wrong("price", err)
		}
		d.Price = &n
	}
	return nil
}

// quantityOf makes of how much was sold a number of packs, with their weight where they were weighed. ARTS has Units for
// "the number of units sold, when selling bulk merchandise"; some repeat the weight there, and count in a second Quantity.
func quantityOf(list []posAmount) (packs int64, much measure, err error) {
	packs = 1
	counted := false
	for _, a := range list {
		text := either(a.Text, "1")
		n, w, err := measured(text, a.Unit)
		switch {
		case err != nil:
			return 0, much, err
		case w.none():
			packs, counted = n, true
		default:
			much = w
			units, wrong := wholeNumber(strings.TrimSpace(a.Units))
			if same := strings.TrimSpace(a.Units) == text; wrong != nil || same || units < 1 {
				units = 1
			}
			if !counted {
				packs = units * n
			}
		}
	}
	if packs == 0 {
		much = measure{}
	}
	return packs, much, nil
}
