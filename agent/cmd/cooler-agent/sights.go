package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// sights builds what looks, and shares the networks between views that need the same: another planogram
// loads none.
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

// first builds the view that the board begins with: of the bundles in force, or, where one cannot be used,
// of those before, in the end of what the configuration names.
func (s *sights) first(ctx context.Context, opts *agent.Options) (*agent.View, error) {
	for {
		var used []string
		for kind, to := range map[string]*string{bundle.Model: &opts.Setting.Weights, bundle.Gallery: &opts.Setting.Gallery} {
			*to = ""
			in, err := opts.Updates.Current(kind)
			if err != nil {
				s.opts.Log.Error("bundle in force is unknown", "kind", kind, "err", err)
				used = append(used, kind)
			}
			if in != nil {
				*to = in.Path()
				used = append(used, kind)
			}
		}
		view, err := s.view(ctx, opts.Setting)
		if err == nil || len(used) == 0 || ctx.Err() != nil {
			return view, err
		}
		s.opts.Log.Error("what was sent cannot be used, going back", "kinds", used, "err", err)
		opts.Degraded = append(opts.Degraded, "went back from what was sent: "+err.Error())
		for _, kind := range used {
			if _, err := opts.Updates.FallBack(kind); err != nil {
				return nil, fmt.Errorf("go back from a bundle: %w", err)
			}
		}
	}
}

// view builds a pipeline of a setting, for the agent's Rebuild.
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

// gallery is what the only view knows, nil for nothing.
func (s *sights) gallery() *gallery.Gallery {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) == 0 || s.held[0].Recogniser == nil {
		return nil
	}
	return s.held[0].Recogniser.Gallery()
}

// take gives the sight of a setting, opened now or before.
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

// Close closes what is still held.
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

// updateRoot reads whose bundles the board believes, nil for nobody's.
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
