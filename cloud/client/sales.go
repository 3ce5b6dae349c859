package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
)

// SaleLine is a line of a receipt or an order, as it is sent; docs/sales.md describes its fields.
type SaleLine = sales.Draft

// SaleVerdict is the outcome for one line.
type SaleVerdict = sales.Verdict

// Sell sends lines and returns the verdict on each, in the same order. A line that is sent again counts once.
// With dryRun nothing is stored.
func (c *Client) Sell(ctx context.Context, lines []SaleLine, dryRun bool) ([]SaleVerdict, error) {
	path := "/v1/sales/lines?statuses=true"
	if dryRun {
		path += "&dry_run=true"
	}
	var report intake.Report
	if err := c.call(ctx, http.MethodPost, path, map[string]any{"lines": lines}, &report); err != nil {
		return nil, err
	}
	if len(report.Statuses) != len(lines) {
		return nil, fmt.Errorf("the service answers for %d lines, %d were sent", len(report.Statuses), len(lines))
	}
	verdicts := make([]SaleVerdict, len(lines))
	for i, s := range report.Statuses {
		verdicts[i].Status = s
		if s == sales.Parked || s == sales.Rejected {
			verdicts[i].Fault = &sales.Fault{Text: "see GET /v1/sales/parked"} // the report only names the first hundred
		}
	}
	for _, p := range report.Problems {
		if p.Line >= 1 && int(p.Line) <= len(lines) {
			fault := p.Fault
			verdicts[p.Line-1].Fault = &fault
		}
	}
	return verdicts, nil
}

// Do calls any address of the API with a JSON body, or none if body is nil, and decodes the answer into out.
func (c *Client) Do(ctx context.Context, method, path string, body, out any) error {
	return c.call(ctx, method, path, body, out)
}

// SendFile sends a file as it is to any address of the API, and decodes the answer into out; kind is its
// Content-Type.
func (c *Client) SendFile(ctx context.Context, path, kind string, data []byte, out any) error {
	resp, err := c.sendRaw(ctx, http.MethodPost, path, kind, data)
	if err != nil {
		return err
	}
	return read(resp, path, out)
}
