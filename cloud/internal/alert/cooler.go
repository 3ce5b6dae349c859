package alert

import (
	"fmt"
	"slices"
	"time"
)

// The names of sensors in State.Last.
const (
	sensorDoor    = "door"
	sensorClimate = "climate"
	sensorMains   = "mains"
	sensorCamera  = "camera"
	sensorPlace   = "place"
	sensorPeople  = "people"
)

// readings judges what sensors read, in the order of their times.
func (st *stepping) readings(rs Readings) {
	message := st.in
	if readings.after(&st.state, message.Key) {
		st.state.Read = message.Mark()
	}
	rs = slices.Clone(rs)
	slices.SortStableFunc(rs, func(a, b Reading) int { return a.At.Compare(b.At) })
	for _, r := range rs {
		st.in.At = r.At
		switch {
		case r.Door != nil:
			if st.newest(sensorDoor) {
				st.door(*r.Door)
			}
		case r.MilliC != nil:
			if st.newest(sensorClimate) {
				st.climate(*r.MilliC)
			}
		case r.Mains != nil:
			if st.newest(sensorMains) {
				st.say(PowerLost, signal{word: wordFor(!*r.Mains), lasting: true})
			}
		case r.Camera != nil:
			if st.newest(sensorCamera) {
				st.say(CameraLost, signal{word: wordFor(!*r.Camera), lasting: true})
			}
		case r.People != nil:
			if st.newest(sensorPeople) {
				st.awaited(NoFootfall, *r.People > 0)
			}
		case r.Settled != nil:
			if st.newest(sensorPlace) {
				st.say(CoolerMoved, signal{word: wordFor(!*r.Settled)})
			}
		}
	}
	st.in = message
}

// newest records the sensor's reading and reports whether it is newer than the last one.
func (st *stepping) newest(sensor string) bool {
	if last := st.state.Last[sensor]; !last.IsZero() && !st.in.At.After(last.At) {
		return false
	}
	st.state.Last[sensor] = st.in.Mark()
	return true
}

func (st *stepping) door(open bool) {
	d, opening := &st.state.Door, false
	switch {
	case open && d.Since.IsZero():
		d.Since = st.in.At
		st.opened()
		opening = true
	case !open && !d.Since.IsZero():
		d.Total, d.Since = d.total(st.in.At), time.Time{}
	}
	st.awaited(DoorUnused, opening)
	st.say(DoorAjar, signal{word: wordFor(open), lasting: true})
}

// climate judges a temperature: above the limit is bad, below the limit minus the hysteresis is good, and
// anything between says nothing. The alert waits longer by the time that the door has been open since it was
// last cold enough.
func (st *stepping) climate(milliC int32) {
	rule, ok := st.Rules.For(ColdChain, "", st.in.At)
	if !ok {
		st.say(ColdChain, signal{})
		return
	}
	sig := signal{detail: map[string]string{"temp": fmt.Sprintf("%.1f °C", float64(milliC)/1000),
		"limit": fmt.Sprintf("%.1f °C", float64(rule.LimitMilliC)/1000)}}
	switch {
	case milliC > rule.LimitMilliC:
		sig.word = bad
	case milliC <= rule.LimitMilliC-rule.HysteresisMilliC:
		sig.word = good
	}
	d := &st.state.Door
	switch sig.word {
	case good:
		d.Cold = d.total(st.in.At)
	case bad:
		sig.hold = time.Duration(rule.DoorExplains * float64(d.total(st.in.At)-d.Cold))
	}
	st.say(ColdChain, sig)
}

// heard records a sign of life.
func (st *stepping) heard() {
	if !st.state.Heard.IsZero() && st.in.At.Before(st.state.Heard.At) {
		return
	}
	st.state.Heard, st.state.Gone = st.in.Mark(), Mark{}
	st.presence()
}

// presence judges a device's silence. It is measured from the last sign of life, or from when the broker lost the
// device, but never from before the cloud itself began to listen.
func (st *stepping) presence() {
	if tick, ok := st.in.Fact.(Tick); ok {
		since := st.state.silentSince(tick.Since)
		rule, on := st.Rules.For(CoolerOffline, "", st.in.At)
		if on && (since.IsZero() || st.in.At.Sub(since.At) < rule.Hold) {
			return
		}
		if was := st.state.Trackers[string(CoolerOffline)]; was.FirstBad.IsZero() {
			was.FirstBad, was.LastGood = since, st.state.Heard
			st.state.Trackers[string(CoolerOffline)] = was
		}
		st.say(CoolerOffline, signal{word: bad})
		return
	}
	if _, ok := st.in.Fact.(Heard); ok {
		st.say(CoolerOffline, signal{word: good})
	}
}

// silentSince returns when the silence began, or zero if the device was never heard of.
func (s State) silentSince(listening time.Time) Mark {
	since := s.Heard
	if !s.Gone.IsZero() {
		since = s.Gone
	}
	if !since.IsZero() && since.At.Before(listening) {
		since.At = listening
	}
	return since
}

// lastingTypes are about conditions that hold between readings: an open door stays open until a reading says
// otherwise.
var lastingTypes = [...]Type{CameraLost, DoorAjar, DoorUnused, NoFootfall, PowerLost}

// lasting judges whether what was wrong at the last reading has now been wrong for too long. While the device is away,
// or has sent only old observations, nobody can know, and it says nothing.
func (st *stepping) lasting() {
	if st.state.Behind || !st.state.Gone.IsZero() {
		return
	}
	for _, t := range lastingTypes {
		if tracked := st.state.Trackers[string(t)]; !tracked.FirstBad.IsZero() {
			st.say(t, signal{word: bad, lasting: true})
		}
	}
}

// Due returns the earliest time after now at which a Tick could change something, or zero if only a message
// from the device can. listening is the time since which the cloud has been able to hear the device.
func (m Machine) Due(s State, listening, now time.Time) time.Time {
	var due time.Time
	consider := func(t Type, since Mark) {
		rule, ok := m.Rules.For(t, "", now)
		if open := s.OpenEpisode(t, ""); !ok || since.IsZero() || open != nil && open.Raised {
			return
		}
		at := since.At.Add(rule.Hold)
		if !at.After(now) && rule.Muted {
			at = m.unmuted(t, now)
		}
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	if !s.Behind && s.Gone.IsZero() {
		for _, t := range lastingTypes {
			consider(t, s.Trackers[string(t)].FirstBad)
		}
	}
	consider(CoolerOffline, s.silentSince(listening))
	return due
}

// mutedLook is the longest time until a muted subject is judged again, because its rules may have changed.
const mutedLook = 15 * time.Minute

// unmuted returns the first full minute after now at which a type is not muted, at most mutedLook from now.
func (m Machine) unmuted(t Type, now time.Time) time.Time {
	at := now.Truncate(time.Minute).Add(time.Minute)
	for ; at.Sub(now) < mutedLook; at = at.Add(time.Minute) {
		if rule, ok := m.Rules.For(t, "", at); !ok || !rule.Muted {
			break
		}
	}
	return at
}
