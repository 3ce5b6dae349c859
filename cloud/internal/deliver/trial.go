package deliver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/channel"
)

// TestType is the CloudEvents type of a test message to a program; see docs/schema/test.json.
const TestType = "org.coldshelf.test"

// Trial is the outcome of a test message.
type Trial struct {
	Delivered bool   `json:"delivered"`
	Status    int    `json:"status,omitempty"` // of HTTP; 0: there was no answer, or it was an e-mail
	Answer    string `json:"answer,omitempty"` // the beginning of what the target said
	Error     string `json:"error,omitempty"`  // why it was not delivered
	Millis    int64  `json:"ms"`               // how long it took
}

// testData is what a program is sent.
type testData struct {
	Message string `json:"message"`
	By      string `json:"by,omitempty"`
}

// TryWebhook sends one test message to a webhook of a tenant, signed like its events. If it is accepted, the
// events that wait for the webhook are tried again at once. What is wrong with the target is in the Trial; the
// error is state.ErrNotFound or that of the database.
func (s *Service) TryWebhook(ctx context.Context, tenant, id, who string) (*Trial, error) {
	w, err := Get(ctx, s.cfg.DB, tenant, id)
	if err != nil {
		return nil, err
	}
	t := s.try(ctx, w, who)
	if t.Delivered {
		if err := kick(ctx, s.cfg.DB, id); err != nil {
			return nil, err
		}
		s.Changed()
	}
	return t, nil
}

// TryRecipient sends one test message to a valid recipient.
func (s *Service) TryRecipient(ctx context.Context, tenant string, r *alert.Recipient, who string) *Trial {
	return s.try(ctx, Webhook{ID: r.ID(), Tenant: tenant, URL: r.URL, Format: r.Format, RobotSecret: r.RobotSecret, Secret: r.Secret}, who)
}

func (s *Service) try(ctx context.Context, w Webhook, who string) *Trial {
	began := time.Now()
	t := &Trial{}
	err := s.sendTest(ctx, w, who, t)
	t.Delivered, t.Millis = err == nil, time.Since(began).Milliseconds()
	if err != nil {
		t.Error = strings.TrimPrefix(err.Error(), "webhook "+w.ID+": ")
	}
	return t
}

// testMessage is one test, in the words that people and programs are sent.
type testMessage struct {
	id    string
	at    time.Time
	by    string // who asked for it; "": no name is given
	title string
	text  string
}

func newTestMessage(now time.Time, by string) testMessage {
	var b [12]byte
	rand.Read(b[:])
	text := "告警会这样送达。 Alerts will reach you here.\n时间 Time: " + now.Format("2006-01-02 15:04 MST")
	if by != "" {
		text += "\n由 By: " + by
	}
	return testMessage{"test_" + hex.EncodeToString(b[:]), now, by, "测试消息 Test message", text}
}

// sendTest sends a test message through the webhook's channel, and records in t what the other side said.
func (s *Service) sendTest(ctx context.Context, w Webhook, who string, t *Trial) error {
	m := newTestMessage(s.cfg.Now().UTC(), who)
	if w.Format == channel.Email {
		return s.mailTest(ctx, w, m, t)
	}
	return s.postTest(ctx, w, m, t)
}

func (s *Service) mailTest(ctx context.Context, w Webhook, m testMessage, t *Trial) error {
	to, err := channel.Addressees(w.URL)
	if err != nil {
		return err
	}
	letter := s.cfg.SMTP.letter(mailText{m.id, m.id, m.title, m.title + "\n\n" + m.text}, to, m.at)
	if err := s.cfg.SMTP.send(ctx, to, letter, s.cfg.Timeout); err != nil {
		return err
	}
	t.Answer = "the mail server has taken it"
	return nil
}

func (s *Service) postTest(ctx context.Context, w Webhook, m testMessage, t *Trial) error {
	h, body, contentType, err := s.testRequest(w, m)
	if err != nil {
		return err
	}
	resp, err := h.send(ctx, m.id, body, contentType)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	t.Status = resp.StatusCode
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	t.Answer = shown([]byte(w.masked(string(answer))))
	if err != nil && w.Format != channel.Events {
		return fmt.Errorf("read answer: %w", err)
	}
	return h.judge(resp, answer)
}

// testRequest returns what is posted: a signed CloudEvent to a program, a robot's message to a chat.
func (s *Service) testRequest(w Webhook, m testMessage) (h *hook, body []byte, contentType string, err error) {
	if w.Format != channel.Events {
		body, err = robotMessage(w.Format, m.title, m.text)
		return &hook{Webhook: w, client: s.client, now: s.cfg.Now}, body, "application/json", err
	}
	if h, err = newHook(w, s.client, s.cfg.Now); err != nil {
		return nil, nil, "", err
	}
	body, err = encodeCloudEvent(w.Tenant, TestType, m.id, m.at, testData{"Alerts will reach you here.", m.by})
	return h, body, cloudEventMedia, err
}

// maxShown bounds how much of an answer is shown.
const maxShown = 500

// shown returns the beginning of an answer as text.
func shown(answer []byte) string {
	text := strings.ToValidUTF8(string(answer), "\uFFFD")
	if len(text) <= maxShown {
		return strings.TrimSpace(text)
	}
	end := maxShown
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimSpace(text[:end]) + "…"
}
