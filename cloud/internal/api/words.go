package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// wordBody is what a person can say about an alert; each address takes a part of it.
type wordBody struct {
	By    string     `json:"by"`
	Note  string     `json:"note"`
	To    string     `json:"to"`
	Until *time.Time `json:"until"`
	Text  string     `json:"text"`
}

func (b wordBody) word(action alert.Action) alert.Word {
	w := alert.Word{Action: action, By: b.By, Note: b.Note, To: b.To}
	if b.Until != nil {
		w.Until = *b.Until
	}
	if action == alert.ActionComment {
		w.Note = b.Text
	}
	return w
}

func (a *api) acknowledge(r *http.Request, tenant string) (any, error) {
	var b struct {
		By   string `json:"by"`
		Note string `json:"note"`
	}
	err := decode(r, &b)
	return a.say(r, tenant, wordBody{By: b.By, Note: b.Note}.word(alert.ActionAcknowledge), err)
}

func (a *api) assign(r *http.Request, tenant string) (any, error) {
	var b struct {
		By string `json:"by"`
		To string `json:"to"`
	}
	err := decode(r, &b)
	return a.say(r, tenant, wordBody{By: b.By, To: b.To}.word(alert.ActionAssign), err)
}

func (a *api) mute(r *http.Request, tenant string) (any, error) {
	var b struct {
		By    string     `json:"by"`
		Note  string     `json:"note"`
		Until *time.Time `json:"until"`
	}
	err := decode(r, &b)
	return a.say(r, tenant, wordBody{By: b.By, Note: b.Note, Until: b.Until}.word(alert.ActionMute), err)
}

func (a *api) comment(r *http.Request, tenant string) (any, error) {
	var b struct {
		By   string `json:"by"`
		Text string `json:"text"`
	}
	err := decode(r, &b)
	return a.say(r, tenant, wordBody{By: b.By, Text: b.Text}.word(alert.ActionComment), err)
}

// signed sets who says it: whoever is signed in, whatever the body claims.
func (a *api) signed(r *http.Request, w alert.Word) alert.Word {
	if who := a.Who(r); who != "" {
		w.By = who
	}
	return w
}

// say applies a word to one alert. fault is what was wrong with the request.
func (a *api) say(r *http.Request, tenant string, w alert.Word, fault error) (any, error) {
	if fault != nil {
		return nil, fault
	}
	w = a.signed(r, w)
	if err := w.Validate(a.Now()); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadWord, err.Error(), "see docs/openapi.yaml"}
	}
	said, err := a.Alerts.Say(r.Context(), a.DB, tenant, r.PathValue("id"), w)
	if err != nil {
		return nil, err
	}
	a.Changed()
	return said, nil
}

// maxBulk is how many alerts one request may be about.
const maxBulk = 500

// bulkFault is an alert to which a word could not be applied.
type bulkFault struct {
	ID    string       `json:"id"`
	Code  problem.Code `json:"code"`
	Error string       `json:"error"`
}

// bulk applies one word to many alerts. Each succeeds or fails by itself; the answer says which.
func (a *api) bulk(r *http.Request, tenant string) (any, error) {
	var b struct {
		IDs    []string     `json:"ids"`
		Action alert.Action `json:"action"`
		wordBody
	}
	if err := decode(r, &b); err != nil {
		return nil, err
	}
	if len(b.IDs) == 0 || len(b.IDs) > maxBulk {
		return nil, &Problem{http.StatusBadRequest, problem.TooMany, "ids must hold 1 to 500 alerts", "see docs/openapi.yaml"}
	}
	w := a.signed(r, b.word(b.Action))
	if err := w.Validate(a.Now()); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadWord, err.Error(), "see docs/openapi.yaml"}
	}
	done, failed := []*alert.Alert{}, []bulkFault{}
	defer a.Changed()
	for _, id := range b.IDs {
		said, err := a.Alerts.Say(r.Context(), a.DB, tenant, id, w)
		var p *Problem
		switch {
		case err == nil:
			done = append(done, said)
		case errors.As(told(err), &p):
			failed = append(failed, bulkFault{id, p.Code, p.Text})
		default:
			return nil, err
		}
	}
	return map[string]any{"alerts": done, "failed": failed}, nil
}
