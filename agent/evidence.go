package agent

import (
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// The values of PicturePolicy.Send: when a picture is sent with an observation.
const (
	SendAlways   = "always"
	SendOnChange = "on_change" // a slot's state differs from that in the last picture sent, or that picture is an hour old
	SendNever    = "never"
)

// PicturePolicy says which frames leave the board, and how small.
type PicturePolicy struct {
	Send    string // "": never
	MaxPx   int    // longest edge, in pixels; 0: 960
	Quality int    // of the JPEG, 1 to 100; 0: 80
}

// pictureEvery is how old the last picture may become under SendOnChange.
const pictureEvery = time.Hour

// pictures decides which frames may be kept or sent. It remembers what was sent last, and what the shelf looks
// like when nobody stands in front of it.
type pictures struct {
	states string
	at     time.Time
	usual  usual
	veil   veil
	// held is the very first look. Its picture waits for a second look, which shows whether somebody stood
	// there; nil: none waits.
	held *sight
}

// before fills in what a look shows to be in front of the shelf.
func (p *pictures) before(s *sight, age time.Duration) {
	s.alone = p.veil.fresh(s.frame, s.obs)
	s.stranger = p.usual.step(s.frame, s.obs, age)
	s.cover = p.veil.step(s.frame, s.obs, age)
}

// release returns the held look, judged again in the light of another look; nil if none is held or it must
// still wait.
func (p *pictures) release(s sight, age time.Duration) *sight {
	held := p.held
	if held == nil || s.withhold() != "" || !recognisable(s.obs.Quality.Reason) {
		return nil
	}
	p.held = nil
	var v veil
	v.step(s.frame, s.obs, age)
	if v.fresh(held.frame, held.obs) { // the pictures differ in size
		return nil
	}
	held.cover, held.alone = v.step(held.frame, held.obs, age), false
	return held
}

// keepPictures sends or keeps the picture of a look, and that of a held look that it releases, if nobody can be
// recognised in it.
func (a *Agent) keepPictures(s sight) {
	if first := a.eyes.pictures.release(s, a.sinceStart()); first != nil {
		a.keepPicture(*first)
	}
	if s.alone {
		a.eyes.pictures.held = &s
		return
	}
	a.keepPicture(s)
}

// keepHeld ends the wait of a held look after which no other will come. That only happens with a folder or a
// file, which is somebody's own recording and not a camera in a shop.
func (a *Agent) keepHeld() {
	if held := a.eyes.pictures.held; held != nil {
		a.eyes.pictures.held = nil
		held.alone = false
		a.keepPicture(*held)
	}
}

func (a *Agent) keepPicture(s sight) {
	a.sendEvidence(s)
	if err := a.keepUnknown(s); err != nil {
		a.log.Warn("look with an unknown facing was not kept", "err", err)
	}
}

// sendEvidence sends the frame of an observation if the policy wants it.
func (a *Agent) sendEvidence(s sight) {
	policy, last := a.opts.Picture, &a.eyes.pictures
	states := statesOf(s.obs)
	switch policy.Send {
	case SendAlways:
	case SendOnChange:
		if states == last.states && time.Since(last.at) < pictureEvery {
			return
		}
	default:
		return
	}
	if s.withhold() != "" {
		return
	}
	if err := a.sendPicture(s, wire.PurposeEvidence); err != nil {
		a.log.Warn("picture was not stored", "err", err)
		return
	}
	last.states, last.at = states, time.Now()
}

// Withhold returns why a picture must not leave the board, or "" if it may. The reason is that somebody or
// something is in front of the shelf, so the picture may show a face.
func Withhold(obs *shelf.Observation) string {
	if obs.Quality.Reason == shelf.Blocked {
		return "somebody stands before the shelf"
	}
	for _, b := range obs.Quality.Blind {
		if b.Reason == shelf.Blocked {
			return "somebody reaches into the picture"
		}
	}
	return ""
}

// withhold returns why the picture of this look must not leave the board, or "" if it may. Unlike Withhold, it
// also knows what differs from earlier looks.
func (s sight) withhold() string {
	switch {
	case s.alone:
		return "it is the first look, and nothing tells who stands in it"
	case s.stranger, s.cover.share() > mostVeiled:
		return "something large stands before the shelf"
	}
	return Withhold(s.obs)
}

func (a *Agent) sendPicture(s sight, purpose string) error {
	small, jpeg, err := shrink(s.cover.blur(s.frame), a.opts.Picture)
	if err != nil {
		return err
	}
	_, err = a.append(outbox.Picture, s.when, &wire.Picture{
		ObservationSeq: s.key.Seq, JPEG: jpeg, Width: small.Width, Height: small.Height, Purpose: purpose,
	})
	return err
}

func shrink(f vision.Frame, p PicturePolicy) (vision.Frame, []byte, error) {
	if p.MaxPx == 0 {
		p.MaxPx = 960
	}
	if p.Quality == 0 {
		p.Quality = 80
	}
	small := picture.Fit(f, p.MaxPx)
	jpeg, err := picture.JPEG(small, p.Quality)
	return small, jpeg, err
}

// statesOf returns the slots' states as one text, for comparison.
func statesOf(obs *shelf.Observation) string {
	states := make([]byte, len(obs.Slots))
	for i, s := range obs.Slots {
		states[i] = '0' + byte(s.State)
	}
	return string(states) + obs.Quality.Reason.String()
}
