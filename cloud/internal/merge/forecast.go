package merge

import (
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Forecast is the demand that is expected of one product in one store.
type Forecast struct {
	Mean     float64
	Variance float64
	Lift     float64 // of Mean: what planned promotions add
	Online   float64 // of Mean: online orders that the store picks
}

// Quantile of the forecast, in whole units.
func (f Forecast) Quantile(p float64) float64 { return Quantile(p, f.Mean, f.Variance) }

// Forecast is of what customers take from the shelf. It adds up the demand rate over the opening hours of a stretch, put together with what the store itself
// sold on average (see Scoreboard.Own), lifted while the plan promotes the
// product (nil: nothing is planned); ok is false where no rate is known. Its variance is that of the
// customers, of the rate's own error, of what the two ways differ by, and of the lift's.
func (r *StoreRates) Forecast(g shelf.GTIN, p *Place, from, to time.Time, plan *Plan) (f Forecast, ok bool) {
	var rate Rate
	plan = plan.within(p.Store.Store, from, to)
	lift, lifted := Lift{}, 0.0
	own, apart := r.ownAverage(g), 0.0
	if plan != nil {
		lift, _ = plan.lifts.of(g)
	}
	for at := from; at.Before(to); {
		next := at.Truncate(time.Hour).Add(time.Hour)
		if next.After(to) {
			next = to
		}
		if rate, ok = r.Rate(g, at.In(p.Zone)); !ok {
			return Forecast{}, false
		}
		for _, s := range p.Open(at, next) {
			hours := s.To.Sub(s.From).Hours()
			mean, off := rate.PerHour*hours, 0.0
			if own > 0 {
				off = mean - own*hours
				mean -= r.own * off
			}
			if lift.Factor > 0 && plan.promoted(p.Store.Store, g, at) {
				lifted += mean * lift.Factor
				f.Lift += mean * (lift.Factor - 1)
				mean, off = mean*lift.Factor, off*lift.Factor
			}
			f.Mean, apart = f.Mean+mean, apart+off
		}
		at = next
	}
	f.Variance = f.Mean*rate.Dispersion + f.Mean*f.Mean*rate.Error*rate.Error + lifted*lifted*lift.Error*lift.Error + r.own*(1-r.own)*apart*apart
	return f, ok
}

// ScoredCycle is the delivery cycle that forecasts are scored on: the last one of this length.
const ScoredCycle = 3 * 24 * time.Hour

// averaged is what the moving average looks back on.
const averaged = 28 * 24 * time.Hour

// Scoreboard scores the forecast of the last cycle, made from what was known before it, beside a naive
// seasonal one (the same days a week before) and a moving average of four weeks. Only hours in which
// the product stood on the shelf and was watched count, on both sides: what an empty shelf sold says
// nothing of demand.
type Scoreboard struct {
	Own   float64   // weight of a store's own average of four weeks in the forecast
	from  time.Time // of the cycle
	to    time.Time
	cases map[pair]*caseSum
	total map[string]*scoreSum
}

type caseSum struct {
	actual, hours, open float64
	mean, err           float64 // the forecast's
	week, weekHours     float64
	month, monthHours   float64
}

type scoreSum struct{ loss, abs, in, n float64 }

// NewScoreboard scores the cycle that ends now.
func NewScoreboard(now time.Time) *Scoreboard {
	return &Scoreboard{from: now.Add(-ScoredCycle), to: now, cases: map[pair]*caseSum{}, total: map[string]*scoreSum{}}
}

// NewTrial compares the ways to forecast in the week that ends at a time; see Weight.
func NewTrial(until time.Time) *Scoreboard {
	return &Scoreboard{from: until.AddDate(0, 0, -7), to: until, cases: map[pair]*caseSum{}}
}

// From is when the cycle begins: what its forecast is made from was known before.
func (b *Scoreboard) From() time.Time { return b.from }

// doubted is the variance of the weight of a store's own average as it is thought of before anything is
// measured, about one half: equal weights are hard to beat (Clemen 1989).
const doubted = 1. / 16

// Weight is how much a store's own average of four weeks should count in a forecast beside the demand rate, 0 to
// 1: what would have been best in the cycle, by least squares over all cases, each by its variance (Bates &
// Granger 1969), shrunk to one half. Where hours and neighbours say little, the former is the better one;
// it does not know of hours, days and other stores, which is where the latter is.
func (b *Scoreboard) Weight(dispersion float64) float64 {
	var cross, square float64
	for _, c := range inOrder(b.cases) {
		if !c.counts() {
			continue
		}
		month := c.month * c.hours / c.monthHours
		v := max(0.5, (c.mean+month)/2) * dispersion
		cross += (c.actual - c.mean) * (month - c.mean) / v
		square += (month - c.mean) * (month - c.mean) / v
	}
	return min(1, max(0, (cross+0.5/doubted)/(square+1/doubted)))
}

// counts reports whether a case had the cycle on the shelf, and a week before that can be compared.
func (c *caseSum) counts() bool {
	return c.hours >= 0.9*c.open && c.hours > 0 && c.weekHours >= c.hours/2 && c.monthHours >= c.hours
}

// Hour takes one store's hour; rates are those that were known before the cycle.
func (b *Scoreboard) Hour(store string, local time.Time, list []Lesson, rates *StoreRates) {
	in := !local.Before(b.from) && local.Before(b.to)
	weekAgo := !local.Before(b.from.AddDate(0, 0, -7)) && local.Before(b.to.AddDate(0, 0, -7))
	month := !local.Before(b.from.Add(-averaged)) && local.Before(b.from)
	if !in && !weekAgo && !month {
		return
	}
	for _, l := range list {
		if l.Hours <= 0 {
			if l.Out <= 0 {
				continue // nobody looked
			}
			l.Units = 0 // what was sold unseen
		}
		k := pair{store, l.GTIN}
		c := b.cases[k]
		if c == nil {
			c = &caseSum{}
			b.cases[k] = c
		}
		if in {
			c.open++
			if rate, ok := rates.Rate(l.GTIN, local); ok && l.Hours > 0 {
				c.actual, c.hours = c.actual+l.Units, c.hours+l.Hours
				c.mean, c.err = c.mean+rate.PerHour*l.Hours, rate.Error
			}
		}
		if weekAgo {
			c.week, c.weekHours = c.week+l.Units, c.weekHours+l.Hours
		}
		if month {
			c.month, c.monthHours = c.month+l.Units, c.monthHours+l.Hours
		}
	}
}

// Methods of forecasting, as Score names them.
const (
	MethodRates    = "demand_rate"
	MethodSeasonal = "naive_seasonal"
	MethodAverage  = "moving_average"
	MethodPicks    = "average_of_picks" // of online orders
	MethodLast     = "last_cycle"       // as much as in the cycle before
)

// Close scores the cases of one cluster.
func (b *Scoreboard) Close(dispersion float64) {
	for _, c := range inOrder(b.cases) {
		if !c.counts() {
			continue
		}
		month := c.month * c.hours / c.monthHours
		mean := (1-b.Own)*c.mean + b.Own*month
		b.score(MethodRates, c.actual, mean, mean*dispersion+mean*mean*c.err*c.err+b.Own*(1-b.Own)*(c.mean-month)*(c.mean-month))
		// Each baseline is given the spread that its own chance has: a sum as long as the cycle forecasts
		// with twice the variance, one of four weeks with a little more than once.
		week := c.week * c.hours / c.weekHours
		b.score(MethodSeasonal, c.actual, week, 2*dispersion*max(week, 0.5))
		b.score(MethodAverage, c.actual, month, dispersion*month*(1+c.hours/c.monthHours))
	}
	b.cases = map[pair]*caseSum{}
}

func (b *Scoreboard) score(method string, actual, mean, variance float64) {
	s := b.total[method]
	if s == nil {
		s = &scoreSum{}
		b.total[method] = s
	}
	loss := 0.0
	for i := 1; i <= 9; i++ {
		p := float64(i) / 10
		loss += Pinball(p, Quantile(p, mean, variance), actual)
	}
	s.loss += loss / 9
	s.n++
	if q := Quantile(0.5, mean, variance) - actual; q < 0 {
		s.abs -= q
	} else {
		s.abs += q
	}
	if actual >= Quantile(0.1, mean, variance) && actual <= Quantile(0.9, mean, variance) {
		s.in++
	}
}

// Scores are the methods side by side.
func (b *Scoreboard) Scores() []Score {
	return b.scores(MethodRates, MethodSeasonal, MethodAverage)
}

func (b *Scoreboard) scores(methods ...string) []Score {
	list := []Score{}
	for _, method := range methods {
		if s := b.total[method]; s != nil {
			list = append(list, Score{Method: method, Pinball: s.loss / s.n, MAE: s.abs / s.n, Covered: s.in / s.n, Cases: int(s.n)})
		}
	}
	return list
}
