package synth

import (
	"context"
	"fmt"
)

// Evaluation is a set that resembles a shop's own: a few coolers with one small range, each seen by front,
// fisheye and oblique cameras in every condition.
type Evaluation struct {
	Light LightModel
	Range []*SKU // the products of all coolers; one that is not in a cooler's planogram may stand there as foreign

	catalogue *Catalogue
	seed      uint64
	width     int
	height    int
}

// framesACooler is the number of consecutive frames that show one cooler.
const framesACooler = 10

// NewEvaluation draws the range of the set.
func NewEvaluation(c *Catalogue, seed uint64, width, height int) (*Evaluation, error) {
	r := newRandom(seed, 51)
	e := &Evaluation{catalogue: c, seed: seed, width: width, height: height, Range: c.assortment(r, r.between(16, 24))}
	if len(e.Range) < 4 {
		return nil, fmt.Errorf("a range of %d SKUs is too small; take a larger catalogue", len(e.Range))
	}
	return e, nil
}

// Render renders frame k. An odd frame shows the same as the even frame before it, with the same camera, packs
// and truth, in a condition that arises in the camera.
func (e *Evaluation) Render(ctx context.Context, k, workers int) (*Sample, error) {
	cooler := k / framesACooler
	r := newRandom(e.seed, 0xeae1_0000+uint64(cooler))
	pool := append([]*SKU(nil), e.Range...)
	r.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	pool, rest := pool[:len(pool)*3/4], pool[len(pool)*3/4:]
	s, err := NewScene(Config{ID: fmt.Sprintf("E%d", cooler+1), Seed: r.Uint64(), Catalogue: e.catalogue, Pool: pool, Foreign: rest, Cooler: true, Rows: r.between(3, 5), Light: e.Light})
	if err != nil {
		return nil, err
	}
	shot := k / 2
	r = newRandom(e.seed, 0xeae2_0000_0000+uint64(shot))
	s.stocking.r = newRandom(e.seed, 0xeae3_0000_0000+uint64(shot))
	s.Stock = s.stocking.fill(&s.Planogram)
	kind := []CameraKind{CameraFront, CameraFisheye, CameraOblique, CameraFisheye, CameraFront}[shot%5]
	cond := []Condition{Clean, Clean, Clean, Clean, Arm, Clean, Glare, Clean, Blocked, Clean}[shot%10]
	camera, seed := s.Camera(kind, r.Uint64()), r.Uint64()
	variant := k%2 == 1
	if variant {
		seed++
		cond = []Condition{Fog, Blur, Dark, Over, JPEG}[(shot+cooler)%5]
	}
	f, err := s.Render(ctx, Shot{Camera: camera, Condition: cond, Width: e.width, Height: e.height, Seed: seed, Device: mix(e.seed + uint64(cooler)), Workers: workers})
	if err != nil {
		return nil, err
	}
	return &Sample{f, &s.Planogram, cond.quality(r), variant}, nil
}
