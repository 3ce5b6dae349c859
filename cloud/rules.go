package cloud

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/api"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// DryRun is what a file of rules would have said of the past, beside what is in force.
type DryRun struct {
	From       time.Time       `json:"from"`
	To         time.Time       `json:"to"`
	Coolers    int             `json:"coolers"`
	Messages   int             `json:"messages"`
	Types      []TypeCount     `json:"types"`
	Severities []SeverityCount `json:"severities"`
	Alerts     []DryAlert      `json:"alerts"` // of the file's rules
}

// SeverityCount is how many alerts would have been of a severity when they ended, or would be now.
type SeverityCount struct {
	Severity string `json:"severity"`
	InForce  int    `json:"in_force"`
	File     int    `json:"file"`
}

// TypeCount is how often a type would have opened.
type TypeCount struct {
	Type    string `json:"type"`
	InForce int    `json:"in_force"` // by the rules in force
	File    int    `json:"file"`     // by the file's
}

// DryAlert is one alert that the file's rules would have raised.
type DryAlert struct {
	Type     string      `json:"type"`
	Severity string      `json:"severity"`       // that it had last
	Loss     *alert.Loss `json:"loss,omitempty"` // where the demand is known
	Store    string      `json:"store"`
	Device   string      `json:"device"`
	Slot     string      `json:"slot,omitempty"`
	OpenedAt time.Time   `json:"opened_at"`
	EndedAt  *time.Time  `json:"ended_at"` // null: it would be open
}

// rulesFile is the file of rules of the service, for tenants that have none of their own: the configured
// one, else one beside the data.
func rulesFile(cfg config.Config) string {
	if cfg.Alerts.Rules != "" {
		return cfg.Alerts.Rules
	}
	return filepath.Join(cfg.DataDir, "rules.yml")
}

// openRules reads that file, and the rules of each tenant. A file that is configured must be there.
func openRules(ctx context.Context, cfg config.Config, db *state.DB, log *slog.Logger) (*alert.RuleStore, error) {
	follow := alert.MakeRuleFile
	if cfg.Alerts.Rules != "" {
		follow = alert.OpenRuleFile
	}
	file, err := follow(rulesFile(cfg), log)
	if err != nil {
		return nil, Hint(err, "correct the file: cooler-cloud rules check %s", rulesFile(cfg))
	}
	rules, err := alert.OpenRuleStore(ctx, db, file, noteRules, log)
	return rules, Hint(err, "give the data folder of a service of this version that has run: --data")
}

// noteRules writes into the audit log who changed a tenant's rules.
func noteRules(ctx context.Context, tx *state.Tx, tenant, who string, version int64, now time.Time) error {
	return access.Note(ctx, tx, tenant, who, "rules changed", fmt.Sprintf("version %d", version), now)
}

// operator reports whether a tenant is who runs the service.
func (s *Server) operator(tenant string) bool { return s.gate == nil || tenant == s.cfg.Tenant }

// CheckRules reads a file of rules and says what is wrong with it.
func CheckRules(file string) error {
	_, err := alert.ReadRulebook(file)
	return Hint(err, "%s", rulesHint(err))
}

// rulesHint says what can be done about a file of rules that could not be read.
func rulesHint(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "give the path of a file of rules; docs/rules.md begins with one"
	}
	return "correct the lines that the error names; docs/rules.md lists every key"
}

// dryRunMessages bounds what is read of one cooler.
const dryRunMessages = 1_000_000

// TestRules judges the kept history again, by the rules in force and by those of a file. The series
// keeps no picture's own verdict, so a camera counts as blind when its slots were.
func TestRules(ctx context.Context, cfg config.Config, file string, since time.Duration) (*DryRun, error) {
	book, err := alert.ReadRulebook(file)
	if err != nil {
		return nil, Hint(err, "%s", rulesHint(err))
	}
	db, err := openPast(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	inForce, err := openRules(ctx, cfg, db, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	points, err := openSeries(ctx, cfg.SeriesURL())
	if err != nil {
		return nil, err
	}
	defer points.Close()

	return dryRun(ctx, db, points, cfg.Tenant, inForce, book, since)
}

// openPast opens the state of a service that has run. It makes none where there is none.
func openPast(ctx context.Context, cfg config.Config) (*state.DB, error) {
	const hint = "give the service's own --config, or its --data folder"
	if path, ok := strings.CutPrefix(cfg.StateURL(), "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, Hint(fmt.Errorf("open state: %w", err), hint)
		}
	}
	db, err := state.Open(ctx, cfg.StateURL())
	if err != nil {
		return nil, Hint(err, hint)
	}
	return db, nil
}

// tryRules is TestRules for the page, on the service's own stores.
func (s *Server) tryRules(ctx context.Context, tenant string, file []byte, since time.Duration) (any, error) {
	book, err := alert.DecodeRulebook(file)
	if err != nil {
		return nil, &api.Problem{Status: http.StatusBadRequest, Code: problem.BadRules, Text: err.Error(), Hint: "correct the lines named above"}
	}
	return dryRun(ctx, s.state, s.series, tenant, s.rules, book, since)
}

// dryRun judges a tenant's history by the rules in force and by a book.
func dryRun(ctx context.Context, db *state.DB, points seriesStore, tenant string, inForce, book alert.RuleSource, since time.Duration) (*DryRun, error) {
	r := newRehearsal(db, points, tenant, since)
	const page = 500
	for after := ""; ; {
		coolers, err := state.ListCoolers(ctx, db, tenant, after, page)
		if err != nil {
			return nil, Hint(err, "give the data folder of a service that has run: --data")
		}
		for i := range coolers {
			if err := r.cooler(ctx, coolers[i].Store, coolers[i].Device, inForce, book); err != nil {
				return nil, err
			}
		}
		if len(coolers) < page {
			return r.result(), nil
		}
		after = coolers[len(coolers)-1].Device
	}
}

// rehearsal is a dry run under way.
type rehearsal struct {
	db     *state.DB
	points seriesStore
	tenant string
	demand alert.Demand

	out        *DryRun
	types      map[alert.Type]*TypeCount
	severities map[alert.Severity]*SeverityCount
}

func newRehearsal(db *state.DB, points seriesStore, tenant string, since time.Duration) *rehearsal {
	to := time.Now().UTC()
	r := &rehearsal{
		db: db, points: points, tenant: tenant, demand: merge.NewDemand(db),
		out:   &DryRun{From: to.Add(-since), To: to, Types: []TypeCount{}, Alerts: []DryAlert{}},
		types: map[alert.Type]*TypeCount{}, severities: map[alert.Severity]*SeverityCount{},
	}
	for _, t := range alert.Types() {
		r.types[t] = &TypeCount{Type: string(t)}
	}
	for _, sev := range alert.Severities() {
		r.severities[sev] = &SeverityCount{Severity: string(sev)}
	}
	return r
}

// cooler judges one cooler's history twice, by the rules in force and by the book.
func (r *rehearsal) cooler(ctx context.Context, store, device string, inForce, book alert.RuleSource) error {
	messages, err := r.points.Messages(ctx, series.Range{Tenant: r.tenant, Device: device, From: r.out.From, To: r.out.To}, dryRunMessages)
	if err != nil {
		return fmt.Errorf("history of %s: %w", device, err)
	}
	r.out.Coolers++
	r.out.Messages += len(messages)
	id := wire.Identity{Tenant: r.tenant, Store: store, Device: device}
	place, err := alert.PlaceOf(ctx, r.db, id)
	if err != nil {
		return err
	}
	losses := alert.LossesOf(ctx, r.db, r.demand, id)
	for _, e := range rejudge(messages, alert.Machine{Rules: inForce.RulesFor(place), Losses: losses.PerHour}) {
		r.types[e.Type].InForce++
		r.severities[e.Severity].InForce++
	}
	for _, e := range rejudge(messages, alert.Machine{Rules: book.RulesFor(place), Losses: losses.PerHour}) {
		r.types[e.Type].File++
		r.severities[e.Severity].File++
		r.out.Alerts = append(r.out.Alerts, dryAlert(store, device, e))
	}
	return losses.Err()
}

func dryAlert(store, device string, e alert.Episode) DryAlert {
	a := DryAlert{Type: string(e.Type), Severity: string(e.Severity), Loss: e.Loss, Store: store, Device: device, Slot: e.Slot, OpenedAt: e.Opened.At}
	if e.Over() {
		a.EndedAt = &e.End.At
	}
	return a
}

// result lists the types that would have opened, and all severities.
func (r *rehearsal) result() *DryRun {
	for _, t := range alert.Types() {
		if c := r.types[t]; c.InForce > 0 || c.File > 0 {
			r.out.Types = append(r.out.Types, *c)
		}
	}
	for _, sev := range alert.Severities() {
		r.out.Severities = append(r.out.Severities, *r.severities[sev])
	}
	return r.out
}

// rejudge steps one cooler's messages in the order of their time.
func rejudge(messages []series.Message, machine alert.Machine) []alert.Episode {
	tl := alert.NewTimeline(machine)
	for _, m := range messages {
		in := alert.Input{Key: alert.Key{Boot: m.Boot, Seq: m.Seq}, At: m.At}
		if len(m.Slots) > 0 {
			in.Fact = lookOf(m)
			tl.Add(in)
		}
		if rs := readingsOf(m); len(rs) > 0 {
			in.Fact = rs
			tl.Add(in)
		}
	}
	return tl.Episodes()
}

func lookOf(m series.Message) alert.Look {
	var l alert.Look
	for _, s := range m.Slots {
		l.Slots = append(l.Slots, alert.Slot{ID: s.Slot, GTIN: s.GTIN, State: s.State, Reason: s.Reason, Due: s.Due, Present: s.Present})
	}
	// The series does not keep a planogram's name; another planogram is known by what is due where.
	due := fnv.New32a()
	for _, s := range m.Slots {
		fmt.Fprintf(due, "%s %s\n", s.Slot, s.GTIN)
	}
	l.Planogram = alert.PlanogramRef{ID: "history", Version: int(due.Sum32())}
	return l
}

func readingsOf(m series.Message) (rs alert.Readings) {
	for _, d := range m.Doors {
		rs = append(rs, alert.Reading{At: d.At, Door: &d.Open})
	}
	for _, c := range m.Climate {
		t := int32(c.Temp)
		rs = append(rs, alert.Reading{At: c.At, MilliC: &t})
	}
	for _, f := range m.Footfall {
		n := f.In + f.Out + f.Passing
		rs = append(rs, alert.Reading{At: f.To, People: &n})
	}
	for _, p := range m.Power {
		rs = append(rs, alert.Reading{At: p.At, Mains: &p.Mains})
	}
	yes, no := true, false
	for _, e := range m.Events {
		switch e.Type {
		case wire.EventCameraLost:
			rs = append(rs, alert.Reading{At: e.At, Camera: &no})
		case wire.EventCameraBack:
			rs = append(rs, alert.Reading{At: e.At, Camera: &yes})
		case wire.EventDoorOpen:
			rs = append(rs, alert.Reading{At: e.At, Door: &yes})
		case wire.EventDoorClose:
			rs = append(rs, alert.Reading{At: e.At, Door: &no})
		case wire.EventMoved:
			rs = append(rs, alert.Reading{At: e.At, Settled: &no})
		case wire.EventSettled:
			rs = append(rs, alert.Reading{At: e.At, Settled: &yes})
		}
	}
	return rs
}
