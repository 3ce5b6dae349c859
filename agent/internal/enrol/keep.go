package enrol

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// The pauses between attempts to renew. A certificate of 90 days is renewed from 30 days before its end.
const (
	look     = time.Hour
	minPause = time.Minute
	maxPause = 6 * time.Hour
)

// Keep renews the certificate whenever it is due, until ctx ends. now returns zero while the clock is unknown;
// nothing is due then. After each attempt tell is called with its error, or nil.
func Keep(ctx context.Context, f File, cloud Cloud, now func() time.Time, tell func(error)) {
	pause := look
	for ctx.Err() == nil {
		err := renew(ctx, f, cloud, now())
		if ctx.Err() == nil {
			tell(err)
		}
		switch {
		case err == nil:
			pause = look
		case pause == look:
			pause = minPause
		default:
			pause = min(2*pause, maxPause)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// renew renews the certificate if that is due.
func renew(ctx context.Context, f File, cloud Cloud, now time.Time) error {
	have, err := f.Load()
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("this board is not enrolled: run cooler-agent provision")
	}
	if err != nil {
		return err
	}
	due, err := have.Due()
	if err != nil || now.IsZero() || now.Before(due) {
		return err
	}
	next, err := cloud.Renew(ctx, have)
	if errors.Is(err, ErrDenied) {
		return fmt.Errorf("certificate is not renewed, this board was turned out: %w", err)
	}
	if err == nil {
		err = f.Save(next)
	}
	if err != nil {
		_, to, _ := have.Span()
		return fmt.Errorf("certificate is not renewed, it ends on %s: %w", to.UTC().Format(time.DateOnly), err)
	}
	return nil
}
