package agent

import (
	"fmt"
	"runtime"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// birth returns what the board reports about itself: its program, networks, gallery, planogram and devices.
func (a *Agent) birth(when stamp) *wire.Birth {
	o := a.opts
	b := &wire.Birth{
		AgentVersion: o.Version, Runtime: o.Runtime, Board: o.Board, Arch: runtime.GOARCH,
		BootCount: o.Outbox.Boot(), StartedAt: when.at.Add(-a.sinceStart()),
	}
	for _, d := range o.Devices {
		b.Devices = append(b.Devices, d.Name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b.Model, b.Gallery = cut(a.view.Model, 200), cut(a.view.Gallery, 200)
	if p := a.setting.Planogram; p != nil {
		b.PlanogramID, b.PlanogramVersion = p.ID, p.Version
	}
	b.DesiredVersion = a.desiredVersion
	return b
}

// status returns the retained presence message: the birth when online, else the MQTT will.
func (a *Agent) status(online bool) ([]byte, error) {
	now := a.stamp()
	boot := a.opts.Outbox.Boot()
	s := &wire.Status{Online: online, At: now.at, Boot: boot}
	if online {
		s.Birth = a.birth(now)
	}
	return wire.Encode(&wire.Envelope{Identity: a.opts.Identity, Boot: boot, CapturedAt: now.at, Clock: now.quality, Body: s})
}

func (a *Agent) uplinkConfig() uplink.Config {
	c := a.opts.Uplink
	c.Identity = a.opts.Identity
	c.Log = a.log
	c.Status = a.status
	c.Amend = a.amend
	c.Command = a.commands.put
	c.Acknowledged, c.Rejected = a.bases.acknowledged, a.tellAgain
	c.Desired = func(d *wire.Desired) {
		select { // only the newest report counts
		case <-a.desired:
		default:
		}
		a.desired <- d
	}
	return c
}

// amend corrects the time in a message that this boot stored while its clock was unknown. The key stays the same, so
// the cloud takes a copy sent earlier for the same message.
func (a *Agent) amend(m outbox.Message) []byte {
	if m.Key.Boot != a.opts.Outbox.Boot() {
		return m.Payload
	}
	env, err := wire.Decode(m.Payload)
	if err != nil || env.Clock >= telemetry.RTC {
		return m.Payload
	}
	right, quality, ok := a.opts.Clock.Correct(env.CapturedAt)
	if !ok {
		return m.Payload
	}
	by := right.Sub(env.CapturedAt)
	env.CapturedAt, env.Clock = right, quality
	if !shift(env.Body, by) {
		return m.Payload
	}
	payload, err := wire.Encode(env)
	if err != nil {
		a.log.Warn("time of a message was not corrected", "key", m.Key.String(), "err", fmt.Errorf("encode: %w", err))
		return m.Payload
	}
	return payload
}

// shift moves the times inside a body. It reports false for a body whose times it cannot move (a delta).
func shift(body wire.Body, by time.Duration) bool {
	switch b := body.(type) {
	case *wire.Observation:
		b.CapturedAt = b.CapturedAt.Add(by)
	case *wire.Event:
		b.At = b.At.Add(by)
	case *wire.Birth:
		b.StartedAt = b.StartedAt.Add(by)
	case *wire.Telemetry:
		for i := range b.Doors {
			b.Doors[i].At = b.Doors[i].At.Add(by)
		}
		for i := range b.Climate {
			b.Climate[i].At = b.Climate[i].At.Add(by)
		}
		for i := range b.Power {
			b.Power[i].At = b.Power[i].At.Add(by)
		}
		for i := range b.Footfall {
			b.Footfall[i].From, b.Footfall[i].To = b.Footfall[i].From.Add(by), b.Footfall[i].To.Add(by)
		}
		if b.Health != nil {
			b.Health.At = b.Health.At.Add(by)
		}
	case *wire.Picture, *wire.Gap, *wire.Answer, *wire.Reported:
	default:
		return false
	}
	return true
}
