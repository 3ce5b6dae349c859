package alert

import "slices"

// Restate judges a stretch of looks or of readings again after one came out of order. base is the state before
// the first of inputs; inputs are all known inputs of that kind since then, in the order of their keys. known
// are the episodes about them that a reader was told of and that were not over at base: open ones, and those
// that have ended since. It returns the state after the last input, and the transitions that bring a reader of
// the known episodes up to date. An episode keeps its identity when its bounds move.
//
// Whatever the inputs do not concern (for looks: doors, power, presence) is taken from now, the state that the
// device is in. passing, unless nil, is called with the state after each input: a later Restate may use it as
// its base.
func (m Machine) Restate(base State, inputs []Input, known []Episode, now State, passing func(Input, State)) (State, []Transition) {
	state, of := base, partOf(inputs[0].Fact)
	var found []Episode
	for _, in := range inputs {
		var out []Transition
		state, out = m.Step(state, in)
		if passing != nil {
			passing(in, state)
		}
		for _, t := range out {
			if t.Episode.Over() {
				found = append(found, t.Episode)
			}
		}
	}
	state = of.of(state, now)
	state.Behind = now.Behind
	m.stillLasting(state, known)
	last := inputs[len(inputs)-1]

	r := restating{told: slices.Clone(known), named: slices.Clone(known), at: last}
	// An episode that lasts is matched first, preferably with one that was known to last, because that is what
	// a reader has on the screen.
	var open []Transition
	for _, id := range sortedKeys(state.Trackers) {
		t := state.Trackers[id]
		if t.Open == nil || !of.about(t.Open.Type) {
			continue
		}
		e, tr := r.lasts(*t.Open)
		t.Open = &e
		state.Trackers[id] = t
		open = append(open, tr...)
	}
	for _, e := range found {
		r.over(e)
	}
	r.retract()
	return state, append(r.out, open...)
}

// stillLasting reopens what time alone had made an alert, such as a door that was open for too long, if it had
// lasted long enough by then: a stretch of readings does not contain the ticks between them.
func (m Machine) stillLasting(state State, known []Episode) {
	for _, e := range known {
		t := state.Trackers[string(e.Type)]
		if e.Over() || !slices.Contains(lastingTypes[:], e.Type) || t.Open != nil || t.FirstBad.IsZero() {
			continue
		}
		rule, ok := m.Rules.For(e.Type, "", e.Opened.At)
		if ok && e.Opened.At.Sub(t.FirstBad.At) >= rule.Hold {
			state.Trackers[string(e.Type)] = t.open(e.Type, rule, signal{lasting: true}, Input{Key: e.Opened.Key, At: e.Opened.At})
		}
	}
}

// restating is a Restate in progress.
type restating struct {
	told  []Episode // known episodes that have not been matched yet
	named []Episode // episodes whose names are taken
	at    Input
	out   []Transition
}

func (r *restating) say(kind Kind, late bool, e Episode) Transition {
	return Transition{Kind: kind, At: r.at.At, Late: late, Episode: e}
}

// take finds the known episode that e is, and removes it from those told. An episode that lasts and about which
// nobody was called can only be one that lasted. A retracted episode is taken only if there is no other,
// because its bounds were never true.
func (r *restating) take(e Episode) (Episode, bool) {
	unraised := !e.Over() && !e.Raised
	is := func(k Episode) bool {
		return k.Type == e.Type && k.Slot == e.Slot && k.GTIN == e.GTIN && k.overlaps(e) && (k.Raised || !unraised)
	}
	stands := func(k Episode) bool { return is(k) && k.Resolution != ResolvedRetracted }
	i := slices.IndexFunc(r.told, func(k Episode) bool { return stands(k) && k.Over() == e.Over() })
	if i < 0 {
		i = slices.IndexFunc(r.told, stands)
	}
	if i < 0 {
		i = slices.IndexFunc(r.told, is)
	}
	if i < 0 {
		return Episode{}, false
	}
	k := r.told[i]
	r.told = slices.Delete(r.told, i, i+1)
	return k, true
}

// name gives different names to the episodes that one observation has opened over time, each restated since.
func (r *restating) name(e Episode) Episode {
	for slices.ContainsFunc(r.named, e.same) {
		e.Nth++
	}
	r.named = append(r.named, e)
	return e
}

// over handles an episode that has ended.
func (r *restating) over(e Episode) {
	k, ok := r.take(e)
	switch {
	case !ok:
		e.Raised = false
		r.out = append(r.out, r.say(Restated, true, r.name(e)))
	case e.sameFacts(k):
	case !k.Over() && k.Raised:
		r.out = append(r.out, r.say(Resolved, true, e.identified(k)))
	default:
		r.out = append(r.out, r.say(Restated, true, e.identified(k)))
	}
}

// lasts handles an episode that goes on. If nobody was told about it while it lasted, a record of it as over is
// left to be retracted: in order, late looks say nothing about what has not ended.
func (r *restating) lasts(e Episode) (Episode, []Transition) {
	k, ok := r.take(e)
	switch {
	case !ok:
		if e = r.name(e); e.Raised {
			return e, []Transition{r.say(Opened, false, e)}
		}
		return e, nil
	case e.Raised && (k.Over() || !k.Raised): // readers were told that it is over, and still believe so
		e = e.identified(k)
		return e, []Transition{r.say(Opened, false, e)}
	case !k.Over() && e.sameFacts(k):
		return e.identified(k), nil
	}
	e = e.identified(k)
	return e, []Transition{r.say(Restated, true, e)}
}

// retract takes back episodes of which readers were told and that never happened.
func (r *restating) retract() {
	for _, k := range r.told {
		if k.Resolution != ResolvedRetracted {
			k.End, k.Closed, k.Resolution = r.at.Mark(), r.at.Mark(), ResolvedRetracted
			r.out = append(r.out, r.say(Restated, true, k))
		}
	}
}

// identified returns e with the identity of the episode as which readers know it. That they were told remains
// true, and its severity stays as they know it until the next look grades it.
func (e Episode) identified(k Episode) Episode {
	e.Origin, e.Nth = k.Origin, k.Nth
	e.Severity, e.Was, e.Loss, e.Graded = k.Severity, k.Was, k.Loss, k.Graded
	e.Raised = k.Raised || e.Raised && !e.Over()
	return e
}
