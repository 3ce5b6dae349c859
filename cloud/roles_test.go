package cloud_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// tokenOf gives a token of each role, as an admin hands them out; a board's is that of its enrolment.
func tokenOf(t *testing.T, base, setup string) map[access.Role]string {
	t.Helper()
	li := newPerson(t, base)
	li.must(t, 201, "POST", "/v1/setup", map[string]string{"code": strings.TrimPrefix(setup, "/welcome#setup="), "name": "Li", "email": "li@brand.example", "password": "correct horse battery"})
	tokens := map[access.Role]string{}
	for _, role := range []access.Role{access.Admin, access.Manager, access.Integration, access.Viewer} {
		tokens[role] = li.must(t, 201, "POST", "/v1/tokens", map[string]string{"name": string(role), "role": string(role)})["token"].(string)
	}
	once := li.must(t, 201, "POST", "/v1/enrolments", map[string]string{"store": "s1", "device": "d1"})["code"].(string)
	csr, _ := certificateRequest(t)
	code, answer := ask(t, "POST", base+"/v1/enrol", "", map[string]string{"code": once, "csr": csr})
	if code != http.StatusCreated {
		t.Fatalf("enrolment: %d, %v", code, answer)
	}
	tokens[access.Device] = answer["token"].(string)
	return tokens
}

var inBraces = regexp.MustCompile(`\{[^}]*\}`)

// TestRolesAtEveryAddress: at every address of openapi.yaml each role is let through or turned away as
// x-roles says there, and nobody without a token comes through. What is asked for is not there, and the bodies
// are broken, so that nothing happens.
func TestRolesAtEveryAddress(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) { c.Access.Mode = "tokens" })
	base := "http://" + s.Addr()
	tokens := tokenOf(t, base, s.SetupPath())
	status := func(method, path, token string) int {
		t.Helper()
		var body io.Reader
		if method != http.MethodGet {
			body = strings.NewReader("{")
		}
		r, err := http.NewRequest(method, base+path, body)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	asked := 0
	check := func(method, pattern string, roles []string) {
		path := inBraces.ReplaceAllString(pattern, "nobody")
		if got := status(method, path, ""); got != http.StatusUnauthorized && got != http.StatusTooManyRequests {
			t.Errorf("%s %s without a token: %d", method, pattern, got)
		}
		for role, token := range tokens {
			may, got := slices.Contains(roles, string(role)), status(method, path, token)
			if turned := got == http.StatusForbidden; turned == may || got == http.StatusUnauthorized || got >= 500 {
				t.Errorf("%s %s by %s: %d, who may are %v", method, pattern, role, got, roles)
			}
			asked++
		}
	}
	for path, operations := range readContracts(t).openapi["paths"].(map[string]any) {
		for method, operation := range operations.(map[string]any) {
			op, ok := operation.(map[string]any)
			if !ok || op["operationId"] == nil {
				continue // parameters
			}
			if op["security"] != nil || !strings.HasPrefix(path, "/v1/") {
				continue // asks nobody who he is: what it takes is the proof
			}
			var roles []string
			said, _ := op["x-roles"].([]any)
			for _, r := range said {
				roles = append(roles, r.(string))
			}
			if len(roles) == 0 {
				t.Errorf("%s %s: openapi.yaml does not say who may", method, path)
			}
			check(strings.ToUpper(method), path, roles)
		}
	}
	everybody := []string{"admin", "manager", "integration", "viewer"}
	check(http.MethodGet, "/metrics", everybody)
	check(http.MethodGet, "/v1/live", everybody)
	if asked < 400 {
		t.Errorf("only %d requests were made", asked)
	}
}
