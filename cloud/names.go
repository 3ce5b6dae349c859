package cloud

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// ours lets through only what is asked for by a name of this service, where nobody has to show who he is: a page
// elsewhere can give its own name our address after it was loaded (DNS rebinding), and is of one origin with us
// then. An address in numbers cannot be given another meaning.
func (s *Server) ours(next http.Handler) http.Handler {
	names := []string{"localhost"}
	for _, text := range append(slices.Clone(s.cfg.Alerts.Origins), s.cfg.Updates.URL, "http://"+s.cfg.Listen) {
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" {
			names = append(names, strings.ToLower(u.Hostname()))
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if net.ParseIP(host) == nil && !slices.Contains(names, strings.ToLower(strings.TrimSuffix(host, "."))) {
			answer(w, http.StatusForbidden, map[string]string{"code": string(problem.OtherOrigin), "error": "this service is not known by that name, and asks nobody who he is",
				"hint": "ask by localhost, or add the page's address to alerts.origins in the configuration"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
