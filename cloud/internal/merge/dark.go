package merge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
)

// silent is how long a cooler that says nothing still counts as one that ought to.
const silent = 30 * 24 * time.Hour

// placed is a look and the store in which it was taken.
type placed struct {
	at    time.Time
	store string
	slots []series.SlotPoint
}

// sameShape tells whether two looks were due to hold the same.
func sameShape(a, b []series.SlotPoint) bool {
	return slices.EqualFunc(a, b, func(a, b series.SlotPoint) bool { return a.Slot == b.Slot && a.GTIN == b.GTIN && a.Due == b.Due })
}

// looksOf reads a device's looks in a stretch of time, whatever store it stood in, in order of time.
func (f *Follower) looksOf(ctx context.Context, tenant, device string, from, to time.Time) ([]placed, error) {
	messages, err := f.Series.Messages(ctx, series.Range{Tenant: tenant, Device: device, From: from, To: to}, messagesAtOnce)
	return looksIn(messages), err
}

func looksIn(messages []series.Message) (list []placed) {
	for i := range messages {
		if m := &messages[i]; len(m.Slots) > 0 {
			list = append(list, placed{m.At, m.Store, m.Slots})
		}
	}
	return list
}

// lastLook is a device's last look before a time, as long as a silent cooler still counts; nil where there is none. It
// is asked for in steps that grow, because it mostly lies close by.
func (f *Follower) lastLook(ctx context.Context, tenant, device string, before time.Time) (*placed, error) {
	first := before.Add(-silent)
	for to, width := before, time.Hour; to.After(first); width *= 2 {
		from := later(first, to.Add(-width))
		looks, err := f.looksOf(ctx, tenant, device, from, to)
		if err != nil {
			return nil, err
		}
		if n := len(looks); n > 0 {
			return &looks[n-1], nil
		}
		to = from
	}
	return nil, nil
}

// nextLook is when a device first looks from a time on; until, where it does not before that.
func (f *Follower) nextLook(ctx context.Context, tenant, device string, from, until time.Time) (time.Time, error) {
	for width := time.Hour; from.Before(until); width *= 2 {
		to := from.Add(width)
		looks, err := f.looksOf(ctx, tenant, device, from, to)
		if err != nil {
			return until, err
		}
		if len(looks) > 0 {
			return looks[0].at, nil
		}
		from = to
	}
	return until, nil
}

// dueInDark is what a cooler was due to hold in an hour in which it did not look: what it was when it last did, if that
// was in this store and not too long ago. That is asked of the looks themselves, so that an hour that is folded again
// has the same whatever was learned later.
func (f *Follower) dueInDark(ctx context.Context, out *folded, c *watched, hour time.Time) ([]series.SlotPoint, error) {
	var last *placed
	for i := range c.all {
		if c.all[i].at.Before(hour.Add(time.Hour)) {
			last = &c.all[i]
		}
	}
	if last == nil {
		if !c.asked {
			before, err := f.lastLook(ctx, out.tenant, c.Device, c.from)
			if err != nil {
				return nil, err
			}
			c.before, c.asked = before, true
		}
		last = c.before
	}
	if last == nil || last.store != out.store || !last.at.After(hour.Add(-silent)) {
		return nil, nil
	}
	return last.slots, nil
}

// darken notes the hours that late looks say something of though nobody looked in them: what a cooler was due to hold
// there, from the looks that came until the next one. Live, there are none: nothing was said yet of the hours to come.
func (f *Follower) darken(ctx context.Context, out *folded) error {
	until := f.Now().Add(-Grace).Truncate(time.Hour)
	for device, hours := range out.touch.devices {
		for start := range hours {
			if hours[start-3600] {
				continue
			}
			end := start + 3600
			for hours[end] {
				end += 3600
			}
			if err := f.darkenAfter(ctx, out, device, time.Unix(start, 0).UTC(), time.Unix(end, 0).UTC(), until); err != nil {
				return err
			}
		}
	}
	return nil
}

// darkenAfter does it for one device and touched hours that lie together.
func (f *Follower) darkenAfter(ctx context.Context, out *folded, device string, start, end, until time.Time) error {
	if !end.Before(until) {
		return nil
	}
	next, err := f.nextLook(ctx, out.tenant, device, end, until)
	if err != nil || next.Before(end.Add(time.Hour)) {
		return err
	}
	looks, err := f.looksOf(ctx, out.tenant, device, start, end)
	if err != nil || len(looks) == 0 {
		return err
	}
	before, err := f.lastLook(ctx, out.tenant, device, start)
	if err != nil {
		return err
	}
	last := looks[len(looks)-1]
	if limit := last.at.Add(silent); next.After(limit) {
		next = limit
	}
	next = next.Truncate(time.Hour)
	known := map[int64]bool{}
	if before != nil && before.store == out.store && !slices.ContainsFunc(looks, func(l placed) bool { return l.store != out.store || !sameShape(l.slots, before.slots) }) {
		// Whichever was the last one so far, it was due to hold the same; but it may not have been folded yet.
		if known, err = f.holding(ctx, out, device, last.slots, end, next); err != nil {
			return err
		}
	}
	for at := end; at.Before(next); at = at.Add(time.Hour) {
		if !known[at.Unix()] {
			out.dark = append(out.dark, storeHour{out.store, at.Unix()})
		}
	}
	if before != nil && before.store != out.store { // it had left that store already
		for at := start; at.Before(next); at = at.Add(time.Hour) {
			out.dark = append(out.dark, storeHour{before.store, at.Unix()})
		}
	}
	return nil
}

// holding gives the stored hours of a stretch in which a cooler counts as due to hold what the slots say.
func (f *Follower) holding(ctx context.Context, out *folded, device string, slots []series.SlotPoint, from, to time.Time) (map[int64]bool, error) {
	rows, err := f.DB.Query(ctx, "SELECT hour, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND hour < ?", out.tenant, out.store, from.Unix(), to.Unix())
	if err != nil {
		return nil, fmt.Errorf("read dark hours of %s: %w", out.store, err)
	}
	var due int64
	for _, s := range slots {
		due += int64(s.Due)
	}
	found := map[int64]bool{}
	return found, each(rows, func() error {
		var start int64
		var body []byte
		if err := rows.Scan(&start, &body); err != nil {
			return err
		}
		var h Hour
		if err := unpack(&h, body); err != nil {
			return err
		}
		found[start] = slices.ContainsFunc(h.Coolers, func(c Cooler) bool {
			return c.Device == device && c.Open == int64(len(slots))*h.Open && c.DueAll == due*h.Open
		})
		return nil
	})
}
