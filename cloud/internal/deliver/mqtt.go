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

// Session is one connection to a broker. What is published on it reaches the broker, or ends the session:
// nothing is sent again behind the back of whoever asked.
type Session interface {
	// Retain publishes, and has the broker keep the message for whoever subscribes later. It returns when
	// the broker has it.
	Retain(ctx context.Context, topic string, payload []byte) error
	// Retained gives what the broker keeps under a topic, nil where it keeps nothing there. It fails with
	// ErrKeepsNothing where the broker keeps no messages at all, or does not let us see them.
	Retained(ctx context.Context, topic string) ([]byte, error)
	Alive() bool
	Close()
}

// ErrKeepsNothing says that a broker cannot tell how much it remembers.
var ErrKeepsNothing = errors.New("the broker keeps no messages for us")

// MQTT publishes each event, as CloudEvents JSON at QoS 1, retained: whoever subscribes later is told
// the last state of each subject.
//
// A broker acknowledges what it may yet forget: Mosquitto writes its queues down every so often, and
// what came after that dies with it. So the broker is given the cursor to keep as well, as a retained
// message of its own. After each connect it says how far it remembers, and is told again from there.
type MQTT struct {
	Connect func(ctx context.Context) (Session, error)
	DB      *state.DB
	Log     *slog.Logger

	session Session
	forgets bool // this broker cannot keep the cursor
	topic   string
	reached int64 // told up to here
	marked  int64 // the broker keeps this one
	at      time.Time
}

// Topic is coldshelf/v1/TENANT/alerts/STORE/DEVICE/TYPE, and /SLOT where the alert is about one.
func Topic(e *alert.Entry) string { return topicIn(e, e.Store) }

func topicIn(e *alert.Entry, store string) string {
	topic := fmt.Sprintf("coldshelf/v1/%s/alerts/%s/%s/%s", e.Tenant, store, e.Device, e.Type)
	if e.Slot == "" {
		return topic
	}
	// A planogram may name a slot as it likes; a topic level may not hold these.
	slot := strings.NewReplacer("+", "%2B", "#", "%23").Replace(url.PathEscape(e.Slot))
	return topic + "/" + slot
}

// CursorTopic is where the broker keeps how far it was told of one log. Several services that share a
// database share the log.
func CursorTopic(log string) string { return "coldshelf/alerts/cursor/" + log }

// Wants every event.
func (*MQTT) Wants(*alert.Entry) bool { return true }

var errNotConnected = errors.New("not connected to the broker")

// Deliver publishes one, in each store that the cooler stood in while the alert lasted.
func (m *MQTT) Deliver(ctx context.Context, e *alert.Entry) error {
	if m.session == nil {
		return errNotConnected
	}
	payload, err := json.Marshal(e.Event())
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.EventID, err)
	}
	// Where the cooler stood before, the alert must not stand for ever.
	for _, store := range append(slices.Clone(e.StoreWas), e.Store) {
		if err := m.session.Retain(ctx, topicIn(e, store), payload); err != nil {
			m.close()
			return fmt.Errorf("publish event %s: %w", e.EventID, err)
		}
	}
	return nil
}

// Resume connects where there is no connection, and then gives how far the broker remembers: at most
// cursor.
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

// forgotten is how many entries a broker is told again that does not know how far it was told: one that
// was never told, or has lost everything.
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

// wentBack has a log that is not as far as the broker was told go on behind a seam: somebody has restored its database
// by other means than ours, and has not said so.
func (m *MQTT) wentBack(ctx context.Context, mark int64) error {
	head, err := alert.LogHead(ctx, m.DB)
	if err != nil || mark <= head {
		return err
	}
	m.Log.Warn("the alert log is not as far as the broker was told: its database was restored", "told", mark, "head", head)
	return m.DB.Write(ctx, func(tx *state.Tx) error { return alert.Restored(ctx, tx, time.Now()) })
}

// stand publishes what stands and was told before a cursor, so that a broker which lost everything has
// the state of each subject again.
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

// Reached has the broker keep the cursor, once each keepEvery or keepAfter entries, whichever comes first:
// what is told again after it has lost a later one is little.
func (m *MQTT) Reached(ctx context.Context, cursor int64) error {
	if m.reached = cursor; m.session == nil || cursor == m.marked || cursor-m.marked < keepAfter && time.Since(m.at) < keepEvery {
		return nil
	}
	return m.mark(ctx, cursor)
}

// leave ends the session, once the broker keeps the last cursor: else the next service would say again
// what came after it.
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
