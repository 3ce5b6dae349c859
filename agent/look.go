package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision"
)

// eyes holds the camera and the pipeline, with what is remembered from look to look. Only one look uses it at a
// time.
type eyes struct {
	mu       sync.Mutex
	camera   Camera
	pipeline Pipeline
	lost     bool
	looked   bool // since the start
	judged   bool // the last look was judged
	pictures pictures
	// unknownAt is when a look with an unknown facing was last kept; see keepUnknown.
	unknownAt time.Time
	told      string // summary of the look that was logged last
	waiting   waiting
	since     atomic.Int64 // the agent's age when the look in progress began; 0: none is in progress
}

// maxLook is how long a look may take before the agent stops calling itself alive: the camera's own time, plus
// three times what the slowest board needs for the largest picture.
const maxLook = captureTimeout + 3*time.Minute

// hung reports whether a look has been going on for too long.
func (a *Agent) hung() bool {
	since := time.Duration(a.eyes.since.Load())
	return since != 0 && a.sinceStart()-since > maxLook
}

// sight is the result of one look.
type sight struct {
	frame vision.Frame
	obs   *shelf.Observation
	key   outbox.Key
	when  stamp
	err   error
	// stranger says that something large is in front of the shelf that was not there before; see usual.
	stranger bool
	cover    cover // the part of the frame that is blurred before it is kept or sent; see veil
	alone    bool  // there is no earlier look that could tell whether somebody stands there
}

// waiting holds those who asked for a look and wait for its result.
type waiting struct {
	mu   sync.Mutex
	list []chan<- sight
}

func (w *waiting) add(c chan<- sight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, c)
}

func (w *waiting) take() []chan<- sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.list
	w.list = nil
	return list
}

// look takes one frame from the camera to the outbox. The schedule calls it, never twice at once.
func (a *Agent) look(ctx context.Context, cause schedule.Cause) {
	asked := a.eyes.waiting.take()
	a.eyes.mu.Lock()
	a.eyes.since.Store(int64(a.sinceStart()))
	s := a.see(ctx)
	a.eyes.since.Store(0)
	if ctx.Err() == nil {
		a.eyes.looked, a.eyes.judged = true, s.obs != nil
	}
	changed := s.err == nil && a.eyes.changed(s.obs)
	a.eyes.mu.Unlock()
	switch {
	case changed:
		a.log.Info("looked", "cause", string(cause), "saw", saw(s.obs))
	case s.err == nil:
		a.log.Debug("looked", "cause", string(cause), "facings", len(s.obs.Facings), "quality", s.obs.Quality.Reason.String(), "goroutines", runtime.NumGoroutine())
	case ctx.Err() == nil && !errors.Is(s.err, io.EOF):
		a.log.Warn("look failed", "cause", string(cause), "err", s.err)
	}
	for _, c := range asked {
		c <- s
	}
	if a.idleAfterLook() {
		debug.FreeOSMemory()
	}
}

// changed reports whether a look saw something different from the one before it, so that the log has a line for
// the first look and for each change.
func (e *eyes) changed(obs *shelf.Observation) bool {
	now := saw(obs)
	changed := now != e.told
	e.told = now
	return changed
}

// saw sums an observation up in a few words, for the log.
func saw(obs *shelf.Observation) string {
	if obs.Quality.Reason != shelf.NoReason {
		return "nothing, the picture is " + obs.Quality.Reason.String()
	}
	unknown := 0
	for _, f := range obs.Facings {
		if f.GTIN == "" {
			unknown++
		}
	}
	words := fmt.Sprintf("facings: %d, without a name: %d", len(obs.Facings), unknown)
	if len(obs.Slots) == 0 {
		return words
	}
	count := map[shelf.State]int{}
	for _, s := range obs.Slots {
		count[s.State]++
	}
	for _, state := range slices.Sorted(maps.Keys(count)) {
		words += fmt.Sprintf(", slots %s: %d", state, count[state])
	}
	return words
}

// idleLook is how long the pause between looks must be for a look's memory to be returned to the system: a
// frame with its copies takes a tenth of a small board's memory.
const idleLook = 20 * time.Second

func (a *Agent) idleAfterLook() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.opts.Plan.Every == 0 || a.opts.Plan.Every >= idleLook
}

// lookNow asks the schedule for a look and waits for it, so that looks never overlap.
func (a *Agent) lookNow(ctx context.Context) (sight, error) {
	c := make(chan sight, 1)
	a.eyes.waiting.add(c)
	a.runner.Ask()
	select {
	case s := <-c:
		return s, s.err
	case <-ctx.Done():
		return sight{}, ctx.Err()
	}
}

// errLook marks a look whose picture could not be judged at all.
var errLook = errors.New("look")

// see captures a frame, makes an observation of it and puts that into the outbox.
func (a *Agent) see(ctx context.Context) sight {
	if a.eyes.camera == nil {
		return sight{err: errors.New("no camera")}
	}
	captureCtx, cancel := context.WithTimeout(ctx, captureTimeout)
	frame, err := a.eyes.camera.Capture(captureCtx)
	cancel()
	a.cameraState(ctx, err)
	if err != nil {
		return sight{err: fmt.Errorf("capture: %w", err)}
	}
	when := a.stamp()
	frame.CapturedAt = when.at
	if a.eyes.pipeline == nil {
		return sight{frame: frame, err: errors.New("no pipeline")}
	}
	obs, err := a.eyes.pipeline.Look(ctx, frame)
	if err != nil {
		if ctx.Err() == nil {
			a.reasons.set("vision", "vision: "+err.Error())
		}
		return sight{frame: frame, err: fmt.Errorf("%w: %w", errLook, err)}
	}
	a.reasons.clear("vision")
	obs.CapturedAt = when.at
	key, err := a.append(outbox.Observation, when, &wire.Observation{Observation: *obs})
	if err != nil {
		a.reasons.set("outbox", "outbox: "+err.Error())
		return sight{frame: frame, obs: obs, err: err}
	}
	a.reasons.clear("outbox")
	s := sight{frame: frame, obs: obs, key: key, when: when}
	a.eyes.pictures.before(&s, a.sinceStart())
	a.keepPictures(s)
	return s
}

// cameraState sends an event at the camera's first failure, and another at the first success after it.
func (a *Agent) cameraState(ctx context.Context, err error) {
	switch {
	case errors.Is(err, io.EOF):
		a.endOnce.Do(func() {
			a.log.Info("camera has ended", "err", err)
			a.keepHeld()
			close(a.ended)
		})
		a.reasons.set("camera", "camera has ended")
	case ctx.Err() != nil:
	case err != nil:
		a.reasons.set("camera", "camera: "+err.Error())
		if !a.eyes.lost {
			a.eyes.lost = true
			a.event(&wire.Event{Type: wire.EventCameraLost, Detail: map[string]string{"error": cut(err.Error(), 1000)}})
		}
	default:
		a.reasons.clear("camera")
		if a.eyes.lost {
			a.eyes.lost = false
			a.event(&wire.Event{Type: wire.EventCameraBack})
		}
	}
}

// event puts an event that has just happened into the outbox.
func (a *Agent) event(e *wire.Event) {
	when := a.stamp()
	e.At = when.at
	if _, err := a.append(outbox.Alert, when, e); err != nil {
		a.log.Error("event was not stored", "type", e.Type, "err", err)
	}
}

// sinceStart returns the agent's age.
func (a *Agent) sinceStart() time.Duration { return time.Since(a.started) }
