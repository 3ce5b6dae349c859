package access

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

const cookie = "coldshelf"

// setCookie stores a session where no script can read it and no other site's page can send it; "" ends the
// session.
func setCookie(w http.ResponseWriter, r *http.Request, session string) {
	age := int(sessionTime.Seconds())
	if session == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https", MaxAge: age})
}

// Session is who a request comes from, as the page shows it.
type Session struct {
	Tenant string `json:"tenant"`
	Name   string `json:"name,omitempty"`
	Email  string `json:"email,omitempty"`
	Role   Role   `json:"role"`
	// Kind is "user", "token", or "open" if nobody has to prove who they are.
	Kind string `json:"kind"`
}

func sessionFor(p Principal) Session {
	kind := "token"
	if p.User != 0 {
		kind = "user"
	}
	return Session{Tenant: p.Identity.Tenant, Name: p.Name, Email: p.Email, Role: p.Role, Kind: kind}
}

func (g *Gate) showSession(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	reply(w, http.StatusOK, sessionFor(p))
}

// signedIn answers with the result of SignIn, Setup or ChoosePassword.
func (g *Gate) signedIn(w http.ResponseWriter, r *http.Request, status int, session string, p Principal, err error, code problem.Code, denied string) {
	if errors.Is(err, ErrDenied) {
		g.failures.AllowN(g.now(), 1)
		hint := "try again, or ask an admin for a link"
		if code == problem.LinkSpent {
			hint = "sign in if it was you; if not, ask an admin for another, or use the link that cooler-cloud printed last"
		}
		fail(w, http.StatusForbidden, code, denied, hint)
		return
	}
	if err != nil {
		g.failed(w, "sign in", err)
		return
	}
	setCookie(w, r, session)
	reply(w, status, sessionFor(p))
}

// spent reports whether there were so many failures that requests of strangers are no longer processed.
func (g *Gate) spent(w http.ResponseWriter) bool {
	if g.failures.TokensAt(g.now()) >= 1 {
		return false
	}
	slowDown(w, "too many failures")
	return true
}

func (g *Gate) signIn(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if !read(w, r, &in) || g.spent(w) {
		return
	}
	g.mu.Lock()
	may := g.tries.Allow(digest(strings.ToLower(strings.TrimSpace(in.Email))), g.now())
	g.mu.Unlock()
	if !may {
		slowDown(w, "too many tries for this address")
		return
	}
	session, p, err := SignIn(r.Context(), g.db, in.Email, in.Password, g.now())
	g.signedIn(w, r, http.StatusCreated, session, p, err, problem.WrongPassword, "that address and password do not fit")
}

func (g *Gate) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		if err := SignOut(r.Context(), g.db, c.Value); err != nil {
			g.failed(w, "sign out", err)
			return
		}
	}
	setCookie(w, r, "")
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gate) setup(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code     string `json:"code"`
		Name     string `json:"name"`
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if !read(w, r, &in) || g.spent(w) {
		return
	}
	session, p, err := Setup(r.Context(), g.db, in.Code, User{Name: in.Name, Email: in.Email}, in.Password, g.now())
	if errors.Is(err, ErrExpired) {
		g.failures.AllowN(g.now(), 1)
		fail(w, http.StatusForbidden, problem.LinkExpired, "this link is more than a day old", "start cooler-cloud again: it prints another as long as there is no admin")
		return
	}
	g.signedIn(w, r, http.StatusCreated, session, p, err, problem.LinkSpent, "this link has been used, or a newer one took its place")
}

func (g *Gate) choosePassword(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code     string `json:"code"`
		Password string `json:"password"`
	}
	if !read(w, r, &in) || g.spent(w) {
		return
	}
	session, p, err := ChoosePassword(r.Context(), g.db, in.Code, in.Password, g.now())
	if errors.Is(err, ErrExpired) {
		g.failures.AllowN(g.now(), 1)
		fail(w, http.StatusForbidden, problem.LinkExpired, "this link is more than a week old", "ask an admin for another: cooler-cloud user link EMAIL")
		return
	}
	g.signedIn(w, r, http.StatusCreated, session, p, err, problem.LinkSpent, "this link has been used, or a newer one took its place")
}

func (g *Gate) newPassword(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	var in struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if !read(w, r, &in) {
		return
	}
	c, err := r.Cookie(cookie)
	if p.User == 0 || err != nil {
		fail(w, http.StatusForbidden, problem.NoPassword, "a token has no password", "sign in")
		return
	}
	g.mu.Lock()
	may := g.tries.Allow(digest(p.Email), g.now())
	g.mu.Unlock()
	if !may {
		slowDown(w, "too many tries for this address")
		return
	}
	err = NewPassword(r.Context(), g.db, p, c.Value, in.Old, in.New, g.now())
	if errors.Is(err, ErrDenied) {
		fail(w, http.StatusForbidden, problem.WrongPassword, "the old password is wrong", "try again, or ask an admin for a link")
		return
	}
	if err != nil {
		g.failed(w, "change the password", err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gate) listUsers(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	list, err := Users(r.Context(), g.db, p.Identity.Tenant)
	if err != nil {
		g.failed(w, "list users", err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"users": list})
}

// invited is a user, with the link by which they choose a password.
type invited struct {
	User User   `json:"user"`
	Link string `json:"link"` // without the host
}

func (g *Gate) addUser(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	var in struct {
		Name  string `json:"name"`
		Email string `json:"email"`
		Role  Role   `json:"role"`
	}
	if !read(w, r, &in) {
		return
	}
	var out invited
	err := g.change(r, func(tx *state.Tx) (err error) {
		out.User, err = AddUser(r.Context(), tx, User{Tenant: p.Identity.Tenant, Name: in.Name, Email: in.Email, Role: in.Role}, p.Name, g.now())
		if err == nil {
			out.Link, err = Invite(r.Context(), tx, p.Identity.Tenant, out.User.ID, p.Name, g.now())
		}
		return err
	})
	if err != nil {
		g.failed(w, "add a user", err)
		return
	}
	reply(w, http.StatusCreated, out)
}

// idOf reads the number in an address. If it returns false, it has answered the request.
func idOf(w http.ResponseWriter, r *http.Request, list string) (int64, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		fail(w, http.StatusBadRequest, problem.BadQuery, "the id is not a number", "GET "+list+" lists them")
		return 0, false
	}
	return id, true
}

func (g *Gate) changeUser(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	var in struct {
		Name     string `json:"name"`
		Role     Role   `json:"role"`
		Disabled bool   `json:"disabled"`
	}
	id, ok := idOf(w, r, "/v1/users")
	if !ok || !read(w, r, &in) {
		return
	}
	var u User
	err := g.change(r, func(tx *state.Tx) (err error) {
		u, err = ChangeUser(r.Context(), tx, p.Identity.Tenant, id, in.Name, in.Role, in.Disabled, p.Name, g.now())
		return err
	})
	if err != nil {
		g.failed(w, "change a user", err)
		return
	}
	reply(w, http.StatusOK, u)
}

func (g *Gate) removeUser(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	id, ok := idOf(w, r, "/v1/users")
	if !ok {
		return
	}
	err := g.change(r, func(tx *state.Tx) error {
		return RemoveUser(r.Context(), tx, p.Identity.Tenant, id, p.Name, g.now())
	})
	if err != nil {
		g.failed(w, "remove a user", err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gate) invite(w http.ResponseWriter, r *http.Request) {
	p, _ := From(r.Context())
	id, ok := idOf(w, r, "/v1/users")
	if !ok {
		return
	}
	var out invited
	err := g.change(r, func(tx *state.Tx) (err error) {
		if out.User, err = UserOf(r.Context(), tx, p.Identity.Tenant, id); err == nil {
			out.Link, err = Invite(r.Context(), tx, p.Identity.Tenant, id, p.Name, g.now())
		}
		return err
	})
	if err != nil {
		g.failed(w, "make a link", err)
		return
	}
	reply(w, http.StatusCreated, out)
}
