package alert

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// RuleStore returns each tenant's rules: its own, of which the state database keeps every version, or those of
// the service's file as long as it has none. All services that share the database follow it. It is a
// RuleSource.
type RuleStore struct {
	db   *state.DB
	file *RuleFile
	note func(ctx context.Context, tx *state.Tx, tenant, who string, version int64, now time.Time) error
	log  *slog.Logger

	mu  sync.Mutex // guards changes of own
	own atomic.Pointer[map[string]ownRules]
}

// ownRules are a tenant's own rules in force. If a version cannot be read, the book of the one before stays.
type ownRules struct {
	version int64
	book    *Rulebook // nil: none was ever read, so the file's rules apply
}

// RuleText is one version of a tenant's rules.
type RuleText struct {
	Version int64 // from 1; 0: the tenant has none of its own
	Text    []byte
	By      string // who wrote it
	At      time.Time
}

// ErrRulesChanged says that the rules that Put was to change are no longer in force.
var ErrRulesChanged = errors.New("the rules were changed meanwhile")

// OpenRuleStore reads the rules of all tenants. note, unless nil, is called in the transaction of each change.
func OpenRuleStore(ctx context.Context, db *state.DB, file *RuleFile, note func(ctx context.Context, tx *state.Tx, tenant, who string, version int64, now time.Time) error, log *slog.Logger) (*RuleStore, error) {
	s := &RuleStore{db: db, file: file, note: note, log: log}
	s.own.Store(&map[string]ownRules{})
	_, err := s.Reload(ctx)
	return s, err
}

// RulesFor returns the rules of the place's tenant.
func (s *RuleStore) RulesFor(p Place) Ruler { return s.Book(p.Tenant).RulesFor(p) }

// Book returns a tenant's rules in force.
func (s *RuleStore) Book(tenant string) *Rulebook {
	if own := (*s.own.Load())[tenant]; own.book != nil {
		return own.book
	}
	return s.file.Book()
}

// Current returns a tenant's newest version; for a tenant without any, the service's file with Version 0.
func (s *RuleStore) Current(ctx context.Context, tenant string) (RuleText, error) {
	r, err := s.read(ctx, s.db, tenant, 0)
	if !errors.Is(err, state.ErrNotFound) {
		return r, err
	}
	r.Text, err = s.file.Text()
	return r, err
}

// Version returns one version of a tenant's rules. The error is state.ErrNotFound if there is none.
func (s *RuleStore) Version(ctx context.Context, tenant string, version int64) (RuleText, error) {
	return s.read(ctx, s.db, tenant, version)
}

// read returns a version, or the newest if version is 0.
func (*RuleStore) read(ctx context.Context, q state.Querier, tenant string, version int64) (r RuleText, err error) {
	var text string
	var at int64
	row := q.QueryRow(ctx, "SELECT version, text, who, at FROM alert_rules WHERE tenant = ? AND (version = ? OR ? = 0) ORDER BY version DESC LIMIT 1", tenant, version, version)
	err = row.Scan(&r.Version, &text, &r.By, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return RuleText{}, fmt.Errorf("rules of %s: %w", tenant, state.ErrNotFound)
	}
	if err != nil {
		return RuleText{}, fmt.Errorf("read rules of %s: %w", tenant, err)
	}
	r.Text, r.At = []byte(text), state.Time(at)
	return r, nil
}

// Versions returns a tenant's versions without their texts, the newest first.
func (s *RuleStore) Versions(ctx context.Context, tenant string, limit int) ([]RuleText, error) {
	rows, err := s.db.Query(ctx, "SELECT version, who, at FROM alert_rules WHERE tenant = ? ORDER BY version DESC LIMIT ?", tenant, limit)
	if err != nil {
		return nil, fmt.Errorf("list rules of %s: %w", tenant, err)
	}
	defer rows.Close()
	list := []RuleText{}
	for rows.Next() {
		var r RuleText
		var at int64
		if err := rows.Scan(&r.Version, &r.By, &at); err != nil {
			return nil, fmt.Errorf("list rules of %s: %w", tenant, err)
		}
		r.At = state.Time(at)
		list = append(list, r)
	}
	return list, rows.Err()
}

// Put stores the next version of a tenant's rules and puts it in force here; the other services follow within their
// Run's interval. It fails and changes nothing if the rules are faulty, or with ErrRulesChanged if was is no longer in
// force.
func (s *RuleStore) Put(ctx context.Context, tenant string, was, text []byte, who string, now time.Time) (RuleText, error) {
	book, err := DecodeRulebook(text)
	if err != nil {
		return RuleText{}, err
	}
	var r RuleText
	err = s.db.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "alert_rules/"+tenant); err != nil {
			return err
		}
		is, err := s.read(ctx, tx, tenant, 0)
		if errors.Is(err, state.ErrNotFound) {
			is.Text, err = s.file.Text()
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(is.Text, was) {
			return ErrRulesChanged
		}
		r = RuleText{Version: is.Version + 1, Text: text, By: who, At: now.UTC()}
		if _, err = tx.Exec(ctx, "INSERT INTO alert_rules (tenant, version, text, who, at) VALUES (?, ?, ?, ?, ?)", tenant, r.Version, string(text), who, state.Micros(now)); err != nil {
			return fmt.Errorf("keep rules: %w", err)
		}
		if s.note == nil {
			return nil
		}
		return s.note(ctx, tx, tenant, who, r.Version, now)
	})
	if err != nil {
		return RuleText{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(tenant, ownRules{r.Version, book})
	return r, nil
}

// set puts a tenant's rules in force, unless newer ones are.
func (s *RuleStore) set(tenant string, own ownRules) {
	was := *s.own.Load()
	if was[tenant].version >= own.version {
		return
	}
	if own.book == nil {
		own.book = was[tenant].book
	}
	next := maps.Clone(was)
	next[tenant] = own
	s.own.Store(&next)
}

// Reload reads what other services have changed, and returns the tenants that have new rules in force. A
// version that this program does not understand is logged once, and the rules stay as they were.
func (s *RuleStore) Reload(ctx context.Context) (changed []string, err error) {
	rows, err := s.db.Query(ctx, "SELECT tenant, MAX(version) FROM alert_rules GROUP BY tenant ORDER BY tenant")
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	defer rows.Close()
	newest := map[string]int64{}
	for rows.Next() {
		var tenant string
		var version int64
		if err := rows.Scan(&tenant, &version); err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		newest[tenant] = version
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	for _, tenant := range slices.Sorted(maps.Keys(newest)) {
		if (*s.own.Load())[tenant].version >= newest[tenant] {
			continue
		}
		r, err := s.read(ctx, s.db, tenant, 0)
		if err != nil {
			return changed, err
		}
		book, err := DecodeRulebook(r.Text)
		if err != nil {
			s.log.Error("rules are not understood, those before stay in force", "tenant", tenant, "version", r.Version, "err", err)
		} else {
			changed = append(changed, tenant)
		}
		s.mu.Lock()
		s.set(tenant, ownRules{r.Version, book})
		s.mu.Unlock()
	}
	return changed, nil
}

// Run follows the database and the file until ctx ends, looking at intervals of every.
func (s *RuleStore) Run(ctx context.Context, every time.Duration) error {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		s.file.follow()
		changed, err := s.Reload(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("rules cannot be read, the last good ones stay in force", "err", err)
		}
		if len(changed) > 0 {
			s.log.Info("new rules are in force", "tenants", changed)
		}
	}
}
