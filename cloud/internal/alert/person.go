package alert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Action is something that a person can do about an alert.
type Action string

// Actions.
const (
	ActionAcknowledge Action = "acknowledge" // I have seen it, and somebody is taking care of it
	ActionAssign      Action = "assign"      // somebody is to take care of it; "" takes that back
	ActionMute        Action = "mute"        // people are not told about it for a while; without a time they are told again
	ActionComment     Action = "comment"     // something that whoever looks next should know
)

// Word is what a person says about an alert.
type Word struct {
	Action Action
	By     string    // who says it
	Note   string    // with ActionComment the comment, otherwise an addition
	To     string    // for ActionAssign: to whom
	Until  time.Time // for ActionMute
}

// Assignment says to whom an alert is assigned.
type Assignment struct {
	To string    `json:"to"`
	At time.Time `json:"at"`
	By string    `json:"by,omitempty"`
}

// Muting says until when people are not told about an alert. Programs are told all the same.
type Muting struct {
	Until time.Time `json:"until"`
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty"`
	Note  string    `json:"note,omitempty"`
}

// Remark is a comment on an alert.
type Remark struct {
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"`
	Text string    `json:"text"`
}

// MaxRemarks bounds the comments on an alert, because every event carries the whole alert.
const MaxRemarks = 50

// The bounds of Word, in bytes.
const (
	MaxNote = 2000
	MaxName = 200
	maxMute = 366 * 24 * time.Hour
)

// The errors of Say that a caller may branch on.
var (
	ErrOver = errors.New("the alert is resolved") // there is nothing left to take on
	ErrFull = fmt.Errorf("the alert has %d comments, it takes no more", MaxRemarks)
)

// Validate returns an error, for the person who said it, that says what is wrong with a word at a time.
func (w Word) Validate(now time.Time) error {
	switch {
	case len(w.Note) > MaxNote:
		return fmt.Errorf("note or text is %d bytes, the limit is %d", len(w.Note), MaxNote)
	case len(w.By) > MaxName || len(w.To) > MaxName:
		return fmt.Errorf("by or to is longer than %d bytes", MaxName)
	}
	switch w.Action {
	case ActionAcknowledge, ActionAssign:
	case ActionMute:
		if !w.Until.IsZero() && (!w.Until.After(now) || w.Until.Sub(now) > maxMute) {
			return fmt.Errorf("until is %s, must be ahead and within a year", w.Until.Format(time.RFC3339))
		}
	case ActionComment:
		if strings.TrimSpace(w.Note) == "" {
			return errors.New("text is missing")
		}
	default:
		return fmt.Errorf("unknown action %q", w.Action)
	}
	return nil
}

// apply changes the alert, and returns the kind of event that this is; "" if nothing changed.
func (w Word) apply(a *Alert, now time.Time) (Kind, error) {
	if a.State == StatusResolved && w.Action != ActionComment {
		return "", ErrOver
	}
	switch w.Action {
	case ActionAcknowledge:
		if a.Ack != nil {
			return "", nil
		}
		a.Ack, a.State = &Ack{At: now, By: w.By, Note: w.Note}, StatusAcknowledged
		return Acknowledged, nil
	case ActionAssign:
		if a.Assigned == nil && w.To == "" || a.Assigned != nil && a.Assigned.To == w.To {
			return "", nil
		}
		if a.Assigned = nil; w.To != "" {
			a.Assigned = &Assignment{To: w.To, At: now, By: w.By}
		}
		return Assigned, nil
	case ActionMute:
		until := w.Until.UTC().Truncate(time.Microsecond)
		if a.Muted == nil && w.Until.IsZero() || a.Muted != nil && a.Muted.Until.Equal(until) {
			return "", nil
		}
		if a.Muted = nil; !w.Until.IsZero() {
			a.Muted = &Muting{Until: until, At: now, By: w.By, Note: w.Note}
		}
		return Muted, nil
	}
	if len(a.Comments) >= MaxRemarks {
		return "", ErrFull
	}
	a.Comments = append(a.Comments, Remark{At: now, By: w.By, Text: w.Note})
	return Commented, nil
}

// MutedAt reports whether people must not be told about the alert at a time.
func (a *Alert) MutedAt(at time.Time) bool { return a.Muted != nil && at.Before(a.Muted.Until) }

// Say applies a person's word to an alert of a tenant and returns the alert after it. Saying the same again
// changes nothing. If it returns state.ErrNotFound, ErrOver or ErrFull, nothing was changed.
func (e *Engine) Say(ctx context.Context, db *state.DB, tenant, id string, w Word) (*Alert, error) {
	now := e.now().UTC().Truncate(time.Microsecond)
	if err := w.Validate(now); err != nil {
		return nil, err
	}
	var a *Alert
	err := db.Write(ctx, func(tx *state.Tx) error {
		of, err := getAlert(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if err := tx.Exclusive(ctx, LockName(tenant, of.Device)); err != nil {
			return err
		}
		var ep *Episode
		if a, ep, err = readAlert(ctx, tx, id); err != nil { // read it again, now that nobody else can change it
			return err
		}
		kind, err := w.apply(a, now)
		if err != nil {
			return fmt.Errorf("alert %s: %w", id, err)
		}
		if kind == "" {
			return nil
		}
		a.Revision++
		if err := writeAlert(ctx, tx, a, *ep); err != nil {
			return err
		}
		return appendLog(ctx, tx, a, kind, now)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}
