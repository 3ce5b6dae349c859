package sales

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Product is the master of a product: what the shelf knows of it, and what trade adds.
type Product struct {
	shelf.Product

	Contains *Pack  `json:"contains,omitempty"` // what a case or a multipack holds; nil: it is the unit
	Group    string `json:"group,omitempty"`    // products that customers take for each other; "": none
	Category string `json:"category,omitempty"`
	Price    int64  `json:"price,omitempty"`    // list price of one, minor unit; 0: not known
	Cost     int64  `json:"cost,omitempty"`     // what one costs the store, minor unit; 0: not known
	Currency string `json:"currency,omitempty"` // of both
	Codes    []Code `json:"codes,omitempty"`    // how channels call it
}

// Pack is what one piece of a trade unit holds.
type Pack struct {
	GTIN  shelf.GTIN `json:"gtin"`
	Count int64      `json:"count"`
}

// Code is how a channel calls a product or a store.
type Code struct {
	Channel string `json:"channel"`
	Code    string `json:"code"`
}

// Margin is what the store keeps of one sold at its list price; ok is false where that is not known.
func (p *Product) Margin() (minor int64, ok bool) {
	return p.Price - p.Cost, p.Price > 0 && p.Cost > 0
}

// Store is the master of a place that sells.
type Store struct {
	Store    string   `json:"store"`
	Name     string   `json:"name,omitempty"`
	GLN      string   `json:"gln,omitempty"`
	Lat      *float64 `json:"lat,omitempty"` // WGS 84 degrees
	Lon      *float64 `json:"lon,omitempty"`
	TZ       string   `json:"tz,omitempty"`    // IANA name
	Hours    string   `json:"hours,omitempty"` // opening hours; see ParseHours
	Region   string   `json:"region,omitempty"`
	Channel  string   `json:"channel,omitempty"`  // of trade, such as convenience
	Class    string   `json:"class,omitempty"`    // such as A
	Currency string   `json:"currency,omitempty"` // "": any
	Codes    []Code   `json:"codes,omitempty"`    // how channels call it

	Restock     Minutes `json:"restock_minutes,omitempty"` // within which an empty slot is filled from the back room; 0: 120
	PickCost    int64   `json:"pick_cost,omitempty"`       // of an online order picked here, minor unit
	SafetyUnits int64   `json:"safety_units,omitempty"`    // of each product that online orders leave alone
	NoOrders    bool    `json:"no_orders,omitempty"`       // takes no online orders
}

// Minutes is a stretch of time in a master.
type Minutes int64

// RestockTime is within how long an empty slot is filled where the back room has the goods.
func (s *Store) RestockTime() time.Duration {
	if s.Restock == 0 {
		return 2 * time.Hour
	}
	return time.Duration(s.Restock) * time.Minute
}

// Location is the store's time zone; ok is false where it is not known.
func (s *Store) Location() (loc *time.Location, ok bool) {
	if s.TZ == "" {
		return time.UTC, false
	}
	loc, err := time.LoadLocation(s.TZ)
	return loc, err == nil
}

// Validate says what is wrong with a master, as a *Fault.
func (p *Product) Validate() error {
	if _, err := shelf.ParseGTIN(string(p.GTIN)); err != nil {
		return &Fault{Code: BadGTIN, Field: "gtin", Text: err.Error()}
	}
	if p.Contains != nil {
		if _, err := shelf.ParseGTIN(string(p.Contains.GTIN)); err != nil {
			return &Fault{Code: BadGTIN, Field: "contains.gtin", Text: err.Error()}
		}
		if p.Contains.Count < 1 || p.Contains.Count > 100_000 || p.Contains.GTIN == p.GTIN {
			return &Fault{Code: BadNumber, Field: "contains", Text: "a pack holds 1 to 100000 of another product"}
		}
	}
	if p.Price < 0 || p.Cost < 0 {
		return &Fault{Code: BadNumber, Field: "price", Text: "price and cost are not negative"}
	}
	if p.Currency == "" && (p.Price > 0 || p.Cost > 0) {
		return &Fault{Code: Missing, Field: "currency", Text: "a price needs its currency"}
	}
	if err := checkCurrency(p.Currency); err != nil {
		return err
	}
	return checkCodes(p.Codes)
}

// Validate says what is wrong with a master, as a *Fault.
func (s *Store) Validate() error {
	if err := (wire.Identity{Tenant: "t", Store: s.Store, Device: "d"}).Validate(); err != nil {
		return &Fault{Code: BadStore, Field: "store", Text: err.Error()}
	}
	if s.GLN != "" {
		if err := CheckGLN(s.GLN); err != nil {
			return &Fault{Code: BadGLN, Field: "gln", Text: err.Error()}
		}
	}
	if (s.Lat == nil) != (s.Lon == nil) || s.Lat != nil && (*s.Lat < -90 || *s.Lat > 90 || *s.Lon < -180 || *s.Lon > 180) {
		return &Fault{Code: BadNumber, Field: "lat", Text: "lat and lon are not a place on earth"}
	}
	if _, err := time.LoadLocation(s.TZ); err != nil || s.TZ == "Local" {
		return &Fault{Code: BadTime, Field: "tz", Text: fmt.Sprintf("time zone %q is not known", s.TZ), Hint: "give an IANA name such as Asia/Shanghai"}
	}
	if _, err := ParseHours(s.Hours); err != nil {
		return &Fault{Code: BadTime, Field: "hours", Text: err.Error(), Hint: "such as Mo-Fr 07:00-22:00; Sa,Su 08:00-20:00"}
	}
	if s.Restock < 0 || s.PickCost < 0 || s.SafetyUnits < 0 {
		return &Fault{Code: BadNumber, Field: "restock_minutes", Text: "restock_minutes, pick_cost and safety_units are not negative"}
	}
	if err := checkCurrency(s.Currency); err != nil {
		return err
	}
	return checkCodes(s.Codes)
}

func checkCodes(codes []Code) error {
	for _, c := range codes {
		if c.Channel == "" || c.Code == "" {
			return &Fault{Code: Missing, Field: "codes", Text: "a code has a channel and a code"}
		}
		if begin, ok := strings.CutSuffix(c.Code, "*"); ok && strings.Trim(begin, "0123456789") == "" && (len(begin) < 4 || len(begin) > 12 || begin[0] != '2' && begin[:2] != "02") {
			return &Fault{Code: BadGTIN, Field: "codes", Text: fmt.Sprintf("code %q: what begins a shop's own numbers is 4 to 12 digits from 2 or 02, and a star", c.Code),
				Hint: "of 2112345WWWWWC, where W is the weight, it is 2112345*"}
		}
	}
	return nil
}

func checkCurrency(code string) error {
	if code == "" {
		return nil
	}
	if unit, err := currency.ParseISO(code); err != nil || unit.String() != code {
		return &Fault{Code: BadCurrency, Field: "currency", Text: fmt.Sprintf("%q is not a currency of ISO 4217", code), Hint: "three capital letters, such as CNY"}
	}
	return nil
}

// CheckGLN holds a Global Location Number to its form: 12 digits and the check digit of GS1.
func CheckGLN(gln string) error {
	if len(gln) != 13 {
		return fmt.Errorf("GLN %q has %d characters, want 13 digits", gln, len(gln))
	}
	for _, c := range gln {
		if c < '0' || c > '9' {
			return fmt.Errorf("GLN %q has %q in it, want digits", gln, c)
		}
	}
	if want := shelf.CheckDigit(gln[:12]); gln[12] != want {
		return fmt.Errorf("GLN %q ends in %c, its digits give %c", gln, gln[12], want)
	}
	return nil
}
