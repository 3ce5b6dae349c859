package deliver

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// FormatEmail tells people by e-mail: the webhook's URL is mailto:ADDRESS,ADDRESS….
const FormatEmail = "email"

// ErrNoMail says that no mail server is configured.
var ErrNoMail = errors.New("no mail server is configured (alerts.smtp)")

// SMTP is the mail server that e-mails are handed to. It speaks STARTTLS where the server offers it, and
// never shows a password to one that does not.
type SMTP struct {
	Server   string // host:port; "": there is none
	From     string // an address
	Username string // "": no authentication
	Password string
	TLS      *tls.Config // for STARTTLS; nil: the system's roots
}

// addressees reads a mailto URL.
func addressees(raw string) ([]string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "mailto" || u.RawQuery != "" {
		return nil, fmt.Errorf("url %q: want mailto:ADDRESS", raw)
	}
	text, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return nil, fmt.Errorf("url %q: want mailto:ADDRESS", raw)
	}
	list, err := mail.ParseAddressList(text)
	if err != nil {
		return nil, fmt.Errorf("url %q: %w", raw, err)
	}
	var to []string
	for _, a := range list {
		to = append(to, a.Address)
	}
	return to, nil
}

// letter is one event as a message (RFC 5322). Its Message-ID is derived from the event's ID, so that a
// mailbox can drop what it is given twice.
func (s *SMTP) letter(e *alert.Entry, to []string, now time.Time) ([]byte, error) {
	title, text, err := tell(e)
	if err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(s.From, "@")
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", s.From},
		{"To", strings.Join(to, ", ")},
		{"Subject", mime.QEncoding.Encode("utf-8", title+" · "+e.Store+"/"+e.Device)},
		{"Date", now.Format(time.RFC1123Z)},
		{"Message-ID", "<" + e.EventID + "@" + domain + ">"},
		{"References", "<" + e.AlertID + "@" + domain + ">"}, // a mail program shows an alert as one talk
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "base64"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	body := base64.StdEncoding.EncodeToString([]byte(title + "\n\n" + text + "\n"))
	for len(body) > 76 {
		b.WriteString(body[:76] + "\r\n")
		body = body[76:]
	}
	b.WriteString(body + "\r\n")
	return b.Bytes(), nil
}

// send hands one letter over. nil means that the server has taken it for everybody.
func (s *SMTP) send(ctx context.Context, to []string, letter []byte, timeout time.Duration) error {
	if s.Server == "" {
		return ErrNoMail
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // a server that hangs
	defer stop()
	host, _, _ := net.SplitHostPort(s.Server)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if ok, _ := c.Extension("STARTTLS"); ok {
		conf := &tls.Config{MinVersion: tls.VersionTLS12}
		if s.TLS != nil {
			conf = s.TLS.Clone()
		}
		conf.ServerName = host
		if err := c.StartTLS(conf); err != nil {
			return err
		}
	}
	if s.Username != "" { // PlainAuth itself refuses a connection without TLS, but to loopback
		if err := c.Auth(smtp.PlainAuth("", s.Username, s.Password, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(s.From); err != nil {
		return err
	}
	for _, a := range to {
		if err := c.Rcpt(a); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(letter); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	// It has the letter: how the talk ends does not matter.
	_ = c.Quit()
	return nil
}

// post is a Webhook of FormatEmail at work.
type post struct {
	hook
	smtp    *SMTP
	to      []string
	timeout time.Duration
}

// Deliver sends one e-mail.
func (p *post) Deliver(ctx context.Context, e *alert.Entry) error {
	if quiet, err := p.quiet(e); quiet || err != nil {
		return err
	}
	letter, err := p.smtp.letter(e, p.to, p.now())
	if err != nil {
		return err
	}
	if err := p.smtp.send(ctx, p.to, letter, p.timeout); err != nil {
		return fmt.Errorf("e-mail of webhook %s: %w", p.ID, err)
	}
	return nil
}
