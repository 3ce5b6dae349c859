package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/coldshelf/coldshelf/cloud/internal/fleet"
)

// Cooler is one row of the fleet, as the schema docs/schema/cooler.json says.
type Cooler = fleet.Row

// Alerts gives alerts, the newest first. query takes the parameters of GET /v1/alerts.
func (c *Client) Alerts(ctx context.Context, query url.Values) (alerts []Alert, cursor string, err error) {
	var out struct {
		Alerts []Alert `json:"alerts"`
		Cursor string  `json:"cursor"`
	}
	err = c.call(ctx, http.MethodGet, "/v1/alerts?"+query.Encode(), nil, &out)
	return out.Alerts, out.Cursor, err
}

// Acknowledge says that somebody is seeing to an alert.
func (c *Client) Acknowledge(ctx context.Context, id, by, note string) (*Alert, error) {
	var out Alert
	err := c.call(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(id)+"/ack", map[string]string{"by": by, "note": note}, &out)
	return &out, err
}

// Coolers gives the fleet.
func (c *Client) Coolers(ctx context.Context) ([]Cooler, error) {
	var out struct {
		Coolers []Cooler `json:"coolers"`
	}
	err := c.call(ctx, http.MethodGet, "/v1/coolers", nil, &out)
	return out.Coolers, err
}

func (c *Client) call(ctx context.Context, method, path string, body, out any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	if body == nil {
		data = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	for name, values := range c.header() {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	hc := c.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	resp, err := hc.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Base, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return problem(resp.StatusCode, resp.Body)
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	return nil
}
