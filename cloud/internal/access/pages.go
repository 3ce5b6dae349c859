package access

import (
	"errors"
	"html/template"
	"net/http"
)

// The pages are plain HTML without script or style, so that they work on whatever stands in a shop.
const pagePolicy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

var loginTemplate = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Coldshelf: sign in</title>
<h1>Sign in</h1>
{{with .}}<p role="alert">{{.}}</p>{{end}}
<form method="post" action="/login">
<p><label>Access token<br><input type="password" name="token" size="50" autocomplete="current-password" required autofocus></label></p>
<p><button>Sign in</button></p>
</form>
<p>An admin makes tokens with <code>cooler-cloud token create</code>.</p>
`))

var setupTemplate = template.Must(template.New("setup").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Coldshelf: set up</title>
<h1>Set up</h1>
{{if .Token}}
<p>You are the admin, and signed in here. This is your token; it is shown this once. Keep it in a safe place:</p>
<p><code>{{.Token}}</code></p>
<p><a href="/">Go to the coolers</a></p>
{{else if .Fault}}<p role="alert">{{.Fault}}</p>
{{else}}
<form method="post" action="/setup">
<input type="hidden" name="code" value="{{.Code}}">
<p><label>Your name<br><input name="name" maxlength="200" autocomplete="name" required autofocus></label></p>
<p><button>Become the admin</button></p>
</form>
{{end}}
`))

func page(w http.ResponseWriter, status int, t *template.Template, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the set-up code is in the address
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A browser that has gone cannot be told anything.
	_ = t.Execute(w, data)
}

func (g *Gate) loginPage(w http.ResponseWriter, _ *http.Request) {
	page(w, http.StatusOK, loginTemplate, "")
}

// maxForm bounds what the forms send.
const maxForm = 4 << 10

func (g *Gate) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	token := r.PostFormValue("token")
	p, err := Check(r.Context(), g.db, token)
	switch {
	case errors.Is(err, ErrDenied) || err == nil && p.Role == Device:
		if !g.failures.AllowN(g.now(), 1) {
			page(w, http.StatusTooManyRequests, loginTemplate, "Too many wrong tokens. Wait a little.")
			return
		}
		page(w, http.StatusUnauthorized, loginTemplate, "That token is not good.")
	case err != nil:
		g.log.Error("sign in", "err", err)
		page(w, http.StatusInternalServerError, loginTemplate, "The token could not be checked. Try again.")
	default:
		setCookie(w, r, token)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// setCookie keeps the token where no script reads it and no other site's page sends it.
func setCookie(w http.ResponseWriter, r *http.Request, token string) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https", MaxAge: 30 * 24 * 3600})
}

func (g *Gate) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: -1})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

type setupData struct{ Code, Token, Fault string }

func (g *Gate) setupPage(w http.ResponseWriter, r *http.Request) {
	page(w, http.StatusOK, setupTemplate, setupData{Code: r.URL.Query().Get("code")})
}

func (g *Gate) setup(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	token, err := Setup(r.Context(), g.db, r.PostFormValue("code"), r.PostFormValue("name"), g.now())
	switch {
	case errors.Is(err, ErrDenied):
		if !g.failures.AllowN(g.now(), 1) {
			page(w, http.StatusTooManyRequests, setupTemplate, setupData{Fault: "Too many wrong links. Wait a little."})
			return
		}
		page(w, http.StatusUnauthorized, setupTemplate, setupData{Fault: "This link has been used or is too old. Start cooler-cloud again for another."})
	case err != nil:
		g.log.Error("set up", "err", err)
		page(w, http.StatusInternalServerError, setupTemplate, setupData{Fault: "That did not work. Go back and try again."})
	default:
		setCookie(w, r, token)
		page(w, http.StatusOK, setupTemplate, setupData{Token: token})
	}
}
