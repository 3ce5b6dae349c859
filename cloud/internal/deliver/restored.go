package deliver

import (
	"context"
	"fmt"
	"strconv"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// rejoining is a Target whose other side must be told that the log was restored from a backup, because it may
// hold events that are lost.
type rejoining interface {
	Restored(ctx context.Context, s alert.Seam) error
}

// RestoredType is the CloudEvents type of that message; see docs/schema/restored.json.
const RestoredType = "org.coldshelf.restored"

type restoredData struct {
	Message string `json:"message"`
	Below   string `json:"below"` // events with a sequence up to here are unchanged
	Above   string `json:"above"` // those in between are lost; whatever is logged from now on comes after this
}

func restoredID(s alert.Seam) string { return fmt.Sprint("restored_", s.Above) }

func restoredBody(tenant string, s alert.Seam) ([]byte, error) {
	return encodeCloudEvent(tenant, RestoredType, restoredID(s), s.At, restoredData{
		"The service was restored from a backup: forget events whose sequence lies between below and above, and take what stands from GET /v1/alerts?state=open,acknowledged.",
		strconv.FormatInt(s.Below, 10), strconv.FormatInt(s.Above, 10)})
}

// Restored informs a program; people only see the present state.
func (h *hook) Restored(ctx context.Context, s alert.Seam) error {
	if h.Format != FormatEvents {
		return nil
	}
	body, err := restoredBody(h.Tenant, s)
	if err != nil {
		return err
	}
	return h.post(ctx, restoredID(s), body, cloudEventMedia)
}

// RestoredTopic is below a tenant's alerts, so that whoever subscribes to coldshelf/v1/TENANT/alerts/# receives
// it. It is not the topic "alerts" itself, because not every broker (mochi) includes that in alerts/# when it
// sends retained messages.
func RestoredTopic(tenant string) string { return "coldshelf/v1/" + tenant + "/alerts/restored" }

// Restored informs each tenant's subscribers, and then publishes the last state of each subject.
func (m *MQTT) Restored(ctx context.Context, s alert.Seam) error {
	tenants, err := alert.LogTenants(ctx, m.DB)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		body, err := restoredBody(tenant, s)
		if err != nil {
			return err
		}
		if m.session == nil {
			return errNotConnected
		}
		if err := m.session.Retain(ctx, RestoredTopic(tenant), body); err != nil {
			m.close()
			return fmt.Errorf("publish %s: %w", restoredID(s), err)
		}
	}
	return m.stand(ctx, s.Below)
}
