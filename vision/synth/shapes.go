package synth

import "math"

// bodyStuff says what a pack is made of.
type bodyStuff uint8

const (
	stuffMetal bodyStuff = iota
	stuffPlastic
	stuffGlass
	stuffPaper
	stuffFilm
)

// packKind is a family of pack forms: its share of a catalogue, its material, and its sizes in millilitres.
type packKind struct {
	name  string
	share float64
	stuff bodyStuff
	sizes []int
	build func(r random, ml int) *shape
}

func packKinds() []packKind {
	return []packKind{
		{"can", 18, stuffMetal, []int{250, 330, 330, 330, 500}, canShape},
		{"slim_can", 9, stuffMetal, []int{200, 250, 250, 310, 330}, slimCanShape},
		{"pet_a", 14, stuffPlastic, []int{330, 500, 500, 550, 600, 1000, 1500, 2000}, petTapered},
		{"pet_b", 10, stuffPlastic, []int{400, 500, 500, 600}, petWaisted},
		{"pet_c", 10, stuffPlastic, []int{350, 500, 500, 550, 900, 1250}, petStraight},
		{"pet_square", 5, stuffPlastic, []int{300, 450, 500, 1000}, petShoulder},
		{"glass", 8, stuffGlass, []int{250, 275, 330, 330, 500, 640}, glassShape},
		{"jar", 2, stuffGlass, []int{200, 250, 300}, jarShape},
		{"brick", 9, stuffPaper, []int{200, 250, 250, 330, 500, 1000}, brickShape},
		{"gable", 6, stuffPaper, []int{236, 300, 500, 950, 1000}, gableShape},
		{"cup", 4, stuffPlastic, []int{180, 200, 240, 250, 350}, cupShape},
		{"pouch", 3, stuffFilm, []int{150, 180, 200, 250}, pouchShape},
		{"yoghurt_bottle", 4, stuffPlastic, []int{100, 190, 200, 260, 330}, milkBottle},
		{"multipack", 2, stuffPaper, []int{1500, 1980, 2000}, multiShape},
	}
}

func (s *shape) around(r, labelA, labelB float64) *shape {
	s.wrap, s.labelH = 2*math.Pi*r, labelB-labelA
	return s
}

func turned(rev *revolution, labelR float64) *shape {
	s := &shape{rev: rev, w: 2 * rev.rmax, d: 2 * rev.rmax, h: rev.zmax}
	return s.around(labelR, rev.labelA, rev.labelB)
}

// canOf returns a drawn can of radius rad and height h, with necked ends.
func canOf(r random, rad, h float64) *shape {
	neck := rad * r.in(0.78, 0.84)
	base := rad * r.in(0.72, 0.8)
	lo, hi := 0.009, h-0.014
	return turned(newRevolution([]profilePoint{
		{0, 0.004, regionMetal, false},
		{base * 0.8, 0.004, regionMetal, true},
		{base, 0, regionMetal, true},
		{rad * 0.93, 0.004, regionMetal, false},
		{rad, lo, regionMetal, false},
		{rad, lo + 0.002, regionLabel, false},
		{rad, hi - 0.002, regionLabel, false},
		{rad * 0.985, hi + 0.001, regionLabel, false},
		{neck + 0.0015, h - 0.004, regionLabel, false},
		{neck, h - 0.003, regionMetal, true},
		{neck + 0.001, h - 0.0015, regionMetal, false},
		{neck, h, regionMetal, false},
		{neck - 0.0025, h - 0.001, regionMetal, true},
		{neck - 0.004, h - 0.005, regionMetal, true},
		{0, h - 0.005, regionTab, true},
	}, lo-0.001, h-0.004), rad)
}

func canShape(r random, ml int) *shape {
	switch {
	case ml >= 500:
		return canOf(r, 0.033, 0.168)
	case ml <= 250:
		return canOf(r, 0.033, 0.092)
	}
	return canOf(r, 0.033, r.in(0.112, 0.124))
}

func slimCanShape(r random, ml int) *shape {
	if ml >= 310 {
		return canOf(r, 0.029, r.in(0.145, 0.16))
	}
	return canOf(r, 0.0265, 0.105+0.03*float64(ml-200)/50)
}

// bottleRadius returns the radius and height of a bottle's body for its contents and slenderness (height ÷
// diameter).
func bottleRadius(ml int, slender float64) (rad, h float64) {
	rad = math.Cbrt(float64(ml) * 1e-6 / (2 * slender * 0.74 * math.Pi))
	return rad, 2 * rad * slender
}

func capProfile(neck, capR, z, capH float64) []profilePoint {
	return []profilePoint{
		{neck * 1.25, z, regionBody, true},
		{neck * 1.25, z + 0.002, regionBody, true},
		{neck, z + 0.002, regionBody, true},
		{neck, z + 0.004, regionBody, true},
		{capR, z + 0.004, regionCap, true},
		{capR, z + capH - 0.002, regionCap, false},
		{capR * 0.93, z + capH, regionCap, true},
		{0, z + capH, regionCap, true},
	}
}

func closure(r random) (neck, capR, capH float64) {
	if r.chance(0.3) { // wide mouth
		return 0.0165, 0.019, r.in(0.016, 0.022)
	}
	return 0.0125, r.in(0.0145, 0.0155), r.in(0.014, 0.02)
}

func petTapered(r random, ml int) *shape {
	rad, h := bottleRadius(ml, r.in(3.1, 3.5))
	neck, capR, capH := closure(r)
	top := h - capH
	la, lb := h*r.in(0.3, 0.38), h*r.in(0.56, 0.64)
	lr := rad * r.in(0.96, 1)
	p := []profilePoint{
		{0, 0.006, regionBody, false}, {rad * 0.6, 0.002, regionBody, false}, {rad * 0.75, 0, regionBody, true},
		{rad * 0.92, 0.004, regionBody, false}, {rad, 0.014, regionBody, false},
	}
	ribs := r.between(0, 3)
	for i := range ribs {
		z := 0.02 + (la-0.03)*float64(i+1)/float64(ribs+1)
		p = append(p, profilePoint{rad, z - 0.004, regionBody, false}, profilePoint{rad * 0.96, z, regionBody, false}, profilePoint{rad, z + 0.004, regionBody, false})
	}
	p = append(p, profilePoint{rad, la - 0.003, regionBody, false}, profilePoint{lr, la, regionBody, true},
		profilePoint{lr, lb, regionLabel, true}, profilePoint{rad, lb + 0.003, regionBody, false})
	shoulder := top - lb
	for _, f := range []float64{0.3, 0.55, 0.75, 0.9} {
		k := 1 - math.Pow(f, 1.8)
		p = append(p, profilePoint{neck*1.1 + (rad-neck*1.1)*k, lb + 0.003 + (shoulder-0.006)*f, regionBody, false})
	}
	p = append(p, capProfile(neck, capR, top-0.003, capH+0.003)...)
	s := turned(newRevolution(p, la, lb), lr)
	s.liquidTo = h * r.in(0.78, 0.86)
	return s
}

// petWaisted returns a sports bottle: fully sleeved, with a waist to grip.
func petWaisted(r random, ml int) *shape {
	rad, h := bottleRadius(ml, r.in(2.7, 3.0))
	neck, capR, capH := closure(r)
	neck, capR = neck*1.2, capR*1.25
	top := h - capH
	la, lb := h*r.in(0.05, 0.12), h*r.in(0.68, 0.76)
	waist := r.in(0.82, 0.93)
	p := []profilePoint{{0, 0.004, regionBody, false}, {rad * 0.75, 0, regionBody, true}, {rad * 0.94, 0.005, regionBody, false}, {rad, la, regionBody, false}}
	for _, q := range [][2]float64{{0.2, 1}, {0.38, 0.5 + waist/2}, {0.52, waist}, {0.66, 0.5 + waist/2}, {0.82, 1}, {1, 0.99}} {
		p = append(p, profilePoint{rad * q[1], la + (lb-la)*q[0], regionLabel, false})
	}
	for _, f := range []float64{0.35, 0.65, 0.85} {
		p = append(p, profilePoint{neck*1.1 + (rad-neck*1.1)*math.Sqrt(1-f*f), lb + (top-0.004-lb)*f, regionBody, false})
	}
	p = append(p, capProfile(neck, capR, top-0.003, capH+0.003)...)
	s := turned(newRevolution(p, la, lb), rad)
	s.liquidTo = h * 0.84
	return s
}

func petStraight(r random, ml int) *shape {
	rad, h := bottleRadius(ml, r.in(3.0, 3.6))
	neck, capR, capH := closure(r)
	top := h - capH
	la, lb := h*r.in(0.36, 0.46), h*r.in(0.62, 0.74)
	p := []profilePoint{{0, 0.008, regionBody, false}, {rad * 0.5, 0.003, regionBody, false}, {rad * 0.7, 0, regionBody, true},
		{rad * 0.9, 0.012, regionBody, false}, {rad, h * 0.12, regionBody, false}, {rad * 0.985, la - 0.002, regionBody, false},
		{rad * 0.97, la, regionBody, true}, {rad * 0.97, lb, regionLabel, true}, {rad, lb + 0.004, regionBody, false}}
	for _, f := range []float64{0.4, 0.7, 0.88} {
		p = append(p, profilePoint{neck*1.1 + (rad-neck*1.1)*(1-f*f*f), lb + (top-lb-0.006)*f, regionBody, false})
	}
	p = append(p, capProfile(neck, capR, top-0.003, capH+0.003)...)
	s := turned(newRevolution(p, la, lb), rad*0.97)
	s.liquidTo = h * r.in(0.8, 0.88)
	return s
}

// petShoulder returns a stout bottle with hard shoulders, as used for tea and juice.
func petShoulder(r random, ml int) *shape {
	rad, h := bottleRadius(ml, r.in(2.3, 2.7))
	neck, capR := 0.0165, 0.0195
	capH := 0.019
	top := h - capH
	la, lb := h*r.in(0.12, 0.2), h*r.in(0.6, 0.68)
	p := []profilePoint{{0, 0.004, regionBody, false}, {rad * 0.85, 0, regionBody, true}, {rad, 0.007, regionBody, false},
		{rad, la - 0.003, regionBody, false}, {rad * 0.97, la, regionBody, true}, {rad * 0.97, lb, regionLabel, true}, {rad, lb + 0.003, regionBody, false},
		{rad, lb + 0.06*h, regionBody, false}, {rad * 0.85, lb + 0.12*h, regionBody, false}, {neck * 1.3, top - 0.012, regionBody, false}}
	p = append(p, capProfile(neck, capR, top-0.003, capH+0.003)...)
	s := turned(newRevolution(p, la, lb), rad*0.97)
	s.liquidTo = h * 0.85
	return s
}

func glassShape(r random, ml int) *shape {
	rad, h := bottleRadius(ml, r.in(3.4, 3.9))
	long := r.in(0.5, 0.62) // where the shoulder begins
	neck := r.in(0.012, 0.0135)
	capR, capH := 0.0145, r.in(0.006, 0.016)
	la, lb := h*r.in(0.12, 0.2), h*(long-r.in(0.04, 0.1))
	p := []profilePoint{{0, 0.005, regionBody, false}, {rad * 0.85, 0, regionBody, true}, {rad, 0.006, regionBody, false},
		{rad, la, regionBody, true}, {rad, lb, regionLabel, true}, {rad, h * long, regionBody, false},
		{rad * 0.9, h * (long + 0.06), regionBody, false}, {rad * 0.6, h * (long + 0.14), regionBody, false},
		{neck * 1.25, h * (long + 0.24), regionBody, false}, {neck, h - capH - 0.006, regionBody, false}}
	p = append(p, capProfile(neck, capR, h-capH-0.004, capH+0.004)...)
	s := turned(newRevolution(p, la, lb), rad)
	s.liquidTo = h * (long + 0.2)
	return s
}

func jarShape(r random, ml int) *shape {
	rad, h := bottleRadius(ml, r.in(1.7, 2.2))
	la, lb := h*0.15, h*r.in(0.6, 0.7)
	capR := rad * r.in(0.78, 0.9)
	p := []profilePoint{{0, 0.003, regionBody, false}, {rad * 0.85, 0, regionBody, true}, {rad, 0.008, regionBody, false},
		{rad, la, regionBody, true}, {rad, lb, regionLabel, true}, {rad, h * 0.76, regionBody, false}, {capR, h * 0.86, regionBody, false},
		{capR, h - 0.016, regionBody, true}, {capR + 0.001, h - 0.016, regionCap, true}, {capR + 0.001, h - 0.002, regionCap, false}, {capR - 0.001, h, regionCap, true}, {0, h, regionCap, true}}
	s := turned(newRevolution(p, la, lb), rad)
	s.liquidTo = h * 0.8
	return s
}

func cupShape(r random, ml int) *shape {
	h := r.in(1.5, 2.1)
	top := math.Cbrt(float64(ml) * 1e-6 / (math.Pi * 2 * h * 0.36))
	h *= top * 1.2
	base := top * r.in(0.72, 0.82)
	p := []profilePoint{{0, 0.002, regionPrint, false}, {base, 0, regionPrint, true}, {base, 0.003, regionPrint, true},
		{top * 0.97, h - 0.012, regionLabel, true}, {top + 0.003, h - 0.012, regionCap, true}, {top + 0.003, h - 0.008, regionCap, true}}
	if r.chance(0.4) { // domed lid
		p = append(p, profilePoint{top * 0.92, h, regionCap, false}, profilePoint{top * 0.6, h + 0.006, regionCap, false}, profilePoint{0, h + 0.007, regionCap, false})
	} else {
		p = append(p, profilePoint{0, h - 0.008, regionCap, true})
	}
	return turned(newRevolution(p, 0.003, h-0.012), top*0.9)
}

func milkBottle(r random, ml int) *shape {
	rad, h := bottleRadius(ml, r.in(2.2, 3))
	la, lb := 0.006, h*r.in(0.62, 0.72)
	neck := rad * r.in(0.55, 0.75)
	capH := r.in(0.008, 0.016)
	p := []profilePoint{{0, 0.003, regionPrint, false}, {rad * 0.85, 0, regionPrint, true}, {rad, la, regionPrint, false},
		{rad, h * 0.3, regionLabel, false}, {rad * r.in(0.88, 1), h * 0.45, regionLabel, false}, {rad, lb, regionLabel, false},
		{rad * 0.9, lb + 0.06*h, regionPrint, false}, {neck, h - capH - 0.004, regionPrint, false}, {neck + 0.002, h - capH, regionCap, true},
		{neck + 0.002, h - 0.002, regionCap, false}, {neck, h, regionCap, true}, {0, h, regionCap, true}}
	return turned(newRevolution(p, la, lb), rad)
}
