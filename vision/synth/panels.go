package synth

// panels paints the sides: the nutrition table, small print and the bar code.
func (p *painter) panels() {
	r, w, h := p.family, p.w, p.h
	table, code := 0.76, 0.24
	if !p.d.twoFronts {
		table, code = 0.9, 0.13
	}
	if p.sku.shape.box != nil {
		side := (p.sku.shape.w + p.sku.shape.d) / 2 / p.sku.shape.wrap
		table, code = 0.5+side, 0.5-side
	}
	half := 0.085 * w
	if p.sku.shape.box != nil {
		half = min(half, 0.42*p.sku.shape.d/p.sku.shape.wrap*w)
	}
	y0, y1 := h*r.in(0.1, 0.25), h*r.in(0.7, 0.88)
	paper, print := white, black
	if r.chance(0.35) {
		paper, print = p.s.ground.alpha(0), p.s.text2
	}
	cx := table * w
	p.rect(cx-half, y0, cx+half, y1, paper)
	rows := r.between(7, 12)
	step := (y1 - y0) / float64(rows+1)
	for i := range rows {
		y := y0 + step*(float64(i)+0.7)
		p.rect(cx-0.9*half, y, cx-0.9*half+half*r.in(0.4, 0.9), y+0.35*step, print.alpha(0.75))
		p.rect(cx+0.9*half-half*r.in(0.2, 0.5), y, cx+0.9*half, y+0.35*step, print.alpha(0.75))
		if i%2 == 0 {
			p.rect(cx-0.95*half, y+0.7*step, cx+0.95*half, y+0.78*step, print.alpha(0.5))
		}
	}
	cx = code * w
	p.rect(cx-half, y0, cx+half, y1, paper)
	for i := range rows / 2 {
		y := y0 + step*(float64(i)+0.7)
		p.rect(cx-0.9*half, y, cx-0.9*half+1.8*half*r.in(0.6, 1), y+0.35*step, print.alpha(0.7))
	}
	p.barcode(cx-0.85*half, y0+0.55*(y1-y0), 1.7*half, 0.38*(y1-y0))
}

// barcode paints the SKU's GTIN as EAN-13 bars.
func (p *painter) barcode(x, y, w, h float64) {
	p.rect(x-0.04*w, y-0.03*h, x+1.04*w, y+1.05*h, white)
	for i, dark := range ean13(string(p.sku.GTIN)) {
		if dark {
			p.rect(x+w*float64(i)/95, y, x+w*float64(i+1)/95, y+0.85*h, black)
		}
	}
	p.write(p.l, string(p.sku.GTIN), hand{face: faceMono, stretch: 0.8}, x+w/2, y+0.95*h, 0.12*h, w, black, ink{}, 0)
}

// ean13 returns the 95 modules of a bar code, true for dark. Source: GS1 General Specifications, 5.2.
func ean13(digits string) []bool {
	if len(digits) != 13 {
		return nil
	}
	left := [10]string{"0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"}
	parity := [10]string{"LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"}
	var out []bool
	add := func(bits string) {
		for _, b := range bits {
			out = append(out, b == '1')
		}
	}
	add("101")
	for i := range 6 {
		l := left[digits[i+1]-'0']
		if parity[digits[0]-'0'][i] == 'G' { // the code of the right half, mirrored
			g := make([]byte, 7)
			for k := range g {
				g[k] = '0' + '1' - l[6-k]
			}
			l = string(g)
		}
		add(l)
	}
	add("01010")
	for i := range 6 {
		l := []byte(left[digits[i+7]-'0'])
		for k := range l {
			l[k] = '0' + '1' - l[k]
		}
		add(string(l))
	}
	add("101")
	return out
}
