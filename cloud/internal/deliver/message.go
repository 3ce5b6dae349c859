package deliver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/channel"
)

// message is what one recipient is sent at once: one notice, or the alerts of a digest.
type message struct {
	to     *alert.Recipient
	id     string // the same however often it is sent
	kind   string
	at     time.Time // when it was planned
	alerts []alert.Alert
	again  bool // it may be a repetition
}

// NoticeType is the CloudEvents type of what is sent to recipients of the format events.
const NoticeType = "org.coldshelf.notice"

// noticeData is the data of such an event (docs/schema/notice.json): why somebody is told, and about what.
type noticeData struct {
	Kind      string        `json:"kind"`
	Recipient string        `json:"recipient"`
	Role      string        `json:"role"`
	Alerts    []alert.Alert `json:"alerts"`
}

// hand sends a message through its recipient's channel.
func (s *Service) hand(ctx context.Context, m message) error {
	r := m.to
	title, text := m.words()
	if r.Format == channel.Email {
		to, err := channel.Addressees(r.URL)
		if err != nil {
			return err
		}
		subject := title
		if len(m.alerts) == 1 {
			subject += " · " + m.alerts[0].Store + "/" + m.alerts[0].Device
		}
		letter := s.cfg.SMTP.letter(mailText{m.id, m.alerts[0].ID, subject, title + "\n\n" + text}, to, s.cfg.Now())
		return s.cfg.SMTP.send(ctx, to, letter, s.cfg.Timeout)
	}
	h := &hook{Webhook: Webhook{ID: r.ID(), URL: r.URL, Format: r.Format, RobotSecret: r.RobotSecret}, client: s.client, now: s.cfg.Now}
	if r.Format != channel.Events {
		body, err := robotMessage(r.Format, title, text)
		if err != nil {
			return err
		}
		return h.post(ctx, m.id, body, "application/json")
	}
	var err error
	h.Secret = r.Secret
	if h, err = newHook(h.Webhook, s.client, s.cfg.Now); err != nil {
		return err
	}
	body, err := encodeCloudEvent(m.alerts[0].Tenant, NoticeType, m.id, m.at.UTC(), noticeData{m.kind, r.Name, r.Role, m.alerts})
	if err != nil {
		return err
	}
	return h.post(ctx, m.id, body, cloudEventMedia)
}

// The most lines of a digest. Chat robots accept about 4 kB.
const (
	robotLines = 25
	mailLines  = 500
)

// words returns the message as people read it, in both languages.
func (m message) words() (title, text string) {
	a := &m.alerts[0]
	title, text = openTitle(a), linesOf(a)
	switch m.kind {
	case noticeEscalated:
		title = "升级：无人确认 Escalated, nobody has acknowledged: " + titles[a.Type]
	case noticeOver:
		if title = "已解除 Resolved: " + titles[a.Type]; a.Resolution == alert.ResolvedRetracted {
			title = "已撤回 Withdrawn: " + titles[a.Type]
		}
	case noticeDigest:
		title, text = fmt.Sprintf("告警汇总 Digest: %d", len(m.alerts)), m.digest()
	}
	if m.again {
		text += "\n可能重复 This may be a repeat."
	}
	return title, text
}

func (m message) digest() string {
	limit := robotLines
	if m.to.Format == channel.Email {
		limit = mailLines
	}
	var lines []string
	for i := range m.alerts {
		if i == limit {
			lines = append(lines, fmt.Sprintf("…… 另有 and %d more", len(m.alerts)-limit))
			break
		}
		a := &m.alerts[i]
		line := titles[a.Type] + " · " + a.Store + "/" + a.Device
		if a.Slot != "" {
			line += " · " + a.Slot
		}
		line += " · " + a.FirstSeenBad.Format("01-02 15:04 MST")
		switch {
		case a.State == alert.StatusResolved:
			line += " · 已解除 resolved"
		case a.Ack != nil:
			line += " · 已确认 acknowledged"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
