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
	"net/smtp"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// ErrNoMail says that no mail server is configured.
var ErrNoMail = errors.New("no mail server is configured (alerts.smtp)")

// SMTP is the mail server to which e-mails are handed. STARTTLS is used if the server offers it; without it no
// password is sent.
type SMTP struct {
	Server   string // host:port; "": there is none
	From     string // an address
	Username string // "": no authentication
	Password string
	TLS      *tls.Config // for STARTTLS; nil: the system's roots
}

// mailText is what an e-mail says. Its Message-ID is derived from the ID, so that a mailbox can drop repeats; a mail
// program shows e-mails with the same Thread as one conversation.
type mailText struct{ ID, Thread, Subject, Text string }

// letter returns the message in the format of RFC 5322.
func (s *SMTP) letter(m mailText, to []string, now time.Time) []byte {
	_, domain, _ := strings.Cut(s.From, "@")
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", s.From},
		{"To", strings.Join(to, ", ")},
		{"Subject", mime.QEncoding.Encode("utf-8", m.Subject)},
		{"Date", now.Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID + "@" + domain + ">"},
		{"References", "<" + m.Thread + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "base64"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	body := base64.StdEncoding.EncodeToString([]byte(m.Text + "\n"))
	for len(body) > 76 {
		b.WriteString(body[:76] + "\r\n")
		body = body[76:]
	}
	b.WriteString(body + "\r\n")
	return b.Bytes()
}

// send hands one e-mail over. nil means that the server has accepted it for every addressee.
func (s *SMTP) send(ctx context.Context, to []string, letter []byte, timeout time.Duration) error {
	return s.masked(s.hand(ctx, to, letter, timeout))
}

func (s *SMTP) hand(ctx context.Context, to []string, letter []byte, timeout time.Duration) error {
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
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // for a server that hangs
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
	if s.Username != "" { // PlainAuth itself refuses a connection without TLS, except to loopback
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
	// The server has accepted it; how the connection ends does not matter.
	_ = c.Quit()
	return nil
}

// post delivers to a Webhook of FormatEmail.
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
	title, text, err := tell(e)
	if err != nil {
		return err
	}
	letter := p.smtp.letter(mailText{e.EventID, e.AlertID, title + " · " + e.Store + "/" + e.Device, title + "\n\n" + text}, p.to, p.now())
	if err := p.smtp.send(ctx, p.to, letter, p.timeout); err != nil {
		return fmt.Errorf("e-mail of webhook %s: %w", p.ID, err)
	}
	return nil
}
