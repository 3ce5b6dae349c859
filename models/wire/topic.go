package wire

import (
	"fmt"
	"strings"
)

// Topic filters that an ingester subscribes; the first is shared by all of them.
const (
	SharedUp  = "$share/ingest/coldshelf/v1/+/+/+/up/#"
	AllUp     = "coldshelf/v1/+/+/+/up/#"
	AllStatus = "coldshelf/v1/+/+/+/status"
)

const topicRoot = "coldshelf/v1"

// Topic of a message of this kind. The identity must be valid, as Encode checks.
func (id Identity) Topic(k Kind) string {
	base := topicRoot + "/" + id.Tenant + "/" + id.Store + "/" + id.Device
	switch {
	case k == KindStatus:
		return base + "/status"
	case k.Down():
		return base + "/down/" + string(k)
	}
	return base + "/up/" + string(k)
}

// DownFilter is what a board subscribes: all that is said to it.
func (id Identity) DownFilter() string {
	return topicRoot + "/" + id.Tenant + "/" + id.Store + "/" + id.Device + "/down/#"
}

// Validate names the part that does not fit a topic level.
func (id Identity) Validate() error {
	for _, part := range [...]struct{ name, value string }{{"tenant", id.Tenant}, {"store", id.Store}, {"device", id.Device}} {
		if !topicSafe(part.value) {
			return fmt.Errorf("%s %.80q: must be 1 to 64 of A-Z a-z 0-9 . _ -", part.name, part.value)
		}
	}
	return nil
}

func topicSafe(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// ParseTopic takes apart what Topic puts together. Every other topic is an ErrMalformed.
func ParseTopic(topic string) (Identity, Kind, error) {
	bad := func(why string) (Identity, Kind, error) {
		return Identity{}, "", fmt.Errorf("%w: topic %.200q: %s", ErrMalformed, topic, why)
	}
	rest, ok := strings.CutPrefix(topic, topicRoot+"/")
	if !ok {
		return bad("does not begin with " + topicRoot)
	}
	tenant, rest, _ := strings.Cut(rest, "/")
	store, rest, _ := strings.Cut(rest, "/")
	device, way, ok := strings.Cut(rest, "/")
	if !ok {
		return bad("too few levels")
	}
	id := Identity{tenant, store, device}
	if err := id.Validate(); err != nil {
		return bad(err.Error())
	}
	up, isUp := strings.CutPrefix(way, "up/")
	down, isDown := strings.CutPrefix(way, "down/")
	switch {
	case way == string(KindStatus):
		return id, KindStatus, nil
	case isUp && Kind(up).Up():
		return id, Kind(up), nil
	case isDown && Kind(down).Down():
		return id, Kind(down), nil
	}
	return bad(fmt.Sprintf("%q is no known way", way))
}
