package synth

import "math/rand/v2"

// random is a seeded source with the kinds of draws that scenes need. Every part of a scene draws from a stream
// of its own, so that changing one part leaves the others as they were.
type random struct{ *rand.Rand }

func newRandom(seed, stream uint64) random {
	return random{rand.New(rand.NewPCG(seed, mix(stream)))}
}

// mix is the finaliser of SplitMix64: a bijection that spreads nearby integers.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// in draws a number from [a, b).
func (r random) in(a, b float64) float64 { return a + (b-a)*r.Float64() }

// between draws an integer from a to b, both included.
func (r random) between(a, b int) int { return a + r.IntN(b-a+1) }

// chance returns true with probability p.
func (r random) chance(p float64) bool { return r.Float64() < p }

// bell draws from a normal distribution with standard deviation sd, truncated at three deviations.
func (r random) bell(sd float64) float64 {
	for {
		if x := r.NormFloat64(); x > -3 && x < 3 {
			return x * sd
		}
	}
}

func pick[T any](r random, from ...T) T { return from[r.IntN(len(from))] }

// weighted draws an index with a probability proportional to its weight.
func (r random) weighted(w ...float64) int {
	var sum float64
	for _, x := range w {
		sum += x
	}
	at := r.Float64() * sum
	for i, x := range w {
		if at -= x; at < 0 {
			return i
		}
	}
	return len(w) - 1
}

// noise hashes a pixel and a channel to [0, 1): randomness that does not depend on the order in which pixels
// are visited.
func noise(seed uint64, x, y, channel int) float64 {
	h := mix(seed ^ uint64(x)<<40 ^ uint64(y)<<16 ^ uint64(channel))
	return float64(h>>11) / (1 << 53)
}
