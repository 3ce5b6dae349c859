package sales

// Codes of what can be wrong with a line, a master or a movement. Clients branch on them.
const (
	BadGTIN         = "bad_gtin"                  // wrong check digit, or not a GTIN at all
	BadGLN          = "bad_gln"                   // the same for a place
	BadStore        = "bad_store"                 // not a name that a store can have
	BadNumber       = "bad_number"                // not a whole number, or out of its range
	BadTime         = "bad_time"                  // not a time
	NoZone          = "time_without_zone"         // and the store has none either
	BadCurrency     = "bad_currency"              //
	MixedCurrency   = "mixed_currency"            // an order in two currencies, or not in its store's
	NoOriginal      = "negative_without_original" // a refund that does not say of what
	RefundTooLarge  = "refund_too_large"          // more than was sold
	Conflict        = "revision_conflict"         // this revision was sent before, and said something else
	Missing         = "missing_field"
	NotUnderstood   = "not_understood" // not JSON, not XML, an unknown field
	Truncated       = "truncated"      // the file ends in the middle
	Unmapped        = "mapping_matches_nothing"
	Taken           = "name_taken"       // of a master: another one is known by the same GLN or code
	UnknownProduct  = "unknown_product"  // parked until its master comes
	UnknownStore    = "unknown_store"    // parked until its master comes
	UnknownOriginal = "unknown_original" // parked until what it refunds comes
)

// Fault is what is wrong with one line. Parked codes come right by themselves; the others have to be
// mended and sent again.
type Fault struct {
	Code  string `json:"code"`
	Field string `json:"field,omitempty"`
	Text  string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

func (f *Fault) Error() string { return f.Text }

// Parked reports whether the line waits for something else to arrive.
func (f *Fault) Parked() bool {
	return f.Code == UnknownProduct || f.Code == UnknownStore || f.Code == UnknownOriginal
}
