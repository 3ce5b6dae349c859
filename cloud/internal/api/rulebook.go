package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// rulesAnswer is the file of rules in force, as text and read, and what holds where it is silent.
type rulesAnswer struct {
	Revision string                     `json:"revision"`
	Text     string                     `json:"text"` // "": the defaults alone
	Book     json.RawMessage            `json:"book"` // the same as JSON
	Defaults map[alert.Type]defaultRule `json:"defaults"`
}

// defaultRule is a rule in the words of a file of rules.
type defaultRule struct {
	Open struct {
		Bad int `json:"bad"`
		Of  int `json:"of"`
	} `json:"open"`
	Close        int            `json:"close"`
	Hold         string         `json:"hold"`
	Severity     alert.Severity `json:"severity"`
	LimitC       float64        `json:"limit_c,omitempty"`
	HysteresisC  float64        `json:"hysteresis_c,omitempty"`
	DoorExplains float64        `json:"door_explains,omitempty"`
	Share        float64        `json:"share,omitempty"`
	Openings     int            `json:"openings,omitempty"`
}

func defaultRules() map[alert.Type]defaultRule {
	out := map[alert.Type]defaultRule{}
	for t, r := range alert.DefaultRules() {
		d := defaultRule{Close: r.Good, Hold: r.Hold.String(), Severity: r.Severity, LimitC: float64(r.LimitMilliC) / 1000,
			HysteresisC: float64(r.HysteresisMilliC) / 1000, DoorExplains: r.DoorExplains, Share: r.Share, Openings: r.Openings}
		d.Open.Bad, d.Open.Of = r.Bad, r.Of
		out[t] = d
	}
	return out
}

// rulesFor is the file that a tenant may see.
func (a *api) rulesFor(tenant string) (*alert.RuleFile, error) {
	if a.Rules != nil {
		if f := a.Rules(tenant); f != nil {
			return f, nil
		}
	}
	return nil, &Problem{http.StatusForbidden, "the rules are one file for all tenants, it is not yours to see", "ask whoever runs the service"}
}

func (a *api) rules(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	f, err := a.rulesFor(tenant)
	if err != nil {
		return nil, err
	}
	text, err := f.Text()
	if err != nil {
		return nil, err
	}
	return answerRules(text)
}

func answerRules(text []byte) (*rulesAnswer, error) {
	out := &rulesAnswer{Revision: revision(text), Text: string(text), Book: json.RawMessage(`{"version":1}`), Defaults: defaultRules()}
	if len(text) == 0 {
		return out, nil
	}
	book, err := yaml.YAMLToJSON(text)
	if err == nil && json.Valid(book) {
		out.Book = book
	} // else somebody has broken the file: its text says how
	return out, nil
}

// revision names a text of rules.
func revision(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// putRules puts a file of rules in force. With If-Match it must name the revision that it takes the
// place of, so that two people do not undo each other's work unseen.
func (a *api) putRules(r *http.Request, tenant string) (any, error) {
	f, err := a.rulesFor(tenant)
	if err != nil {
		return nil, err
	}
	text, err := read(r, maxBody)
	if err != nil {
		return nil, err
	}
	was, err := f.Text()
	if err != nil {
		return nil, err
	}
	changed := &Problem{http.StatusConflict, alert.ErrRulesChanged.Error(), "read the rules again, and make your change to those"}
	if over := strings.Trim(r.Header.Get("If-Match"), `"`); over != "" && over != revision(was) {
		return nil, changed
	}
	if _, err := alert.DecodeRulebook(text); err != nil {
		return nil, &Problem{http.StatusBadRequest, err.Error(), "correct the lines named above"}
	}
	if err := f.Replace(was, text); errors.Is(err, alert.ErrRulesChanged) {
		return nil, changed
	} else if err != nil {
		return nil, err
	}
	return answerRules(text)
}
