// Package intake reads sales as others send them, and puts them into the ledger: JSON and NDJSON lines of
// our own form, CSV and foreign JSON by a mapping, ARTS POSLog XML, and the orders of Shopify.
//
// Each reader gives items in their order, a good one as a draft, a bad one with what is wrong, and goes on
// behind it wherever the format allows. Nothing is lost between: what is not stored is in the report,
// as it came.
package intake

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// Item is one line as it was read.
type Item struct {
	Place int64  // its line in the file, or its place in the message, from 1
	Input string // as it came, to be mended
	Draft sales.Draft
	Fault *sales.Fault // why there is no draft

	ordinal int    // place among the rows of its order
	around  string // what Input is a part of and has to be sent with: the transaction of a POSLog
	cut     bool   // Input is not all that came
}

// Problem is a line that was not stored as it came.
type Problem struct {
	Line   int64        `json:"line"`
	Status sales.Status `json:"status"` // parked or rejected
	sales.Fault
	Input string `json:"input"`

	ordinal int
	around  string
	cut     bool
}

// Report is what became of an input.
type Report struct {
	DryRun    bool           `json:"dry_run"`
	Lines     int            `json:"lines"`
	Stored    int            `json:"stored"`
	Corrected int            `json:"corrected"`
	Duplicate int            `json:"duplicate"`
	Late      int            `json:"late"`
	Parked    int            `json:"parked"`
	Rejected  int            `json:"rejected"`
	Skipped   int            `json:"skipped"`              // left out by the mapping, or not about sales
	StoppedAt int64          `json:"stopped_at,omitempty"` // from this line on nothing was read: too many were bad
	Statuses  []sales.Status `json:"statuses,omitempty"`   // of each line in its order, where asked for
	Mend      string         `json:"mend,omitempty"`       // the rejected lines as a file to be mended and sent again, where asked for
	Problems  []Problem      `json:"problems"`             // every rejected line; of parked ones the first hundred
}

// Limits of a report.
const (
	maxRejected = 10_000
	shownParked = 100
)

// batchLines is how many lines share a transaction.
const batchLines = 1000

// Ledger is where lines go: a sales.Ledger, or one behind the API.
type Ledger interface {
	Append(ctx context.Context, tenant string, drafts []sales.Draft) ([]sales.Verdict, error)
	Try(ctx context.Context, tenant string, drafts []sales.Draft) ([]sales.Verdict, error)
	Reject(ctx context.Context, tenant string, refusals []sales.Refusal) error
}

// Intake puts items into a tenant's ledger.
type Intake struct {
	Ledger   Ledger
	Tenant   string
	DryRun   bool
	Statuses bool           // the report has what became of each line
	From     *sales.Message // the message that the items are of, kept while something of it is refused
	Keep     string         // the source under which rejected lines are kept, for senders that do not read the report; "": none
}

// Take reads items to their end. Its error is about the database: then the report tells what was taken
// before, and the input can be sent again whole.
func (in Intake) Take(ctx context.Context, items iter.Seq[Item]) (Report, error) {
	r := Report{DryRun: in.DryRun, Problems: []Problem{}}
	var batch []Item
	for item := range items {
		if r.Rejected+len(batch) >= maxRejected && r.Rejected > r.Lines/2 {
			r.StoppedAt = item.Place
			break
		}
		batch = append(batch, item)
		if len(batch) >= batchLines && !in.DryRun { // a trial is one transaction, so that a refund finds its sale
			if err := in.put(ctx, batch, &r); err != nil {
				return r, err
			}
			batch = batch[:0]
		}
	}
	return r, in.put(ctx, batch, &r)
}

func (in Intake) put(ctx context.Context, items []Item, r *Report) error {
	drafts, at := make([]sales.Draft, 0, len(items)), make([]int, 0, len(items))
	verdicts := make([]sales.Verdict, len(items))
	for i, item := range items {
		if item.Fault != nil {
			verdicts[i] = sales.Verdict{Status: sales.Rejected, Fault: item.Fault}
			continue
		}
		drafts, at = append(drafts, item.Draft), append(at, i)
	}
	take := in.Ledger.Append
	if in.DryRun {
		take = in.Ledger.Try
	}
	if len(drafts) > 0 {
		got, err := take(ctx, in.Tenant, drafts)
		if err != nil {
			return err
		}
		for j, v := range got {
			verdicts[at[j]] = v
		}
	}
	var refusals []sales.Refusal
	for i, v := range verdicts {
		r.count(items[i], v)
		if in.Statuses {
			r.Statuses = append(r.Statuses, v.Status)
		}
		if v.Status == sales.Rejected {
			refusals = append(refusals, sales.Refusal{Source: in.Keep, Place: items[i].Place, Fault: *v.Fault, Input: items[i].Input, From: in.From})
		}
	}
	if in.Keep == "" || in.DryRun {
		return nil
	}
	return in.Ledger.Reject(ctx, in.Tenant, refusals)
}

func (r *Report) count(item Item, v sales.Verdict) {
	r.Lines++
	switch v.Status {
	case sales.Stored:
		r.Stored++
	case sales.Corrected:
		r.Corrected++
	case sales.Duplicate:
		r.Duplicate++
	case sales.Late:
		r.Late++
	case sales.Parked:
		r.Parked++
		if r.Parked <= shownParked {
			r.Problems = append(r.Problems, item.problem(v))
		}
	case sales.Rejected:
		r.Rejected++
		r.Problems = append(r.Problems, item.problem(v))
	}
}

func (it *Item) problem(v sales.Verdict) Problem {
	return Problem{it.Place, v.Status, *v.Fault, it.Input, it.ordinal, it.around, it.cut}
}

// remedy is what is wrong, and what to do.
func (p *Problem) remedy() string {
	if p.Hint == "" {
		return p.Text
	}
	return p.Text + "; " + p.Hint
}

// mendable has a line of somebody else's message come back as a line of our own, which can be mended and sent again
// alone: of the message its sender would send only the whole, and again as it was.
func (it *Item) mendable() {
	if it.Draft.Order == "" {
		return
	}
	if line, err := json.Marshal(it.Draft); err == nil {
		it.Input = string(line)
	}
}

// bad is an item that is wrong.
func bad(place int64, input, code, text, hint string) Item {
	return Item{Place: place, Input: input, Fault: &sales.Fault{Code: code, Text: text, Hint: hint}}
}

// whole is an input of which nothing can be read.
func whole(fault *sales.Fault, input string) iter.Seq[Item] {
	return func(yield func(Item) bool) { yield(Item{Input: input, Fault: fault}) }
}
