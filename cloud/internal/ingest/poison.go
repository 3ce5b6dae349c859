package ingest

import (
	"context"
	"errors"
	"fmt"
)

// judgement is an error of the judge. It may be the fault of one message rather than of the store.
type judgement struct{ err error }

func (j *judgement) Error() string { return j.err.Error() }
func (j *judgement) Unwrap() error { return j.err }

// oneByOne commits each message in a transaction of its own, after the batch as a whole has failed repeatedly
// with the error failed. A message on which the judge fails is quarantined; any other error is the store's.
func (g *Ingester) oneByOne(ctx context.Context, items []*item, failed error) (tally, error) {
	var j *judgement
	if !errors.As(failed, &j) {
		return tally{}, failed
	}
	var sum tally
	for _, it := range items {
		counts, err := g.commit(ctx, []*item{it})
		if errors.As(err, &j) {
			it.refuse(ReasonJudgement, fmt.Errorf("after %d attempts: %w", patience, err))
			counts, err = g.commit(ctx, []*item{it})
		}
		if err != nil {
			return sum, err
		}
		sum.duplicates += counts.duplicates
	}
	return sum, nil
}
