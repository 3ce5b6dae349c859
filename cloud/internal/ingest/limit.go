package ingest

import (
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// limiter holds each device to a rate, so that one that runs wild does not take the others' turn. It
// belongs to the one goroutine that collects.
type limiter struct {
	rate    rate.Limit
	burst   int
	devices map[string]*rate.Limiter
}

// manyDevices is when the limiter forgets those that have been quiet.
const manyDevices = 200_000

func newLimiter(perSecond float64, burst int) *limiter {
	return &limiter{rate: rate.Limit(perSecond), burst: burst, devices: map[string]*rate.Limiter{}}
}

// allows tells whether a message on this topic may be taken now. What may not is not acknowledged,
// and its board says it again later.
func (l *limiter) allows(topic string, now time.Time) bool {
	if l.rate <= 0 {
		return true
	}
	device, _, _ := strings.Cut(topic, "/up/")
	one, ok := l.devices[device]
	if !ok {
		if len(l.devices) >= manyDevices {
			l.forget(now)
		}
		one = rate.NewLimiter(l.rate, l.burst)
		l.devices[strings.Clone(device)] = one
	}
	return one.AllowN(now, 1)
}

// forget drops devices whose allowance is whole again: a new limiter is the same.
func (l *limiter) forget(now time.Time) {
	for device, one := range l.devices {
		if one.TokensAt(now) >= float64(l.burst) {
			delete(l.devices, device)
		}
	}
}
