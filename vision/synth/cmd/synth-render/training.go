package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/coldshelf/coldshelf/vision/synth"
)

// ordered makes n results in jobs goroutines and passes them to take in order, holding only a few at a time.
func ordered[T any](ctx context.Context, n, jobs int, make func(ctx context.Context, k int) (T, error), take func(k int, v T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	slots := newQueue[T](2*jobs, n)
	next := startIndices(ctx, g, n, slots)
	for range jobs {
		g.Go(func() error {
			for k := range next {
				v, err := make(ctx, k)
				if err != nil {
					return err
				}
				slots.put(k, v)
			}
			return nil
		})
	}
	g.Go(func() error {
		for k := range n {
			v, err := slots.get(ctx, k)
			if err != nil {
				return err
			}
			if err := take(k, v); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// queue holds results that came early. Work on result k may begin once result k−depth has been taken.
type queue[T any] struct {
	cells []chan T
	free  chan struct{}
}

func newQueue[T any](depth, n int) *queue[T] {
	q := &queue[T]{cells: make([]chan T, n), free: make(chan struct{}, depth)}
	for i := range q.cells {
		q.cells[i] = make(chan T, 1)
	}
	return q
}

func startIndices[T any](ctx context.Context, g *errgroup.Group, n int, q *queue[T]) <-chan int {
	next := make(chan int)
	g.Go(func() error {
		defer close(next)
		for k := range n {
			select {
			case q.free <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case next <- k:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return next
}

func (q *queue[T]) put(k int, v T) { q.cells[k] <- v }

func (q *queue[T]) get(ctx context.Context, k int) (v T, err error) {
	select {
	case v = <-q.cells[k]:
		q.cells[k] = nil
		<-q.free
		return v, nil
	case <-ctx.Done():
		return v, ctx.Err()
	}
}

type encoded struct {
	*synth.Sample
	jpeg []byte
}

func training(ctx context.Context, o options, c *synth.Catalogue, set *synth.Dataset, w, h int) error {
	t := synth.Training{Catalogue: c, Seed: o.seed, Width: w, Height: h, Light: o.model()}
	b := bar(o, o.frames, "training")
	defer b.Close()
	return ordered(ctx, o.frames, o.jobs, func(ctx context.Context, k int) (encoded, error) {
		s, err := t.Render(ctx, o.first+k, 1)
		if err != nil {
			return encoded{}, fmt.Errorf("frame %d: %w", k, err)
		}
		j, err := s.Frame.EncodeJPEG(s.Quality)
		return encoded{s, j}, err
	}, func(k int, e encoded) error {
		_ = b.Add(1)
		return set.Add(synth.Meta{FrameID: fmt.Sprintf("train_%06d", o.first+k), Quality: e.Quality}, e.Planogram, e.Frame, e.jpeg)
	})
}
