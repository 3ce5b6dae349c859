package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
)

// bundleAnswer is a bundle, with what wants it.
type bundleAnswer struct {
	release.Release
	UsedBy string `json:"used_by,omitempty"` // the first wish that names its version
}

func (a *api) bundles(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	ctx := r.Context()
	list, err := release.List(ctx, a.DB, tenant)
	if err != nil {
		return nil, err
	}
	out := struct {
		Bundles []bundleAnswer `json:"bundles"`
		Root    *release.Root  `json:"root"`
		URL     string         `json:"url"` // where boards fetch them; "": they cannot
	}{Bundles: []bundleAnswer{}, URL: a.BoardsURL}
	for _, b := range list {
		used, err := care.InUse(ctx, a.DB, tenant, b.Kind, b.Version)
		if err != nil {
			return nil, err
		}
		out.Bundles = append(out.Bundles, bundleAnswer{b, used})
	}
	if out.Root, err = release.GetRoot(ctx, a.DB, tenant); errors.Is(err, state.ErrNotFound) {
		err = nil
	}
	return out, err
}

// postBundle stores a signed bundle, which is the body.
func (a *api) postBundle(r *http.Request, tenant string) (any, error) {
	b, again, err := a.Releases.Add(r.Context(), tenant, a.recordedAs(r), http.MaxBytesReader(nil, r.Body, bundle.MaxBytes), a.Now())
	if err != nil {
		return nil, bundleProblem(err)
	}
	if again {
		return b, nil
	}
	return created{b}, nil
}

// bundleProblem says what the sender can do about a bundle that is refused.
func bundleProblem(err error) error {
	tooLong := (*http.MaxBytesError)(nil)
	switch {
	case errors.Is(err, release.ErrNoRoot):
		return &Problem{http.StatusConflict, problem.NoRoot, err.Error(), "an admin sets it once: cooler-cloud bundle trust keys/1.root.json"}
	case errors.Is(err, release.ErrLower):
		return &Problem{http.StatusConflict, problem.BundleOld, err.Error(), "boards never go back: make it again with a higher --version"}
	case errors.Is(err, release.ErrTaken):
		return &Problem{http.StatusConflict, problem.BundleTaken, err.Error(), "make it again with a higher --version"}
	case errors.Is(err, release.ErrSize), errors.As(err, &tooLong):
		return &Problem{http.StatusRequestEntityTooLarge, problem.TooLarge, release.ErrSize.Error(), "send less than " + size(bundle.MaxBytes)}
	case errors.Is(err, bundle.ErrRefused) && strings.Contains(err.Error(), "signatures"):
		return &Problem{http.StatusBadRequest, problem.BundleSigner, err.Error(), "it was signed with keys that this tenant's root does not know: sign it with those of the root that cooler-cloud bundle list shows"}
	case errors.Is(err, bundle.ErrRefused) && strings.Contains(err.Error(), "bad version number"):
		return &Problem{http.StatusConflict, problem.BundleOld, err.Error(), "one that was made later is here already, and boards take none that was made before it: make this one again"}
	case errors.Is(err, bundle.ErrRefused):
		return &Problem{http.StatusBadRequest, problem.BadBundle, err.Error(), "boards would refuse it too: make it again with cooler-agent bundle make, and send the whole file"}
	}
	return err
}

func (a *api) deleteBundle(r *http.Request, tenant string) (any, error) {
	ctx, sum := r.Context(), r.PathValue("sha256")
	err := a.DB.Write(ctx, func(tx *state.Tx) error {
		b, err := release.Get(ctx, tx, tenant, sum)
		if err != nil {
			return err
		}
		used, err := care.InUse(ctx, tx, tenant, b.Kind, b.Version)
		if err != nil {
			return err
		}
		if used == "" {
			if used, err = rollout.InUse(ctx, tx, tenant, b.Kind, b.Version); err != nil {
				return err
			}
		}
		if used != "" {
			return &Problem{http.StatusConflict, problem.BundleInUse, b.Kind + " " + b.Version + " is in use: " + strings.TrimSpace(used), "boards may still fetch it: wish for another version first"}
		}
		return release.Remove(ctx, tx, tenant, sum, a.recordedAs(r), a.Now())
	})
	return map[string]any{}, err
}

func (a *api) bundleRoot(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	root, err := release.GetRoot(r.Context(), a.DB, tenant)
	if errors.Is(err, state.ErrNotFound) {
		return nil, &Problem{http.StatusNotFound, problem.NoRoot, release.ErrNoRoot.Error(), "set it: cooler-cloud bundle trust keys/1.root.json"}
	}
	return root, err
}

func (a *api) putBundleRoot(r *http.Request, tenant string) (any, error) {
	p := query(r, "replace")
	replace := p.text("replace") == "true"
	if p.err != nil {
		return nil, p.err
	}
	data, err := readText(r, maxBody)
	if err != nil {
		return nil, err
	}
	var root *release.Root
	err = a.DB.Write(r.Context(), func(tx *state.Tx) error {
		root, err = release.SetRoot(r.Context(), tx, tenant, a.recordedAs(r), data, replace, a.Now())
		return err
	})
	switch {
	case errors.Is(err, release.ErrBadRoot):
		return nil, &Problem{http.StatusBadRequest, problem.BadRoot, "the body " + err.Error(), "send the file 1.root.json of cooler-agent bundle init"}
	case errors.Is(err, release.ErrRoot):
		return nil, &Problem{http.StatusConflict, problem.RootKept, err.Error(), "boards keep the root that they were given; if they were all given this one, send it with ?replace=true"}
	}
	return root, err
}
