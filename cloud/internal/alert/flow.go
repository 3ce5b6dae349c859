package alert

import (
	"strconv"
	"time"
)

// doorHour counts how often the door was opened in an hour of the clock.
type doorHour struct {
	Hour  time.Time `json:"h,omitzero"`
	Opens int       `json:"n,omitempty"`
}

// opened counts one opening. More openings in an hour than the rule allows are bad. An hour within the limit is
// good, which is only known once it is over.
func (st *stepping) opened() {
	rule, ok := st.Rules.For(DoorBusy, "", st.in.At)
	if !ok {
		st.say(DoorBusy, signal{})
		return
	}
	h := &st.state.Opens
	if hour := st.in.At.Truncate(time.Hour); hour.After(h.Hour) {
		if !h.Hour.IsZero() && (h.Opens <= rule.Openings || hour.Sub(h.Hour) > time.Hour) {
			st.say(DoorBusy, signal{word: good})
		}
		*h = doorHour{Hour: hour}
	}
	if h.Opens++; h.Opens > rule.Openings {
		st.say(DoorBusy, signal{word: bad, detail: map[string]string{"openings": strconv.Itoa(h.Opens), "limit": strconv.Itoa(rule.Openings)}})
	}
}

// awaited judges something that should happen again and again: whenever it does, that is good, and the rule's
// Hold starts again.
func (st *stepping) awaited(t Type, happened bool) {
	if happened {
		st.say(t, signal{word: good, lasting: true})
	}
	st.say(t, signal{word: bad, lasting: true})
}
