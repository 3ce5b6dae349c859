package sales_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

// BenchmarkAppend takes a thousand new lines of many orders in one transaction.
func BenchmarkAppend(b *testing.B) {
	l := sales.NewLedger(statetest.SQLite(b, sales.Tables), nil)
	if _, err := l.PutMasters(context.Background(), "t", []sales.Product{product(cola), product(lemon)}, []sales.Store{{Store: "s1"}}); err != nil {
		b.Fatal(err)
	}
	for n := 0; b.Loop(); n++ {
		drafts := make([]sales.Draft, 1000)
		for i := range drafts {
			drafts[i] = draft(fmt.Sprintf("o%d-%d", n, i/3), fmt.Sprint(i), 1)
		}
		if _, err := l.Append(context.Background(), "t", drafts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
