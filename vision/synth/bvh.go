package synth

import "sort"

// bvh is a bounding volume hierarchy over solids, split at the median of the widest axis.
type bvh struct {
	solids []solid
	nodes  []bvhNode
	order  []int32
}

type bvhNode struct {
	box          aabb
	left, right  int32 // children, if count is 0
	first, count int32 // leaf: its run of order
	axis         uint8
}

func newBVH(solids []solid) *bvh {
	b := &bvh{solids: solids, order: make([]int32, len(solids))}
	boxes := make([]aabb, len(solids))
	for i, s := range solids {
		b.order[i] = int32(i)
		boxes[i] = s.bounds()
	}
	if len(solids) > 0 {
		b.build(boxes, 0, len(solids))
	}
	return b
}

func (b *bvh) build(boxes []aabb, lo, hi int) int32 {
	box, mid := emptyBox(), emptyBox()
	for _, i := range b.order[lo:hi] {
		box = box.union(boxes[i])
		mid = mid.with(boxes[i].centre())
	}
	at := int32(len(b.nodes))
	b.nodes = append(b.nodes, bvhNode{box: box})
	size := mid.hi.Sub(mid.lo)
	if hi-lo <= 2 || size.X+size.Y+size.Z < 1e-9 {
		b.nodes[at].first, b.nodes[at].count = int32(lo), int32(hi-lo)
		return at
	}
	var axis uint8
	key := func(v vec) float64 { return v.X }
	if size.Y > size.X && size.Y > size.Z {
		axis, key = 1, func(v vec) float64 { return v.Y }
	} else if size.Z > size.X {
		axis, key = 2, func(v vec) float64 { return v.Z }
	}
	run := b.order[lo:hi]
	sort.SliceStable(run, func(i, j int) bool { return key(boxes[run[i]].centre()) < key(boxes[run[j]].centre()) })
	half := (lo + hi) / 2
	left := b.build(boxes, lo, half)
	right := b.build(boxes, half, hi)
	b.nodes[at].left, b.nodes[at].right, b.nodes[at].axis = left, right, axis
	return at
}

// intersect finds the nearest solid before h.t, leaving out solid skip (−1: none).
func (b *bvh) intersect(r *ray, h *hit, skip int) bool {
	if len(b.nodes) == 0 {
		return false
	}
	var stack [48]int32
	n := 1
	stack[0] = 0
	found := false
	for n > 0 {
		n--
		node := &b.nodes[stack[n]]
		if _, _, ok := node.box.span(r, h.t); !ok {
			continue
		}
		if node.count > 0 {
			for _, i := range b.order[node.first : node.first+node.count] {
				if int(i) != skip && b.solids[i].intersect(r, h) {
					h.solid = int(i)
					found = true
				}
			}
			continue
		}
		near, far := node.left, node.right
		if (node.axis == 0 && r.d.X < 0) || (node.axis == 1 && r.d.Y < 0) || (node.axis == 2 && r.d.Z < 0) {
			near, far = far, near
		}
		stack[n], stack[n+1] = far, near
		n += 2
	}
	return found
}

// blocked says whether anything but skip lies on the ray before tmax.
func (b *bvh) blocked(r *ray, tmax float64, skip int) bool {
	if len(b.nodes) == 0 {
		return false
	}
	var stack [48]int32
	n := 1
	h := hit{t: tmax}
	for n > 0 {
		n--
		node := &b.nodes[stack[n]]
		if _, _, ok := node.box.span(r, tmax); !ok {
			continue
		}
		if node.count == 0 {
			stack[n], stack[n+1] = node.left, node.right
			n += 2
			continue
		}
		for _, i := range b.order[node.first : node.first+node.count] {
			if int(i) != skip && b.solids[i].intersect(r, &h) {
				return true
			}
		}
	}
	return false
}
