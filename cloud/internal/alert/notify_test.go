package alert_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/models/wire"
)

const told = `version: 1
tz: %s
recipients:
- {role: manager, name: anybody, format: email, url: "mailto:all@shop.example"}
- {role: manager, name: south, regions: [south], format: email, url: "mailto:south@shop.example"}
- {role: manager, name: s1, stores: [s1], format: email, url: "mailto:s1@shop.example"}
- {role: manager, name: s1 too, stores: [s1], format: email, url: "mailto:s1b@shop.example"}
- {role: area, name: area, format: wecom, url: "https://robot.example/a"}
- {role: head, name: area again, format: wecom, url: "https://robot.example/a"}
notify:
- {roles: [manager], types: [stockout], escalate: [{after: 30m, roles: [area, head]}, {after: 2h, roles: [head]}]}
- {roles: [manager, area], send: daily, at: "02:30"}
- {roles: [area], severities: [critical], send: hourly}
- {roles: [manager], stores: [quiet], send: never}
`

func TestWhoIsTold(t *testing.T) {
	berlin := fmt.Sprintf(told, "Europe/Berlin")
	kolkata := fmt.Sprintf(told, "Asia/Kolkata")
	for _, c := range []struct {
		name, book, store, region string
		typ                       alert.Type
		severity                  alert.Severity
		at, want                  string
	}{
		{"the store's own, and the steps", berlin, "s1", "south", alert.Stockout, alert.Info, "2026-03-02T10:10:00Z",
			"s1 0 03-02T10:10 each, s1 too 0 03-02T10:10 each, area 1 03-02T10:40 each, area again 2 03-02T12:10 each, area 0 03-03T01:30 digest"},
		{"the region's", berlin, "s2", "south", alert.LowStock, alert.Info, "2026-03-02T10:10:00Z", "south 0 03-03T01:30 digest, area 0 03-03T01:30 digest"},
		{"anybody", berlin, "s2", "north", alert.LowStock, alert.Info, "2026-03-02T10:10:00Z", "anybody 0 03-03T01:30 digest, area 0 03-03T01:30 digest"},
		{"a severity counts more", berlin, "s2", "north", alert.LowStock, alert.Critical, "2026-03-02T10:10:00Z", "anybody 0 03-03T01:30 digest, area 0 03-02T11:00 digest"},
		{"never", berlin, "quiet", "", alert.Stockout, alert.Critical, "2026-03-02T10:10:00Z", "area 0 03-02T11:00 digest"},
		{"a full hour is not now", berlin, "quiet", "", alert.Stockout, alert.Critical, "2026-03-02T11:00:00Z", "area 0 03-02T12:00 digest"},
		{"an hour of another grid", kolkata, "quiet", "", alert.Stockout, alert.Critical, "2026-03-02T11:00:00Z", "area 0 03-02T11:30 digest"},
		{"a time that the clocks pass over", berlin, "quiet", "", alert.LowStock, alert.Info, "2026-03-28T20:00:00Z", "area 0 03-29T01:30 digest"},
		{"a time that comes twice", berlin, "quiet", "", alert.LowStock, alert.Info, "2026-10-24T20:00:00Z", "area 0 10-25T01:30 digest"},
	} {
		b, err := alert.DecodeRulebook([]byte(c.book))
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range b.Notices(alert.Place{Identity: wire.Identity{Tenant: "t", Store: c.store, Device: "d1"}, Region: c.region}, &alert.Alert{Type: c.typ, Severity: c.severity}, at) {
			way := map[bool]string{true: "digest", false: "each"}[n.Digest]
			got = append(got, fmt.Sprintf("%s %d %s %s", n.Recipient.Name, n.Stage, n.Due.UTC().Format("01-02T15:04"), way))
		}
		if g := strings.Join(got, ", "); g != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, g, c.want)
		}
	}
}
