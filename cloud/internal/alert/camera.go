package alert

import "github.com/coldshelf/coldshelf/models/shelf"

// blindShare is the share of the slots that must be unknown for the same optical reason for the camera itself
// to be at fault. A hand before one shelf is not a blocked camera.
const blindShare = 0.8

// camera judges the camera by a look. It says bad about the fault that the look shows, nothing about other
// faults (a fogged lens does not prove that nobody has turned the camera), and good about all of them if the
// look saw something.
func (st *stepping) camera(l Look) {
	reason := l.blindness()
	for _, t := range [...]Type{CameraBlocked, CameraFogged, CameraShifted, CameraImpaired} {
		sig := signal{planogram: l.Planogram, model: l.Model}
		switch {
		case reason == shelf.NoReason && l.saw():
			sig.word = good
		case cameraFault(reason) == t:
			sig.word = bad
			sig.detail = map[string]string{"reason": reason.String()}
		}
		st.say(t, sig)
	}
}

// cameraFault returns the type of alert for a reason, or "" if the reason is not a fault of the camera.
func cameraFault(r shelf.Reason) Type {
	switch r {
	case shelf.Blocked:
		return CameraBlocked
	case shelf.Fog:
		return CameraFogged
	case shelf.Shifted:
		return CameraShifted
	case shelf.Dark, shelf.Overexposed, shelf.Glare, shelf.Blurred, shelf.Frozen:
		return CameraImpaired
	}
	return ""
}

// blindness returns the reason why the look as a whole shows nothing, or NoReason if it shows something.
func (l Look) blindness() shelf.Reason {
	if l.Whole != shelf.NoReason {
		return l.Whole
	}
	count := map[shelf.Reason]int{}
	for _, s := range l.Slots {
		if s.State == shelf.Unknown && cameraFault(s.Reason) != "" {
			count[s.Reason]++
		}
	}
	for reason, n := range count {
		if float64(n) >= blindShare*float64(len(l.Slots)) {
			return reason
		}
	}
	return shelf.NoReason
}

// saw reports whether at least one slot could be judged: a look that judged nothing proves nothing about the
// camera. A cooler without a planogram has no slots; its picture counts as seen.
func (l Look) saw() bool {
	for _, s := range l.Slots {
		if s.State != shelf.Unknown {
			return true
		}
	}
	return len(l.Slots) == 0
}
