package alert

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/channel"
)

// Recipient is somebody who holds a role within a scope. If several hold the role for an alert, those with the most
// specific scope are told.
type Recipient struct {
	Scope       `yaml:",inline"`
	Role        string `yaml:"role"`
	Name        string `yaml:"name"`
	Format      string `yaml:"format"` // one of channel.Formats
	URL         string `yaml:"url"`
	RobotSecret string `yaml:"robot_secret"` // DingTalk's or Feishu's, if the robot has one
	Secret      string `yaml:"secret"`       // whsec_…, for the format events

	line int
}

// ID is derived from the address, so that somebody who holds two roles is told once.
func (r *Recipient) ID() string { return nameID("rc_", r.Format, r.URL) }

// Notify says which roles are told of alerts within a scope. For each role, the most specific entry that names
// it decides, and of two equal ones the later in the file.
type Notify struct {
	Scope      `yaml:",inline"`
	Severities []Severity `yaml:"severities"`
	Roles      []string   `yaml:"roles"`
	Send       string     `yaml:"send"`     // SendEach and so on; "": each
	At         string     `yaml:"at"`       // for SendDaily: "08:00", in the book's time zone
	Escalate   []Step     `yaml:"escalate"` // in increasing order of After

	line int
	at   time.Duration
}

// Step tells further roles about an alert that nobody has acknowledged.
type Step struct {
	After time.Duration `yaml:"after"`
	Roles []string      `yaml:"roles"`
}

// The values of Notify.Send.
const (
	SendEach   = "each"   // at once, including that it is over
	SendHourly = "hourly" // what opened, at the full hour
	SendDaily  = "daily"  // what opened, once a day
	SendNever  = "never"
)

// Notice is somebody who is to be told of an alert.
type Notice struct {
	Recipient *Recipient
	Role      string
	Stage     int // 0: at first; n: by the n-th step, if nobody has acknowledged by then
	Due       time.Time
	Digest    bool
}

// Notices returns who is to be told of an alert that opened now at a place.
func (b *Rulebook) Notices(p Place, a *Alert, now time.Time) (list []Notice) {
	p = b.zoned(p)
	add := func(role string, stage int, due time.Time, digest bool) {
		for _, r := range b.holders(p, a, role) {
			known := slices.ContainsFunc(list, func(n Notice) bool { return n.Recipient.ID() == r.ID() && n.Stage == stage })
			if !known {
				list = append(list, Notice{Recipient: r, Role: role, Stage: stage, Due: due, Digest: digest})
			}
		}
	}
	for _, role := range b.roles() {
		n := b.notifyOf(p, a, role)
		if n == nil || n.Send == SendNever {
			continue
		}
		due, digest := n.due(now, b.Zone())
		add(role, 0, due, digest)
		for i, step := range n.Escalate {
			for _, higher := range step.Roles {
				add(higher, i+1, now.Add(step.After), false)
			}
		}
	}
	return list
}

// Recipient returns the recipient with an ID, or nil if there is none now.
func (b *Rulebook) Recipient(id string) *Recipient {
	for i := range b.Recipients {
		if b.Recipients[i].ID() == id {
			return &b.Recipients[i]
		}
	}
	return nil
}

// roles returns the roles that are told of anything, in the order of the file.
func (b *Rulebook) roles() (roles []string) {
	for _, n := range b.Notify {
		for _, role := range n.Roles {
			if !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

// notifyOf returns the entry that decides for a role. Of two with the same scope, one that names severities or
// types comes before one that does not.
func (b *Rulebook) notifyOf(p Place, a *Alert, role string) (best *Notify) {
	top := -1
	for i := range b.Notify {
		n := &b.Notify[i]
		rank, ok := n.here(p)
		if !ok || !slices.Contains(n.Roles, role) || !n.about(a.Type, a.GTIN) || len(n.Severities) > 0 && !slices.Contains(n.Severities, a.Severity) {
			continue
		}
		if rank = 4*rank + 2*min(len(n.Severities), 1) + min(len(n.Types), 1); rank >= top {
			best, top = n, rank
		}
	}
	return best
}

// holders returns the recipients who have a role, those with the most specific scope.
func (b *Rulebook) holders(p Place, a *Alert, role string) (list []*Recipient) {
	top := -1
	for i := range b.Recipients {
		r := &b.Recipients[i]
		rank, ok := r.here(p)
		if !ok || r.Role != role || !r.about(a.Type, a.GTIN) {
			continue
		}
		if rank = 2*rank + min(len(r.Types), 1); rank > top {
			list, top = nil, rank
		}
		if rank == top {
			list = append(list, r)
		}
	}
	return list
}

// due returns when something that opened now is sent.
func (n *Notify) due(now time.Time, zone *time.Location) (at time.Time, digest bool) {
	local := now.In(zone)
	switch n.Send {
	case SendHourly:
		past := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		return now.Add(time.Hour - past), true
	case SendDaily:
		hour, minute := int(n.at/time.Hour), int(n.at%time.Hour/time.Minute)
		at = time.Date(local.Year(), local.Month(), local.Day(), hour, minute, 0, 0, zone)
		if !at.After(now) {
			at = time.Date(local.Year(), local.Month(), local.Day()+1, hour, minute, 0, 0, zone)
		}
		return at, true
	}
	return now, false
}

func (r *Recipient) faults() (faults []error) {
	faults = r.Scope.faults()
	if r.Role == "" {
		faults = append(faults, errors.New("role is missing"))
	}
	return append(faults, r.addressFaults()...)
}

// Check says what is wrong with a recipient's address.
func (r *Recipient) Check() error { return errors.Join(r.addressFaults()...) }

func (r *Recipient) addressFaults() (faults []error) {
	if err := channel.Check(r.Format, r.URL); err != nil {
		faults = append(faults, err)
	}
	if r.RobotSecret != "" && r.Format != channel.DingTalk && r.Format != channel.Feishu {
		faults = append(faults, fmt.Errorf("robot_secret is of dingtalk and feishu, not of %s", r.Format))
	}
	if r.Format == channel.Events {
		if err := channel.CheckSecret(r.Secret); err != nil {
			faults = append(faults, err)
		}
	} else if r.Secret != "" {
		faults = append(faults, fmt.Errorf("secret is of events, not of %s", r.Format))
	}
	return faults
}

func (n *Notify) faults(held func(role string) bool) (faults []error) {
	faults = n.Scope.faults()
	for _, s := range n.Severities {
		if !slices.Contains([]Severity{Critical, Warning, Info}, s) {
			faults = append(faults, fmt.Errorf("unknown severity %q", s))
		}
	}
	faults = append(faults, rolesFaults(n.Roles, held)...)
	switch n.Send {
	case "", SendEach, SendHourly, SendNever:
		if n.At != "" {
			faults = append(faults, errors.New("at is of send: daily"))
		}
	case SendDaily:
		at, err := time.Parse("15:04", n.At)
		if err != nil {
			faults = append(faults, fmt.Errorf("at is %q, want a time of day such as 08:00", n.At))
		}
		n.at = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	default:
		faults = append(faults, fmt.Errorf("send is %q, want each, hourly, daily or never", n.Send))
	}
	if n.Send == SendNever && len(n.Escalate) > 0 {
		faults = append(faults, errors.New("what is never sent cannot be escalated"))
	}
	last := time.Duration(0)
	for i, step := range n.Escalate {
		if step.After <= last || step.After > 30*24*time.Hour {
			faults = append(faults, fmt.Errorf("escalate %d: after is %s, must be more than the step before and at most 720h", i+1, step.After))
		}
		last = step.After
		for _, err := range rolesFaults(step.Roles, held) {
			faults = append(faults, fmt.Errorf("escalate %d: %w", i+1, err))
		}
	}
	return faults
}

func rolesFaults(roles []string, held func(role string) bool) (faults []error) {
	if len(roles) == 0 {
		faults = append(faults, errors.New("roles is missing"))
	}
	for _, role := range roles {
		if !held(role) {
			faults = append(faults, fmt.Errorf("no recipient holds the role %q", role))
		}
	}
	return faults
}

// checkPeople checks the recipients and whom to notify.
func (b *Rulebook) checkPeople(at func(list string, i int) int) (faults []error) {
	held := func(role string) bool {
		return slices.ContainsFunc(b.Recipients, func(r Recipient) bool { return r.Role == role })
	}
	for i := range b.Recipients {
		b.Recipients[i].line = at("recipients", i)
		for _, err := range b.Recipients[i].faults() {
			faults = append(faults, fmt.Errorf("line %d: recipient %d: %w", b.Recipients[i].line, i+1, err))
		}
	}
	for i := range b.Notify {
		b.Notify[i].line = at("notify", i)
		for _, err := range b.Notify[i].faults(held) {
			faults = append(faults, fmt.Errorf("line %d: notify %d: %w", b.Notify[i].line, i+1, err))
		}
	}
	return faults
}
