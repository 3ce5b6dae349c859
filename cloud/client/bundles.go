package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/coldshelf/coldshelf/cloud/internal/release"
)

// Bundle is a signed bundle that the service stores for boards.
type Bundle = release.Release

// AddBundle sends a signed bundle of size bytes; again says that the service had it already.
func (c *Client) AddBundle(ctx context.Context, from io.Reader, size int64) (b *Bundle, again bool, err error) {
	const path = "/v1/bundles"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+path, from)
	if err != nil {
		return nil, false, fmt.Errorf("request: %w", err)
	}
	req.ContentLength = size
	for name, values := range c.header() {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/zip")
	hc := c.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, false, fmt.Errorf("ask %s: %w", c.Base, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return nil, false, problem(resp)
	}
	if err := json.NewDecoder(resp.Body).Decode(&b); err != nil {
		return nil, false, fmt.Errorf("answer of %s: %w", path, err)
	}
	return b, resp.StatusCode == http.StatusOK, nil
}
