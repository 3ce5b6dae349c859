// Package pace limits each of many keys to a rate of its own, such as a device's messages or somebody's
// attempts at a password, so that one that runs wild takes nothing from the others. It forgets keys that have
// been quiet, and does not grow without bound.
package pace

import (
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// many is the number of keys at which quiet ones are forgotten.
const many = 200_000

// Keys is a rate limiter for each key. It must be used by one goroutine at a time.
type Keys struct {
	rate  rate.Limit
	burst int
	keys  map[string]*rate.Limiter
}

// New returns a limiter; a rate of 0 lets everything through.
func New(perSecond float64, burst int) *Keys {
	return &Keys{rate: rate.Limit(perSecond), burst: burst, keys: map[string]*rate.Limiter{}}
}

// Allow reports whether a key may go on now, and counts it if so. It keeps no reference to the key's memory.
func (k *Keys) Allow(key string, now time.Time) bool {
	if k.rate <= 0 {
		return true
	}
	one, ok := k.keys[key]
	if !ok {
		if len(k.keys) >= many && !k.forget(now) {
			return false // so many at once are neither our devices nor people
		}
		one = rate.NewLimiter(k.rate, k.burst)
		k.keys[strings.Clone(key)] = one
	}
	return one.AllowN(now, 1)
}

// forget drops keys whose allowance is full again: a new key is the same.
func (k *Keys) forget(now time.Time) bool {
	for key, one := range k.keys {
		if one.TokensAt(now) >= float64(k.burst) {
			delete(k.keys, key)
		}
	}
	return len(k.keys) < many
}
