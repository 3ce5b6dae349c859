package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Session is one connection to a broker. What is published on it reaches the broker, or the session ends; it
// never resends anything by itself.
type Session interface {
	// Retain publishes a message that the broker keeps for later subscribers. It returns once the broker has
	// it.
	Retain(ctx context.Context, topic string, payload []byte) error
	// Retained returns what the broker keeps under a topic, or nil. The error is ErrKeepsNothing if the broker
	// keeps no messages at all, or does not let us see them.
	Retained(ctx context.Context, topic string) ([]byte, error)
	Alive() bool
	Close()
}

// ErrKeepsNothing says that the broker cannot tell how much it remembers.
var ErrKeepsNothing = errors.New("the broker keeps no messages for us")

// MQTT publishes each event as CloudEvents JSON at QoS 1, retained, so that later subscribers get the last
// state of each subject.
//
// A broker acknowledges messages that it may still forget: Mosquitto saves its queues only from time to time,
// and a crash loses what came after. So the cursor is published as a retained message as well. After each
// connection, the broker's copy shows how far it remembers, and everything after that is published again.
type MQTT struct {
	Connect func(ctx context.Context) (Session, error)
	DB      *state.DB
	Log     *slog.Logger

	session Session
	forgets bool // this broker cannot keep the cursor
	topic   string
	reached int64 // everything up to here was published
	marked  int64 // the cursor that the broker keeps
	at      time.Time
}

// topicIn returns coldshelf/v1/TENANT/alerts/STORE/DEVICE/TYPE, followed by /SLOT if the alert is about one.
func topicIn(e *alert.Entry, store string) string {
	topic := fmt.Sprintf("coldshelf/v1/%s/alerts/%s/%s/%s", e.Tenant, store, e.Device, e.Type)
	if e.Slot == "" {
		return topic
	}
	// A planogram may name a slot as it likes, but a topic level must not contain these.
	slot := strings.NewReplacer("+", "%2B", "#", "%23").Replace(url.PathEscape(e.Slot))
	return topic + "/" + slot
}

// CursorTopic is where the broker keeps the cursor of one log. Several services that share a database share the
// log.
func CursorTopic(log string) string { return "coldshelf/alerts/cursor/" + log }

// Wants returns true for every event.
func (*MQTT) Wants(*alert.Entry) bool { return true }

var errNotConnected = errors.New("not connected to the broker")

// Deliver publishes an event under each store in which the cooler stood while the alert lasted.
func (m *MQTT) Deliver(ctx context.Context, e *alert.Entry) error {
	if m.session == nil {
		return errNotConnected
	}
	payload, err := json.Marshal(e.Event())
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.EventID, err)
	}
	// Include the stores in which the cooler stood before: otherwise the retained alert would stay open there
	// for ever.
	for _, store := range append(slices.Clone(e.StoreWas), e.Store) {
		if err := m.session.Retain(ctx, topicIn(e, store), payload); err != nil {
			m.close()
			return fmt.Errorf("publish event %s: %w", e.EventID, err)
		}
	}
	return nil
}

// Resume connects if there is no connection, and returns how far the broker remembers, at most cursor.
func (m *MQTT) Resume(ctx context.Context, cursor int64) (int64, error) {
	if m.session != nil && m.session.Alive() {
		return cursor, nil
	}
	m.close()
	if m.topic == "" {
		log, err := logName(ctx, m.DB)
		if err != nil {
			return 0, err
		}
		m.topic = CursorTopic(log)
	}
	s, err := m.Connect(ctx)
	if err != nil {
		return 0, err
	}
	m.session = s
	from, err := m.remembered(ctx, cursor)
	if err != nil {
		m.close()
		return 0, err
	}
	if from < cursor {
		m.Log.Info("the broker has forgotten alerts, it is told them again", "from", from, "to", cursor)
	}
	if err := m.mark(ctx, from); err != nil {
		return 0, err
	}
	return from, nil
}

// forgotten is how many entries are published again to a broker that has no cursor, because it is new or has
// lost everything.
const forgotten = 1000

func (m *MQTT) remembered(ctx context.Context, cursor int64) (int64, error) {
	payload, err := m.session.Retained(ctx, m.topic)
	if m.forgets = errors.Is(err, ErrKeepsNothing); m.forgets {
		return cursor, nil
	}
	if err != nil {
		return 0, err
	}
	var kept struct {
		Cursor string `json:"cursor"`
	}
	if json.Unmarshal(payload, &kept) == nil {
		if mark, err := strconv.ParseInt(kept.Cursor, 10, 64); err == nil && mark >= 0 {
			return min(mark, cursor), m.wentBack(ctx, mark)
		}
	}
	from := max(0, cursor-forgotten)
	return from, m.stand(ctx, from)
}

// wentBack starts a seam in a log that ends before what the broker was told: somebody has restored the database
// by other means than ours.
func (m *MQTT) wentBack(ctx context.Context, mark int64) error {
	head, err := alert.LogHead(ctx, m.DB)
	if err != nil || mark <= head {
		return err
	}
	m.Log.Warn("the alert log is not as far as the broker was told: its database was restored", "told", mark, "head", head)
	return m.DB.Write(ctx, func(tx *state.Tx) error { return alert.Restored(ctx, tx, time.Now()) })
}

// stand publishes every alert that is open and whose last event lies before a cursor, so that a broker that
// lost everything has the state of each subject again.
func (m *MQTT) stand(ctx context.Context, before int64) error {
	for after := ""; ; {
		entries, last, err := alert.Standing(ctx, m.DB, after, page)
		if err != nil || last == "" {
			return err
		}
		for i := range entries {
			if e := &entries[i]; e.Cursor <= before {
				if err := m.Deliver(ctx, e); err != nil {
					return err
				}
			}
		}
		after = last
	}
}

// Reached publishes the cursor after keepEvery or keepAfter entries, whichever comes first, so that little is
// published again after a crash of the broker.
func (m *MQTT) Reached(ctx context.Context, cursor int64) error {
	if m.reached = cursor; m.session == nil || cursor == m.marked || cursor-m.marked < keepAfter && time.Since(m.at) < keepEvery {
		return nil
	}
	return m.mark(ctx, cursor)
}

// leave ends the session after the broker has the last cursor: otherwise the next service would publish again
// what came after the previous one.
func (m *MQTT) leave(ctx context.Context) {
	if m.session != nil && m.session.Alive() && m.reached > m.marked {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := m.mark(ctx, m.reached); err != nil {
			m.Log.Warn("the broker does not keep the last cursor", "err", err)
		}
	}
	m.close()
}

func (m *MQTT) mark(ctx context.Context, cursor int64) error {
	if m.forgets {
		return nil
	}
	if err := m.session.Retain(ctx, m.topic, fmt.Appendf(nil, `{"cursor":"%d"}`, cursor)); err != nil {
		m.close()
		return fmt.Errorf("keep the cursor with the broker: %w", err)
	}
	m.marked, m.reached, m.at = cursor, cursor, time.Now()
	return nil
}

func (m *MQTT) close() {
	if m.session != nil {
		m.session.Close()
		m.session = nil
	}
}
