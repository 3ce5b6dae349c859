package sales

import (
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
