package shelf

import (
	"errors"
	"fmt"
	"sort"
)

// Planogram says what is due where in one cooler. It is immutable once published: a change is a
// higher Version of the same ID, and every observation names the version that it was judged under.
type Planogram struct {
	ID      string `json:"id" yaml:"id"`
	Version int    `json:"version" yaml:"version"` // ≥ 1
	Name    string `json:"name,omitempty" yaml:"name,omitempty"`
	WidthMM int    `json:"width_mm,omitempty" yaml:"width_mm,omitempty"` // inner width of the cooler; 0 where not known
	DepthMM int    `json:"depth_mm,omitempty" yaml:"depth_mm,omitempty"` // front edge to back wall; 0 where not known

	Shelves  []Shelf   `json:"shelves" yaml:"shelves"` // top to bottom
	Products []Product `json:"products,omitempty" yaml:"products,omitempty"`

	// Interchangeable lists groups of GTINs of which any fills a slot of another (same drink, new
	// design). Assortment counts a group once.
	Interchangeable [][]GTIN `json:"interchangeable,omitempty" yaml:"interchangeable,omitempty"`
}

// Shelf is one level of the cooler with its slots from left to right.
type Shelf struct {
	Name     string `json:"name,omitempty" yaml:"name,omitempty"`
	HeightMM int    `json:"height_mm,omitempty" yaml:"height_mm,omitempty"` // of the board above the cooler's floor; 0 where not known
	Slots    []Slot `json:"slots" yaml:"slots"`
}

// Slot is a stretch of one shelf that is due to hold one product.
type Slot struct {
	ID       string `json:"id" yaml:"id"` // unique in the planogram
	GTIN     GTIN   `json:"gtin" yaml:"gtin"`
	Facings  int    `json:"facings" yaml:"facings"`                       // facings due, ≥ 1
	Capacity int    `json:"capacity,omitempty" yaml:"capacity,omitempty"` // packs when full, ≥ Facings; 0 where not known
	XMM      int    `json:"x_mm" yaml:"x_mm"`                             // left edge from the left inner wall
	WidthMM  int    `json:"width_mm" yaml:"width_mm"`                     // > 0
	PackMM   int    `json:"pack_mm,omitempty" yaml:"pack_mm,omitempty"`   // height of one pack; 0 where not known
}

// Slot finds a slot by its ID with the index of its shelf.
func (p *Planogram) Slot(id string) (slot Slot, shelf int, ok bool) {
	for i, s := range p.Shelves {
		for _, slot := range s.Slots {
			if slot.ID == id {
				return slot, i, true
			}
		}
	}
	return Slot{}, 0, false
}

// Product finds a product of the planogram's own list.
func (p *Planogram) Product(g GTIN) (Product, bool) {
	for _, product := range p.Products {
		if product.GTIN == g {
			return product, true
		}
	}
	return Product{}, false
}

// Fills reports whether got may stand where want is due: the same product, or one of its
// interchangeable group.
func (p *Planogram) Fills(want, got GTIN) bool {
	if want == got {
		return true
	}
	for _, group := range p.Interchangeable {
		var hasWant, hasGot bool
		for _, g := range group {
			hasWant = hasWant || g == want
			hasGot = hasGot || g == got
		}
		if hasWant && hasGot {
			return true
		}
	}
	return false
}

// Validate joins every fault of the planogram, each naming its shelf and slot.
func (p *Planogram) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }

	if p.ID == "" {
		fault("id is missing")
	}
	if p.Version < 1 {
		fault("version is %d, must be 1 or more", p.Version)
	}
	if len(p.Shelves) == 0 {
		fault("no shelves")
	}
	bound(fault, "width_mm", p.WidthMM)
	bound(fault, "depth_mm", p.DepthMM)
	seen := map[string]string{}
	for i, s := range p.Shelves {
		where := fmt.Sprintf("shelf %d", i+1)
		bound(fault, where+": height_mm", s.HeightMM)
		if len(s.Slots) == 0 {
			fault("%s: no slots", where)
		}
		for j, slot := range s.Slots {
			at := fmt.Sprintf("%s, slot %d (%s)", where, j+1, slot.ID)
			faults = append(faults, slot.faults(at, p.WidthMM)...)
			if first, ok := seen[slot.ID]; ok && slot.ID != "" {
				fault("%s: the id is taken by %s", at, first)
			} else {
				seen[slot.ID] = at
			}
		}
		faults = append(faults, overlaps(where, s.Slots)...)
	}
	faults = append(faults, p.productFaults()...)
	if len(faults) > 0 {
		return fmt.Errorf("planogram %q: %w", p.ID, errors.Join(faults...))
	}
	return nil
}

// maxMM bounds every length: no cooler is longer than a hundred metres.
const maxMM = 100_000

// maxFacingsDue bounds one slot, so that a slip of the finger is found.
const maxFacingsDue = 200

func bound(fault func(string, ...any), name string, mm int) {
	if mm < 0 || mm > maxMM {
		fault("%s is %d, must be from 0 to %d", name, mm, maxMM)
	}
}

func (p *Planogram) productFaults() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	products := map[GTIN]bool{}
	for i, product := range p.Products {
		if err := product.GTIN.check(); err != nil {
			fault("product %d (%s): %w", i+1, product.Name, err)
		}
		if product.Name == "" {
			fault("product %d (%s): name is missing", i+1, product.GTIN)
		}
		if products[product.GTIN] {
			fault("product %d (%s): GTIN %s is listed twice", i+1, product.Name, product.GTIN)
		}
		products[product.GTIN] = true
	}
	grouped := map[GTIN]int{}
	for i, group := range p.Interchangeable {
		if len(group) < 2 {
			fault("interchangeable group %d has %d GTIN, must have 2 or more", i+1, len(group))
		}
		for _, g := range group {
			if err := g.check(); err != nil {
				fault("interchangeable group %d: %w", i+1, err)
			}
			if first, ok := grouped[g]; ok {
				fault("interchangeable group %d: GTIN %s is in group %d already", i+1, g, first)
			} else {
				grouped[g] = i + 1
			}
		}
	}
	return faults
}

func (s Slot) faults(at string, coolerWidth int) (faults []error) {
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: %w", at, fmt.Errorf(format, args...)))
	}
	if s.ID == "" {
		fault("id is missing")
	}
	if err := s.GTIN.check(); err != nil {
		fault("%w", err)
	}
	if s.Facings < 1 || s.Facings > maxFacingsDue {
		fault("facings is %d, must be from 1 to %d", s.Facings, maxFacingsDue)
	}
	if s.Capacity != 0 && s.Capacity < s.Facings {
		fault("capacity %d is less than facings %d", s.Capacity, s.Facings)
	}
	bound(fault, "x_mm", s.XMM)
	bound(fault, "width_mm", s.WidthMM)
	bound(fault, "pack_mm", s.PackMM)
	if s.WidthMM == 0 {
		fault("width_mm is missing")
	}
	if coolerWidth > 0 && s.XMM+s.WidthMM > coolerWidth {
		fault("ends at %d mm, outside the cooler's %d mm", s.XMM+s.WidthMM, coolerWidth)
	}
	return faults
}

// overlaps finds slots of one shelf that claim the same millimetres.
func overlaps(where string, slots []Slot) (faults []error) {
	byX := append([]Slot(nil), slots...)
	sort.SliceStable(byX, func(i, j int) bool { return byX[i].XMM < byX[j].XMM })
	for i := 1; i < len(byX); i++ {
		left, right := byX[i-1], byX[i]
		if end := left.XMM + left.WidthMM; end > right.XMM {
			faults = append(faults, fmt.Errorf("%s: slots %s and %s overlap by %d mm", where, left.ID, right.ID, end-right.XMM))
		}
	}
	return faults
}
