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

// DecodePlanogram reads YAML or JSON (JSON is a subset of YAML here), strictly: an unknown key is an
// error that names the key and its line. It validates before it returns, so a planogram that it
// gives can be used.
func DecodePlanogram(data []byte) (*Planogram, error) {
	if len(data) > MaxPlanogramBytes {
		return nil, fmt.Errorf("planogram is %d bytes, the limit is %d", len(data), MaxPlanogramBytes)
	}
	var p Planogram
	dec := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := dec.Decode(&p); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("planogram is empty")
		}
		return nil, fmt.Errorf("planogram: %w", err)
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &p, nil
}

// EncodeYAML writes the planogram for people to read and edit.
func (p *Planogram) EncodeYAML() ([]byte, error) { return yaml.Marshal(p) }

// EncodeJSON writes the planogram for machines.
func (p *Planogram) EncodeJSON() ([]byte, error) { return json.Marshal(p) }
