package synth

import (
	"sort"
)

// bvh is a bounding volume hierarchy over solids. Nodes are split by the surface area heuristic (Wald 2007,
// with a full sweep), which minimises the expected work of a ray.
type bvh struct {
	solids []solid
	nodes  []bvhNode
	order  []int32
}

type bvhNode struct {
	box          aabb
	left, right  int32 // children, if count is 0
	first, count int32 // of a leaf: its range in order
}

func newBVH(solids []solid) *bvh { return newBVHOf(solids, func(solid) bool { return true }) }

// newBVHOf builds a hierarchy of the solids for which keep holds. Hits still carry the index among all solids.
func newBVHOf(solids []solid, keep func(solid) bool) *bvh {
	b := &bvh{solids: solids}
	boxes := make([]aabb, len(solids))
	for i, s := range solids {
		boxes[i] = s.bounds()
		if keep(s) {
			b.order = append(b.order, int32(i))
		}
	}
	if len(b.order) > 0 {
		b.build(boxes, 0, len(b.order))
	}
	return b
}

func (b aabb) area() float64 {
	d := b.hi.Sub(b.lo)
	return d.X*d.Y + d.Y*d.Z + d.Z*d.X
}

func (v aabb) middle(axis int) float64 {
	switch axis {
	case 0:
		return v.lo.X + v.hi.X
	case 1:
		return v.lo.Y + v.hi.Y
	}
	return v.lo.Z + v.hi.Z
}

func (b *bvh) build(boxes []aabb, lo, hi int) int32 {
	run := b.order[lo:hi]
	box := emptyBox()
	for _, i := range run {
		box = box.union(boxes[i])
	}
	at := int32(len(b.nodes))
	b.nodes = append(b.nodes, bvhNode{box: box})
	axis, split := sweep(boxes, run, box.area())
	if split == 0 {
		b.nodes[at].first, b.nodes[at].count = int32(lo), int32(hi-lo)
		return at
	}
	sortRun(boxes, run, axis)
	left := b.build(boxes, lo, lo+split)
	right := b.build(boxes, lo+split, hi)
	b.nodes[at].left, b.nodes[at].right = left, right
	return at
}

func sortRun(boxes []aabb, run []int32, axis int) {
	sort.Slice(run, func(i, j int) bool {
		a, c := boxes[run[i]].middle(axis), boxes[run[j]].middle(axis)
		if a != c {
			return a < c
		}
		return run[i] < run[j]
	})
}

// sweep returns the axis and the number of solids on the left at which a split is cheapest; split is 0 if none
// is worth its node.
func sweep(boxes []aabb, run []int32, whole float64) (axis, split int) {
	const visit = 0.6 // cost of visiting a node, in units of intersecting a solid
	n := len(run)
	best := float64(n) * whole
	right := make([]float64, n)
	for a := range 3 {
		sortRun(boxes, run, a)
		box := emptyBox()
		for i := n - 1; i > 0; i-- {
			box = box.union(boxes[run[i]])
			right[i] = box.area()
		}
		box = emptyBox()
		for i := 1; i < n; i++ {
			box = box.union(boxes[run[i-1]])
			if cost := visit*whole + box.area()*float64(i) + right[i]*float64(n-i); cost < best {
				best, axis, split = cost, a, i
			}
		}
	}
	return axis, split
}

type pending struct {
	node int32
	t    float64 // where the ray enters the node
}

// intersect finds the nearest solid before h.t, except the solid skip (−1: none).
func (b *bvh) intersect(r *ray, h *hit, skip int) bool {
	if len(b.nodes) == 0 {
		return false
	}
	t0, _, ok := b.nodes[0].box.span(r, h.t)
	if !ok {
		return false
	}
	stack := make([]pending, 0, 64)
	at := pending{0, t0}
	found := false
	for {
		if at.t <= h.t {
			node := &b.nodes[at.node]
			if node.count == 0 {
				ta, _, oka := b.nodes[node.left].box.span(r, h.t)
				tb, _, okb := b.nodes[node.right].box.span(r, h.t)
				switch {
				case oka && okb:
					near, far := pending{node.left, ta}, pending{node.right, tb}
					if tb < ta {
						near, far = far, near
					}
					stack = append(stack, far)
					at = near
					continue
				case oka:
					at = pending{node.left, ta}
					continue
				case okb:
					at = pending{node.right, tb}
					continue
				}
			} else {
				for _, i := range b.order[node.first : node.first+node.count] {
					if int(i) != skip && b.solids[i].intersect(r, h) {
						h.solid = int(i)
						found = true
					}
				}
			}
		}
		if len(stack) == 0 {
			return found
		}
		at = stack[len(stack)-1]
		stack = stack[:len(stack)-1]
	}
}

// blocked reports whether anything but skip lies on the ray before tmax.
func (b *bvh) blocked(r *ray, tmax float64, skip int) bool {
	h := hit{t: tmax}
	return b.intersect(r, &h, skip)
}
