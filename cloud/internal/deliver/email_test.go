package deliver_test

import (
	"encoding/base64"
	"io"
	"mime"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// mailbox is a real SMTP server on loopback that keeps what it is given. refuse is how many letters it
// turns away for now first.
type mailbox struct {
	mu      sync.Mutex
	refuse  int
	letters chan letter
}

type letter struct {
	from string
	to   []string
	text string
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{box: m}, nil }

type mailSession struct {
	box    *mailbox
	known  bool
	letter letter
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.known = user == "cooler" && password == "secret"; !s.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	s.letter = letter{from: from}
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.letter.to = append(s.letter.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.box.refuse > 0 {
		s.box.refuse--
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again"}
	}
	s.letter.text = string(data)
	s.box.letters <- s.letter
	return nil
}

func (*mailSession) Reset()        {}
func (*mailSession) Logout() error { return nil }

func newMailbox(t *testing.T, refuse int) (addr string, box *mailbox) {
	t.Helper()
	box = &mailbox{refuse: refuse, letters: make(chan letter, 100)}
	server := smtp.NewServer(box)
	server.AllowInsecureAuth = true // loopback
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return l.Addr().String(), box
}

// TestEmail: what is wrong, and that it is over, comes by e-mail in both languages, also from a server
// that is busy at first.
func TestEmail(t *testing.T) {
	h := newHouse(t)
	addr, box := newMailbox(t, 2)
	h.hook(deliver.Webhook{URL: "mailto:night@shop.example,manager@shop.example", Format: deliver.FormatEmail})
	h.start(deliver.Config{SMTP: deliver.SMTP{Server: addr, From: "coldshelf@brand.example", Username: "cooler", Password: "secret"}})
	h.sellOut("d1", shelf.Empty)
	select {
	case got := <-box.letters:
		if got.from != "coldshelf@brand.example" || strings.Join(got.to, " ") != "night@shop.example manager@shop.example" {
			t.Errorf("from %s to %v", got.from, got.to)
		}
		m, err := mail.ReadMessage(strings.NewReader(got.text))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || subject != "缺货 Stockout · s1/d1" {
			t.Errorf("subject %q, %v", subject, err)
		}
		if id := m.Header.Get("Message-ID"); !strings.HasPrefix(id, "<ev_") || !strings.HasSuffix(id, "@brand.example>") {
			t.Errorf("Message-ID %q", id)
		}
		raw, err := io.ReadAll(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(raw), "\r\n", ""))
		for _, want := range []string{"门店 Store: s1", "冰柜 Cooler: d1", "货位 Slot: A/1+", "时间 Since: "} {
			if err != nil || !strings.Contains(string(body), want) {
				t.Errorf("%v, %q misses %q", err, body, want)
			}
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no e-mail came")
	}
}

// TestEmailFaults: what no e-mail can be sent to is refused, and a wrong password is a dead letter.
func TestEmailFaults(t *testing.T) {
	for _, url := range []string{"https://shop.example", "mailto:", "mailto:nobody", "mailto:a@shop.example?bcc=b@shop.example", "mailto:a@shop.example%0d%0aBcc:b@shop.example"} {
		if err := (deliver.Webhook{URL: url, Format: deliver.FormatEmail}).Validate(); err == nil {
			t.Errorf("%s is accepted", url)
		}
	}
	if err := (deliver.Webhook{URL: "mailto:a@shop.example", Format: deliver.FormatEvents}).Validate(); err == nil {
		t.Error("events by e-mail are accepted")
	}
	for name, smtp := range map[string]deliver.SMTP{"no server": {}, "a wrong password": {From: "c@brand.example", Username: "cooler", Password: "wrong"}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			if smtp.From != "" {
				smtp.Server, _ = newMailbox(t, 0)
			}
			w := h.hook(deliver.Webhook{URL: "mailto:a@shop.example", Format: deliver.FormatEmail})
			h.sellOut("d1", shelf.Empty)
			h.start(deliver.Config{SMTP: smtp, GiveUp: time.Nanosecond})
			for end := time.Now().Add(20 * time.Second); ; {
				list, err := deliver.DeadLetters(t.Context(), h.db, "t", w.ID, 10)
				if err != nil || time.Now().After(end) {
					t.Fatalf("%v, %v", list, err)
				}
				if len(list) == 1 {
					return
				}
			}
		})
	}
}
