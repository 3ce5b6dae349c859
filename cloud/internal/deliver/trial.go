package deliver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/channel"
)

// TestType is the CloudEvents type of a test message to a program; docs/schema/test.json.
const TestType = "org.coldshelf.test"

// Trial is what came of a test message.
type Trial struct {
	Delivered bool   `json:"delivered"`
	Status    int    `json:"status,omitempty"` // of HTTP; 0: there was no answer, or it is e-mail
	Answer    string `json:"answer,omitempty"` // the begin of what the target said
	Error     string `json:"error,omitempty"`  // why it was not delivered
	Millis    int64  `json:"ms"`               // how long it took
}

// testEvent is what a program is sent.
type testEvent struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            testData  `json:"data"`
}

type testData struct {
	Message string `json:"message"`
	By      string `json:"by,omitempty"`
}

// TryWebhook sends a webhook of a tenant a test message, once, signed as its events are. Where it is taken,
// what waits for the target is tried at once. What is wrong
// with the target is in the trial; the error is state.ErrNotFound or the database's.
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

// TryRecipient sends a valid recipient a test message, once.
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

func (s *Service) sendTest(ctx context.Context, w Webhook, who string, t *Trial) error {
	var b [12]byte
	rand.Read(b[:])
	id, now := "test_"+hex.EncodeToString(b[:]), s.cfg.Now().UTC()
	title, text := "测试消息 Test message", "告警会这样送达。 Alerts will reach you here.\n时间 Time: "+now.Format("2006-01-02 15:04 MST")
	if who != "" {
		text += "\n由 By: " + who
	}
	if w.Format == channel.Email {
		to, err := channel.Addressees(w.URL)
		if err != nil {
			return err
		}
		if err := s.cfg.SMTP.send(ctx, to, s.cfg.SMTP.letter(mailText{id, id, title, title + "\n\n" + text}, to, now), s.cfg.Timeout); err != nil {
			return err
		}
		t.Answer = "the mail server has taken it"
		return nil
	}
	h := &hook{Webhook: w, client: s.client, now: s.cfg.Now}
	body, contentType, err := []byte(nil), "application/json", error(nil)
	if w.Format == channel.Events {
		contentType = "application/cloudevents+json"
		if h, err = newHook(w, s.client, s.cfg.Now); err != nil {
			return err
		}
		body, err = json.Marshal(testEvent{SpecVersion: "1.0", ID: id, Source: "/coldshelf/" + w.Tenant, Type: TestType, Time: now,
			DataContentType: "application/json", Data: testData{"Alerts will reach you here.", who}})
	} else {
		body, err = robotMessage(w.Format, title, text)
	}
	if err != nil {
		return fmt.Errorf("encode test message: %w", err)
	}
	resp, err := h.send(ctx, id, body, contentType)
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

// maxShown bounds what is shown of an answer.
const maxShown = 500

// shown is the begin of an answer as text.
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
