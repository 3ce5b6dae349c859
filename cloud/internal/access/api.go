package access

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// maxBody bounds a request to this package; a certificate request has about a kilobyte.
const maxBody = 32 << 10

// read decodes a body strictly. If it returns false, it has answered the request.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		fail(w, http.StatusBadRequest, problem.BadBody, "the body cannot be read: "+err.Error(), "send JSON with the fields that docs/openapi.yaml describes")
		return false
	}
	return true
}

// failed answers with an error of this package's functions.
func (g *Gate) failed(w http.ResponseWriter, what string, err error) {
	switch {
	case errors.Is(err, errEnded):
		g.TurnAway(w)
	case errors.Is(err, ErrPassword):
		fail(w, http.StatusBadRequest, problem.BadPassword, err.Error(), "choose another: docs/operations.md, People")
	case errors.Is(err, ErrUser):
		fail(w, http.StatusBadRequest, problem.BadUser, err.Error(), "docs/operations.md, Who may do what, lists the roles")
	case errors.Is(err, ErrTaken):
		fail(w, http.StatusConflict, problem.UserTaken, err.Error(), "GET /v1/users lists yours; an address belongs to one user of the whole service")
	case errors.Is(err, ErrLastAdmin):
		fail(w, http.StatusConflict, problem.LastAdmin, err.Error(), "make somebody else an admin first")
	case errors.Is(err, ErrExpired):
		fail(w, http.StatusForbidden, problem.LinkExpired, what+": the code is more than a week old", "make another: cooler-cloud enrol, or POST /v1/enrolments")
	case errors.Is(err, ErrDenied):
		fail(w, http.StatusForbidden, problem.LinkSpent, what+": not allowed", "a code is good once, for a week")
	case errors.Is(err, state.ErrNotFound):
		fail(w, http.StatusNotFound, problem.NotFound, err.Error(), "see the list")
	default:
		g.log.Error(what, "err", err)
		fail(w, http.StatusInternalServerError, problem.ServerFailed, what+" did not work", "try again; the service's log says more")
	}
}

func (g *Gate) listTokens(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	list, err := Tokens(r.Context(), g.db, p.Identity.Tenant)
	if err != nil {
		g.failed(w, "list tokens", err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"tokens": list})
}

func (g *Gate) issueToken(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	var in struct {
		Name string `json:"name"`
		Role string `json:"role"`
	}
	if !read(w, r, &in) {
		return
	}
	role, err := ParseRole(in.Role)
	if err == nil && role == Device {
		err = errors.New("a board gets its token by enrolment")
	}
	if err == nil && (in.Name == "" || len(in.Name) > 200) {
		err = errors.New("a name of 1 to 200 bytes says who has the token")
	}
	if err != nil {
		fail(w, http.StatusBadRequest, problem.BadToken, err.Error(), `send {"name": "…", "role": "viewer"}`)
		return
	}
	var token string
	err = g.change(r, func(tx *state.Tx) error {
		token, err = Issue(r.Context(), tx, Principal{Identity: wire.Identity{Tenant: p.Identity.Tenant}, Name: in.Name, Role: role}, p.Name, g.now())
		return err
	})
	if err != nil {
		g.failed(w, "issue token", err)
		return
	}
	reply(w, http.StatusCreated, map[string]string{"token": token, "name": in.Name, "role": string(role)})
}

func (g *Gate) revokeToken(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	id, ok := idOf(w, r, "/v1/tokens")
	if !ok {
		return
	}
	err := g.change(r, func(tx *state.Tx) error { return Revoke(r.Context(), tx, p.Identity.Tenant, id, p.Name, g.now()) })
	if err != nil {
		g.failed(w, "revoke token", err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gate) makeEnrolment(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	var in struct {
		Store  string `json:"store"`
		Device string `json:"device"`
	}
	if !read(w, r, &in) {
		return
	}
	id := wire.Identity{Tenant: p.Identity.Tenant, Store: in.Store, Device: in.Device}
	if err := id.Validate(); err != nil {
		fail(w, http.StatusBadRequest, problem.BadName, err.Error(), `send {"store": "…", "device": "…"}`)
		return
	}
	var code string
	err := g.change(r, func(tx *state.Tx) (err error) {
		code, err = EnrolCode(r.Context(), tx, id, p.Name, g.now())
		return err
	})
	if err != nil {
		g.failed(w, "make an enrolment code", err)
		return
	}
	reply(w, http.StatusCreated, map[string]any{"code": code, "expires": g.now().Add(enrolTime).UTC()})
}

func (g *Gate) revokeDevice(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	err := g.change(r, func(tx *state.Tx) error {
		return RevokeDevice(r.Context(), tx, p.Identity.Tenant, r.PathValue("device"), p.Name, g.now())
	})
	if err != nil {
		g.failed(w, "revoke a device", err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gate) enrol(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code string `json:"code"`
		CSR  string `json:"csr"` // PEM
	}
	if !read(w, r, &in) {
		return
	}
	if err := checkRequest([]byte(in.CSR)); err != nil {
		fail(w, http.StatusBadRequest, problem.BadCertificateRequest, err.Error(), "the code is still good: send a PEM certificate request with a P-256 key")
		return
	}
	c, err := g.authority.Enrol(r.Context(), g.db, in.Code, []byte(in.CSR), g.now())
	if errors.Is(err, ErrDenied) && !g.failures.AllowN(g.now(), 1) {
		w.Header().Set("Retry-After", "10")
		fail(w, http.StatusTooManyRequests, problem.SlowDown, "too many wrong codes", "wait a little")
		return
	}
	if err != nil {
		g.failed(w, "enrol", err)
		return
	}
	reply(w, http.StatusCreated, c)
}

func (g *Gate) renew(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	var in struct {
		CSR string `json:"csr"`
	}
	if !read(w, r, &in) {
		return
	}
	if err := checkRequest([]byte(in.CSR)); err != nil {
		fail(w, http.StatusBadRequest, problem.BadCertificateRequest, err.Error(), "send a PEM certificate request with a P-256 key")
		return
	}
	c, err := g.authority.Renew(r.Context(), g.db, p, []byte(in.CSR), g.now())
	if err != nil {
		g.failed(w, "renew", err)
		return
	}
	reply(w, http.StatusCreated, c)
}

func (g *Gate) audit(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	list, err := Audit(r.Context(), g.db, p.Identity.Tenant, 1000)
	if err != nil {
		g.failed(w, "read the audit log", err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"entries": list})
}
