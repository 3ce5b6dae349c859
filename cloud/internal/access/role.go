package access

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/coldshelf/coldshelf/models/wire"
)

// Role says what somebody may do.
type Role string

// The roles, from most rights to least.
const (
	Admin       Role = "admin"       // everything, including users, tokens and enrolment
	Manager     Role = "manager"     // reads, and changes everything that is not about access
	Integration Role = "integration" // a program: reads, acknowledges, assigns, mutes and comments alerts, and sends sales, stock and orders
	Viewer      Role = "viewer"      // reads
	Device      Role = "device"      // a board: sends MQTT messages in its own name, and renews its certificate
)

// ParseRole parses a role's name.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Admin, Manager, Integration, Viewer, Device:
		return r, nil
	}
	return "", fmt.Errorf("unknown role %q: want admin, manager, integration, viewer or device", s)
}

// Principal is somebody who has shown a token or a certificate, or is signed in.
type Principal struct {
	Identity wire.Identity // Store and Device only with Role Device
	Name     string
	Role     Role
	User     int64  // 0: a token
	Email    string // "": a token
}

// May reports whether a principal may make a request.
func (p Principal) May(method, path string) bool {
	look := method == http.MethodGet || method == http.MethodHead
	if path == "/v1/session" || path == "/v1/session/password" {
		return p.Role != Device // one's own
	}
	switch p.Role {
	case Admin:
		return true
	case Manager:
		return !restricted(path)
	case Integration:
		return !restricted(path) && !addressed(path) && (look || method == http.MethodPost && (acknowledges(path) || feeds(path) || path == "/v1/live/tickets"))
	case Viewer:
		return !restricted(path) && !addressed(path) && (look || method == http.MethodPost && path == "/v1/live/tickets")
	case Device:
		return path == "/v1/enrol/renew" && method == http.MethodPost
	}
	return false
}

// restricted reports whether a path is for admins only.
func restricted(path string) bool {
	return under(path, "/v1/bundles/root", "/v1/users", "/v1/tokens", "/v1/enrolments", "/v1/audit", "/v1/enrol/renew")
}

// addressed reports whether a path contains addresses of people and robots, or secrets: those are for admins
// and managers.
func addressed(path string) bool {
	return under(path, "/v1/bundles", "/v1/rules", "/v1/webhooks", "/v1/notices", "/v1/ordering")
}

// under reports whether a path is one of some, or below one of them.
func under(path string, some ...string) bool {
	for _, p := range some {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

// acknowledges reports whether a path takes what people say about alerts, such as that one is being seen to.
func acknowledges(path string) bool {
	return strings.HasPrefix(path, "/v1/alerts/")
}

// feeds reports whether a path takes what tills, shops and stock systems send: sales, masters, stock movements
// and online orders, but not the configuration of channels.
func feeds(path string) bool {
	if strings.HasPrefix(path, "/v1/sales/channels") {
		return false
	}
	return strings.HasPrefix(path, "/v1/sales/") || strings.HasPrefix(path, "/v1/stock/") || strings.HasPrefix(path, "/v1/orders/")
}
