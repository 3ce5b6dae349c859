package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// params reads a request's query strictly and keeps the first fault.
type params struct {
	values url.Values
	err    error
}

// query accepts the parameters that an address knows. Any other is a fault, because a misspelt filter would
// return everything.
func query(r *http.Request, known ...string) *params {
	values, err := url.ParseQuery(r.URL.RawQuery)
	p := &params{values: values}
	if err != nil {
		p.fault("the query is not understood: %v", err)
		return p
	}
	for name, list := range values {
		switch {
		case !contains(known, name):
			p.fault("unknown parameter %q: want %s", name, strings.Join(known, ", "))
		case len(list) > 1:
			p.fault("parameter %q is there twice", name)
		}
	}
	return p
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func (p *params) fault(format string, args ...any) {
	if p.err == nil {
		p.err = &Problem{http.StatusBadRequest, problem.BadQuery, fmt.Sprintf(format, args...), "see docs/openapi.yaml"}
	}
}

func (p *params) text(name string) string { return p.values.Get(name) }

// list reads values separated by commas.
func (p *params) list(name string) []string {
	v := p.values.Get(name)
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}

// number reads a whole number from low to high.
func (p *params) number(name string, without, low, high uint64) uint64 {
	v := p.values.Get(name)
	if v == "" {
		return without
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil || n < low || n > high {
		p.fault("parameter %s is %q, want a number from %d to %d", name, v, low, high)
		return without
	}
	return n
}

// time reads an RFC 3339 time.
func (p *params) time(name string, without time.Time) time.Time {
	v := p.values.Get(name)
	if v == "" {
		return without
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		p.fault("parameter %s is %q, want a time such as 2026-03-02T08:00:00Z", name, v)
		return without
	}
	return t.UTC()
}

// span reads from and to; the default is the last day.
func (p *params) span(now time.Time) (from, to time.Time) {
	to = p.time("to", now)
	from = p.time("from", to.Add(-24*time.Hour))
	if !from.Before(to) {
		p.fault("from %s is not before to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return from, to
}
