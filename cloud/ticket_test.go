package cloud_test

import (
	"net/http"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// TestForgedTicketsAreCounted: whoever guesses tickets is slowed down as one who guesses tokens.
func TestForgedTicketsAreCounted(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) { c.Access.Mode = "tokens" })
	told := map[int]int{}
	for range 200 {
		resp, err := http.Get("http://" + s.Addr() + "/v1/live?ticket=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		told[resp.StatusCode]++
		if resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if told[401] < 50 || told[429] == 0 || told[401]+told[429] != 200 {
		t.Errorf("200 forged tickets are told %v", told)
	}
}
