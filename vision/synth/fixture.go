package synth

// style is a kind of furniture.
type style uint8

const (
	styleCooler  style = iota // closed on five sides, LED strips, door frame
	styleOpen                 // open-front chiller with a lit canopy
	styleAmbient              // plain shelving without cooling
)

// furniture is the appearance of a cooler or a shelf around its packs.
type furniture struct {
	style    style
	wall     *material
	back     *material
	board    *material
	rail     *material
	frame    *material
	wire     bool
	pitch    float64
	railTall float64
	railLip  float64 // how far the rail stands above the board, in metres
	railY    float64
	tags     []*material
	tagEvery float64 // probability of a tag at a slot
	lampTint rgb
	side     bool // upright strips at both sides of the front
	under    bool // a strip under every board
	top      bool
	header   bool
	outlets  bool
	slots    bool // perforated posts
}

func grey(v float32) rgb { return rgb{v, v, v} }

func newFurniture(r random, l *lettering) furniture {
	f := furniture{style: style(r.weighted(7, 1.6, 1.4))}
	shades := []rgb{grey(0.78), grey(0.62), grey(0.85), grey(0.3), grey(0.05), {0.7, 0.75, 0.8}, {0.75, 0.72, 0.66}}
	wall := shades[r.weighted(4, 3, 3, 1.5, 1.5, 1.5, 1)]
	f.wall = &material{albedo: wall, gloss: 0.04, rough: 0.25, mottle: float32(r.in(0, 0.08))}
	f.back = f.wall
	if r.chance(0.3) {
		f.back = &material{albedo: shades[r.IntN(len(shades))], gloss: 0.05, rough: 0.2, mottle: 0.05}
	}
	if r.chance(0.12) { // polished steel
		f.back = &material{albedo: grey(0.75), gloss: 0.7, rough: 0.1, metal: true}
	}
	f.wire = r.chance(0.55)
	f.pitch = r.in(0.018, 0.032)
	wireC := pick(r, grey(0.8), grey(0.75), grey(0.45), grey(0.06))
	f.board = &material{albedo: wireC, gloss: 0.08, rough: 0.2}
	if !f.wire {
		f.board = &material{albedo: pick(r, grey(0.8), grey(0.6), grey(0.2), rgb{0.7, 0.73, 0.76}), gloss: float32(r.in(0.02, 0.12)), rough: r.in(0.04, 0.2), mottle: 0.05}
		if r.chance(0.2) {
			f.board = &material{albedo: grey(0.7), gloss: 0.5, rough: 0.15, metal: true}
		}
	}
	if f.style == styleAmbient && r.chance(0.5) {
		f.wire = false
		f.board = &material{albedo: hsv(r.in(20, 40), r.in(0.3, 0.6), r.in(0.4, 0.8)).linear(), gloss: 0.03, rough: 0.2, mottle: 0.12}
	}
	railInk := hsv(r.in(0, 360), r.in(0.5, 0.95), r.in(0.4, 0.95))
	if r.chance(0.5) {
		railInk = pick(r, white, ink{215, 216, 218, 255}, ink{40, 40, 44, 255}, ink{160, 162, 165, 255})
	}
	f.rail = &material{albedo: railInk.linear(), gloss: 0.05, rough: 0.1}
	f.railTall, f.railLip = r.in(0.022, 0.048), r.in(-0.004, 0.014)
	f.railY = r.in(0.002, 0.03)
	if r.chance(0.1) { // no rail at all
		f.railTall, f.railLip = 0.008, 0
	}
	f.frame = &material{albedo: pick(r, grey(0.02), grey(0.04), grey(0.7), grey(0.35), railInk.linear()), gloss: 0.05, rough: 0.15}
	for range r.between(3, 6) {
		f.tags = append(f.tags, &material{picture: priceTag(r, l), albedo: grey(0.7), gloss: 0.03, rough: 0.1})
	}
	f.tagEvery = pick(r, 0, 0.5, 0.9, 1)
	warm := r.in(-0.18, 0.22)
	f.lampTint = rgb{float32(1 + warm), 1, float32(1 - warm)}
	f.side = f.style == styleCooler && r.chance(0.75)
	f.under = r.chance(0.3)
	f.top = f.style != styleAmbient && (!f.side || r.chance(0.7))
	f.header = f.style != styleAmbient && r.chance(0.6)
	f.outlets = f.style != styleAmbient && r.chance(0.4)
	f.slots = r.chance(0.6)
	return f
}

// build returns the furniture around a planogram, its lamps and the space inside it.
func (f *furniture) build(r random, p *Planogram) (solids []solid, lamps []strip, inner aabb) {
	w, d, h := p.Width, p.Depth, p.Height
	x0, x1 := -w/2, w/2
	box := func(m *material, ax, ay, az, bx, by, bz float64) {
		solids = append(solids, &slab{aabb{vec{X: ax, Y: ay, Z: az}, vec{X: bx, Y: by, Z: bz}}, m})
	}
	const t = 0.03
	base := p.ShelfZ[len(p.ShelfZ)-1]
	inner = aabb{vec{X: x0, Y: 0, Z: base - 0.03}, vec{X: x1, Y: d, Z: h}}
	if f.style == styleAmbient {
		if r.chance(0.7) {
			box(f.back, x0, d, base-0.1, x1, d+0.01, h)
		}
		for _, x := range []float64{x0, x1} {
			box(f.frame, x-0.012, d-0.04, 0, x+0.012, d, h)
			if r.chance(0.5) {
				box(f.frame, x-0.012, 0.01, 0, x+0.012, 0.04, h)
			}
		}
	} else {
		box(f.wall, x0-t, 0, 0, x0, d, h+t)
		box(f.wall, x1, 0, 0, x1+t, d, h+t)
		box(f.back, x0-t, d, 0, x1+t, d+t, h+t)
		box(f.wall, x0-t, 0, h, x1+t, d, h+t)
	}
	if f.outlets {
		grid := &material{albedo: grey(0.1)}
		solids = append(solids, &grille{box: aabb{vec{X: x0 + 0.06, Y: d - 0.002, Z: h - 0.14}, vec{X: x1 - 0.06, Y: d - 0.002, Z: h - 0.05}}, upright: true, pitch: 0.012, wire: 0.006, mat: grid})
	}
	if f.slots {
		dark := &material{albedo: grey(0.04)}
		for z := base + 0.03; z < h-0.03; z += 0.025 {
			for _, y := range []float64{0.05, d - 0.06} {
				box(dark, x0-0.001, y, z, x0+0.0015, y+0.006, z+0.013)
				box(dark, x1-0.0015, y, z, x1+0.001, y+0.006, z+0.013)
			}
		}
	}
	for i, z := range p.ShelfZ {
		f.shelf(r, p, i, z, &solids)
	}
	f.cabinet(r, p, &solids)
	glow := func(a, b vec, rad, power float64, show bool) {
		c := f.lampTint.times(float32(power))
		lamps = append(lamps, strip{a, b, c, rad})
		if show {
			m := &material{albedo: grey(0.9), emit: f.lampTint.times(float32(2.5 + 3*r.Float64()))}
			e := vec{X: rad, Y: rad, Z: rad}
			lo, hi := emptyBox().with(a).with(b).lo.Sub(e), emptyBox().with(a).with(b).hi.Add(e)
			solids = append(solids, &slab{aabb{lo, hi}, m})
		}
	}
	if f.side {
		for _, x := range []float64{x0 + 0.008, x1 - 0.008} {
			glow(vec{X: x, Y: 0.008, Z: base}, vec{X: x, Y: 0.008, Z: h - 0.03}, r.in(0.006, 0.012), 0.16*h, true)
		}
	}
	if f.top {
		glow(vec{X: x0 + 0.05, Y: 0.03, Z: h - 0.012}, vec{X: x1 - 0.05, Y: 0.03, Z: h - 0.012}, 0.01, 0.2*w, true)
	}
	if f.style == styleOpen {
		glow(vec{X: x0, Y: -0.1, Z: h + 0.02}, vec{X: x1, Y: -0.1, Z: h + 0.02}, 0.012, 0.45*w, false)
	}
	if f.under {
		for i, z := range p.ShelfZ {
			if i == len(p.ShelfZ)-1 {
				break
			}
			glow(vec{X: x0 + 0.03, Y: 0.04, Z: z - 0.02}, vec{X: x1 - 0.03, Y: 0.04, Z: z - 0.02}, 0.005, 0.08*w, true)
		}
	}
	return solids, lamps, inner
}

func (f *furniture) shelf(r random, p *Planogram, i int, z float64, solids *[]solid) {
	x0, x1 := -p.Width/2+0.004, p.Width/2-0.004
	bottom := i == len(p.ShelfZ)-1
	lo, hi := vec{X: x0, Y: f.railY, Z: z - 0.012}, vec{X: x1, Y: p.Depth - 0.02, Z: z}
	if f.wire && !(bottom && r.chance(0.5)) {
		lo.Z = z - 0.0005
		*solids = append(*solids, &grille{box: aabb{lo, hi}, pitch: f.pitch, wire: 0.0042, cross: 0.13, mat: f.board})
		for _, y := range []float64{0.06, p.Depth * 0.5, p.Depth - 0.05} {
			*solids = append(*solids, &slab{aabb{vec{X: x0, Y: y, Z: z - 0.012}, vec{X: x1, Y: y + 0.006, Z: z - 0.006}}, f.board})
		}
	} else {
		if bottom {
			lo.Z = z - 0.03
		}
		*solids = append(*solids, &slab{aabb{lo, hi}, f.board})
	}
	top := z + f.railLip
	y := f.railY - 0.006
	*solids = append(*solids, &slab{aabb{vec{X: x0, Y: y, Z: top - f.railTall}, vec{X: x1, Y: f.railY, Z: top}}, f.rail})
	if f.railTall < 0.02 {
		return
	}
	for _, s := range p.Slots {
		if s.Row != i+1 || !r.chance(f.tagEvery) {
			continue
		}
		a, b := p.Lanes[s.Lanes[0]], p.Lanes[s.Lanes[len(s.Lanes)-1]]
		x := (a.X+b.X)/2 + r.in(-0.3, 0.3)*(b.X+b.W-a.X)
		tall := f.railTall * r.in(0.8, 1.05)
		wide := tall * r.in(1.2, 1.9)
		x = min(max(x, x0+wide/2), x1-wide/2)
		m := f.tags[r.IntN(len(f.tags))]
		mid := top - f.railTall/2
		*solids = append(*solids, &slab{aabb{vec{X: x - wide/2, Y: y - 0.0015, Z: mid - tall/2}, vec{X: x + wide/2, Y: y, Z: mid + tall/2}}, m})
	}
}

// cabinet adds the outside: door frame, gaskets, header and foot.
func (f *furniture) cabinet(r random, p *Planogram, solids *[]solid) {
	x0, x1, h := -p.Width/2, p.Width/2, p.Height
	box := func(m *material, ax, ay, az, bx, by, bz float64) {
		*solids = append(*solids, &slab{aabb{vec{X: ax, Y: ay, Z: az}, vec{X: bx, Y: by, Z: bz}}, m})
	}
	if f.style == styleAmbient {
		return
	}
	wide := r.in(0.03, 0.1)
	base := p.ShelfZ[len(p.ShelfZ)-1]
	if f.style == styleCooler {
		gasket := &material{albedo: grey(0.05), gloss: 0.03, rough: 0.2}
		box(gasket, x0-0.02, -0.012, base-0.05, x0-0.004, 0, h+0.03)
		box(gasket, x1+0.004, -0.012, base-0.05, x1+0.02, 0, h+0.03)
		box(f.frame, x0-wide, -0.03, -0.02, x0-0.018, 0.3, h+0.1)
		box(f.frame, x1+0.018, -0.03, -0.02, x1+wide, 0.3, h+0.1)
		box(f.frame, x0-wide, -0.03, h+0.015, x1+wide, 0.3, h+0.1)
	}
	box(f.frame, x0-wide, -0.03, -0.1, x1+wide, p.Depth, base-0.045)
	if f.header {
		sign := &material{albedo: grey(0.8), emit: f.lampTint.times(float32(r.in(0.4, 2)))}
		if r.chance(0.5) {
			sign.emit = hsv(r.in(0, 360), 0.6, 0.8).linear()
		}
		box(sign, x0-wide, -0.04, h+0.1, x1+wide, 0.3, h+r.in(0.2, 0.32))
	}
}

// priceTag paints a shelf label.
func priceTag(r random, l *lettering) *texture {
	c := newCanvas(112, 72, false)
	paper := pick(r, white, white, ink{250, 225, 40, 255}, ink{255, 240, 200, 255}, hsv(r.in(0, 360), 0.4, 1))
	c.flood(paper)
	bar := hsv(r.in(0, 360), 0.85, 0.75)
	if r.chance(0.7) {
		c.rect(0, 0, 112, 72*r.in(0.14, 0.24), bar)
		c.write(l, "abcd", hand{stretch: 1, script: r.Uint64()}, 56, 7, 7, 60, white, ink{}, 0)
	}
	digits := pick(r, black, black, ink{200, 20, 20, 255}, bar)
	price := []rune{'¥', rune('1' + r.IntN(9)), '.', rune('0' + r.IntN(10)), pick(r, '0', '5', '9', '8')}
	if r.chance(0.3) {
		price = price[1:]
	}
	c.write(l, string(price), hand{face: faceBold, stretch: r.in(0.8, 1.1)}, 52, 37, r.in(16, 22), 96, digits, ink{}, 0)
	c.write(l, "efghijk", hand{stretch: 0.9, script: r.Uint64()}, 36, 58, 8, 60, black, ink{}, 0)
	for i := range 16 {
		if r.chance(0.55) {
			x := 72 + 2.2*float64(i)
			c.rect(x, 52, x+1.4, 68, black)
		}
	}
	return newTexture(c.img, false)
}
