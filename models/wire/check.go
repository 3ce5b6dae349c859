package wire

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Bounds of what a message may hold, the same for Encode and Decode.
const (
	maxFacings  = 2000
	maxSlots    = 1000
	maxBlind    = 256
	maxReadings = 5000 // of each sensor in one Telemetry
	maxRanges   = 2000
	maxEntries  = 64    // of a map, and of short lists
	maxName     = 200   // bytes of a name, a version, an id
	maxText     = 4000  // bytes of a reason or detail
	maxSide     = 65535 // pixels of a picture, and of a box's coordinates either way
	maxCount    = 1 << 20
)

// checker joins every fault of a message, each with the path of its field. Within a list part and name
// say of which entry: the path is put together only where there is a fault, because every message is
// checked and few have one.
type checker struct {
	faults     []error
	part, name string
	made       bool // GTINs were made from numbers, and so are as they must be
}

func (c *checker) fault(path, format string, args ...any) {
	if c.part != "" {
		path = c.part + " " + c.name + ": " + path
	}
	c.faults = append(c.faults, fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...)))
}

func (c *checker) within(path string, v, low, high int) {
	if v < low || v > high {
		c.fault(path, "%d is not from %d to %d", v, low, high)
	}
}

func (c *checker) text(path, s string, limit int) {
	if len(s) > limit {
		c.fault(path, "%d bytes, the limit is %d", len(s), limit)
	} else if !utf8.ValidString(s) {
		c.fault(path, "not UTF-8")
	}
}

func (c *checker) need(path, s string, limit int) {
	if s == "" {
		c.fault(path, "is missing")
	}
	c.text(path, s, limit)
}

func (c *checker) texts(path string, list []string) {
	c.within("number of "+path, len(list), 0, maxEntries)
	for _, s := range list {
		c.need(path, s, maxName)
	}
}

// word wants a name that programs branch on: 1 to 48 of a-z 0-9 _.
func (c *checker) word(path, s string) {
	if len(s) < 1 || len(s) > 48 {
		c.fault(path, "%.60q: must be 1 to 48 of a-z 0-9 _", s)
		return
	}
	for _, b := range []byte(s) {
		if (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '_' {
			c.fault(path, "%q: must be 1 to 48 of a-z 0-9 _", s)
			return
		}
	}
}

func (c *checker) time(path string, t time.Time) {
	if us := t.UnixMicro(); us < 0 || !t.Before(clockEnd) {
		c.fault(path, "%s is not from 1970 to 2099", t.UTC().Format(time.RFC3339))
	}
}

func (c *checker) span(path string, d time.Duration) {
	if d < 0 || d > maxSpan {
		c.fault(path, "%s is not from 0 to ten years", d)
	}
}

func (c *checker) pairs(path string, m map[string]string) {
	c.within("number of "+path, len(m), 0, maxEntries)
	for k, v := range m {
		c.need(path+" key", k, maxName)
		c.text(path+" "+k, v, maxText)
	}
}

func (c *checker) gtin(path string, g shelf.GTIN) {
	if g == "" || c.made {
		return
	}
	if canonical, err := shelf.ParseGTIN(string(g)); err != nil {
		c.fault(path, "%w", err)
	} else if canonical != g {
		c.fault(path, "GTIN %s is not in its shortest form %s", g, canonical)
	} else if gtinNumber(g) == 0 {
		c.fault(path, "GTIN %s names nothing", g)
	}
}

// check judges the whole envelope that somebody has put together.
func check(e *Envelope) error { return judge(e, &checker{}) }

// checkDecoded judges one whose body fromPB has made.
func checkDecoded(e *Envelope) error { return judge(e, &checker{made: true}) }

func judge(e *Envelope, c *checker) error {
	if err := e.Identity.Validate(); err != nil {
		c.faults = append(c.faults, err)
	}
	c.time("captured_at", e.CapturedAt)
	if e.Clock > telemetry.NTP {
		c.fault("clock", "quality %d is not known", e.Clock)
	}
	if e.Clock == telemetry.NTP && e.CapturedAt.Before(clockEpoch) {
		c.fault("captured_at", "%s cannot come from a clock set by NTP", e.CapturedAt.UTC().Format(time.RFC3339))
	}
	if kind := e.Body.Kind(); kind.Up() {
		if e.Boot == 0 {
			c.fault("boot", "is missing: boots count from 1")
		}
		if e.Seq == 0 {
			c.fault("seq", "is missing: messages count from 1")
		}
	}
	c.body(e)
	if len(c.faults) == 0 {
		return nil
	}
	if len(c.faults) > 8 { // a mangled message has thousands, the first few tell
		c.faults = append(c.faults[:8:8], fmt.Errorf("and %d more faults", len(c.faults)-8))
	}
	return fmt.Errorf("%w: %s: %w", ErrMalformed, e.Body.Kind(), errors.Join(c.faults...))
}

func (c *checker) body(e *Envelope) {
	switch b := e.Body.(type) {
	case *Observation:
		c.observation(&b.Observation)
	case *Delta:
		c.delta(e, b)
	case *Telemetry:
		c.telemetry(b)
	case *Event:
		c.time("at", b.At)
		c.word("type", b.Type)
		c.text("slot", b.Slot, maxName)
		c.gtin("gtin", b.GTIN)
		c.pairs("detail", b.Detail)
	case *Picture:
		if len(b.JPEG) < 4 || b.JPEG[0] != 0xFF || b.JPEG[1] != 0xD8 {
			c.fault("jpeg", "does not begin as a JPEG")
		}
		c.within("width", b.Width, 1, maxSide)
		c.within("height", b.Height, 1, maxSide)
		c.word("purpose", b.Purpose)
	case *Birth:
		c.birth(b)
	case *Gap:
		if b.Boot == 0 || b.FromSeq == 0 || b.ToSeq < b.FromSeq {
			c.fault("range", "boot %d, %d to %d", b.Boot, b.FromSeq, b.ToSeq)
		} else if b.Count == 0 || b.Count-1 > b.ToSeq-b.FromSeq {
			c.fault("count", "%d is not from 1 to the range's %d", b.Count, b.ToSeq-b.FromSeq+1)
		}
		c.need("reason", b.Reason, maxText)
	case *Answer:
		c.need("command_id", b.CommandID, maxName)
		c.text("detail", b.Detail, maxText)
	case *Reported:
		c.word("outcome", b.Outcome)
		c.text("detail", b.Detail, maxText)
	case *Status:
		c.time("at", b.At)
		if b.Boot == 0 || b.Boot != e.Boot {
			c.fault("boot", "%d, the envelope says %d", b.Boot, e.Boot)
		}
		if b.Birth != nil {
			c.birth(b.Birth)
		}
	case *Ack:
		c.ack(b)
	case *Command:
		c.need("id", b.ID, maxName)
		c.word("name", b.Name)
		c.pairs("args", b.Args)
		if !b.Expires.IsZero() {
			c.time("expires", b.Expires)
		}
	case *Desired:
		c.desired(b)
	}
}

func (c *checker) birth(b *Birth) {
	c.need("agent_version", b.AgentVersion, maxName)
	c.text("model", b.Model, maxName)
	c.text("runtime", b.Runtime, maxName)
	c.text("planogram_id", b.PlanogramID, maxName)
	c.within("planogram_version", b.PlanogramVersion, 0, 1<<31-1)
	c.text("gallery", b.Gallery, maxName)
	c.text("board", b.Board, maxName)
	c.text("arch", b.Arch, maxName)
	if !b.StartedAt.IsZero() {
		c.time("started_at", b.StartedAt)
	}
	c.texts("devices", b.Devices)
}

func (c *checker) ack(a *Ack) {
	if len(a.Ranges)+len(a.Rejected) == 0 {
		c.fault("ranges", "acknowledges nothing")
	}
	c.within("number of ranges", len(a.Ranges), 0, maxRanges)
	c.within("number of rejected", len(a.Rejected), 0, maxRanges)
	for i, r := range a.Ranges {
		if r.Boot == 0 || r.From == 0 || r.To < r.From {
			c.fault(fmt.Sprintf("range %d", i+1), "boot %d, %d to %d", r.Boot, r.From, r.To)
		}
	}
	for i, r := range a.Rejected {
		path := fmt.Sprintf("rejection %d", i+1)
		if r.Boot == 0 || r.Seq == 0 {
			c.fault(path, "boot %d, seq %d", r.Boot, r.Seq)
		}
		c.need(path+": reason", r.Reason, maxText)
	}
}

func (c *checker) desired(d *Desired) {
	if d.Version == 0 {
		c.fault("version", "is missing: versions count from 1")
	}
	if s := d.Schedule; s != nil {
		c.span("schedule: every", s.Every)
		c.span("schedule: settle", s.Settle)
		c.within("number of schedule: at", len(s.At), 0, 1440)
		for _, at := range s.At {
			if _, err := time.Parse("15:04", at); err != nil || len(at) != 5 {
				c.fault("schedule: at", "%.20q is not HH:MM", at)
			}
		}
		c.text("schedule: hours", s.Hours, maxName)
	}
	c.within("number of thresholds", len(d.Thresholds), 0, maxEntries)
	for name := range d.Thresholds {
		c.word("threshold", name)
	}
	for _, b := range []struct {
		name   string
		bundle *Bundle
	}{{"gallery", d.Gallery}, {"model", d.Model}, {"agent", d.Agent}} {
		if b.bundle == nil {
			continue
		}
		c.need(b.name+": version", b.bundle.Version, maxName)
		c.need(b.name+": url", b.bundle.URL, maxText)
		if len(b.bundle.SHA256) != 32 {
			c.fault(b.name+": sha256", "%d bytes, must be 32", len(b.bundle.SHA256))
		}
	}
}

func (c *checker) telemetry(t *Telemetry) {
	if len(t.Doors)+len(t.Climate)+len(t.Footfall)+len(t.Power) == 0 && t.Health == nil {
		c.fault("telemetry", "holds no reading")
	}
	for name, n := range map[string]int{"doors": len(t.Doors), "climate": len(t.Climate), "footfall": len(t.Footfall), "power": len(t.Power)} {
		c.within("number of "+name, n, 0, maxReadings)
	}
	for _, d := range t.Doors {
		c.time("door: at", d.At)
	}
	for _, r := range t.Climate {
		c.time("climate: at", r.At)
		c.text("climate: sensor", r.Sensor, maxName)
		c.within("climate: temp_mc", int(r.Temp), -100_000, 150_000)
		c.within("climate: humidity_permille", int(r.HumidityPermille), 0, 1000)
	}
	for _, f := range t.Footfall {
		c.time("footfall: from", f.From)
		c.time("footfall: to", f.To)
		if !f.To.After(f.From) {
			c.fault("footfall: to", "is not after from")
		}
		c.text("footfall: line", f.Line, maxName)
		c.within("footfall: in", f.In, 0, maxCount)
		c.within("footfall: out", f.Out, 0, maxCount)
		c.within("footfall: passing", f.Passing, 0, maxCount)
		c.span("footfall: dwell", f.Dwell)
	}
	for _, p := range t.Power {
		c.time("power: at", p.At)
		c.within("power: mv", int(p.MilliVolt), -1_000_000, 1_000_000)
		c.within("power: ma", int(p.MilliAmp), -1_000_000, 1_000_000)
	}
	if h := t.Health; h != nil {
		c.time("health: at", h.At)
		c.span("health: uptime", h.Uptime)
		if !h.OutboxOldest.IsZero() {
			c.time("health: outbox_oldest", h.OutboxOldest)
		}
		c.within("health: board_temp_mc", int(h.BoardTemp), -100_000, 200_000)
		c.texts("health: reasons", h.Reasons)
	}
}
