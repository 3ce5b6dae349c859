package access_test

import (
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
)

// TestMay: what each role may ask.
func TestMay(t *testing.T) {
	for _, c := range []struct {
		method, path string
		roles        string // that may
	}{
		{"GET", "/", "admin manager integration viewer"},
		{"GET", "/v1/coolers", "admin manager integration viewer"},
		{"GET", "/metrics", "admin manager integration viewer"},
		{"PUT", "/v1/coolers/d1", "admin manager"},
		{"PUT", "/v1/planograms/p", "admin manager"},
		{"POST", "/v1/alerts/7/ack", "admin manager integration"},
		{"POST", "/v1/live/tickets", "admin manager integration viewer"},
		{"POST", "/v1/sales/lines", "admin manager integration"},
		{"POST", "/v1/stock/movements", "admin manager integration"},
		{"POST", "/v1/orders/route", "admin manager integration"},
		{"GET", "/v1/orders/shop/1", "admin manager integration viewer"},
		{"PUT", "/v1/sales/channels/shop", "admin manager"}, // who sets up who may send
		{"POST", "/v1/sales/channels/shop", "admin manager"},
		{"DELETE", "/v1/sales/rejected/1", "admin manager"},
		{"GET", "/v1/rules", "admin manager"}, // holds robots' secrets
		{"POST", "/v1/rules/test", "admin manager"},
		{"GET", "/v1/webhooks", "admin manager"},
		{"GET", "/v1/notices", "admin manager"},
		{"GET", "/v1/ordering", "admin manager"},
		{"GET", "/v1/session", "admin manager integration viewer"},
		{"PUT", "/v1/session/password", "admin manager integration viewer"},
		{"GET", "/v1/users", "admin"},
		{"POST", "/v1/users/7/link", "admin"},
		{"GET", "/v1/tokens", "admin"},
		{"DELETE", "/v1/tokens/1", "admin"},
		{"POST", "/v1/enrolments", "admin"},
		{"GET", "/v1/audit", "admin"},
		{"PUT", "/v1/bundles/root", "admin"},
		{"POST", "/v1/bundles", "admin manager"},
		{"GET", "/v1/bundles", "admin manager"},
		{"POST", "/v1/rollouts", "admin manager"},
		{"GET", "/v1/rollouts", "admin manager integration viewer"},
		{"PUT", "/v1/desired/coolers/d1", "admin manager"},
		{"POST", "/v1/enrol/renew", "admin device"},
		{"GET", "/v1/enrol/renew", "admin"},
	} {
		for _, role := range []access.Role{access.Admin, access.Manager, access.Integration, access.Viewer, access.Device} {
			want := strings.Contains(c.roles, string(role))
			if got := (access.Principal{Role: role}).May(c.method, c.path); got != want {
				t.Errorf("%s %s by %s: %v, want %v", c.method, c.path, role, got, want)
			}
		}
	}
}
