package deliver

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// withoutURL returns an error of an HTTP call without its URL, which for a robot is its secret. Only the host
// is kept.
func withoutURL(err error) error {
	var of *url.Error
	if !errors.As(err, &of) {
		return err
	}
	u, parsed := url.Parse(of.URL)
	if parsed != nil { // otherwise the error about the URL would quote it
		return errors.New("the address cannot be read as a URL")
	}
	return fmt.Errorf("call %s: %w", u.Host, of.Err)
}

// hidden replaces a secret that somebody else has quoted.
const hidden = "***"

// masked returns what a target says without what only its owner and we know, because targets quote what they
// are sent.
func (w Webhook) masked(text string) string {
	secrets := []string{w.Secret, w.RobotSecret}
	if u, err := url.Parse(w.URL); err == nil {
		secrets = append(secrets, u.RequestURI())
		for _, values := range u.Query() {
			secrets = append(secrets, values...)
		}
		secrets = append(secrets, strings.Split(u.Path, "/")...) // Feishu's is in the path
	}
	return mask(text, secrets...)
}

// shortest is the minimum length of a part of a path that counts as a secret: /hook is none.
const shortest = 12

func mask(text string, secrets ...string) string {
	for _, s := range secrets {
		if len(s) >= shortest {
			text = strings.NewReplacer(s, hidden, url.QueryEscape(s), hidden).Replace(text)
		}
	}
	return text
}

// masked returns an error of a mail server without the credentials that were used to log in.
func (s *SMTP) masked(err error) error {
	if err == nil || s.Password == "" {
		return err
	}
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + s.Username + "\x00" + s.Password))
	if text := strings.NewReplacer(plain, hidden, s.Password, hidden).Replace(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// unmoved drops the target of a redirect. Redirects are not followed, and the client would quote an address
// that it cannot parse, which may be ours again.
type unmoved struct{ http.RoundTripper }

func (u unmoved) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := u.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Header.Del("Location")
	}
	return resp, err
}
