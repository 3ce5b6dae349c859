package deliver

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// plan records who is to be told about everything that is new in the log.
func (p *people) plan(ctx context.Context) error {
	for {
		cursor, err := alert.ReaderCursor(ctx, p.cfg.DB, peopleReader)
		if err != nil {
			return err
		}
		if entries, err := alert.ReadLog(ctx, p.cfg.DB, cursor, 1); err != nil || len(entries) == 0 {
			return err
		}
		err = p.cfg.DB.Write(ctx, func(tx *state.Tx) error {
			if err := tx.Exclusive(ctx, peopleReader); err != nil {
				return err
			}
			cursor, err := alert.ReaderCursor(ctx, tx, peopleReader)
			if err != nil {
				return err
			}
			entries, err := alert.ReadLog(ctx, tx, cursor, page)
			if err != nil || len(entries) == 0 {
				return err
			}
			for i := range entries {
				if err := p.note(ctx, tx, &entries[i]); err != nil {
					return err
				}
			}
			return alert.PutReaderCursor(ctx, tx, peopleReader, entries[len(entries)-1].Cursor)
		})
		if err != nil {
			return fmt.Errorf("plan notices: %w", err)
		}
	}
}

// note records who is to be told about one entry. When an alert has become graver, those are told who are told
// of graver alerts and had not been told yet.
func (p *people) note(ctx context.Context, tx *state.Tx, e *alert.Entry) error {
	calls := e.Kind == alert.Opened || e.Graver()
	if !calls && e.Kind != alert.Resolved && e.Kind != alert.Restated {
		return nil
	}
	var a alert.Alert
	if err := json.Unmarshal(e.Alert, &a); err != nil {
		return fmt.Errorf("stored alert %s: %w", e.AlertID, err)
	}
	now := p.cfg.Now()
	if !calls {
		if a.State != alert.StatusResolved {
			return nil
		}
		return p.noteOver(ctx, tx, &a, now)
	}
	place, err := alert.PlaceOf(ctx, tx, wire.Identity{Tenant: a.Tenant, Store: a.Store, Device: a.Device})
	if err != nil {
		return err
	}
	for _, n := range p.cfg.Book(a.Tenant).Notices(place, &a, now) {
		kind := noticeOpened
		switch {
		case n.Stage > 0:
			kind = noticeEscalated
		case n.Digest:
			kind = noticeDigest
		}
		err := Notice{tenant: a.Tenant, Alert: a.ID, Recipient: n.Recipient.ID(), Name: n.Recipient.Name, Role: n.Role, Stage: n.Stage,
			Kind: kind, PlannedAt: now, DueAt: n.Due, round: a.Reopened}.plan(ctx, tx)
		if err != nil {
			return err
		}
	}
	return nil
}

// noteOver has those told that an alert is over who were told, or are about to be told, since it was last
// opened.
func (p *people) noteOver(ctx context.Context, tx *state.Tx, a *alert.Alert, now time.Time) error {
	told, err := readNotices(ctx, tx, `WHERE tenant = ? AND alert_id = ? AND round = ? AND (kind = ? AND state IN (?, ?)
		OR kind = ? AND (state = ? OR state = ? AND leased_until > 0)) ORDER BY id`,
		a.Tenant, a.ID, a.Reopened, noticeOpened, noticePending, noticeSent, noticeEscalated, noticeSent, noticePending)
	if err != nil {
		return err
	}
	for _, n := range told {
		over := Notice{tenant: a.Tenant, Alert: a.ID, Recipient: n.Recipient, Name: n.Name, Role: n.Role, Kind: noticeOver, PlannedAt: now, DueAt: now, round: a.Reopened}
		if err := over.plan(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}
