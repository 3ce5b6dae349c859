package shelf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
)

// MaxPlanogramBytes bounds what DecodePlanogram reads: a planogram of 60 slots is about 10 kB.
const MaxPlanogramBytes = 1 << 20

// DecodePlanogram reads YAML or JSON (here JSON is a subset of YAML), strictly: an unknown key is an error that names the
// key and its line. The planogram that it returns is validated; the error names every fault, with its shelf and slot,
// unless the syntax is broken. GTINs may be of any length and are brought to their shortest form.
func DecodePlanogram(data []byte) (p *Planogram, err error) {
	// goccy/go-yaml v1.19.2 panics on some malformed documents, such as a tag before nothing ("shelves:\n !- "),
	// and a planogram comes from outside.
	defer func() {
		if broken := recover(); broken != nil {
			p, err = nil, fmt.Errorf("planogram: not readable as YAML: %v", broken)
		}
	}()
	return decodePlanogram(data)
}

func decodePlanogram(data []byte) (*Planogram, error) {
	if len(data) > MaxPlanogramBytes {
		return nil, fmt.Errorf("planogram is %d bytes, the limit is %d", len(data), MaxPlanogramBytes)
	}
	var p Planogram
	dec := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict(), yaml.CustomUnmarshaler(rawGTIN))
	if err := dec.Decode(&p); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("planogram is empty")
		}
		return nil, fmt.Errorf("planogram: %w", err)
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("planogram: a second document follows the first")
	}
	p.shorten()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &p, nil
}

// rawGTIN keeps what is written: a decoder could not say in which slot a GTIN is wrong, but Validate can.
func rawGTIN(g *GTIN, text []byte) error {
	var s string
	if err := yaml.Unmarshal(text, &s); err != nil {
		return err
	}
	*g = GTIN(s)
	return nil
}

// shorten brings every valid GTIN to its shortest form.
func (p *Planogram) shorten() {
	each := func(g *GTIN) {
		if parsed, err := ParseGTIN(string(*g)); err == nil {
			*g = parsed
		}
	}
	for i := range p.Shelves {
		for j := range p.Shelves[i].Slots {
			each(&p.Shelves[i].Slots[j].GTIN)
		}
	}
	for i := range p.Products {
		each(&p.Products[i].GTIN)
	}
	for _, group := range p.Interchangeable {
		for i := range group {
			each(&group[i])
		}
	}
}

// EncodeYAML writes the planogram for people to read and edit.
func (p *Planogram) EncodeYAML() ([]byte, error) { return yaml.Marshal(p) }

// EncodeJSON writes the planogram for machines.
func (p *Planogram) EncodeJSON() ([]byte, error) { return json.Marshal(p) }
