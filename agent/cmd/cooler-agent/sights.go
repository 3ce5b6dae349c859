package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/agent/internal/update"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

// sights builds views, and shares the networks between views that need the same ones: a new planogram does not
// load any.
type sights struct {
	opts    sightOptions
	runtime string

	mu   sync.Mutex
	held []*heldSight
}

type heldSight struct {
	*sight
	views int
}

func newSights(o sightOptions) *sights { return &sights{opts: o} }

// first builds the view with which the board starts: from the bundles in force or, if one cannot be used, from
// the one before it, and in the end from what the configuration names. Of networks and gallery, only the one
// that is at fault is taken back, and both only if neither is enough.
func (s *sights) first(ctx context.Context, opts *agent.Options) (*agent.View, error) {
	for {
		sent := s.sent(opts.Updates)
		opts.Setting = sent.setting(opts.Setting)
		view, err := s.view(ctx, opts.Setting)
		if err == nil || len(sent) == 0 || ctx.Err() != nil {
			return view, err
		}
		back := sent.kinds()
		if len(sent) > 1 {
			for _, kind := range []string{bundle.Gallery, bundle.Model} { // a gallery is tried first, because it is tried faster than networks
				set := sent.with(kind).setting(opts.Setting)
				if other, fault := s.view(ctx, set); fault == nil {
					view, back, opts.Setting = other, []string{kind}, set
					break
				}
			}
		}
		s.opts.Log.Error("what was sent cannot be used, going back", "kinds", back, "err", err)
		opts.Degraded = append(opts.Degraded, "went back from what was sent: "+err.Error())
		for _, kind := range back {
			if _, err := opts.Updates.FallBack(kind); err != nil {
				return nil, fmt.Errorf("go back from a bundle: %w", err)
			}
		}
		if view != nil {
			return view, nil
		}
	}
}

// sentParts holds the networks and the gallery that were sent, by kind. A kind that was not sent is missing.
type sentParts map[string]sentPart

// sentPart is where a bundle is unpacked, and where the one before it is; "" for the board's own.
type sentPart struct{ now, before string }

func (s *sights) sent(store *update.Store) sentParts {
	parts := sentParts{}
	for _, kind := range []string{bundle.Model, bundle.Gallery} {
		in, err := store.Current(kind)
		if err != nil {
			s.opts.Log.Error("bundle in force is unknown", "kind", kind, "err", err)
			parts[kind] = sentPart{}
		}
		if in == nil {
			continue
		}
		part := sentPart{now: in.Path()}
		if before, err := store.Before(kind); err == nil && before != nil {
			part.before = before.Path()
		}
		parts[kind] = part
	}
	return parts
}

func (p sentParts) kinds() []string { return slices.Sorted(maps.Keys(p)) }

// with returns the same parts with one kind taken back.
func (p sentParts) with(kind string) sentParts {
	out := maps.Clone(p)
	out[kind] = sentPart{now: p[kind].before}
	return out
}

// setting returns a setting with the parts that were sent.
func (p sentParts) setting(set agent.Setting) agent.Setting {
	set.Weights, set.Gallery = p[bundle.Model].now, p[bundle.Gallery].now
	return set
}

// view builds a view for a setting; it is the agent's Rebuild.
func (s *sights) view(ctx context.Context, set agent.Setting) (*agent.View, error) {
	h, err := s.take(ctx, set)
	if err != nil {
		return nil, err
	}
	p, err := h.Pipeline(set.Planogram)
	if err != nil {
		return nil, errors.Join(err, s.release(h))
	}
	v := &agent.View{Pipeline: p, Model: p.Model(), Close: func() error { return s.release(h) }}
	if h.Recogniser != nil {
		v.Gallery = galleryWords(h.Recogniser.Gallery())
	}
	return v, nil
}

// gallery returns the gallery of the only view; nil if there is none.
func (s *sights) gallery() *gallery.Gallery {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) == 0 || s.held[0].Recogniser == nil {
		return nil
	}
	return s.held[0].Recogniser.Gallery()
}

// take returns the sight for a setting, opened now or earlier.
func (s *sights) take(ctx context.Context, set agent.Setting) (*heldSight, error) {
	o := s.opts
	if set.Weights != "" {
		o.Weights = set.Weights
	}
	if set.Gallery != "" {
		o.Gallery = set.Gallery
	}
	o.Thresholds = set.Thresholds
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.held {
		if h.opts.same(o) {
			h.views++
			return h, nil
		}
	}
	opened, err := openSight(ctx, o)
	if err != nil {
		return nil, err
	}
	if set.Weights != "" || len(set.Thresholds) > 0 {
		if err := eyeTest(ctx, opened.Detector); err != nil {
			return nil, errors.Join(err, opened.Close())
		}
	}
	h := &heldSight{opened, 1}
	s.held, s.runtime = append(s.held, h), opened.Runtime
	return h, nil
}

// release closes a sight that no view needs any more.
func (s *sights) release(h *heldSight) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.views--
	if h.views > 0 {
		return nil
	}
	s.held = slices.DeleteFunc(s.held, func(other *heldSight) bool { return other == h })
	return h.Close()
}

// Close closes the sights that are still held.
func (s *sights) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, h := range s.held {
		errs = append(errs, h.Close())
	}
	s.held = nil
	return errors.Join(errs...)
}

// updateRoot reads the root of trust for bundles; nil if no bundles are trusted.
func updateRoot(cfg *config.Config) ([]byte, error) {
	if cfg.Updates.Root == "" {
		return nil, nil
	}
	data, err := readSmall(cfg.Updates.Root, 1<<20)
	if err != nil {
		return nil, withHint(fmt.Errorf("updates.root: %w", err), "copy the 1.root.json of `cooler-agent bundle init` to the board")
	}
	return data, nil
}

func updateConfig(cfg *config.Config, root []byte, ticks *clock.Clock, log *slog.Logger) update.Config {
	c := update.Config{Dir: filepath.Join(cfg.DataDir, "updates"), Root: root, Running: version, Log: log}
	if ticks != nil {
		c.Now = knownTime(ticks)
	}
	return c
}
