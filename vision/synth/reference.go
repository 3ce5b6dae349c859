package synth

import (
	"context"
	"image"
	"math"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// ReferenceYaws returns the angles, in degrees, by which a pack is turned in its reference pictures.
func ReferenceYaws() []int { return []int{0, 20, -20, 40, -40} }

// Reference renders the SKU alone, 256 pixels tall, in neutral light in front of a plain background, turned by
// yaw degrees: as somebody who enrols a product would photograph it.
func (c *Catalogue) Reference(ctx context.Context, s *SKU, yaw float64) (*image.RGBA, error) {
	const tall = 256
	size := s.Size
	at := standing(vec{}, yaw)
	k := newPack(s, c.skin(s), at)
	wide := int(math.Ceil(tall * 0.94 * (k.box.hi.X - k.box.lo.X) / size[2]))
	wide += wide/12 + 6
	far := size[2] * 6
	spec := lens.Spec{Kind: "reference", Model: lens.ModelPinhole, PosM: [3]float64{0, -far, size[2] * 0.62}, TargetM: [3]float64{0, 0, size[2] * 0.5}}
	spec.HFOVDeg = 2 * math.Atan(size[2]/0.94/2/(far-size[1]/2)*float64(wide)/tall) * 180 / math.Pi
	cam, err := spec.Camera(wide, tall)
	if err != nil {
		return nil, err
	}
	w := studio(k)
	b := newBuffer(wide, tall)
	if err := rows(ctx, 1, tall, func(y int) { b.traceRow(w, cam, y) }); err != nil {
		return nil, err
	}
	out := append([]rgb(nil), b.pix...)
	edges := b.edges()
	if err := rows(ctx, 1, tall, func(y int) { b.refineRow(w, cam, y, edges, out) }); err != nil {
		return nil, err
	}
	b.pix = out
	return b.expose(tone{exposure: 1, gamma: 1, saturate: 1, tint: grey(1)}), nil
}

// studio returns a world with one pack in even light between two soft lamps.
func studio(k *pack) *world {
	paper := grey(0.86)
	rm := room{ambient: grey(0.75), lamp: grey(1.2), pitchX: 3, pitchY: 3, panelX: 0.6, panelY: 0.6, ceiling: 3, floor: -30, floorC: paper, wallC: paper}
	w := &world{packs: 1, room: rm, plain: &paper, inner: k.box}
	w.inner.lo.Y -= 10
	w.solids = []solid{k}
	h := k.shape.h
	for _, x := range []float64{-3 * h, 3 * h} {
		w.lamps = append(w.lamps, strip{vec{X: x, Y: -4 * h, Z: -h}, vec{X: x, Y: -4 * h, Z: 2 * h}, grey(float32(1.7 * h * h)), 0.25 * h})
	}
	w.tree, w.still = newBVH(w.solids), newBVH(nil)
	w.probes = newProbes(aabb{k.box.lo.Sub(vec{X: h, Y: h, Z: h}), k.box.hi.Add(vec{X: h, Y: h, Z: h})})
	for i := range w.probes.cube {
		for a, n := range axes {
			w.probes.cube[i][a] = grey(float32(0.66 - 0.2*n.Y + 0.12*n.Z))
		}
	}
	return w
}
