package api

import (
	"net/http"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

func (a *api) planograms(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	list, err := state.ListPlanograms(r.Context(), a.DB, tenant)
	if list == nil {
		list = []*shelf.Planogram{}
	}
	return map[string]any{"planograms": list}, err
}

// planogram returns the newest version or the one asked for, as YAML to clients that prefer it.
func (a *api) planogram(r *http.Request, tenant string) (any, error) {
	p := query(r, "version")
	version := p.number("version", 0, 1, 1<<31-1)
	if p.err != nil {
		return nil, p.err
	}
	plan, err := state.GetPlanogram(r.Context(), a.DB, tenant, r.PathValue("id"), int(version))
	if err != nil {
		return nil, err
	}
	if strings.Contains(r.Header.Get("Accept"), "yaml") {
		data, err := plan.EncodeYAML()
		return &blob{contentType: "application/yaml", maxAge: "no-cache", bytes: data}, err
	}
	return plan, nil
}

// putPlanogram publishes a version, in YAML or JSON. The same content again changes nothing.
func (a *api) putPlanogram(r *http.Request, tenant string) (any, error) {
	data, err := readText(r, maxPlanogram)
	if err != nil {
		return nil, err
	}
	plan, err := shelf.DecodePlanogram(data)
	if err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadPlanogram, err.Error(), "correct the places named above"}
	}
	if id := r.PathValue("id"); plan.ID != id {
		return nil, &Problem{http.StatusBadRequest, problem.AddressDiffers, "the body is planogram " + plan.ID + ", the address is of " + id, "make them the same"}
	}
	var published bool
	err = a.DB.Write(r.Context(), func(tx *state.Tx) error {
		if published, err = state.PutPlanogram(r.Context(), tx, tenant, plan, a.Now()); err != nil || !published {
			return err
		}
		return care.Touch(r.Context(), tx, tenant, care.Tenant, "")
	})
	if err != nil {
		return nil, err
	}
	if published {
		return created{plan}, nil
	}
	return plan, nil
}
