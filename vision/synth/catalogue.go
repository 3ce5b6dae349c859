package synth

import (
	"fmt"
	"strings"
	"sync"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// SKU is one invented product. All of it follows from the catalogue's seed and the SKU's index.
type SKU struct {
	GTIN       shelf.GTIN
	Name       string // brand, flavour and contents
	Brand      string
	BrandZH    string
	Flavour    string
	FlavourZH  string
	Own        bool // made by the brand owner whose planograms are used; else by a competitor
	Pack       string
	Net        string // contents as printed, such as "330 ml"
	Millilitre int
	Size       [3]float64 // width, depth, height, metres

	index   int
	family  int
	stuff   bodyStuff
	shape   *shape
	design  *design
	flavour flavour
}

// Product returns the SKU as a product of package shelf.
func (s *SKU) Product() shelf.Product {
	return shelf.Product{GTIN: s.GTIN, Name: s.Name, NameZH: strings.TrimSpace(s.BrandZH + " " + s.FlavourZH), Brand: s.Brand, Own: s.Own}
}

// Catalogue is a set of SKUs in brand families. The flavours of a family share pack and layout and differ in
// colour, words and emblem, so they look alike. It may be used by several goroutines at once.
type Catalogue struct {
	SKUs []*SKU

	families [][]*SKU
	letters  *lettering

	mu    sync.Mutex
	skins map[int]*skin
	order []int // of skins, oldest first
	keep  int
}

// keptSkins bounds how much label art is held in memory, at about 0.7 MB each.
const keptSkins = 700

// NewCatalogue invents n SKUs from seed. The same seed gives the same SKUs; a larger n only adds to them.
func NewCatalogue(seed uint64, n int) (*Catalogue, error) {
	letters, err := newLettering()
	if err != nil {
		return nil, err
	}
	c := &Catalogue{letters: letters, skins: map[int]*skin{}, keep: keptSkins}
	kinds := packKinds()
	shares := make([]float64, len(kinds))
	for i, k := range kinds {
		shares[i] = k.share
	}
	for family := 0; len(c.SKUs) < n; family++ {
		r := newRandom(seed, 0xfa0000+uint64(family))
		brand := newBrand(r)
		kind := kinds[r.weighted(shares...)]
		ml := kind.sizes[r.IntN(len(kind.sizes))]
		form := kind.build(r, ml)
		d := newDesign(r, kind, form)
		maker := 690_0000 + r.IntN(99999)
		var members []*SKU
		for k, f := range pickFlavours(r, r.between(2, 7)) {
			body := fmt.Sprintf("%07d%05d", maker%10_000_000, (family*17+k*23+11)%100000)
			s := &SKU{
				GTIN:  shelf.GTIN(body + string(shelf.CheckDigit(body))),
				Brand: brand.latin, BrandZH: brand.han, Flavour: f.latin, FlavourZH: f.han,
				Own: brand.own, Pack: kind.name, Net: netText(r, ml), Millilitre: ml,
				Size:  [3]float64{form.w, form.d, form.h},
				index: len(c.SKUs), family: family, stuff: kind.stuff, shape: form, design: d, flavour: f,
			}
			s.Name = fmt.Sprintf("%s %s %s %s %s", s.Brand, s.BrandZH, s.Flavour, s.FlavourZH, s.Net)
			if c.byGTIN(s.GTIN) {
				continue
			}
			members = append(members, s)
			if c.SKUs = append(c.SKUs, s); len(c.SKUs) == n {
				break
			}
		}
		c.families = append(c.families, members)
	}
	return c, nil
}

func (c *Catalogue) byGTIN(g shelf.GTIN) bool {
	for _, s := range c.SKUs {
		if s.GTIN == g {
			return true
		}
	}
	return false
}

func netText(r random, ml int) string {
	if ml >= 1000 && ml%250 == 0 {
		return fmt.Sprintf("%g L", float64(ml)/1000)
	}
	return fmt.Sprintf("%d ml", ml)
}

// skin returns the SKU's painted surfaces, from memory or newly painted.
func (c *Catalogue) skin(s *SKU) *skin {
	c.mu.Lock()
	k := c.skins[s.index]
	c.mu.Unlock()
	if k != nil {
		return k
	}
	k = paint(c.letters, s)
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.skins[s.index]; old != nil {
		return old
	}
	c.skins[s.index] = k
	if c.order = append(c.order, s.index); len(c.order) > c.keep {
		delete(c.skins, c.order[0])
		c.order = c.order[1:]
	}
	return k
}

// Assortment returns up to n SKUs chosen by seed, family by family, like the range of a shop. Scenes that share
// it share their goods.
func (c *Catalogue) Assortment(seed uint64, n int) []*SKU {
	return c.assortment(newRandom(seed, 61), n)
}

// assortment returns about n SKUs, family by family, so that look-alikes come together.
func (c *Catalogue) assortment(r random, n int) []*SKU {
	var out []*SKU
	taken := map[int]bool{}
	for tries := 0; len(out) < n && tries < 4*n; tries++ {
		f := r.IntN(len(c.families))
		if taken[f] {
			continue
		}
		taken[f] = true
		for _, s := range c.families[f] {
			if len(out) < n && r.chance(0.8) {
				out = append(out, s)
			}
		}
	}
	if len(out) == 0 {
		out = append(out, c.SKUs[0])
	}
	return out
}

// strangers returns competitors' SKUs that are not in the pool.
func (c *Catalogue) strangers(r random, pool []*SKU, n int) []*SKU {
	var out []*SKU
	for tries := 0; len(out) < n && tries < 40*n; tries++ {
		s := c.SKUs[r.IntN(len(c.SKUs))]
		ok := !s.Own
		for _, p := range pool {
			ok = ok && p != s
		}
		if ok {
			out = append(out, s)
		}
	}
	return out
}
