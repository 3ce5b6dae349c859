package alert

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Scope says what an entry of a rule file applies to: each of its lists that is not empty must match. All lists
// but types and gtins hold patterns of path.Match, such as kiosk-*. What is not known about a place matches no
// pattern.
type Scope struct {
	Types    []Type       `yaml:"types"`
	Tenants  []string     `yaml:"tenants"`
	Regions  []string     `yaml:"regions"`
	Channels []string     `yaml:"channels"`      // of trade
	Classes  []string     `yaml:"store_classes"` //
	Models   []string     `yaml:"cooler_models"` //
	Stores   []string     `yaml:"stores"`
	Devices  []string     `yaml:"devices"`
	GTINs    []shelf.GTIN `yaml:"gtins"`
}

// side is one of the scope's lists of patterns, with the name that it is matched against.
type side struct {
	key      string
	patterns []string
	name     string
}

// sides returns them in the order of how much they narrow, the narrowest first. gtins rank between the first
// and the second.
func (s Scope) sides(p Place) [7]side {
	return [7]side{{"devices", s.Devices, p.Device}, {"stores", s.Stores, p.Store}, {"cooler_models", s.Models, p.Model},
		{"store_classes", s.Classes, p.Class}, {"channels", s.Channels, p.Channel}, {"regions", s.Regions, p.Region}, {"tenants", s.Tenants, p.Tenant}}
}

// here reports whether the scope includes a place, and how specific it is there, as a rank. Most specific is a
// device, then a product, a store, a cooler model, a store class, a channel, a region and a tenant. A name is
// more specific than a pattern.
func (s Scope) here(p Place) (rank int, ok bool) {
	for i, side := range s.sides(p) {
		fit := fits(side.patterns, side.name)
		if fit < 0 {
			return 0, false
		}
		if rank = 3*rank + fit; i == 0 {
			rank = 3*rank + min(len(s.GTINs), 1)
		}
	}
	return rank, true
}

// fits returns 0 if there are no patterns, 2 if one is the name itself, 1 if one matches it, and -1 if none
// does.
func fits(patterns []string, name string) int {
	if len(patterns) == 0 {
		return 0
	}
	best := -1
	for _, p := range patterns {
		switch ok, _ := path.Match(p, name); {
		case name == "" || !ok:
		case p == name:
			return 2
		default:
			best = 1
		}
	}
	return best
}

func (s Scope) about(t Type, gtin shelf.GTIN) bool {
	return (len(s.Types) == 0 || slices.Contains(s.Types, t)) && (len(s.GTINs) == 0 || slices.Contains(s.GTINs, gtin))
}

func (s Scope) faults() (faults []error) {
	for _, t := range s.Types {
		if !slices.Contains(Types(), t) {
			faults = append(faults, fmt.Errorf("unknown alert type %q, want one of %s", t, TypeList()))
			continue
		}
		if len(s.GTINs) > 0 && !slices.Contains(slotTypes[:], t) && !slices.Contains(salesTypes[:], t) {
			faults = append(faults, fmt.Errorf("%s is not about a product, gtins do not apply", t))
		}
	}
	for _, side := range s.sides(Place{}) {
		for _, pattern := range side.patterns {
			if pattern == "" {
				faults = append(faults, fmt.Errorf("%s: a pattern is empty: %w", side.key, errNoPattern))
			} else if _, err := path.Match(pattern, "x"); err != nil {
				faults = append(faults, fmt.Errorf("%s: pattern %q: %w", side.key, pattern, err))
			}
		}
	}
	return faults
}

// TypeList names every type of alert, for the error about a word that is none of them.
func TypeList() string {
	names := make([]string, 0, len(Types()))
	for _, t := range Types() {
		names = append(names, string(t))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

var errNoPattern = errors.New("leave the list out where it does not matter")

// String returns the scope in the words of a rule file, without its types.
func (s Scope) String() string {
	var parts []string
	if len(s.GTINs) > 0 {
		parts = append(parts, fmt.Sprintf("gtins %s", s.GTINs))
	}
	for _, side := range s.sides(Place{}) {
		if len(side.patterns) > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", side.key, side.patterns))
		}
	}
	if len(parts) == 0 {
		return "everywhere"
	}
	return strings.Join(parts, ", ")
}
