package api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// stagedUpdates returns the addresses of staged updates.
func (a *api) stagedUpdates() map[string]handler {
	return map[string]handler{
		"GET /v1/rollouts":              a.rollouts,
		"POST /v1/rollouts":             a.startRollout,
		"GET /v1/rollouts/{id}":         a.rollout,
		"POST /v1/rollouts/{id}/pause":  a.sayRollout("pause"),
		"POST /v1/rollouts/{id}/resume": a.sayRollout("resume"),
		"POST /v1/rollouts/{id}/cancel": a.sayRollout("cancel"),
	}
}

func (a *api) rollouts(r *http.Request, tenant string) (any, error) {
	p := query(r, "limit")
	limit := p.number("limit", 50, 1, 500)
	if p.err != nil {
		return nil, p.err
	}
	list, err := rollout.List(r.Context(), a.DB, tenant, int(limit))
	return map[string]any{"rollouts": list}, err
}

// startRollout begins a staged update.
func (a *api) startRollout(r *http.Request, tenant string) (any, error) {
	var o rollout.Order
	if err := decode(r, &o); err != nil {
		return nil, err
	}
	if a.BoardsURL == "" {
		return nil, &Problem{http.StatusConflict, problem.NoUpdateAddress, "boards have no address to fetch bundles from", "set updates.url to the address by which boards reach this service"}
	}
	var out *rollout.Rollout
	err := a.DB.Write(r.Context(), func(tx *state.Tx) (err error) {
		out, err = rollout.Start(r.Context(), tx, tenant, a.recordedAs(r), o, a.Now())
		return err
	})
	switch {
	case errors.Is(err, rollout.ErrOrder):
		return nil, &Problem{http.StatusBadRequest, problem.BadUpdate, err.Error(), "see docs/openapi.yaml"}
	case errors.Is(err, rollout.ErrBusy):
		return nil, &Problem{http.StatusConflict, problem.UpdateBusy, err.Error(), "wait for it, or cancel it"}
	case errors.Is(err, rollout.ErrNobody):
		return nil, &Problem{http.StatusConflict, problem.UpdateNobody, err.Error(), "choose a higher version, or other boards"}
	case errors.Is(err, state.ErrNotFound):
		return nil, &Problem{http.StatusNotFound, problem.BundleUnknown, err.Error(), "add it first: cooler-cloud bundle add FILE"}
	case err != nil:
		return nil, err
	}
	return created{out}, nil
}

// rolloutAnswer is a staged update with its boards.
type rolloutAnswer struct {
	*rollout.Rollout
	Boards []rolloutBoard `json:"boards"`
}

type rolloutBoard struct {
	*rollout.Board
	// This hides a field that is stored with a board but of no use to clients.
	Asked  *struct{} `json:"asked_version,omitempty"`
	Before *struct{} `json:"before,omitempty"`
	Heard  *struct{} `json:"heard,omitempty"`
	Higher *struct{} `json:"higher,omitempty"`
	Ills   *struct{} `json:"ills,omitempty"`
}

func (a *api) rollout(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	id, err := rolloutID(r)
	if err != nil {
		return nil, err
	}
	one, err := rollout.Get(r.Context(), a.DB, tenant, id)
	if err != nil {
		return nil, err
	}
	boards, err := rollout.Boards(r.Context(), a.DB, tenant, id)
	out := rolloutAnswer{one, make([]rolloutBoard, len(boards))}
	for i, b := range boards {
		out.Boards[i].Board = b
	}
	return out, err
}

func rolloutID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, &Problem{http.StatusNotFound, problem.NotFound, "there is no staged update " + r.PathValue("id"), "its number is in the list of GET /v1/rollouts"}
	}
	return id, nil
}

// sayRollout pauses, resumes or cancels a staged update.
func (a *api) sayRollout(what string) handler {
	return func(r *http.Request, tenant string) (any, error) {
		id, err := rolloutID(r)
		if err != nil {
			return nil, err
		}
		var out *rollout.Rollout
		err = a.DB.Write(r.Context(), func(tx *state.Tx) (err error) {
			out, err = rollout.Say(r.Context(), tx, tenant, id, what, a.recordedAs(r), a.Now())
			return err
		})
		if errors.Is(err, rollout.ErrStatus) {
			return nil, &Problem{http.StatusConflict, problem.UpdateStatus, err.Error(), "a running one can be paused or cancelled, a paused or halted one resumed or cancelled"}
		}
		return out, err
	}
}
