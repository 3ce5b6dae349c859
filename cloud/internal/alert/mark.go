package alert

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Key orders a device's inputs: boots are counted up, and so are the numbers within a boot. Clocks are not used
// for ordering, because a board without a clock chip may wake up in 1970.
type Key struct {
	Boot uint32 `json:"boot"`
	Seq  uint64 `json:"seq"`
}

// Compare is negative if k comes before o, and 0 if they are the same input.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Boot, o.Boot), cmp.Compare(k.Seq, o.Seq))
}

// Mark identifies one input of the past, with the time at which it was observed.
type Mark struct {
	Key
	At time.Time
}

// IsZero reports whether the mark stands for no input at all.
func (m Mark) IsZero() bool { return m.At.IsZero() }

// MarshalJSON writes [boot, seq, Unix microseconds], which is short because a device's state is read and
// written with each of its messages.
func (m Mark) MarshalJSON() ([]byte, error) {
	if m.IsZero() {
		return []byte("null"), nil
	}
	return m.appendTo(nil), nil
}

func (m Mark) appendTo(out []byte) []byte {
	out = strconv.AppendUint(append(out, '['), uint64(m.Boot), 10)
	out = strconv.AppendUint(append(out, ','), m.Seq, 10)
	out = strconv.AppendInt(append(out, ','), m.At.UnixMicro(), 10)
	return append(out, ']')
}

// UnmarshalJSON reads what MarshalJSON has written.
func (m *Mark) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*m = Mark{}
		return nil
	}
	var v [3]int64
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	*m = Mark{Key{uint32(v[0]), uint64(v[1])}, time.UnixMicro(v[2]).UTC()}
	return nil
}
