package synth

// design is what the SKUs of a family have in common: where things stand on the label and how they are drawn.
// The colours come from the flavour.
type design struct {
	kind packKind

	ground    int // background pattern
	groundAlt bool
	plate     int // what lies behind the brand's name
	emblem    int // big shape behind or below the name
	brandHand hand
	flavHand  hand
	hanHand   hand
	upright   bool    // the brand name runs up the pack
	brandY    float64 // as a share of the label's height
	signY     float64
	flavY     float64
	brandSize float64
	signSize  float64
	twoFronts bool // the front is repeated on the back, as on cans

	dark       bool // dark ground with the flavour as accent
	pale       bool // pale ground with the flavour as accent
	house      ink  // the brand's own colour
	houseTop   bool // the brand's colour on top, the flavour below
	metalShow  float64
	edge       float64 // outline of the name, as a share of the label's height
	textEdge   bool
	capFlavour bool
	capInk     ink
	count      int // repetitions in patterns
	tilt       float64
	seed       uint64
	bottleTint ink // of a clear body
	sleeve     bool
	badge      int // small sign beside the name
	badgeText  string
	badgeInk   ink
	slogan     string
	smallPrint int // number of lines of it on the front
	halo       bool
}

const (
	groundPlain = iota
	groundFade
	groundRays
	groundDiagonal
	groundStripes
	groundWaves
	groundDots
	groundHex
	groundBlobs
	groundSplit
	groundArch
	groundPhoto
	grounds
)

func newDesign(r random, kind packKind, form *shape) *design {
	d := &design{kind: kind, seed: r.Uint64()}
	d.ground = r.IntN(grounds)
	d.groundAlt = r.chance(0.5)
	d.plate = r.weighted(5, 1.4, 1.2, 1.2, 1, 1)
	d.emblem = r.weighted(4, 1, 1, 1, 1, 1, 1, 1)
	newHand := func() hand {
		return hand{face: r.IntN(faceCount), stretch: r.in(0.72, 1.25), slant: pick(r, 0, 0, 0, 0.22, 0.3), spacing: pick(r, 0, 0, 0.05, 0.15, -0.03)}
	}
	d.brandHand, d.flavHand = newHand(), newHand()
	if r.chance(0.3) {
		d.brandHand.bend = r.in(-0.2, 0.35)
	}
	if r.chance(0.25) {
		d.brandHand.swell = r.in(-0.3, 0.5)
	}
	d.hanHand = hand{stretch: r.in(0.85, 1.05), slant: pick(r, 0, 0, 0.15), script: 1 + r.Uint64N(1<<40)}
	tall := form.labelH / form.wrap
	d.upright = tall > 0.42 && r.chance(0.25)
	switch r.IntN(4) {
	case 0:
		d.brandY, d.signY, d.flavY = r.in(0.16, 0.26), r.in(0.5, 0.6), r.in(0.8, 0.86)
	case 1:
		d.brandY, d.signY, d.flavY = r.in(0.42, 0.55), r.in(0.18, 0.26), r.in(0.74, 0.84)
	case 2:
		d.brandY, d.signY, d.flavY = r.in(0.2, 0.3), r.in(0.72, 0.8), r.in(0.48, 0.55)
	default:
		d.brandY, d.signY, d.flavY = r.in(0.66, 0.76), r.in(0.3, 0.4), r.in(0.86, 0.9)
	}
	d.brandSize, d.signSize = r.in(0.12, 0.24), r.in(0.11, 0.24)
	d.twoFronts = kind.stuff != stuffPaper && r.chance(0.6)
	switch r.IntN(5) {
	case 0:
		d.dark = true
	case 1, 2:
		d.pale = true
	}
	d.house = hsv(r.in(0, 360), r.in(0.55, 1), r.in(0.3, 0.95))
	d.houseTop = r.chance(0.3)
	if kind.stuff == stuffMetal && r.chance(0.3) {
		d.metalShow = r.in(0.3, 0.8)
	}
	if r.chance(0.4) {
		d.edge = r.in(0.006, 0.016)
	}
	d.textEdge = r.chance(0.2)
	d.capFlavour = r.chance(0.5)
	d.capInk = pick(r, white, white, black, d.house, hsv(r.in(0, 360), r.in(0.4, 1), r.in(0.3, 1)), ink{190, 192, 196, 255})
	d.count = r.between(4, 16)
	d.tilt = r.in(-25, 25)
	d.bottleTint = white
	if kind.stuff == stuffGlass {
		d.bottleTint = pick(r, white, ink{70, 120, 60, 255}, ink{110, 60, 20, 255}, ink{40, 90, 50, 255}, ink{170, 205, 200, 255})
	}
	d.sleeve = r.chance(0.3)
	d.badge = r.weighted(5, 1, 1, 1, 1)
	d.badgeText = pick(r, "NEW", "0%", "+20%", "BIO", "ZERO", "1L", "C", "2x", "No.1", "PLUS", "ICE")
	d.badgeInk = hsv(r.in(0, 360), r.in(0.7, 1), r.in(0.5, 1))
	if r.chance(0.6) {
		d.slogan = pick(r, "pure & natural", "since 1987", "sparkling drink", "premium", "fresh every day", "energy drink", "with real fruit", "no added sugar", "cold brew", "classic taste", "rich in calcium", "brewed tea", "juice drink")
	}
	d.smallPrint = r.between(0, 4)
	d.halo = r.chance(0.3)
	return d
}
