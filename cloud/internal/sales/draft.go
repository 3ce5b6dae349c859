package sales

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Draft is a line as a sender says it, before its product, store and time are resolved. It is the JSON
// of the API, of MQTT, and of what is given back to be mended.
type Draft struct {
	Channel  string `json:"channel"`
	Order    string `json:"order"`
	Line     string `json:"line"`
	Revision int64  `json:"revision,omitempty"` // absent: 1
	Store    string `json:"store"`              // our id, a GLN, or the channel's own code
	GTIN     string `json:"gtin,omitempty"`     // of what was sold, unit or pack; or
	SKU      string `json:"sku,omitempty"`      // the channel's own code of it
	Quantity *int64 `json:"quantity"`           // negative: a refund
	Grams    *int64 `json:"grams,omitempty"`    // of a weighed article, what the packs weighed together; positive in a refund too

	// The same of an article that is drawn by volume, or cut by length.
	Millilitres *int64 `json:"millilitres,omitempty"`
	Millimetres *int64 `json:"millimetres,omitempty"`

	Price     *int64 `json:"price,omitempty"`  // of one, minor unit; or
	Amount    *int64 `json:"amount,omitempty"` // of the whole line after discounts, minor unit
	Currency  string `json:"currency"`
	SoldAt    string `json:"sold_at"` // RFC 3339; without a zone: the store's
	Promotion string `json:"promotion,omitempty"`
	RefundOf  *Ref   `json:"refund_of,omitempty"`
	Restocked bool   `json:"restocked,omitempty"`
}

// DecodeDraft reads one JSON object strictly; what is wrong is a *Fault.
func DecodeDraft(data []byte) (Draft, error) {
	var d Draft
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&d)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = errors.New("there is something after the object")
		}
	}
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return d, &Fault{Code: Truncated, Text: "the line ends in the middle", Hint: "send it whole"}
	case errors.As(err, &kind):
		return d, &Fault{Code: BadNumber, Field: kind.Field, Text: fmt.Sprintf("%s is %s, want %s", kind.Field, kind.Value, kind.Type), Hint: "quantities and money are whole numbers, money in the currency's minor unit; a weighed article has quantity 1 and its grams"}
	}
	return d, &Fault{Code: NotUnderstood, Text: strings.TrimPrefix(err.Error(), "json: "), Hint: "see docs/sales.md for the fields of a line"}
}

// Limits of what a line may say.
const (
	maxName     = 200
	maxQuantity = 1_000_000
	maxMoney    = 1_000_000_000_000 // minor units
	maxGrams    = 1_000_000_000     // millilitres and millimetres too
)

func (d *Draft) checkMeasures(quantity int64) *Fault {
	said := 0
	for _, m := range []struct {
		field string
		n     *int64
	}{{"grams", d.Grams}, {"millilitres", d.Millilitres}, {"millimetres", d.Millimetres}} {
		if m.n == nil {
			continue
		}
		if *m.n < 0 || *m.n > maxGrams || quantity == 0 && *m.n != 0 {
			return &Fault{Code: BadNumber, Field: m.field, Text: fmt.Sprintf("%s is %d with quantity %d: want at most %d, and none of nothing", m.field, *m.n, quantity, maxGrams)}
		}
		if said++; said > 1 {
			return &Fault{Code: BadNumber, Field: m.field, Text: "an article is measured by weight, volume or length, and not by two of them"}
		}
	}
	return nil
}

// check finds what is wrong whatever the masters say.
func (d *Draft) check() *Fault {
	for _, f := range []struct{ name, value string }{{"channel", d.Channel}, {"order", d.Order}, {"line", d.Line},
		{"store", d.Store}, {"currency", d.Currency}, {"sold_at", d.SoldAt}} {
		if strings.TrimSpace(f.value) == "" {
			return &Fault{Code: Missing, Field: f.name, Text: f.name + " is missing"}
		}
		if len(f.value) > maxName || strings.ContainsAny(f.value, "\x00\x1f") {
			return &Fault{Code: NotUnderstood, Field: f.name, Text: fmt.Sprintf("%s is longer than %d bytes, or holds control characters", f.name, maxName)}
		}
	}
	if len(d.SKU) > maxName || len(d.Promotion) > maxName {
		return &Fault{Code: NotUnderstood, Field: "sku", Text: fmt.Sprintf("sku and promotion have at most %d bytes", maxName)}
	}
	if d.Quantity == nil {
		return &Fault{Code: Missing, Field: "quantity", Text: "quantity is missing"}
	}
	q := *d.Quantity
	if q > maxQuantity || q < -maxQuantity || d.Revision < 0 {
		return &Fault{Code: BadNumber, Field: "quantity", Text: fmt.Sprintf("quantity is %d and revision %d: want at most %d, and no negative revision", q, d.Revision, maxQuantity)}
	}
	if fault := d.checkMeasures(q); fault != nil {
		return fault
	}
	if (d.GTIN == "") == (d.SKU == "") {
		return &Fault{Code: Missing, Field: "gtin", Text: "give gtin, or sku with the channel's own code, and not both"}
	}
	if d.GTIN != "" {
		if _, err := shelf.ParseGTIN(d.GTIN); err != nil {
			return &Fault{Code: BadGTIN, Field: "gtin", Text: err.Error(), Hint: gtinHint(d.GTIN)}
		}
	}
	if d.Price == nil && d.Amount == nil && q != 0 {
		return &Fault{Code: Missing, Field: "price", Text: "give price (of one) or amount (of the line), in the currency's minor unit"}
	}
	if p := d.Price; p != nil && (*p < 0 || *p > maxMoney) {
		return &Fault{Code: BadNumber, Field: "price", Text: fmt.Sprintf("price %d is negative or too large", *p)}
	}
	if a := d.Amount; a != nil && (*a > maxMoney || *a < -maxMoney || *a > 0 && q < 0 || *a < 0 && q > 0 || *a != 0 && q == 0) {
		return &Fault{Code: BadNumber, Field: "amount", Text: fmt.Sprintf("amount %d does not go with quantity %d", *a, q), Hint: "both are negative in a refund, both 0 in a cancelled line"}
	}
	if err := checkCurrency(d.Currency); err != nil {
		var f *Fault
		errors.As(err, &f)
		return f
	}
	switch {
	case q < 0 && d.RefundOf == nil:
		return &Fault{Code: NoOriginal, Field: "refund_of", Text: "a negative quantity does not say which line it takes back", Hint: "give refund_of with order and line"}
	case q > 0 && d.RefundOf != nil:
		return &Fault{Code: BadNumber, Field: "quantity", Text: "a refund has a negative quantity"}
	case d.RefundOf != nil && (d.RefundOf.Order == "" || d.RefundOf.Line == "" || d.RefundOf.Order == d.Order && d.RefundOf.Line == d.Line):
		return &Fault{Code: NoOriginal, Field: "refund_of", Text: "refund_of names the order and line of another line"}
	}
	return nil
}

var rounded = regexp.MustCompile(`^\d+([.,]\d+)?[eE]\+?\d+$`)

// gtinHint tells what most likely became of a number that is no GTIN.
func gtinHint(text string) string {
	if rounded.MatchString(text) {
		return "a spreadsheet rounded it, and its last digits are lost: export the file again with that column as text"
	}
	if strings.Trim(text, "0123456789") == "" && len(text) > 0 && len(text) < 14 {
		for _, n := range []int{8, 12, 13} {
			padded := strings.Repeat("0", max(0, n-len(text))) + text
			if _, err := shelf.ParseGTIN(padded); err == nil && n > len(text) {
				return "a spreadsheet may have taken zeros from its front: " + padded + " is a GTIN; pad of the mapping's gtin puts them back"
			}
		}
	}
	return "read it off the pack again; the channel's own number goes into sku"
}

// resolve makes the draft a line by the masters. missing names what a parked line waits for.
func (d *Draft) resolve(tenant string, c *catalog, now time.Time) (l Line, missing string, fault *Fault) {
	if fault := d.check(); fault != nil {
		return l, "", fault
	}
	at, zoned, err := ParseTime(d.SoldAt)
	if err != nil {
		return l, "", &Fault{Code: BadTime, Field: "sold_at", Text: err.Error(), Hint: "such as 2026-03-02T08:15:00+08:00"}
	}
	store, fault := c.place(d.Channel, d.Store)
	if fault != nil {
		return l, d.Store, fault
	}
	product, missing := c.product(d.Channel, d.GTIN, d.SKU)
	if product == nil {
		return l, missing, unknownProduct(d.GTIN + d.SKU)
	}
	if at, fault = instant(d.SoldAt, "sold_at", at, zoned, store, now); fault != nil {
		return l, "", fault
	}
	if store.Currency != "" && store.Currency != d.Currency {
		return l, "", &Fault{Code: MixedCurrency, Field: "currency", Text: fmt.Sprintf("the line is in %s, store %s sells in %s", d.Currency, store.Store, store.Currency)}
	}
	unit, factor := c.unit(product)
	l = Line{Tenant: tenant, Channel: d.Channel, Order: d.Order, Line: d.Line, Revision: max(1, d.Revision), Store: store.Store,
		GTIN: unit, Units: *d.Quantity * factor, SoldAs: product.GTIN, Quantity: *d.Quantity, Grams: value(d.Grams), Millilitres: value(d.Millilitres), Millimetres: value(d.Millimetres), Currency: d.Currency,
		SoldAt: at, Promotion: d.Promotion, RefundOf: d.RefundOf, Restocked: d.Restocked, ReceivedAt: now}
	l.Price, l.Amount = d.money()
	return l, "", nil
}

func unknownProduct(code string) *Fault {
	hint := "give its master: cooler-cloud sales masters FILE, or POST /v1/sales/masters"
	if Restricted(code) {
		hint = "a shop makes such numbers itself, often with the pack's weight or price in them: give its product's master the channel's code " + code[:7] + "*, or as many digits as name it"
	}
	return &Fault{Code: UnknownProduct, Field: "gtin", Text: fmt.Sprintf("product %q is not known", code), Hint: hint}
}

// instant is when something happened: a time without a zone is the store's own.
func instant(text, field string, at time.Time, zoned bool, store *Store, now time.Time) (time.Time, *Fault) {
	if !zoned {
		loc, ok := store.Location()
		if !ok {
			return at, &Fault{Code: NoZone, Field: field, Text: fmt.Sprintf("%q has no zone, and store %s has none either", text, store.Store), Hint: "give the store its tz, or the time its offset"}
		}
		var fault *Fault
		if at, fault = WallTime(at, loc, text, field); fault != nil {
			return at, fault
		}
	}
	if at.After(now.Add(24*time.Hour)) || at.Year() < 1990 {
		return at, &Fault{Code: BadTime, Field: field, Text: fmt.Sprintf("%s is in the future, or before 1990", text), Hint: "look at the clock of the till or the handheld"}
	}
	return at.UTC().Truncate(time.Microsecond), nil
}

// WallTime is the instant at which clocks of a zone show what wall shows. What they skip in spring, and what they show twice
// in autumn, is no instant; text and field are what was said.
func WallTime(wall time.Time, loc *time.Location, text, field string) (time.Time, *Fault) {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), loc)
	if at.Hour() != wall.Hour() || at.Minute() != wall.Minute() {
		return at, &Fault{Code: BadTime, Field: field, Text: fmt.Sprintf("%q was skipped by the clocks of %s", text, loc), Hint: "give the time its offset"}
	}
	// Where the offset is another one shortly before or after, the same wall may be seen by it too.
	_, offset := at.Zone()
	for _, near := range []time.Duration{-maxShift, maxShift} {
		_, other := at.Add(near).Zone()
		twin := at.Add(time.Duration(offset-other) * time.Second)
		if _, seen := twin.Zone(); other != offset && seen == other {
			return at, &Fault{Code: BadTime, Field: field, Text: fmt.Sprintf("%q was twice on the clocks of %s that night", text, loc),
				Hint: fmt.Sprintf("give the time its offset: %s or %s", at.Format(time.RFC3339), twin.Format(time.RFC3339))}
		}
	}
	return at, nil
}

// maxShift is more than any clock is put back at once.
const maxShift = 4 * time.Hour

func value(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// money fills in of price and amount what is not said.
func (d *Draft) money() (price, amount int64) {
	q := *d.Quantity
	if d.Price != nil {
		price = *d.Price
	}
	if d.Amount != nil {
		amount = *d.Amount
	} else {
		amount = price * q
	}
	if d.Price == nil && q != 0 {
		price = int64(math.Round(float64(amount) / float64(q)))
	}
	return price, amount
}

// ParseTime reads an RFC 3339 time, also without its zone, and with a space for the T.
func ParseTime(text string) (at time.Time, zoned bool, err error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05.999999999Z0700"} {
		if at, err = time.Parse(layout, text); err == nil {
			return at, true, nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if at, err = time.Parse(layout, text); err == nil {
			return at, false, nil
		}
	}
	return at, false, fmt.Errorf("%q is not a time", text)
}
