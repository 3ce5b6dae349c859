package synth

import (
	"math"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// simulate fills in d.Moments.
func (d *Day) simulate() error {
	s, cfg := d.Scene, d.cfg
	r := newRandom(cfg.Seed, 41)
	camera := s.Camera(cfg.Camera, cfg.Seed)
	n := (cfg.Close-cfg.Open)/cfg.Step + 1

	visible, err := d.inView(camera)
	if err != nil {
		return err
	}
	// Choose the slots that sell out and when, all before the shelf is refilled in the afternoon.
	refill := n * 2 / 3
	soldOut := map[int]int{} // slot → moment at which it is empty
	for k, slot := range visible {
		if k == cfg.Stockouts {
			break
		}
		soldOut[slot] = max(2, int(float64(refill)*r.in(0.35, 0.75)))
	}
	script := d.script(r, n, refill, soldOut)
	sh := shop{r: r, s: s, soldOut: soldOut, gravity: make([]bool, len(s.Planogram.Lanes))}
	for i := range sh.gravity {
		sh.gravity[i] = r.chance(0.4)
	}
	sh.wrongAt, sh.wrongSlot = n/5+r.IntN(n/6+1), -1
	for _, slot := range visible[min(len(visible), cfg.Stockouts):] {
		if len(s.Planogram.Products) > 1 {
			sh.wrongSlot = slot
			break
		}
	}
	for k := range n {
		m := script[k]
		m.Index, m.Minute, m.Restock = k, cfg.Open+k*cfg.Step, k == refill
		if m.Restock {
			sh.refill()
		} else if k > 0 {
			sh.trade(k, float64(m.Minute-cfg.Open)/float64(cfg.Close-cfg.Open), float64(cfg.Step)/30)
		}
		m.stock = s.Stock.clone()
		m.shown = m.stock
		m.seed = mix(cfg.Seed ^ uint64(k)<<8)
		m.camera = camera
		for i := range m.camera.PosM { // the door never closes in quite the same position
			m.camera.PosM[i] += r.bell(0.0008)
		}
		if m.Disturbance == Shifted {
			m.camera.TargetM[0] += 0.16
			m.camera.TargetM[2] -= 0.1
			m.camera.RollDeg += 5
		}
		if m.Disturbance == Frozen {
			last := d.Moments[k-1]
			m.shown, m.seed, m.camera, m.Condition = last.shown, last.seed, last.camera, last.Condition
		}
		m.Readable = m.Disturbance == "" && (m.Condition == Clean || m.Condition == Arm || m.Condition == JPEG)
		d.Moments = append(d.Moments, m)
	}
	return nil
}

// inView returns, in random order, the slots of which the camera sees most of the front plane.
func (d *Day) inView(spec lens.Spec) ([]int, error) {
	s := d.Scene
	cam, err := spec.Camera(d.cfg.Width, d.cfg.Height)
	if err != nil {
		return nil, err
	}
	var out []int
	for i, t := range s.slotTruth(s.world(nil), cam, nil) {
		if t.ViewFraction > 0.7 && t.Box != nil && t.Box[2] > d.cfg.Width/30 {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return nil, errNoSlotInView
	}
	r := newRandom(d.cfg.Seed, 42)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, nil
}

// script places conditions and disturbances away from the moments at which slots sell out or are refilled, so
// that every episode begins and ends in plain view.
func (d *Day) script(r random, n, refill int, soldOut map[int]int) []Moment {
	out := make([]Moment, n)
	busy := make([]bool, n)
	for i := range out {
		out[i].Condition = Clean
	}
	block := func(k int) {
		for _, i := range []int{k - 1, k, k + 1} {
			if i >= 0 && i < n {
				busy[i] = true
			}
		}
	}
	block(0)
	block(refill)
	for _, k := range soldOut {
		block(k)
	}
	put := func(length int, set func(m *Moment)) {
		var free []int
		for k := 1; k+length <= n; k++ {
			ok := true
			for i := range length {
				ok = ok && !busy[k+i]
			}
			if ok {
				free = append(free, k)
			}
		}
		if len(free) == 0 {
			return
		}
		k := free[r.IntN(len(free))]
		for i := range length {
			set(&out[k+i])
			busy[k+i] = true
		}
		if k+length < n {
			busy[k+length] = true // leave a plain frame in between
		}
	}
	put(2, func(m *Moment) { m.Condition = Fog })
	put(1, func(m *Moment) { m.Condition = Arm })
	put(1, func(m *Moment) { m.Condition = Blocked })
	put(1, func(m *Moment) { m.Condition = Arm })
	put(1, func(m *Moment) { m.Disturbance = Frozen })
	put(1, func(m *Moment) { m.Disturbance = Shifted })
	put(1, func(m *Moment) { m.Condition = Dark })
	put(1, func(m *Moment) { m.Condition = Glare })
	return out
}

// shop moves packs between frames.
type shop struct {
	r         random
	s         *Scene
	soldOut   map[int]int
	gravity   []bool // the lanes in which packs slide to the front
	wrongAt   int    // the moment at which a customer puts a pack back in the wrong lane
	wrongSlot int    // the slot of that lane; −1: never
}

// trade lets customers take packs before moment k. share is how far the day has advanced, from 0 to 1, and busy
// scales their number. Slots that do not sell out on this day keep at least one pack in every lane.
func (sh *shop) trade(k int, share, busy float64) {
	p := &sh.s.Planogram
	for i := range p.Slots {
		if due, ok := sh.soldOut[i]; ok {
			left := sh.left(i)
			if k >= due {
				sh.take(i, left, 0)
			} else {
				sh.take(i, min(left-1, left-left*(due-k)/(due-k+1)), 0)
			}
			continue
		}
		// Shops are busiest at noon and after work.
		rush := 0.4 + math.Exp(-math.Pow((share-0.3)/0.12, 2)) + math.Exp(-math.Pow((share-0.75)/0.12, 2))
		n := 0
		for range len(p.Slots[i].Lanes) {
			for sh.r.chance(min(0.8, 0.22*rush*busy)) {
				n++
			}
		}
		sh.take(i, n, 1)
	}
	if k == sh.wrongAt && sh.wrongSlot >= 0 {
		sh.misplace(sh.wrongSlot)
	}
}

func (sh *shop) left(slot int) int {
	n := 0
	for _, l := range sh.s.Planogram.Slots[slot].Lanes {
		n += len(sh.s.Stock[l])
	}
	return n
}

// take removes n packs from the fronts of a slot's lanes, leaving keep in each.
func (sh *shop) take(slot, n, keep int) {
	lanes := sh.s.Planogram.Slots[slot].Lanes
	for range n {
		l := lanes[sh.r.IntN(len(lanes))]
		for range lanes { // take from the nearest lane that has one to spare
			if len(sh.s.Stock[l]) > keep {
				break
			}
			l = lanes[sh.r.IntN(len(lanes))]
		}
		if keep == 0 {
			for _, c := range lanes {
				if len(sh.s.Stock[l]) == 0 {
					l = c
				}
			}
		}
		items := sh.s.Stock[l]
		if len(items) <= keep {
			continue
		}
		items = append([]Item(nil), items[1:]...)
		if sh.gravity[l] {
			for i := range items {
				items[i].Place--
			}
		}
		if len(items) > 0 && sh.r.chance(0.3) { // the next pack is brushed in passing
			items[0].Yaw += sh.r.bell(8)
		}
		sh.s.Stock[l] = items
	}
}

// misplace replaces the front pack of a lane of the slot by another of the cooler's products.
func (sh *shop) misplace(slot int) {
	p := &sh.s.Planogram
	li := p.Slots[slot].Lanes[0]
	l := &p.Lanes[li]
	items := append([]Item(nil), sh.s.Stock[li]...)
	for _, other := range p.Products {
		if other == l.Expected || other.Size[0] > l.W || other.Size[1] > l.Expected.Size[1]+0.004 || other.Size[2] > l.Clear-0.004 || len(items) == 0 {
			continue
		}
		items[0] = sh.s.stocking.jitter(other, l, items[0].Place)
		sh.s.Stock[li] = items
		return
	}
}

// refill fills every lane and corrects what stood in the wrong place.
func (sh *shop) refill() {
	p := &sh.s.Planogram
	sh.soldOut, sh.wrongSlot = nil, -1 // what is filled now lasts until the shop closes
	for i := range p.Lanes {
		l := &p.Lanes[i]
		var items []Item
		for k := range l.Capacity {
			items = append(items, sh.s.stocking.jitter(l.Expected, l, k))
		}
		sh.s.Stock[i] = items
	}
}
