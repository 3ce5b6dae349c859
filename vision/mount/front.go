package mount

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Where packs' fronts stand behind the cooler's front plane, in metres: rails and feeds differ by some
// centimetres from cooler to cooler, which for a camera close by is more than a lane to the side. A
// mount that does not tell it leaves it to the facings: nearly all stand at the front.
const (
	nearestFront, farthestFront, frontStep = -0.01, 0.06, 0.01
	// enoughFacings to tell by; with fewer the front stays where it is.
	enoughFacings = 8
	// unlike is the cost from which a facing says nothing of the front: it stands deeper, or is none.
	unlike = 0.3
	// forgotten is what remains of earlier pictures' say after each one.
	forgotten = 0.8
	// sampled bounds the facings that are asked, for time's sake.
	sampled = 40
)

// Settle finds how far behind the front plane packs stand, by the facings of this picture and, with less
// weight, of those before; it does nothing where the mount tells it or the camera is not known. View
// and all that stands on it change with it.
func (s *Sight) Settle(facings []shelf.Facing) {
	was := s.front
	s.settle(facings)
	if s.front != was {
		s.look()
	}
}

// settle is Settle but for the view.
func (s *Sight) settle(facings []shelf.Facing) {
	if s.camera == nil || s.frontTold || len(facings) < enoughFacings {
		return
	}
	if s.frontCosts == nil {
		s.frontCosts = make([]float64, int(math.Round((farthestFront-nearestFront)/frontStep))+1)
	}
	best := 0
	every := max(1, len(facings)/sampled)
	for k := range s.frontCosts {
		s.front = nearestFront + float64(k)*frontStep
		tall := s.heights(facings)
		sum, n := 0.0, 0
		for i := 0; i < len(facings); i += every {
			sum += s.frontCost(facings[i], tall)
			n++
		}
		s.frontCosts[k] = forgotten*s.frontCosts[k] + (1-forgotten)*sum/float64(n)
		if s.frontCosts[k] < s.frontCosts[best] {
			best = k
		}
	}
	s.front = nearestFront + float64(best)*frontStep
}

// frontCost is how unlike a facing is to any pack at the front.
func (s *Sight) frontCost(f shelf.Facing, tall heights) float64 {
	cost := unlike
	for _, c := range s.stands(f, tall, 0, depthStep) {
		cost = math.Min(cost, c.cost)
	}
	return cost
}
