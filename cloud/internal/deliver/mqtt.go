package deliver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// Publisher is a broker that keeps the last message of a topic. Retain returns when the broker has it.
type Publisher interface {
	Retain(ctx context.Context, topic string, payload []byte) error
}

// MQTT publishes each event, as CloudEvents JSON at QoS 1, retained: whoever subscribes later is told
// the last state of each subject.
type MQTT struct{ Broker Publisher }

// Topic is coldshelf/v1/TENANT/alerts/STORE/DEVICE/TYPE, and /SLOT where the alert is about one.
func Topic(e *alert.Entry) string {
	topic := fmt.Sprintf("coldshelf/v1/%s/alerts/%s/%s/%s", e.Tenant, e.Store, e.Device, e.Type)
	if e.Slot == "" {
		return topic
	}
	// A planogram may name a slot as it likes; a topic level may not hold these.
	slot := strings.NewReplacer("+", "%2B", "#", "%23").Replace(url.PathEscape(e.Slot))
	return topic + "/" + slot
}

// Wants every event.
func (*MQTT) Wants(*alert.Entry) bool { return true }

// Deliver publishes one.
func (m *MQTT) Deliver(ctx context.Context, e *alert.Entry) error {
	payload, err := json.Marshal(e.Event())
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.EventID, err)
	}
	if err := m.Broker.Retain(ctx, Topic(e), payload); err != nil {
		return fmt.Errorf("publish event %s: %w", e.EventID, err)
	}
	return nil
}
