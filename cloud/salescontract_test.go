package cloud_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// askFunc sends a request and holds the answer to openapi.yaml.
type askFunc func(method, pattern string, vars map[string]string, query, body string, want int) []byte

// askSales asks for everything about sales once.
func askSales(t *testing.T, ask askFunc, header *http.Header) {
	t.Helper()
	ask("POST", "/v1/sales/masters", nil, "", shopMasters, 200)
	ask("POST", "/v1/sales/lines", nil, "?dry_run=true&statuses=true&mend=true", `{"lines":[`+saleLine("a", 1, "")+`]}`, 200)
	ask("POST", "/v1/sales/lines", nil, "", `{"lines":[`+saleLine("a", 1, `,"promotion":"may"`)+`,`+saleLine("b", -1, "")+`,`+
		saleLine("r", -1, `,"refund_of":{"order":"a","line":"1"},"restocked":true`)+`,`+strings.Replace(saleLine("p", 1, ""), `"s1"`, `"s8"`, 1)+`]}`, 200)
	span := "?from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z"
	ask("GET", "/v1/sales/lines", nil, span+"&store=s1&gtin=4006381333931&channel=pos", "", 200)
	ask("GET", "/v1/sales/hours", nil, span, "", 200)
	ask("GET", "/v1/sales/hours", nil, "?from=2026-01-01T00:00:00Z&to=2026-03-03T00:00:00Z", "", 400)
	ask("GET", "/v1/sales/changes", nil, "?cursor=0", "", 200)
	ask("GET", "/v1/sales/parked", nil, "", "", 200)
	ask("POST", "/v1/sales/parked/replay", nil, "", "", 200)
	ask("GET", "/v1/sales/products", nil, "", "", 200)
	ask("GET", "/v1/sales/stores", nil, "", "", 200)
	shop := map[string]string{"channel": "shop", "tenant": "t"}
	ask("PUT", "/v1/sales/channels/{channel}", shop, "", `{"kind":"shopify","secret":"`+secret+`"}`, 200)
	ask("GET", "/v1/sales/channels", nil, "", "", 200)
	ask("POST", "/v1/sales/hooks/{tenant}/{channel}", shop, "", "{}", 401)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("{"))
	*header = http.Header{"X-Shopify-Topic": {"orders/create"}, "X-Shopify-Hmac-Sha256": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
	ask("POST", "/v1/sales/hooks/{tenant}/{channel}", shop, "", "{", 200)
	*header = nil
	ask("POST", "/v1/stock/movements", nil, "", `{"movements":[{"id":"m1","store":"s1","gtin":"4006381333931","cause":"count","units":10,"at":"2026-03-02T09:00:00Z"},
		{"id":"m2","store":"s1","gtin":"5901234123457","cause":"delivery","units":5,"at":"2026-03-02T09:00:00Z","note":"D-1"},{"id":"m3","store":"s1","gtin":"4006381333931","cause":"delivery","units":-5,"at":"2026-03-02T09:00:00Z"},
		{"id":"m4","store":"s1","gtin":"4006381333932","cause":"delivery","units":5,"at":"2026-03-02T09:00:00Z"},
		{"id":"m5","store":"s8","gtin":"4006381333931","cause":"delivery","units":5,"at":"2026-03-02 09:00"}]}`, 200)
	ask("GET", "/v1/sales/parked", nil, "", "", 200)
	if got := string(ask("GET", "/v1/stock", nil, "?store=s1", "", 200)); strings.Count(got, `"counted_at":"`) != 1 || strings.Count(got, `"store"`) != 2 {
		t.Errorf("the good movements are not kept beside the bad ones: %s", got)
	}
	ask("GET", "/v1/stock/movements", nil, span+"&store=s1&gtin=4006381333931", "", 200)
	ask("GET", "/v1/stock/movements", nil, span, "", 400)
	ask("GET", "/v1/stock/reconciliation", nil, "?store=s1", "", 200)
	ask("GET", "/v1/stock/reconciliation", nil, "?store=none", "", 404)
	order := map[string]string{"channel": "shop", "order": "w1"}
	ask("POST", "/v1/orders/route", nil, "", routed("w1", 1), 200)
	ask("POST", "/v1/orders/route", nil, "", routed("w1", 2), 409)
	ask("POST", "/v1/orders/route", nil, "", routed("w2", 0), 400)
	ask("GET", "/v1/orders/{channel}/{order}", order, "", "", 200)
	ask("GET", "/v1/orders", nil, "?status=held,refused", "", 200)
	ask("GET", "/v1/orders", nil, "?status=gone", "", 400)
	ask("POST", "/v1/orders/{channel}/{order}/cancel", order, "", "", 200)
	ask("GET", "/v1/sales/rejected", nil, "?limit=10", "", 200)
	ask("POST", "/v1/sales/rejected/replay", nil, "?channel=shop", "", 200)
	ask("POST", "/v1/sales/rejected/replay", nil, "?channel=none", "", 404)
	ask("DELETE", "/v1/sales/rejected/{id}", map[string]string{"id": "1"}, "", "", 200)
	ask("DELETE", "/v1/sales/channels/{channel}", shop, "", "", 200)
}

// routed is an online order of a customer near store s1, who takes any chance.
func routed(order string, units int) string {
	return fmt.Sprintf(`{"channel":"shop","order":%q,"lat":31.21,"lon":121.5,"lines":[{"gtin":"4006381333931","units":%d}],"weights":{"min_confidence":0,"closed":true}}`, order, units)
}
