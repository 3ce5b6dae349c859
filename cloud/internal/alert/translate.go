package alert

import (
	"cmp"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// futureLimit is how far a board's clock may be ahead of ours before its times are not believed.
const futureLimit = 2 * time.Minute

// inputs translates a message that arrived at now into what the machine judges. If the board's clock cannot be
// trusted, the time of arrival is used: the order of its messages is certain, their date is not.
func inputs(env *wire.Envelope, now time.Time, lateAfter time.Duration) []Input {
	key := Key{env.Boot, env.Seq}
	alive := Input{Key: key, At: now, Fact: Heard{}}
	at := env.CapturedAt
	if env.ClockDoubtful() || at.Sub(now) > futureLimit {
		at = now
	}
	said := Input{Key: key, At: at, Late: now.Sub(at) > lateAfter}
	// No reading is later than its message: one with a date in the future would count as the newest until then.
	shift := func(t time.Time) time.Time {
		if t = t.Add(at.Sub(env.CapturedAt)); t.After(at) {
			return at
		}
		return t
	}

	switch body := env.Body.(type) {
	case *wire.Status:
		if !body.Online {
			alive.Fact = Gone{}
		}
	case *wire.Observation:
		said.Fact = look(body)
	case *wire.Telemetry:
		if rs := readingsOf(body, shift); len(rs) > 0 {
			said.Fact = rs
		}
	case *wire.Event:
		if r, ok := event(body, shift); ok {
			said.Fact = Readings{r}
		}
	}
	if said.Fact == nil {
		return []Input{alive}
	}
	return []Input{alive, said}
}

func look(o *wire.Observation) Look {
	l := Look{Planogram: PlanogramRef{o.PlanogramID, o.PlanogramVersion}, Model: o.Model, Whole: o.Quality.Reason, Width: o.Width, Height: o.Height}
	l.Slots = slices.Grow(l.Slots, len(o.Slots))
	for _, s := range o.Slots {
		l.Slots = append(l.Slots, Slot{ID: s.SlotID, GTIN: s.GTIN, State: s.State, Reason: s.Reason, Due: s.Due, Present: s.Present, Box: s.Box})
	}
	return l
}

func readingsOf(t *wire.Telemetry, shift func(time.Time) time.Time) (rs Readings) {
	for _, d := range t.Doors {
		rs = append(rs, Reading{At: shift(d.At), Door: &d.Open})
	}
	for _, p := range t.Power {
		rs = append(rs, Reading{At: shift(p.At), Mains: &p.Mains})
	}
	people := map[time.Time]int{} // over all counting lines
	for _, f := range t.Footfall {
		people[shift(f.To)] += f.In + f.Out + f.Passing
	}
	for at, n := range people {
		rs = append(rs, Reading{At: at, People: &n})
	}
	// If a cooler has several thermometers, the warmest reading of one moment counts.
	climate := slices.Clone(t.Climate)
	slices.SortFunc(climate, func(a, b telemetry.Climate) int {
		return cmp.Or(a.At.Compare(b.At), -cmp.Compare(a.Temp, b.Temp))
	})
	for _, c := range climate {
		milli := int32(c.Temp)
		rs = append(rs, Reading{At: shift(c.At), MilliC: &milli})
	}
	return rs
}

func event(e *wire.Event, shift func(time.Time) time.Time) (Reading, bool) {
	yes, no := true, false
	r := Reading{At: shift(e.At)}
	switch e.Type {
	case wire.EventDoorOpen:
		r.Door = &yes
	case wire.EventDoorClose:
		r.Door = &no
	case wire.EventCameraLost:
		r.Camera = &no
	case wire.EventCameraBack:
		r.Camera = &yes
	case wire.EventMoved:
		r.Settled = &no
	case wire.EventSettled:
		r.Settled = &yes
	default:
		return Reading{}, false
	}
	return r, true
}
