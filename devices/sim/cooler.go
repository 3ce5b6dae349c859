// Package sim is a cooler for a desk: a door that shoppers open, air and goods that warm and cool, a
// compressor that cycles and defrosts, and people who walk past. It stands in for the devices where
// there is no hardware, in a demonstration and in tests.
//
// The air is one lump of heat and the goods another: enough that a door left open, a defrost and a
// broken compressor look on a chart as they do in a shop. It refuses to be a refrigeration model. The
// same seed and the same steps give the same readings.
package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// What the cooler is like. Temperatures in °C, rates per second.
const (
	room        = 23.0
	coldest     = 1.5 // the thermostat stops the compressor
	warmest     = 5.0 // and starts it
	leak        = 1.0 / 9000
	openLeak    = 1.0 / 260
	toGoods     = 1.0 / 240  // of the air towards the goods
	toAir       = 1.0 / 9000 // of the goods towards the air
	cooling     = 0.017      // K/s of the air while the compressor runs
	heating     = 0.006      // K/s while it defrosts
	defrostGap  = 6 * time.Hour
	defrostTime = 20 * time.Minute
)

// Power of a cooler of 600 litres, in milliampere at 230 V.
const (
	mains        = 230_000
	idleMA       = 90 // fan and lamps
	compressorMA = 850
	defrostMA    = 1500
)

// busy is how many people walk past in an hour, by hour of the day.
var busy = [24]float64{2, 1, 0, 0, 0, 4, 25, 60, 80, 50, 45, 60, 110, 95, 55, 50, 65, 110, 130, 95, 60, 35, 18, 8}

// Of those who walk past: how many stop, and how many of these open the door.
const (
	stopShare = 0.3
	openShare = 0.55
)

// Cooler is a simulated cooler. It belongs to one goroutine.
type Cooler struct {
	rng        *rand.Rand
	now        time.Time
	air, goods float64
	moisture   float64 // relative humidity, 0 to 1
	running    bool    // the compressor
	broken     bool
	defrostAt  time.Time
	closesAt   time.Time // zero: the door is closed
	people     []shopper
	counts     Counts
}

// shopper stands before the cooler until leaves.
type shopper struct {
	came, leaves, opens time.Time // opens zero: only looks
}

// Counts of people since they were last taken.
type Counts struct {
	Passing, In, Out int
	Dwell            time.Duration // of those who have left
}

// State is what the sensors would say.
type State struct {
	Air, Goods float64 // °C
	Humidity   float64 // 0 to 1
	Open       bool
	Compressor bool
	Defrost    bool
	MilliVolt  int32
	MilliAmp   int32
}

// New gives a cold and closed cooler at a time of day.
func New(seed uint64, now time.Time) *Cooler {
	return &Cooler{
		rng: rand.New(rand.NewPCG(seed, 0xc001)), now: now, air: 3.4, goods: 3.2, moisture: 0.7,
		defrostAt: now.Add(time.Duration(seed%5+1) * time.Hour),
	}
}

// BreakCompressor stops the compressor for good, true, or has it mended.
func (c *Cooler) BreakCompressor(broken bool) { c.broken = broken }

// Hold keeps the door open for so long from now on, as somebody does who refills.
func (c *Cooler) Hold(open time.Duration) { c.closesAt = c.now.Add(open) }

// Step lets time pass, in steps of at most a second.
func (c *Cooler) Step(d time.Duration) {
	for d > 0 {
		dt := min(d, time.Second)
		d -= dt
		c.now = c.now.Add(dt)
		c.shop(dt)
		c.thermostat()
		c.heat(dt.Seconds())
	}
}

// shop brings people, lets them open the door, and lets them go.
func (c *Cooler) shop(dt time.Duration) {
	if c.rng.Float64() < busy[c.now.Hour()]/3600*dt.Seconds() {
		c.arrive()
	}
	still := c.people[:0]
	for _, p := range c.people {
		if !p.opens.IsZero() && !c.now.Before(p.opens) {
			open := 4*time.Second + time.Duration(c.rng.ExpFloat64()*float64(5*time.Second))
			if until := c.now.Add(min(open, time.Minute)); until.After(c.closesAt) {
				c.closesAt = until
			}
			p.opens = time.Time{}
			p.leaves = c.closesAt.Add(time.Second)
		}
		if c.now.Before(p.leaves) {
			still = append(still, p)
			continue
		}
		c.counts.Out++
		c.counts.Dwell += p.leaves.Sub(p.came)
	}
	c.people = still
	if !c.closesAt.IsZero() && !c.now.Before(c.closesAt) {
		c.closesAt = time.Time{}
	}
}

func (c *Cooler) arrive() {
	if c.rng.Float64() >= stopShare {
		c.counts.Passing++
		return
	}
	c.counts.In++
	p := shopper{came: c.now, leaves: c.now.Add(3*time.Second + time.Duration(c.rng.ExpFloat64()*float64(8*time.Second)))}
	if c.rng.Float64() < openShare {
		p.opens = c.now.Add(2*time.Second + time.Duration(c.rng.ExpFloat64()*float64(4*time.Second)))
		p.leaves = p.opens.Add(time.Hour) // set when the door is opened
	}
	c.people = append(c.people, p)
}

func (c *Cooler) defrosting() bool { return !c.now.Before(c.defrostAt) }

func (c *Cooler) thermostat() {
	if !c.now.Before(c.defrostAt.Add(defrostTime)) {
		c.defrostAt = c.now.Add(defrostGap)
	}
	switch {
	case c.broken || c.defrosting():
		c.running = false
	case c.air >= warmest:
		c.running = true
	case c.air <= coldest:
		c.running = false
	}
}

func (c *Cooler) heat(dt float64) {
	open := !c.closesAt.IsZero()
	rate := leak
	if open {
		rate += openLeak
	}
	flow := (room-c.air)*rate + (c.goods-c.air)*toGoods
	if c.running {
		flow -= cooling
	}
	if c.defrosting() {
		flow += heating
	}
	c.goods += (c.air - c.goods) * toAir * dt
	c.air += flow * dt
	// Room air brings water in, the evaporator takes it out.
	towards, tau := 0.62, 900.0
	switch {
	case open:
		towards, tau = 0.95, 40
	case c.defrosting():
		towards, tau = 0.97, 300
	}
	c.moisture += (towards - c.moisture) * (1 - math.Exp(-dt/tau))
}

// State tells what the sensors would say now.
func (c *Cooler) State() State {
	s := State{
		Air: c.air, Goods: c.goods, Humidity: c.moisture, Open: !c.closesAt.IsZero(), Compressor: c.running, Defrost: c.defrosting(),
		MilliVolt: mains, MilliAmp: idleMA,
	}
	if s.Compressor {
		s.MilliAmp += compressorMA
	}
	if s.Defrost {
		s.MilliAmp += defrostMA
	}
	return s
}

// TakeCounts gives the people since the last call.
func (c *Cooler) TakeCounts() Counts {
	n := c.counts
	c.counts = Counts{}
	return n
}
