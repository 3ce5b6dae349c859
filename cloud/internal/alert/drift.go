package alert

import (
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// drift judges the planogram as a whole by a look: it is bad if too large a share of the judged slots holds
// something else, and good again at half of that share. A look that judged fewer than half of the slots says
// nothing.
func (st *stepping) drift(l Look) {
	judged, wrong := 0, 0
	for _, s := range l.Slots {
		switch s.State {
		case shelf.Unknown:
			continue
		case shelf.Misplaced, shelf.Foreign:
			wrong++
		}
		judged++
	}
	rule, ok := st.Rules.For(PlanogramDrift, "", st.in.At)
	if !ok || judged == 0 || 2*judged < len(l.Slots) {
		st.say(PlanogramDrift, signal{})
		return
	}
	share := float64(wrong) / float64(judged)
	sig := signal{planogram: l.Planogram, model: l.Model, detail: map[string]string{"slots_judged": fmt.Sprint(judged), "slots_wrong": fmt.Sprint(wrong)}}
	switch {
	case share > rule.Share:
		sig.word = bad
	case share <= rule.Share/2:
		sig.word = good
	}
	st.say(PlanogramDrift, sig)
}
