package cloud_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// TestOpenServiceIsAskedByItsNames: a page whose name was given the address of a service on loopback gets nothing of it.
func TestOpenServiceIsAskedByItsNames(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) { c.Alerts.Origins = []string{"https://shop.example"} })
	_, port, _ := strings.Cut(s.Addr(), ":")
	for host, want := range map[string]int{
		s.Addr(): 200, "127.0.0.1:" + port: 200, "[::1]:" + port: 200, "localhost:" + port: 200, "LOCALHOST": 200, "shop.example": 200,
		"evil.example:" + port: 403, "localhost.evil.example": 403, "127.0.0.1.evil.example": 403, "shop.example.evil.example": 403,
	} {
		for _, path := range []string{"/v1/coolers", "/v1/live", "/metrics"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			if path == "/v1/live" {
				req.Header.Set("Origin", "http://"+host)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			want := want
			if path == "/v1/live" && want == 200 {
				want = 400 // no WebSocket, but let in
			}
			if resp.StatusCode != want || want == 403 && !strings.Contains(string(body), `"other_origin"`) {
				t.Errorf("%s as %s: got %d %s", path, host, resp.StatusCode, body)
			}
		}
	}
}
