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
	seen := map[string]string{}
	for i, s := range p.Shelves {
		where := fmt.Sprintf("shelf %d", i+1)
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
	products := map[GTIN]bool{}
	for i, product := range p.Products {
		if _, err := ParseGTIN(string(product.GTIN)); err != nil {
			fault("product %d (%s): %w", i+1, product.Name, err)
		}
		if products[product.GTIN] {
			fault("product %d (%s): GTIN %s is listed twice", i+1, product.Name, product.GTIN)
		}
		products[product.GTIN] = true
	}
	if len(faults) > 0 {
		return fmt.Errorf("planogram %q: %w", p.ID, errors.Join(faults...))
	}
	return nil
}

func (s Slot) faults(at string, coolerWidth int) (faults []error) {
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: %w", at, fmt.Errorf(format, args...)))
	}
	if s.ID == "" {
		fault("id is missing")
	}
	if s.GTIN == "" {
		fault("gtin is missing")
	} else if _, err := ParseGTIN(string(s.GTIN)); err != nil {
		fault("%w", err)
	}
	if s.Facings < 1 {
		fault("facings is %d, must be 1 or more", s.Facings)
	}
	if s.Capacity != 0 && s.Capacity < s.Facings {
		fault("capacity %d is less than facings %d", s.Capacity, s.Facings)
	}
	if s.XMM < 0 {
		fault("x_mm is %d, must not be negative", s.XMM)
	}
	if s.WidthMM <= 0 {
		fault("width_mm is %d, must be more than 0", s.WidthMM)
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
