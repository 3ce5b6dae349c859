package deliver

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// withoutURL is an error of an HTTP call without its address, which for a robot is its secret: of that
// it tells the host alone.
func withoutURL(err error) error {
	var of *url.Error
	if !errors.As(err, &of) {
		return err
	}
	u, parsed := url.Parse(of.URL)
	if parsed != nil { // then what is wrong with it would quote it
		return errors.New("the address cannot be read as a URL")
	}
	return fmt.Errorf("call %s: %w", u.Host, of.Err)
}

// hidden stands for a secret that somebody else has quoted.
const hidden = "***"

// masked is what a target says, without what only its owner and we know: targets quote what they are asked.
func (w Webhook) masked(text string) string {
	secrets := []string{w.Secret, w.RobotSecret}
	if u, err := url.Parse(w.URL); err == nil {
		secrets = append(secrets, u.RequestURI())
		for _, values := range u.Query() {
			secrets = append(secrets, values...)
		}
		secrets = append(secrets, strings.Split(u.Path, "/")...) // Feishu's
	}
	return mask(text, secrets...)
}

// shortest is how long a part of an address is at least that counts as a secret: /hook is none.
const shortest = 12

func mask(text string, secrets ...string) string {
	for _, s := range secrets {
		if len(s) >= shortest {
			text = strings.NewReplacer(s, hidden, url.QueryEscape(s), hidden).Replace(text)
		}
	}
	return text
}

// masked is an error of a mail server without what it was shown to log in.
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

// unmoved drops where an answer redirects to. Nobody is followed; and the client would quote an address
// that it cannot read, which may be ours again.
type unmoved struct{ http.RoundTripper }

func (u unmoved) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := u.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Header.Del("Location")
	}
	return resp, err
}
