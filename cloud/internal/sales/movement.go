package sales

import (
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Cause is why stock changed.
type Cause string

// Causes. Sale and Refund are never entered: they are the lines themselves.
const (
	Count       Cause = "count"        // somebody counted: Units is what is there, and what came before no longer matters
	Delivery    Cause = "delivery"     // from a supplier or a depot
	TransferIn  Cause = "transfer_in"  // from another store
	TransferOut Cause = "transfer_out" // to another store
	Waste       Cause = "waste"        // broken, expired, thrown away
	Adjustment  Cause = "adjustment"   // by hand, with a note
	Sale        Cause = "sale"
	Refund      Cause = "refund"
)

// Movement is one change of a store's stock of a product, and why.
type Movement struct {
	Tenant string     `json:"-"`
	ID     string     `json:"id"` // the sender's own; the same id is the same movement
	Store  string     `json:"store"`
	GTIN   shelf.GTIN `json:"gtin"`  // the unit
	Cause  Cause      `json:"cause"` //
	Units  int64      `json:"units"` // signed: what came; with Count what is there
	At     time.Time  `json:"at"`
	Place  string     `json:"place,omitempty"` // of a count: "" the whole store, or backroom: what stands there alone, which changes no stock
	Note   string     `json:"note,omitempty"`  // the other store, the delivery note, the order
}

// Backroom is the Place of a count of the back room alone.
const Backroom = "backroom"

// MovementDraft is a movement as a sender says it, before its product, store and time are resolved.
type MovementDraft struct {
	ID    string `json:"id"`
	Store string `json:"store"` // our id or a GLN
	GTIN  string `json:"gtin"`  // of a unit, or of a pack of it
	Cause Cause  `json:"cause"`
	Units *int64 `json:"units"` // of GTIN
	At    string `json:"at"`    // RFC 3339; without a zone: the store's
	Place string `json:"place,omitempty"`
	Note  string `json:"note,omitempty"`
}

// Draft is the movement as a sender would say it.
func (m *Movement) Draft() MovementDraft {
	d := MovementDraft{m.ID, m.Store, string(m.GTIN), m.Cause, &m.Units, "", m.Place, m.Note}
	if !m.At.IsZero() {
		d.At = m.At.Format(time.RFC3339Nano)
	}
	return d
}

// check finds what is wrong whatever the masters say.
func (d *MovementDraft) check() *Fault {
	switch {
	case d.ID == "" || len(d.ID) > maxName:
		return &Fault{Code: Missing, Field: "id", Text: "a movement has an id of its own, by which it is known again"}
	case strings.TrimSpace(d.Store) == "" || len(d.Store) > maxName:
		return &Fault{Code: Missing, Field: "store", Text: "store is missing"}
	case d.GTIN == "":
		return &Fault{Code: Missing, Field: "gtin", Text: "gtin is missing"}
	case d.Units == nil:
		return &Fault{Code: Missing, Field: "units", Text: "units are missing"}
	case *d.Units > maxQuantity || *d.Units < -maxQuantity:
		return &Fault{Code: BadNumber, Field: "units", Text: fmt.Sprintf("%d units are too many", *d.Units)}
	case d.Place != "" && (d.Place != Backroom || d.Cause != Count):
		return &Fault{Code: NotUnderstood, Field: "place", Text: "place is backroom, in a count, or not there"}
	case len(d.Note) > 1000:
		return &Fault{Code: NotUnderstood, Field: "note", Text: "the note is longer than 1000 bytes"}
	}
	if _, err := shelf.ParseGTIN(d.GTIN); err != nil {
		return &Fault{Code: BadGTIN, Field: "gtin", Text: err.Error(), Hint: "read it off the pack again"}
	}
	return d.checkCause()
}

func (d *MovementDraft) checkCause() *Fault {
	wrong := &Fault{Code: BadNumber, Field: "units", Text: fmt.Sprintf("%d units do not go with %s", *d.Units, d.Cause)}
	switch d.Cause {
	case Count:
		if *d.Units < 0 {
			return wrong
		}
	case Delivery, TransferIn:
		if *d.Units <= 0 {
			return wrong
		}
	case TransferOut, Waste:
		if *d.Units >= 0 {
			wrong.Hint = "what leaves the store is negative"
			return wrong
		}
	case Adjustment:
		if d.Note == "" {
			return &Fault{Code: Missing, Field: "note", Text: "an adjustment says why, in note"}
		}
	default:
		return &Fault{Code: NotUnderstood, Field: "cause", Text: fmt.Sprintf("cause %q is not count, delivery, transfer_in, transfer_out, waste or adjustment", d.Cause), Hint: "sales come as lines"}
	}
	return nil
}

// said is what a movement was said to move, before its pack was resolved: the same words are the same movement,
// though the pack's master has changed since.
type said struct {
	gtin  shelf.GTIN
	units int64
}

// resolve makes the draft a movement by the masters. missing names what a parked one waits for.
func (d *MovementDraft) resolve(tenant string, c *catalog, now time.Time) (m Movement, as said, missing string, fault *Fault) {
	if fault := d.check(); fault != nil {
		return m, as, "", fault
	}
	at, zoned, err := ParseTime(d.At)
	if err != nil {
		return m, as, "", &Fault{Code: BadTime, Field: "at", Text: "at is missing or no time", Hint: "such as 2026-03-02T08:15:00+08:00"}
	}
	store, fault := c.place("", d.Store)
	if fault != nil {
		return m, as, d.Store, fault
	}
	product, missing := c.product("", d.GTIN, "")
	if product == nil {
		return m, as, missing, &Fault{Code: UnknownProduct, Field: "gtin", Text: fmt.Sprintf("product %s is not known", d.GTIN), Hint: "give its master: cooler-cloud sales masters FILE, or POST /v1/sales/masters"}
	}
	if at, fault = instant(d.At, "at", at, zoned, store, now); fault != nil {
		return m, as, "", fault
	}
	unit, factor := c.unit(product) // a delivery of cases is a delivery of units
	m = Movement{Tenant: tenant, ID: d.ID, Store: store.Store, GTIN: unit, Cause: d.Cause, Units: *d.Units * factor, At: at, Place: d.Place, Note: d.Note}
	return m, said{product.GTIN, *d.Units}, "", nil
}
