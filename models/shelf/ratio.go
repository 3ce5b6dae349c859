package shelf

import (
	"encoding/json"
	"fmt"
)

// Ratio is a KPI's value with the coverage that it was computed on: the share of what it speaks of
// that was observed. Without coverage there is no value; the zero Ratio says "nothing known", never
// 0 %. Use NewRatio and Ratio.Known rather than the fields where a value may be missing.
type Ratio struct {
	Value    float64 // 0 to 1; meaningless unless Known
	Coverage float64 // 0 to 1
	Known    bool
}

// NewRatio gives part ÷ whole, computed on observed of due. A whole of 0 gives no value: nothing of
// that sort was there to measure.
func NewRatio(part, whole, observed, due float64) Ratio {
	r := Ratio{Coverage: share(observed, due)}
	if whole > 0 && r.Coverage > 0 {
		r.Value, r.Known = share(part, whole), true
	}
	return r
}

// share gives part ÷ whole within 0 to 1, 0 where there is no whole.
func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, max(0, part/whole))
}

// String gives percent, "unknown" where there is no value.
func (r Ratio) String() string {
	if !r.Known {
		return fmt.Sprintf("unknown, coverage %.1f %%", r.Coverage*100)
	}
	return fmt.Sprintf("%.1f %%, coverage %.1f %%", r.Value*100, r.Coverage*100)
}

type ratioJSON struct {
	Value    *float64 `json:"value"`
	Coverage float64  `json:"coverage"`
}

// MarshalJSON writes {"value": 0 to 1 or null, "coverage": 0 to 1}.
func (r Ratio) MarshalJSON() ([]byte, error) {
	out := ratioJSON{Coverage: r.Coverage}
	if r.Known {
		out.Value = &r.Value
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Ratio) UnmarshalJSON(data []byte) error {
	var in ratioJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*r = Ratio{Coverage: in.Coverage}
	if in.Value != nil {
		r.Value, r.Known = *in.Value, true
	}
	return nil
}
