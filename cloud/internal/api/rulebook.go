package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// Rules stores the rules of each tenant, in versions.
type Rules interface {
	Current(ctx context.Context, tenant string) (alert.RuleText, error)
	Version(ctx context.Context, tenant string, version int64) (alert.RuleText, error)
	Versions(ctx context.Context, tenant string, limit int) ([]alert.RuleText, error)
	Put(ctx context.Context, tenant string, was, text []byte, who string, now time.Time) (alert.RuleText, error)
}

// rulesAnswer is the rule file in force, as text and parsed, with what applies where it says nothing.
type rulesAnswer struct {
	Version  int64                      `json:"version"` // 0: the tenant has none of its own, and those of the service are in force
	By       string                     `json:"changed_by,omitempty"`
	At       *time.Time                 `json:"changed_at"` // null: the tenant has never changed them
	Hidden   bool                       `json:"hidden"`     // those of the service, which the tenant may not see
	Revision string                     `json:"revision"`
	Text     string                     `json:"text"` // "": only the defaults
	Book     json.RawMessage            `json:"book"` // the same as JSON
	Defaults map[alert.Type]defaultRule `json:"defaults"`
}

// defaultRule is a rule in the words of a rule file.
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

func (a *api) rules(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	text, err := a.rulesOf(r, tenant)
	if err != nil {
		return nil, err
	}
	return a.answerRules(tenant, text), nil
}

// rulesOf returns the rules in force as the tenant may see them.
func (a *api) rulesOf(r *http.Request, tenant string) (alert.RuleText, error) {
	if a.Rules == nil {
		return alert.RuleText{}, &Problem{http.StatusNotFound, problem.NotHere, "there are no rules here", "ask the service itself"}
	}
	return a.Rules.Current(r.Context(), tenant)
}

// hidden reports whether a text is the service's own file and the tenant does not run the service: the file
// contains addresses and secrets of others.
func (a *api) hidden(tenant string, text alert.RuleText) bool {
	return text.Version == 0 && len(text.Text) > 0 && a.Operator != nil && !a.Operator(tenant)
}

func (a *api) answerRules(tenant string, text alert.RuleText) *rulesAnswer {
	out := &rulesAnswer{Version: text.Version, By: text.By, Revision: revision(text.Text), Text: string(text.Text), Book: json.RawMessage(`{"version":1}`), Defaults: defaultRules()}
	if text.Version > 0 {
		out.At = &text.At
	}
	if out.Hidden = a.hidden(tenant, text); out.Hidden {
		out.Text = ""
		return out
	}
	if len(text.Text) == 0 {
		return out
	}
	book, err := yaml.YAMLToJSON(text.Text)
	if err == nil && json.Valid(book) {
		out.Book = book
	} // otherwise somebody has broken the file, and its text shows how
	return out
}

// revision identifies a text of rules.
func revision(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// putRules puts a tenant's rules in force, as the next version. If-Match must name the revision that it
// replaces, if it is given, so that two people do not undo each other's work unseen.
func (a *api) putRules(r *http.Request, tenant string) (any, error) {
	text, err := readText(r, maxBody)
	if err != nil {
		return nil, err
	}
	was, err := a.rulesOf(r, tenant)
	if err != nil {
		return nil, err
	}
	changed := &Problem{http.StatusConflict, problem.RulesChanged, alert.ErrRulesChanged.Error(), "read the rules again, and make your change to those"}
	if over := strings.Trim(r.Header.Get("If-Match"), `"`); over != "" && over != revision(was.Text) {
		return nil, changed
	}
	if _, err := alert.DecodeRulebook(text); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadRules, err.Error(), "correct the lines named above"}
	}
	now, err := a.Rules.Put(r.Context(), tenant, was.Text, text, a.Who(r), a.Now())
	if errors.Is(err, alert.ErrRulesChanged) {
		return nil, changed
	}
	if err != nil {
		return nil, err
	}
	return a.answerRules(tenant, now), nil
}

// ruleVersion says who wrote a version of the rules, and when.
type ruleVersion struct {
	Version int64     `json:"version"`
	By      string    `json:"changed_by,omitempty"`
	At      time.Time `json:"changed_at"`
}

// maxVersions is how many versions are listed.
const maxVersions = 100

func (a *api) ruleVersions(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	list, err := a.Rules.Versions(r.Context(), tenant, maxVersions)
	out := make([]ruleVersion, len(list))
	for i, v := range list {
		out[i] = ruleVersion{v.Version, v.By, v.At}
	}
	return map[string]any{"versions": out}, err
}

func (a *api) ruleVersion(r *http.Request, tenant string) (any, error) {
	n, err := strconv.ParseInt(r.PathValue("version"), 10, 64)
	if err != nil || n < 1 {
		return nil, &Problem{http.StatusBadRequest, problem.BadQuery, "version " + strconv.Quote(r.PathValue("version")) + " is not a number from 1", "see GET /v1/rules/versions"}
	}
	text, err := a.Rules.Version(r.Context(), tenant, n)
	if err != nil {
		return nil, err
	}
	return a.answerRules(tenant, text), nil
}
