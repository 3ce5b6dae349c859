package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/fleet"
)

// Cooler is one row of the fleet; see the schema docs/schema/cooler.json.
type Cooler = fleet.Row

// Alerts returns alerts, the newest first. query takes the parameters of GET /v1/alerts.
func (c *Client) Alerts(ctx context.Context, query url.Values) (alerts []Alert, cursor string, err error) {
	var out struct {
		Alerts []Alert `json:"alerts"`
		Cursor string  `json:"cursor"`
	}
	err = c.call(ctx, http.MethodGet, "/v1/alerts?"+query.Encode(), nil, &out)
	return out.Alerts, out.Cursor, err
}

// Acknowledge records that somebody is taking care of an alert.
func (c *Client) Acknowledge(ctx context.Context, id, by, note string) (*Alert, error) {
	var out Alert
	err := c.call(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(id)+"/ack", map[string]string{"by": by, "note": note}, &out)
	return &out, err
}

// maxProof bounds how much is read of a picture.
const maxProof = 16 << 20

// Proof fetches a link from Alert.Proof: the alert's slot, cropped from a picture, as a JPEG. An Error with
// status 404 says that there is none (yet), one with status 410 that it is no longer kept.
func (c *Client) Proof(ctx context.Context, link string) (jpeg []byte, err error) {
	if !strings.HasPrefix(link, "/v1/alerts/") {
		return nil, fmt.Errorf("%q is no link to a proof", link)
	}
	resp, err := c.send(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if jpeg, err = io.ReadAll(io.LimitReader(resp.Body, maxProof)); err != nil {
		return nil, fmt.Errorf("read proof: %w", err)
	}
	return jpeg, nil
}

// Coolers returns the fleet.
func (c *Client) Coolers(ctx context.Context) ([]Cooler, error) {
	var out struct {
		Coolers []Cooler `json:"coolers"`
	}
	err := c.call(ctx, http.MethodGet, "/v1/coolers", nil, &out)
	return out.Coolers, err
}

func (c *Client) call(ctx context.Context, method, path string, body, out any) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	return read(resp, path, out)
}

func read(resp *http.Response, path string, out any) error {
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	return nil
}

// send returns the response if its status is 2xx. The caller must close its body.
func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	if body == nil {
		return c.sendRaw(ctx, method, path, "", nil)
	}
	return c.sendRaw(ctx, method, path, "application/json", data)
}

// sendRaw sends a body as it is; kind is its Content-Type, "" for none.
func (c *Client) sendRaw(ctx context.Context, method, path, kind string, data []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	for name, values := range c.header() {
		req.Header[name] = values
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	hc := c.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.Base, err)
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		return nil, problem(resp)
	}
	return resp, nil
}
