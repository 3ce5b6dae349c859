package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// ingestReport is how fast lines come in. A ratio above 1 is for us.
type ingestReport struct {
	LinesPerSecond   float64 `json:"lines_per_s"`
	AgainPerSecond   float64 `json:"again_per_s"` // the first tenth of the same lines, which change nothing
	BarePerSecond    float64 `json:"bare_per_s"`  // the peer
	Ratio            float64 `json:"ratio"`
	LateMedianMillis float64 `json:"late_median_ms"` // a single late line, to its durable answer
	Late99Millis     float64 `json:"late_p99_ms"`
	OK               bool    `json:"ok"`
}

// began is when the first line was sold.
var began = time.Date(2026, 10, 1, 6, 0, 0, 0, time.UTC)

func gtin(i int) string {
	body := fmt.Sprintf("4%011d", i)
	return body + string(shelf.CheckDigit(body))
}

func store(i int) string { return fmt.Sprintf("s%05d", i) }

// sale is the i-th line: three lines a receipt, over four weeks, in no order of stores.
func sale(o options, i int) string {
	rng := rand.New(rand.NewPCG(uint64(i/3), 7))
	s, at := rng.IntN(o.Stores), began.Add(time.Duration(i)*28*16*time.Hour/time.Duration(o.Lines))
	return fmt.Sprintf(`{"channel":"pos","order":"r%d","line":"%d","store":"%s","gtin":"%s","quantity":%d,"price":450,"currency":"CNY","sold_at":"%s"}`+"\n",
		i/3, i%3+1, store(s), gtin(rng.IntN(o.Products)+i%3), 1+i%4, at.Format(time.RFC3339))
}

func (r *rig) enterMasters(ctx context.Context, o options) error {
	var products []sales.Product
	for i := range o.Products + 3 {
		products = append(products, sales.Product{Product: shelf.Product{GTIN: shelf.GTIN(gtin(i)), Own: true}})
	}
	var stores []sales.Store
	for i := range o.Stores {
		lat, lon := 31.0+float64(i%40)/100, 121.0+float64(i/40)/100
		stores = append(stores, sales.Store{Store: store(i), TZ: "Asia/Shanghai", Lat: &lat, Lon: &lon})
	}
	return r.send(ctx, "/v1/sales/masters", map[string]any{"products": products, "stores": stores}, &struct{}{})
}

// post sends lines [from, to) as one body.
func (r *rig) post(ctx context.Context, o options, from, to int) (stored, duplicate int, err error) {
	body, in := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(in, 1<<20)
		for i := from; i < to; i++ {
			if _, err := w.WriteString(sale(o, i)); err != nil {
				break
			}
		}
		in.CloseWithError(w.Flush())
	}()
	var out struct{ Stored, Duplicate int }
	err = r.ask(ctx, http.DefaultClient, http.MethodPost, "/v1/sales/lines", "application/x-ndjson", body, &out)
	body.Close()
	return out.Stored, out.Duplicate, err
}

func measureIngest(ctx context.Context, o options, r *rig) (*ingestReport, error) {
	if err := r.enterMasters(ctx, o); err != nil {
		return nil, err
	}
	out := &ingestReport{}
	start := time.Now()
	stored, _, err := r.post(ctx, o, 0, o.Lines)
	if err != nil {
		return nil, err
	}
	out.LinesPerSecond = float64(o.Lines) / time.Since(start).Seconds()
	start = time.Now()
	_, duplicate, err := r.post(ctx, o, 0, o.Lines/10)
	if err != nil {
		return nil, err
	}
	out.AgainPerSecond = float64(o.Lines/10) / time.Since(start).Seconds()
	var times []float64
	for i := range o.Probes {
		line := strings.Replace(sale(o, i*97%o.Lines), `"order":"r`, `"order":"late`, 1)
		start := time.Now()
		var rep struct{ Stored int }
		if err := r.ask(ctx, http.DefaultClient, http.MethodPost, "/v1/sales/lines", "application/x-ndjson", strings.NewReader(line), &rep); err != nil {
			return nil, err
		}
		times = append(times, float64(time.Since(start).Microseconds())/1000)
	}
	slices.Sort(times)
	if len(times) > 0 {
		out.LateMedianMillis, out.Late99Millis = times[len(times)/2], times[len(times)*99/100]
	}
	out.OK = stored == o.Lines && duplicate == o.Lines/10
	if out.BarePerSecond, err = bareInsert(ctx, o, r); err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	out.Ratio = out.LinesPerSecond / out.BarePerSecond
	return out, nil
}

// bareInsert writes the same lines into a table of the same columns and key, a thousand a transaction, a
// hundred a statement, and does nothing else.
func bareInsert(ctx context.Context, o options, r *rig) (float64, error) {
	db, err := state.Open(ctx, r.peer)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = state.Migrate(ctx, db, state.Migrations{Name: "peer", Steps: []string{`CREATE TABLE bare (tenant TEXT NOT NULL, channel TEXT NOT NULL, ord TEXT NOT NULL,
		line TEXT NOT NULL, revision BIGINT NOT NULL, store TEXT NOT NULL, gtin TEXT NOT NULL, units BIGINT NOT NULL, sold_as TEXT NOT NULL, quantity BIGINT NOT NULL,
		price BIGINT NOT NULL, amount BIGINT NOT NULL, currency TEXT NOT NULL, sold_at BIGINT NOT NULL, promotion TEXT NOT NULL, refund_order TEXT NOT NULL,
		refund_line TEXT NOT NULL, restocked BOOLEAN NOT NULL, received_at BIGINT NOT NULL, PRIMARY KEY (tenant, channel, ord, line))`}})
	if err != nil {
		return 0, err
	}
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", 19), ",") + ")"
	statement := "INSERT INTO bare VALUES " + strings.TrimSuffix(strings.Repeat(row+",", 100), ",") + " ON CONFLICT DO NOTHING"
	n := max(1000, o.Lines/10/1000*1000) // a tenth is enough for a rate
	start := time.Now()
	for from := 0; from < n; from += 1000 {
		err := db.Write(ctx, func(tx *state.Tx) error {
			for at := from; at < from+1000; at += 100 {
				var args []any
				for i := at; i < at+100; i++ {
					d, err := sales.DecodeDraft([]byte(sale(o, i))) // the lines are read, as they are there
					if err != nil {
						return err
					}
					args = append(args, "default", d.Channel, d.Order, d.Line, int64(1), d.Store, d.GTIN, *d.Quantity, d.GTIN, *d.Quantity, *d.Price,
						*d.Price**d.Quantity, d.Currency, began.UnixMicro(), "", "", "", false, began.UnixMicro())
				}
				if _, err := tx.Exec(ctx, statement, args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
