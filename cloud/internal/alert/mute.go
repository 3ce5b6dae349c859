package alert

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Mute is a time in which nothing wrong counts: once from From to To, daily, or whenever the store is closed
// according to its own opening hours. A store without opening hours counts as always open.
type Mute struct {
	Scope `yaml:",inline"`
	From  time.Time `yaml:"from"`
	To    time.Time `yaml:"to"`
	Daily string    `yaml:"daily"` // "22:00-07:00"
	TZ    string    `yaml:"tz"`    // IANA name, for Daily; "": the book's

	OutsideHours bool `yaml:"outside_hours"`

	line     int
	zone     *time.Location
	from, to time.Duration // since midnight
}

func (m *Mute) faults(bookTZ string) (faults []error) {
	faults = m.Scope.faults()
	once := !m.From.IsZero() || !m.To.IsZero()
	ways := 0
	for _, given := range []bool{once, m.Daily != "", m.OutsideHours} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return append(faults, errors.New("give from and to, or daily, or outside_hours"))
	case m.OutsideHours && m.TZ != "":
		return append(faults, errors.New("opening hours are in the store's own time zone, leave tz out"))
	case once && !m.From.Before(m.To):
		return append(faults, errors.New("from is not before to"))
	}
	if m.Daily == "" {
		return faults
	}
	var err error
	if m.zone, err = time.LoadLocation(cmp.Or(m.TZ, bookTZ)); err != nil || m.TZ == "Local" {
		faults = append(faults, fmt.Errorf("time zone %q is not known", m.TZ))
	}
	var h1, m1, h2, m2 int
	if n, err := fmt.Sscanf(m.Daily+"\n", "%d:%d-%d:%d\n", &h1, &m1, &h2, &m2); n != 4 || err != nil || h1 > 23 || h2 > 24 || m1 > 59 || m2 > 59 || min(h1, m1, h2, m2) < 0 {
		return append(faults, fmt.Errorf("daily is %q, want 22:00-07:00", m.Daily))
	}
	m.from = time.Duration(h1)*time.Hour + time.Duration(m1)*time.Minute
	m.to = time.Duration(h2)*time.Hour + time.Duration(m2)*time.Minute
	return faults
}

func (m *Mute) covers(at time.Time, p Place) bool {
	if m.OutsideHours {
		return !p.Hours.Open(at.In(p.Zone))
	}
	if m.Daily == "" {
		return !at.Before(m.From) && at.Before(m.To)
	}
	local := at.In(m.zone)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	if m.from <= m.to {
		return m.from <= clock && clock < m.to
	}
	return clock >= m.from || clock < m.to
}
