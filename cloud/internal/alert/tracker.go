package alert

import (
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// word is what one input says about one subject: bad, good or nothing.
type word uint8

const (
	silent word = iota // nothing: neither for nor against
	good
	bad
)

// signal is a word, with what must be known to open an alert because of it.
type signal struct {
	word      word
	slot      string
	gtin      shelf.GTIN
	planogram PlanogramRef
	model     string
	detail    map[string]string
	hold      time.Duration // added to that of the rule
	lasting   bool          // the condition holds between inputs, as an open door does
	loss      func() *Loss  // what it loses per hour; nil: nothing that is known
}

// Flap damping: a subject that has closed flapCount times within flapWindow needs flapExtra more bad
// observations to open again, so that a slot that is emptied and filled all day, or a reading at its limit,
// does not call people each time.
const (
	flapCount  = 3
	flapExtra  = 2
	flapWindow = 2 * time.Hour
)

// tracker is the state of one subject under one type of alert. The zero value is a subject about which nothing
// is known.
type tracker struct {
	GTIN      shelf.GTIN  `json:"g,omitempty"`
	Window    string      `json:"w,omitempty"` // the last judged words since it last closed, oldest first: b, g
	LastGood  Mark        `json:"lg,omitzero"`
	FirstBad  Mark        `json:"fb,omitzero"` // since LastGood
	LastBad   Mark        `json:"lb,omitzero"`
	FirstGood Mark        `json:"fg,omitzero"` // of the run of good ones that may close it
	Goods     int         `json:"n,omitempty"` // length of that run
	Open      *Episode    `json:"o,omitempty"`
	Closed    []time.Time `json:"c,omitempty"` // times of the last flapCount closings
}

// idle reports whether the tracker contains nothing that a new one would not.
func (t tracker) idle() bool {
	return t.Open == nil && !strings.Contains(t.Window, "b") && len(t.Closed) == 0
}

// step processes one word and returns the transitions, at most an opening and a closing.
func (t tracker) step(typ Type, rule Rule, sig signal, in Input) (tracker, []Transition) {
	t.GTIN = sig.gtin
	switch sig.word {
	case bad:
		return t.bad(typ, rule, sig, in)
	case good:
		return t.good(typ, rule, sig, in)
	}
	return t, nil
}

func (t tracker) bad(typ Type, rule Rule, sig signal, in Input) (tracker, []Transition) {
	t.Goods, t.FirstGood = 0, Mark{}
	t.LastBad = in.Mark()
	if t.FirstBad.IsZero() {
		t.FirstBad = in.Mark()
	}
	if t.Open != nil {
		return t.raise(rule, sig, in)
	}
	need, of := t.quorum(rule, in.At)
	t.Window = push(t.Window, 'b', of)
	if strings.Count(t.Window, "b") < need || in.At.Sub(t.FirstBad.At) < rule.Hold+sig.hold {
		return t, nil
	}
	t = t.open(typ, rule, sig, in)
	return t.raise(rule, sig, in)
}

// open begins an episode that nobody has been told of yet.
func (t tracker) open(typ Type, rule Rule, sig signal, in Input) tracker {
	t.Open = &Episode{
		Type: typ, Slot: sig.slot, GTIN: sig.gtin,
		Origin: in.Mark(), Opened: in.Mark(), LastGood: t.LastGood, FirstBad: t.FirstBad, LastBad: t.LastBad,
		Planogram: sig.planogram, Model: sig.model, Detail: sig.detail,
		Flapping: t.flapping(in.At),
	}
	var l *Loss
	if sig.loss != nil {
		l = sig.loss()
	}
	t.Open.grade(rule, l, in.At)
	return t
}

// raise makes an open episode known once an input is about the present, and from then on each change of its
// severity.
func (t tracker) raise(rule Rule, sig signal, in Input) (tracker, []Transition) {
	e := *t.Open
	e.LastBad = t.LastBad
	t.Open = &e
	switch {
	case in.Late:
		return t, nil
	case e.Raised && e.regrade(rule, sig.loss, in.At):
		return t, []Transition{{Kind: Regraded, At: in.At, Episode: e}}
	case e.Raised:
		return t, nil
	}
	e.Raised = true
	return t, []Transition{{Kind: Opened, At: in.At, Episode: e}}
}

func (t tracker) good(typ Type, rule Rule, sig signal, in Input) (tracker, []Transition) {
	// A lasting condition that nobody could ask about while it lasted, because the board was away, existed all
	// the same. Now that it is over it is recorded as history.
	if t.Open == nil && sig.lasting && !t.FirstBad.IsZero() {
		if in.At.Sub(t.FirstBad.At) >= rule.Hold+sig.hold {
			t = t.open(typ, rule, sig, in)
		}
	}
	if t.Open == nil {
		_, of := t.quorum(rule, in.At)
		t.Window = push(t.Window, 'g', of)
		t.LastGood, t.FirstBad = in.Mark(), Mark{}
		return t, nil
	}
	if sig.lasting {
		t.LastBad = in.Mark() // it was so until this very moment
	}
	if t.Goods++; t.Goods == 1 {
		t.FirstGood = in.Mark()
	}
	if t.Goods < rule.Good {
		return t, nil
	}
	return t.close(t.FirstGood, ResolvedSeen, in)
}

// close ends the open episode. One that was never made known becomes a record of the past.
func (t tracker) close(end Mark, why Resolution, in Input) (tracker, []Transition) {
	e := *t.Open
	e.LastBad, e.End, e.Closed, e.Resolution = t.LastBad, end, in.Mark(), why
	kind := Resolved
	if !e.Raised {
		kind = Restated
	}
	fresh := tracker{GTIN: t.GTIN, LastGood: in.Mark(), Closed: t.closings(in.At)}
	if why != ResolvedSeen {
		fresh.LastGood = Mark{}
	} else {
		fresh.Closed = append(fresh.Closed, in.At)
	}
	return fresh, []Transition{{Kind: kind, At: in.At, Late: in.Late, Episode: e}}
}

// closings returns those that still count as flapping at the given time.
func (t tracker) closings(at time.Time) (recent []time.Time) {
	for _, c := range t.Closed {
		if at.Sub(c) < flapWindow {
			recent = append(recent, c)
		}
	}
	return recent[max(0, len(recent)-flapCount+1):]
}

func (t tracker) flapping(at time.Time) bool {
	n := 0
	for _, c := range t.Closed {
		if at.Sub(c) < flapWindow {
			n++
		}
	}
	return n >= flapCount
}

func (t tracker) quorum(rule Rule, at time.Time) (need, of int) {
	if t.flapping(at) {
		return rule.Bad + flapExtra, rule.Of + flapExtra
	}
	return rule.Bad, rule.Of
}

func push(window string, w byte, of int) string {
	window += string(w)
	return window[max(0, len(window)-of):]
}
