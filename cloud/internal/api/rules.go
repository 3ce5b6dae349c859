package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// maxRulesDays bounds a dry run over HTTP, for which somebody waits; on the command line there is no bound.
const maxRulesDays = 31

// testRules judges the stored history by a rule file, which is the body, and changes nothing.
func (a *api) testRules(r *http.Request, tenant string) (any, error) {
	p := query(r, "days")
	days := p.number("days", 7, 1, maxRulesDays)
	if p.err != nil {
		return nil, p.err
	}
	file, err := readText(r, maxBody)
	if err != nil {
		return nil, err
	}
	if a.TryRules == nil {
		return nil, &Problem{http.StatusNotFound, problem.NotHere, "there is no history to try " + strconv.Itoa(len(file)) + " bytes of rules on", "ask the service itself"}
	}
	return a.TryRules(r.Context(), tenant, file, time.Duration(days)*24*time.Hour)
}
