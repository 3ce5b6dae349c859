// Package market is a made-up chain of shops that knows what nobody knows of a real one: who wanted what
// and left without it. Customers come, buy, take a substitute or leave; shelves run empty and are
// filled; cameras look, or do not. It measures what package merge makes of the facts alone.
//
// It is seeded: the same seed gives the same world. It shares no code with the estimates that it
// measures: demand is made of customers, one by one, not of rates.
package market

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// World says how large a world is, and how it behaves.
type World struct {
	Seed     uint64
	Stores   int
	Products int
	Regions  int
	Start    time.Time     // a Monday, 00:00 UTC
	Cadence  time.Duration // between looks

	Substitute float64 // share of customers that take another product of the group where theirs is missing
	GapHours   float64 // mean length of a stretch in which the camera sees nothing
	GapsPerDay float64
	Glare      float64 // share of a look's slots that cannot be judged
	Refills    float64 // of the shelf, a day
	Busy       float64 // customers, times the usual

	// Promote is by how much more a product is wanted because it is promoted; nil: nothing is.
	Promote func(store, product int, at time.Time) float64
}

// Default is a world of the size that a test can afford.
func Default() World {
	return World{Seed: 1, Stores: 24, Products: 20, Regions: 3, Start: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Cadence: 15 * time.Minute,
		Substitute: 0.35, GapHours: 4, GapsPerDay: 0.5, Glare: 0.02, Refills: 3, Busy: 1}
}

// Opening hours of every store, UTC.
const (
	opens  = 7
	closes = 22
)

// Hours are the opening hours as a master tells them.
const Hours = "Mo-Su 07:00-22:00"

// GTIN names a product of the world.
func GTIN(i int) shelf.GTIN {
	body := fmt.Sprintf("400%09d", 1000+i)
	return shelf.GTIN(body + string(shelf.CheckDigit(body)))
}

// Group is the interchangeable group of a product: four each.
func Group(i int) string { return fmt.Sprintf("group-%d", i/4) }

// StoreName names a store of the world.
func StoreName(i int) string { return fmt.Sprintf("s%04d", i) }

// Region is where a store lies.
func (w *World) Region(store int) string { return fmt.Sprintf("region-%d", store%max(1, w.Regions)) }

// product is what a product is like everywhere.
type product struct {
	perHour  float64 // in a mean store, in a mean hour
	evening  float64 // how much more it sells late than early
	weekend  float64
	capacity int
	facings  int
	price    int64
}

func (w *World) product(i int) product {
	rng := rand.New(rand.NewPCG(w.Seed, uint64(1_000_000+i)))
	facings := 2 + i%3
	return product{
		perHour: 0.4 * math.Exp(1.1*rng.NormFloat64()*0.7+0.3) * w.Busy,
		evening: rng.NormFloat64() * 0.5, weekend: rng.NormFloat64() * 0.3,
		capacity: facings * 6, facings: facings, price: int64(90 + 10*(i%12)),
	}
}

// shop is what a store is like.
type shop struct {
	level   float64
	evening float64
	likes   []float64 // by product
}

func (w *World) shop(i int) shop {
	rng := rand.New(rand.NewPCG(w.Seed, uint64(2_000_000+i)))
	s := shop{level: math.Exp(0.4 * rng.NormFloat64()), evening: 0.4 * rng.NormFloat64(), likes: make([]float64, w.Products)}
	for p := range s.likes {
		s.likes[p] = math.Exp(0.35 * rng.NormFloat64())
	}
	return s
}

// rate is the mean number of customers an hour that want a product.
func (s *shop) rate(p product, i int, at time.Time) float64 {
	h := float64(at.Hour())
	if h < opens || h >= closes {
		return 0
	}
	day := (h - (opens+closes)/2) / ((closes - opens) / 2) // −1 at opening … 1 at closing
	v := p.perHour * s.level * s.likes[i] * math.Exp((p.evening+s.evening)*day-0.3*day*day)
	// A lunch peak, which every store has.
	v *= 1 + 0.5*math.Exp(-(h-12.5)*(h-12.5)/2)
	if wd := at.Weekday(); wd == time.Saturday || wd == time.Sunday {
		v *= math.Exp(0.2 + p.weekend)
	}
	return v
}
