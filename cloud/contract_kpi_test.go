package cloud_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// askKPIs asks every question of /v1/kpis, each as JSON and where there are tables as a file.
func askKPIs(t *testing.T, ask func(method, pattern string, vars map[string]string, query, body string, want int) []byte) {
	for end := time.Now().Add(patience); !strings.Contains(string(ask("GET", "/v1/kpis/coolers", nil, "", "", 200)), `"key"`); {
		if time.Now().After(end) {
			t.Fatal("what the board said is not merged")
		}
	}
	for _, name := range []string{"availability", "sales", "shares", "conversion", "preference", "outlets", "coolers"} {
		path := "/v1/kpis/" + name
		ask("GET", path, nil, "", "", 200)
		ask("GET", path, nil, "?format=csv", "", 200)
		ask("GET", path, nil, "?format=xlsx", "", 200)
		ask("GET", path, nil, "?format=pdf", "", 400)
	}
	ask("GET", "/v1/kpis/availability", nil, "?by=store,sku&compare=previous", "", 200)
	ask("GET", "/v1/kpis/availability", nil, "?by=day&compare=previous", "", 400)
	ask("GET", "/v1/kpis/sales", nil, "?by=shop", "", 400)
	ask("GET", "/v1/kpis/outlets", nil, "?weights=osa:1,order:1", "", 200)
	ask("GET", "/v1/kpis/outlets", nil, "?weights=osa", "", 400)
	ask("GET", "/v1/kpis/hours", nil, "", "", 200)
	ask("GET", "/v1/kpis/hours", nil, "?format=csv", "", 200)
	ask("GET", "/v1/kpis/hours", nil, "?format=xlsx", "", 200)
	ask("GET", "/v1/kpis/hours", nil, "?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z", "", 400)
	ask("GET", "/v1/kpis/weights", nil, "", "", 200)
	ask("PUT", "/v1/kpis/weights", nil, "", `{"tenant":{"osa":60,"facings":20,"share":10,"order":10},"brands":{"Brand":{"osa":1,"facings":0,"share":0,"order":0}}}`, 200)
	ask("PUT", "/v1/kpis/weights", nil, "", `{"tenant":{"osa":0,"facings":0,"share":0,"order":0}}`, 400)
	ask("PUT", "/v1/kpis/weights", nil, "", `{"brands":{"":{"osa":1,"facings":0,"share":0,"order":0}}}`, 400)
	ask("GET", "/v1/kpis/weights", nil, "", "", 200)
	ask("GET", "/v1/kpis/outlets", nil, "?brands=Brand", "", 200)
	ask("GET", "/v1/kpis/restatements", nil, "?limit=5", "", 200)
	for _, path := range []string{"/v1/kpis/weights", "/v1/kpis/restatements"} {
		ask("GET", path, nil, "?format=csv", "", 200)
		ask("GET", path, nil, "?format=xlsx", "", 200)
		ask("GET", path, nil, "?format=pdf", "", 400)
	}
	ask("GET", "/v1/kpis/forecast", nil, "?days=7", "", 200)
	ask("GET", "/v1/kpis/forecast", nil, "?days=7&format=xlsx", "", 200)
	ask("GET", "/v1/kpis/forecast", nil, "?days=70", "", 400)
	promo := map[string]string{"id": "spring"}
	ask("PUT", "/v1/promotions/{id}", promo, "", `{"gtins":["4006381333931"],"stores":["s1"],"from":"2026-03-02T00:00:00Z","to":"2026-03-09T00:00:00Z","cost_minor":5000,"currency":"CNY"}`, 200)
	ask("PUT", "/v1/promotions/{id}", promo, "", `{"gtins":[],"stores":["s1"],"from":"2026-03-02T00:00:00Z","to":"2026-03-09T00:00:00Z"}`, 400)
	ask("GET", "/v1/promotions", nil, "", "", 200)
	ask("GET", "/v1/kpis/promotions", nil, "?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z", "", 200)
	ask("GET", "/v1/kpis/promotions", nil, "?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z&format=csv", "", 200)
	ask("DELETE", "/v1/promotions/{id}", promo, "", "", 200)
	ask("DELETE", "/v1/promotions/{id}", promo, "", "", 404)
	ask("GET", "/v1/suggestions", nil, "?status=suggested,approved", "", 200)
	ask("GET", "/v1/suggestions", nil, "?status=done", "", 400)
	ask("GET", "/v1/suggestions", nil, "?format=csv", "", 200)
	ask("GET", "/v1/suggestions/outcomes", nil, "", "", 200)
	ask("GET", "/v1/suggestions/outcomes", nil, "?format=csv", "", 200)
	ask("GET", "/v1/suggestions/outcomes", nil, "?from=2026-03-01T00:00:00Z&to=2026-02-01T00:00:00Z", "", 400)
	ask("POST", "/v1/suggestions/{id}", map[string]string{"id": "or_0"}, "", `{"action":"approve"}`, 404)
	ask("POST", "/v1/suggestions/bulk", nil, "", `{"ids":["or_0"],"action":"pause"}`, 200)
	ask("POST", "/v1/suggestions/bulk", nil, "", `{"ids":["or_0"],"action":"approve","seen_cases":{"or_0":3}}`, 200)
	ask("PUT", "/v1/deliveries/{store}", map[string]string{"store": "s1"}, "", `{"days":["Mo","Th"],"at":"07:00","order_by":"14:00","lead_days":1}`, 200)
	ask("PUT", "/v1/deliveries/{store}", map[string]string{"store": "s1"}, "", `{"days":["Moo"],"at":"07:00","order_by":"14:00","lead_days":1}`, 400)
	ask("GET", "/v1/deliveries", nil, "", "", 200)
	ask("PUT", "/v1/ordering", nil, "", `{"url":"https://orders.example/in"}`, 200)
	ask("PUT", "/v1/ordering", nil, "", `{"url":"orders"}`, 400)
	ask("GET", "/v1/ordering", nil, "", "", 200)
	ask("POST", "/v1/kpis/replay", nil, "", `{"from":"2026-03-02T00:00:00Z","to":"2026-03-01T00:00:00Z"}`, 400)
	ask("POST", "/v1/kpis/replay", nil, "", `{"from":"2006-03-02T00:00:00Z","to":"2026-03-01T00:00:00Z"}`, 400)
	ask("POST", "/v1/kpis/replay", nil, "", fmt.Sprintf(`{"from":%q,"to":%q}`, time.Now().Add(-24*time.Hour).Format(time.RFC3339), time.Now().Format(time.RFC3339)), 200)
	ask("GET", "/v1/kpis/model", nil, "", "", 200)
}
