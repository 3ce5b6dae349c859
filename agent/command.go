package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/wire"
)

// commandTimeout bounds a command: a look that is still in progress, and the command's own.
const commandTimeout = 2 * captureTimeout

// obey carries out desired states and commands from the cloud, one at a time, and puts the answers into the
// outbox. It owns the background fetches.
func (a *Agent) obey(ctx context.Context, stop context.CancelCauseFunc) {
	fetches := a.newFetches(ctx)
	defer fetches.end()
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-a.desired:
			if a.knows(d) {
				continue
			}
			fetches.begin(d)
		case f := <-fetches.done:
			if f.desired != fetches.newest {
				continue // a newer one is on its way
			}
			if a.adopt(ctx, f) {
				stop(ErrRestart)
				return
			}
		case c := <-a.commands.queue:
			if a.commands.done(c.ID) {
				a.log.Info("command came twice", "id", c.ID, "name", c.Name)
				continue
			}
			detail, err := a.carryOut(ctx, c)
			if ctx.Err() != nil && !errors.Is(err, ErrRestart) {
				return // it is neither answered nor recorded, so it is carried out after the restart
			}
			a.answer(c, detail, err)
			if errors.Is(err, ErrRestart) {
				stop(ErrRestart)
				return
			}
		}
	}
}

func (a *Agent) answer(c *wire.Command, detail string, err error) {
	ok := err == nil || errors.Is(err, ErrRestart)
	if !ok {
		detail = err.Error()
	}
	// Record the command first: a restart that has been answered must never be carried out again.
	if err := a.commands.note(c.ID); err != nil {
		a.log.Warn("command was not noted", "id", c.ID, "err", err)
	}
	if _, err := a.append(outbox.Alert, a.stamp(), &wire.Answer{CommandID: c.ID, OK: ok, Detail: cut(detail, 3000)}); err != nil {
		a.log.Error("answer was not stored", "id", c.ID, "err", err)
	}
	a.log.Info("command", "id", c.ID, "name", c.Name, "ok", ok, "detail", detail)
}

// carryOut does what a command asks for, and returns the detail of its answer or why it could not be done.
func (a *Agent) carryOut(ctx context.Context, c *wire.Command) (string, error) {
	if !c.Expires.IsZero() && a.now().After(c.Expires) {
		return "", fmt.Errorf("expired at %s", c.Expires.UTC().Format(time.RFC3339))
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	switch c.Name {
	case wire.CommandCapture:
		s, err := a.lookNow(ctx)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("observation %v with %d facings", s.key, len(s.obs.Facings)), nil
	case wire.CommandPicture:
		return a.requestedPicture(ctx)
	case wire.CommandSelfTest:
		return a.selfTest(ctx)
	case wire.CommandRestart:
		return "restarting", ErrRestart
	case wire.CommandSettle:
		return a.settleHere()
	}
	return "", fmt.Errorf("no such command: %q", c.Name)
}

// requestedPicture takes a picture and sends it, unless somebody may be in it. After a start it looks twice, because one
// look alone cannot tell whether somebody stands there.
func (a *Agent) requestedPicture(ctx context.Context) (string, error) {
	s, err := a.lookNow(ctx)
	if err == nil && s.alone {
		s, err = a.lookNow(ctx)
	}
	if err != nil {
		return "", err
	}
	if why := s.withhold(); why != "" {
		return "", fmt.Errorf("withheld: %s", why)
	}
	if err := a.sendPicture(s, wire.PurposeRequested); err != nil {
		return "", err
	}
	return fmt.Sprintf("picture of observation %v", s.key), nil
}

// selfTest looks once. Its error lists every fault that the agent knows of.
func (a *Agent) selfTest(ctx context.Context) (string, error) {
	_, err := a.lookNow(ctx)
	reasons := a.health(a.now()).Reasons
	if err != nil && !errors.Is(err, io.EOF) {
		reasons = append(reasons, "look: "+err.Error())
	}
	if len(reasons) > 0 {
		return "", errors.New(strings.Join(reasons, "; "))
	}
	return "everything works", nil
}
